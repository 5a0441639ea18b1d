"""`requirements*.txt`: https://pip.pypa.io/en/stable/reference/requirements-file-format/.

Options are left out and told of; `-r` and `-c` are followed inside the repository alone.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workers.contract.errors import MendloopError
from workers.environments.declared.conda_specs import counterpart, python_of
from workers.environments.declared.plain import PATH, VARIABLE, asked, conda_export, refusal, stands_for
from workers.environments.declared.said import MAX_ITEMS, Said, joined, said
from workers.environments.declared.texts import UnreadableError, decoded, refuse, unread
from workers.environments.words import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.environments.declared.said import Item, Open

MAX_LINE = 64 * 1024
MAX_FILES = 50
"""Files that one requirements file may include, directly or not."""

_COMMENT = re.compile(r"(?<!\S)#.*$")
_HASH = re.compile(r"\s--hash[=\s](sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})(?=\s|$)")
_OPTION_BEHIND = re.compile(r"\s(--?[A-Za-z][\w-]*)([=\s].*)?$")
_SHORT = re.compile(r"-([rceif])[ =]?(?=[^-\s])")
_LONG = {"-r": "--requirement", "-c": "--constraint", "-e": "--editable", "-i": "--index-url", "-f": "--find-links"}
_FOLDER = re.compile(r"(?P<path>\.{1,2}(/[^\[\]@;\s]*)?)(\[(?P<extras>[\w\s,.-]*)\])?")

_HARMLESS = frozenset(
    {"--prefer-binary", "--only-binary", "--require-hashes", "--no-cache-dir", "--pre", "--use-feature"}
)
"""Options that ask for what is done anyway, or change nothing of what is asked for."""
_SOURCES = frozenset({"--index-url", "--extra-index-url", "--find-links", "--trusted-host", "--no-index"})
_NO_SOURCE = "an option that says where packages come from; only the configured index is asked"
_NO_OPTION = "an option of an installer; only requirements are followed"


@dataclass
class _Reading:
    """One file and what it includes, while it is read."""

    open_: Open
    files: set[str] = field(default_factory=set[str])
    left: int = MAX_ITEMS
    """Lines that may still be read."""


def read(raw: bytes, path: str, open_: Open) -> Said:
    """What the requirements file `raw`, at `path`, asks for, with what it includes."""
    return _file(raw, path, _Reading(open_, {path}))


def lines(text: str) -> Iterator[tuple[int, str]]:
    """(number of the first line from 1, content) with continuations joined and comments gone; empty ones left out."""
    pending, start = "", 1
    for number, physical in enumerate(text.split("\n"), 1):
        if not pending:
            start = number
        comment = physical.lstrip().startswith("#")
        if physical.endswith("\\") and not comment and len(pending) < MAX_LINE:
            pending += physical[:-1] + " "
            continue
        line = _COMMENT.sub("", pending + ("" if comment else physical)[:MAX_LINE]).strip()
        pending = ""
        if line:
            yield start, line
    if pending.strip():
        yield start, pending.strip()


def line_said(line: str, origin: str, folder: str) -> Said:
    """What a single line says, if it includes no other file; `folder` is where its paths start."""
    hashes = tuple(sorted(set(_HASH.findall(" " + line))))
    bare = _HASH.sub("", " " + line).strip()
    if behind := _OPTION_BEHIND.search(bare):
        # What is built, and how, is not theirs to say; the requirement before it stands.
        bare = bare[: behind.start()].strip()
        option = said([refuse(behind[0].strip(), origin, _NO_OPTION)])
        return joined(line_said(bare, origin, folder), option) if bare else option
    if found := conda_export(bare):
        is_python = (found["build"] or "").startswith(("py", "pypi"))
        return _item(counterpart(found["name"], f"=={found['version']}", origin, is_python=is_python))
    if local := _FOLDER.fullmatch(bare):
        return _folder(local["path"], bare, origin, folder)
    if refusal(bare) == PATH:
        return said([_archive(bare, origin, folder)])
    return _item(asked(bare, origin, tuple(each for each in hashes if each.startswith("sha256:"))))


def _item(item: Item) -> Said:
    """The interpreter is no package, though some list it as one."""
    versions = python_of(item)
    return said([item]) if versions is None else Said(python=versions, python_origin=item.origin if versions else "")


def placed(folder: str, path: str) -> str:
    """`path`, written in a file in `folder`, relative to the repository; empty where it leads out of it."""
    whole = posixpath.normpath(posixpath.join(folder or ".", path))
    leads_out = path.startswith(("/", "~")) or whole == ".." or whole.startswith("../") or "\\" in path or "\0" in path
    return "" if leads_out or "://" in path else whole


def _file(raw: bytes, path: str, reading: _Reading) -> Said:
    try:
        text = decoded(raw)
    except UnreadableError as error:
        return unread(path, error)
    parts: list[Said] = []
    for number, line in lines(text):
        reading.left -= 1
        if reading.left < 0:
            parts.append(Said(notes=(f"Only the first {MAX_ITEMS} lines are read; {path} has more.",)))
            break
        parts.append(_line(line, f"{path}:{number}", path, reading))
    return joined(*parts)


def _line(line: str, origin: str, path: str, reading: _Reading) -> Said:
    folder = posixpath.dirname(path)
    if not line.startswith("-"):
        return line_said(line, origin, folder)
    option, value = _option(line)
    if "${" in line:
        return said([refuse(line, origin, VARIABLE)])
    if option in {"--requirement", "--constraint"}:
        return _include(value, origin, folder, reading, constrains=option == "--constraint")
    if option == "--editable":
        return line_said(value, origin, folder)
    if option in _HARMLESS:
        return Said()
    return said([refuse(line, origin, _NO_SOURCE if option in _SOURCES else _NO_OPTION)])


def _option(line: str) -> tuple[str, str]:
    if short := _SHORT.match(line):
        return _LONG[f"-{short[1]}"], line[short.end() :].strip()
    name, _, value = re.sub(r"^(--?[\w-]+)\s*=\s*", r"\1 ", line).partition(" ")
    return _LONG.get(name, name), value.strip()


def _include(value: str, origin: str, folder: str, reading: _Reading, *, constrains: bool) -> Said:
    value = value.strip("\"'")
    path = placed(folder, value)
    if not path:
        return said([refuse(value, origin, "it lies outside the repository, and only files inside it are read")])
    if path in reading.files:
        return Said()
    if len(reading.files) >= MAX_FILES:
        return said([refuse(value, origin, f"more than {MAX_FILES} files are included")])
    reading.files.add(path)
    try:
        raw = reading.open_(path)
    except MendloopError as error:
        return unread(path, error)
    inner = _file(raw, path, reading)
    if not constrains:
        return inner
    return replace(inner, asked=(), constraints=inner.asked + inner.constraints)


def _folder(path: str, text: str, origin: str, folder: str) -> Said:
    where = placed(folder, path)
    if not where:
        return said([refuse(text, origin, "it lies outside the repository")])
    return Said(folders=(where,))


def _archive(text: str, origin: str, folder: str) -> Item:
    """A file of the repository, whose name tells what it is."""
    name, path = stands_for(text), placed(folder, text)
    if name and path and path.endswith((".whl", ".zip", ".tar.gz")):
        return Asked(requirement=name, origin=origin, address=f"repo:{path}")
    return refuse(text, origin, PATH, name)
