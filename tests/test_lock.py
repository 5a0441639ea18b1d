"""The lock file: one version of everything, every file hashed, no address recorded."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements.lock"


def names() -> list[str]:
    return re.findall(r"^([A-Za-z0-9_.-]+)==", LOCK.read_text(), flags=re.MULTILINE)


def test_no_package_is_locked_twice_for_an_old_python() -> None:
    assert [name for name, count in Counter(names()).items() if count > 1] == []


def test_every_package_has_hashes() -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", LOCK.read_text(), flags=re.MULTILINE)[1:]

    assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_no_download_address_is_recorded() -> None:
    assert "://" not in LOCK.read_text()
