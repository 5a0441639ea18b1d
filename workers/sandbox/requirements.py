"""A requirements file as plain requirements.

The text is a stranger's: it is read here, and what goes on to the installer is written by us, one requirement a line. So no
option, address, path or variable of theirs ever reaches the installer.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from workers.contract.errors import EnvironmentBuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_SIZE_BYTES = 1024 * 1024
MAX_LINE = 64 * 1024
MAX_REQUIREMENTS = 2000
_SHOWN = 120

_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s--hash[=\s](sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})(?=\s|$)")
_ARCHIVE = re.compile(r"\.(whl|zip|egg|tgz|tbz|txz|tar|tar\.(gz|bz2|xz|zst|lzma))$", re.IGNORECASE)

_HARMLESS = frozenset({"--prefer-binary", "--only-binary", "--require-hashes", "--no-cache-dir"})
"""Options that ask for what is done anyway, or change nothing of what is installed."""


def read(path: Path) -> tuple[str, ...]:
    """The requirements of the file, normalised, in its order, each once.

    Raises:
        EnvironmentBuildError: the file cannot be read, or a line of it is no plain requirement; names line and text.
    """
    return parse(_text(path), path.name)


def parse(text: str, origin: str) -> tuple[str, ...]:
    """The requirements in `text`; `origin` stands for it in messages.

    Hashes of a requirement stay with it: `numpy==2.1.0 --hash=sha256:...`.
    """
    found: dict[str, None] = {}
    for number, line in _logical_lines(text, origin):
        if line.split("=", 1)[0].split(None, 1)[0] in _HARMLESS:
            continue
        found[_requirement(line, f"line {number} of {origin}")] = None
        if len(found) > MAX_REQUIREMENTS:
            raise EnvironmentBuildError(
                f"{origin} has more than {MAX_REQUIREMENTS} requirements; name what is imported."
            )
    return tuple(found)


def normalised(lines: Iterable[str]) -> tuple[str, ...]:
    """Single requirements, checked and normalised like the lines of a file."""
    found: dict[str, None] = {}
    for line in lines:
        text = line.strip()
        where = f"the requirement {_shown(text)!r}"
        _plain(text, where)
        found[_requirement(text, where)] = None
    return tuple(found)


def _text(path: Path) -> str:
    # Not through a link: a message shows the line that is wrong, and a link may point at a file that is not theirs to show.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = "it is a symbolic link" if path.is_symlink() else error.strerror
        raise EnvironmentBuildError(
            f"Cannot read the requirements {str(path)!r}: {reason}. Name a regular file."
        ) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise EnvironmentBuildError(f"The requirements {str(path)!r} are no regular file. Name a text file.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            raw = file.read(MAX_SIZE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(raw) > MAX_SIZE_BYTES:
        raise EnvironmentBuildError(f"The requirements {str(path)!r} are larger than {MAX_SIZE_BYTES} bytes.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EnvironmentBuildError(f"The requirements {str(path)!r} are not UTF-8: {error.reason}.") from error


def _logical_lines(text: str, origin: str) -> Iterator[tuple[int, str]]:
    """(number of the first line from 1, content) with continuations joined and comments gone; empty ones left out."""
    pending, start = "", 1
    for number, physical in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not pending:
            start = number
        comment = physical.lstrip().startswith("#")
        if physical.endswith("\\") and not comment:
            pending += physical[:-1] + " "
            continue
        line = _COMMENT.sub("", pending + ("" if comment else physical)).strip()
        pending = ""
        _plain(line, f"line {start} of {origin}")
        if line:
            yield start, line
    if pending.strip():
        raise EnvironmentBuildError(
            f"line {start} of {origin} ends in a backslash with nothing after it: {_shown(pending)!r}."
        )


def _plain(line: str, where: str) -> None:
    if len(line) > MAX_LINE:
        raise EnvironmentBuildError(f"{where} is longer than {MAX_LINE} characters: {_shown(line)!r}.")
    if any(not character.isprintable() and character != "\t" for character in line):
        raise EnvironmentBuildError(f"{where} has a control or invisible character: {_shown(line)!r}.")
    # Installers fill in variables of their own process, credentials of an index among them.
    if "${" in line:
        raise EnvironmentBuildError(f"{where} asks for a variable, which is not filled in: {_shown(line)!r}.")


def _requirement(line: str, where: str) -> str:
    """The line as a requirement written by us; raises where it is anything else."""
    hashes = sorted(set(_HASH.findall(" " + line)))
    bare = _HASH.sub("", " " + line).strip()
    if refusal := _refusal(bare):
        raise EnvironmentBuildError(
            f"{where} {refusal}: {_shown(bare)!r}. Only plain requirements such as numpy==2.1.0 can be built."
        )
    try:
        requirement = Requirement(bare)
    except (InvalidRequirement, RecursionError) as error:
        raise EnvironmentBuildError(f"{where} is no requirement: {_shown(bare)!r}.") from error
    if requirement.url is not None:
        raise EnvironmentBuildError(f"{where} names an address or a path: {_shown(bare)!r}. Name a released version.")
    requirement.name = canonicalize_name(requirement.name)
    return " ".join([str(requirement), *(f"--hash={digest}" for digest in hashes)])


def _refusal(bare: str) -> str | None:
    if bare.startswith("-"):
        return "is an option"
    if " --" in bare or " -" in bare:
        return "has an option behind it"
    if "://" in bare or bare.startswith(("file:", "git+", "hg+", "svn+", "bzr+")):
        return "names an address"
    if bare.startswith((".", "/", "~", "\\")) or _ARCHIVE.search(bare.split(";", 1)[0].strip()):
        return "names a path"
    return None


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
