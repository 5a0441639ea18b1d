"""The scan for secrets finds each spelling: a scan that never found anything proves nothing."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.app.canary import Canaries

if TYPE_CHECKING:
    from pathlib import Path

SECRET = 'ghs_Vb9"x7Lq2\\Zr84mN0pTe6WcYdKfHgJs1AuQi3'
CANARIES = Canaries({"token": SECRET})


def _zipped(raw: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("inside.txt"), raw, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


@pytest.mark.parametrize(
    "leak",
    [
        SECRET.encode(),
        SECRET[::-1].encode(),
        SECRET.encode().hex().encode(),
        json.dumps({"a": SECRET}).encode(),
        SECRET[: len(SECRET) // 2].encode(),
        SECRET[len(SECRET) // 2 :].encode(),
        *(base64.b64encode(b"." * shift + SECRET.encode() + b"tail") for shift in range(3)),
        *(base64.urlsafe_b64encode(b"." * shift + SECRET.encode()) for shift in range(3)),
        base64.b64encode(b"x-access-token:" + SECRET.encode()),
        gzip.compress(b"before" + SECRET.encode(), mtime=0),
        b"noise" + gzip.compress(gzip.compress(SECRET.encode(), mtime=0), mtime=0),
        _zipped(SECRET.encode()),
        pickle.dumps({"kwargs": {"token": SECRET}}),
    ],
)
def test_every_spelling_is_found(leak: bytes) -> None:
    assert CANARIES.seen(b"some text " + leak if leak[:2] != b"PK" else leak, "here")


@pytest.mark.parametrize(
    "harmless", [b"", b"ghs_", SECRET[:12].encode(), gzip.compress(b"nothing", mtime=0), b"\x1f\x8b\x08broken"]
)
def test_what_is_no_secret_is_not_found(harmless: bytes) -> None:
    assert not CANARIES.seen(harmless, "here")


def test_files_are_looked_through_and_the_holders_own_are_not(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text(f"token={SECRET}")

    found = CANARIES.in_files(tmp_path, holders=[tmp_path / "key"])

    assert {sighting.where for sighting in found} == {str(tmp_path / "deep" / "log")}


def test_an_object_nobody_refers_to_is_looked_through(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path)], check=True)
    subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=tmp_path, input=SECRET.encode(), check=True, capture_output=True
    )

    assert CANARIES.in_repository(tmp_path)


@pytest.mark.parametrize("where", ["cmdline", "environ"])
def test_a_secret_in_arguments_or_environment_of_a_process_is_found(where: str) -> None:
    words = [sys.executable, "-c", "input()", *([SECRET] if where == "cmdline" else [])]
    environment = {"PATH": os.defpath} | ({"T": SECRET} if where == "environ" else {})
    with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE) as process:
        found = CANARIES.in_processes()
        excused = CANARIES.in_processes(holders=[process.pid])
        process.kill()

    assert [sighting.where for sighting in found if sighting.where == f"{process.pid}/{where}"]
    assert not [sighting for sighting in excused if sighting.where.startswith(f"{process.pid}/")]
