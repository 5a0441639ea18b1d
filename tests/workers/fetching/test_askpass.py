"""A token reaches git through a pipe, once, and nobody waits for it without end."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from workers.fetching.askpass import PIPE_BYTES, USER, handing_out

if TYPE_CHECKING:
    from pathlib import Path


def asked(script: Path, question: str) -> str:
    done = subprocess.run([script, question], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def test_the_name_is_told_and_the_token_handed_out_once(tmp_path: Path) -> None:
    with handing_out("ghs_abc", tmp_path, patience_s=1) as script:
        assert asked(script, "Username for 'https://example.org'") == f"{USER}\n"
        assert asked(script, "Password for 'https://x@example.org'") == "ghs_abc\n"
        assert asked(script, "Password for 'https://x@example.org'") == ""
        assert b"ghs_abc" not in script.read_bytes()

    assert list(tmp_path.iterdir()) == []


def test_where_who_hands_it_out_was_killed_it_gives_up(tmp_path: Path) -> None:
    with handing_out("ghs_abc", tmp_path, patience_s=1) as script:
        kept = script.read_bytes()
    script.write_bytes(kept)
    script.chmod(0o700)
    os.mkfifo(tmp_path / "token")

    started = time.monotonic()
    assert asked(script, "Password for 'https://x@example.org'") == ""
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("token", ["", "two\nlines", "return\r", "x" * PIPE_BYTES])
def test_what_is_no_token_is_refused(tmp_path: Path, token: str) -> None:
    with pytest.raises(ValueError, match="not a token"), handing_out(token, tmp_path):
        pass
