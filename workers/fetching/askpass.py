"""Handing git a token without argument, address, file or environment variable: through a pipe that is read once."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

USER = "x-access-token"
"""The user's name that goes with an installation token."""
_SCRIPT = """#!/bin/sh
# git asks twice, for the user's name and for the password; the password waits in the pipe.
case "$1" in
Username*) printf '%s\\n' '{user}' ;;
*) exec timeout {patience} head -n 1 '{pipe}' ;;
esac
"""
PATIENCE_S = 60
"""How long it waits for the token: who was to write it may have been killed, and nobody then ends what waits for it."""
PIPE_BYTES = 4096
"""What a pipe takes at once without anybody reading: `man 7 pipe`, PIPE_BUF."""


@contextmanager
def handing_out(token: str, folder: Path, *, patience_s: int = PATIENCE_S) -> Generator[Path]:
    """An askpass program in `folder` (ours, mode 0700) that answers with `token`, once, or gives up after `patience_s`.

    Raises:
        ValueError: the token has a line break or is too long to be one.
    """
    line = f"{token}\n".encode()
    if "\n" in token or "\r" in token or not token or len(line) > PIPE_BYTES:
        raise ValueError("not a token: empty, of several lines or too long")
    pipe, script = folder / "token", folder / "askpass"
    os.mkfifo(pipe, 0o600)
    script.write_text(_SCRIPT.format(pipe=pipe, user=USER, patience=patience_s))
    script.chmod(0o700)
    # Open for both, so that opening does not wait for a reader and the line stays until git comes for it.
    descriptor = os.open(pipe, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        os.write(descriptor, line)
        yield script
    finally:
        os.close(descriptor)
        pipe.unlink(missing_ok=True)
        script.unlink(missing_ok=True)
