"""A virtual environment made of unpacked wheels by hard links; nothing is started for it.

What is ours comes first and stays: no wheel can replace the interpreter's link or `pyvenv.cfg`. Of two wheels with a file of
the same name the one whose name comes first has it, whatever their order was.
"""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from workers.environments.errors import NoRoom

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.sandbox.interpreter import Interpreter

_SHEBANG_BYTES = 127
_HEAD_BYTES = 4096


def virtual_environment(home: Path, interpreter: Interpreter) -> Path:
    """Make an empty virtual environment of `interpreter` at `home`, which is not there yet; its `site-packages`."""
    major, minor, _ = interpreter.version
    site = home / "lib" / f"python{major}.{minor}" / "site-packages"
    site.mkdir(parents=True)
    (home / "include").mkdir()
    programs = home / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(interpreter.bare)
    for name in ("python3", f"python{major}.{minor}"):
        (programs / name).symlink_to("python")
    (home / "pyvenv.cfg").write_text(
        f"home = {interpreter.bare.parent}\ninclude-system-site-packages = false\n"
        f"version = {'.'.join(map(str, interpreter.version))}\n",
        encoding="utf-8",
    )
    return site


def compose(home: Path, pieces: Sequence[Path], interpreter: Interpreter) -> tuple[str, ...]:
    """Make the environment at `home` of these pieces, in this order; the files that two of them have, relative to it.

    Raises:
        NoRoom: the disk is full.
    """
    virtual_environment(home, interpreter)
    try:
        return tuple(twice for piece in pieces for twice in _lay(piece, home, interpreter))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom("This machine's disk is full.") from error
        raise


def describe_own(home: Path, name: str, version: str, interpreter: Interpreter) -> None:
    """Let `importlib.metadata` find the repository's own package, whose files are imported from where they stand."""
    major, minor, _ = interpreter.version
    escaped = name.replace("-", "_").replace(".", "_")
    info = home / "lib" / f"python{major}.{minor}" / "site-packages" / f"{escaped}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "INSTALLER").write_text("mendloop\n", encoding="utf-8")
    (info / "RECORD").write_text("", encoding="utf-8")


def _lay(piece: Path, home: Path, interpreter: Interpreter) -> list[str]:
    twice: list[str] = []
    for at, folders, files in os.walk(piece):
        inside = os.path.relpath(at, piece)
        target = home / inside
        folders[:] = sorted(name for name in folders if _folder(target / name, twice, home))
        for name in sorted(files):
            source, into = os.path.join(at, name), target / name  # noqa: PTH118 - tens of thousands of them
            if os.path.lexists(into):
                twice.append(os.path.join(inside, name))  # noqa: PTH118 - as above
            elif inside != "bin" or not _program(source, into, home, interpreter):
                _link(source, into)
    return twice


def _folder(target: Path, twice: list[str], home: Path) -> bool:
    """Whether there is a folder at `target` now, and no link to one."""
    try:
        target.mkdir()
    except FileExistsError:
        if target.is_symlink() or not target.is_dir():
            twice.append(str(target.relative_to(home)))
            return False
    return True


def _link(source: str, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        # A file has only so many names, an empty one is in every package.
        if error.errno != errno.EMLINK:
            raise
        shutil.copy2(source, target)


def _program(source: str, target: Path, home: Path, interpreter: Interpreter) -> bool:
    """Write a script anew that starts the bare interpreter, so that it starts the environment's; False for any other file."""
    with open(source, "rb") as file:  # noqa: PTH123 - a path as `os.walk` gives it
        head = file.read(_HEAD_BYTES)
        found = _starts(head, str(interpreter.bare).encode())
        if found is None:
            return False
        with target.open("wb") as into:
            into.write(_shebang(home / "bin" / "python") + head[found:])
            shutil.copyfileobj(file, into)
    target.chmod(0o755)
    return True


def _starts(head: bytes, python: bytes) -> int | None:
    """Where the script begins behind the lines that start `python`, in either of the two forms installers write."""
    for opening in (
        b"#!" + python + b"\n",
        b"#!/bin/sh\n'''exec' \"%s\" " % python,
        b"#!/bin/sh\n'''exec' %s " % python,
    ):
        if head.startswith(opening):
            lines = opening.count(b"\n") + (2 if b"exec" in opening else 0)
            return len(b"".join(head.splitlines(keepends=True)[:lines]))
    return None


def _shebang(python: Path) -> bytes:
    text = str(python)
    if len(text.encode()) < _SHEBANG_BYTES - 3 and " " not in text:
        return f"#!{text}\n".encode()
    # The kernel reads no longer line: a shell starts it, and Python takes the shell's line for a text.
    return f"#!/bin/sh\n'''exec' \"{text}\" \"$0\" \"$@\"\n' '''\n".encode()
