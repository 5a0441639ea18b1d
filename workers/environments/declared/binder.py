"""What a Binder repository declares beside its packages: https://repo2docker.readthedocs.io/en/latest/configuration/.

Programs among it are never run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.environments.declared.plain import specifier
from workers.environments.declared.said import MAX_ITEMS, Said, said
from workers.environments.declared.texts import UnreadableError, decoded, refuse, shown, unread
from workers.environments.words import Missing

if TYPE_CHECKING:
    from workers.environments.declared.said import Open

_PYTHON = re.compile(r"(?:c?python[-=]?)?(?P<version>3(?:\.\d{1,2}){0,2})", re.IGNORECASE)

PROGRAMS = ("postBuild", "start")
OTHERS = {
    "Dockerfile": "an image is not built; what it installs is not known",
    "default.nix": "Nix is not run",
    "Project.toml": "packages of Julia",
    "REQUIRE": "packages of Julia",
    "install.R": "packages of R",
    "DESCRIPTION": "packages of R",
}
"""Files that declare what is neither Python's nor an index's -> why they are not followed."""


def runtime_txt(raw: bytes, path: str, _open: Open) -> Said:
    """`runtime.txt`: `python-3.9`."""
    return _version(raw, path)


def python_version(raw: bytes, path: str, _open: Open) -> Said:
    """`.python-version`, as pyenv and uv write it: the first of its versions."""
    return _version(raw, path)


def apt_txt(raw: bytes, path: str, _open: Open) -> Said:
    """`apt.txt`: packages of the operating system, one a line or several."""
    try:
        lines = decoded(raw).split("\n")
    except UnreadableError as error:
        return unread(path, error)
    names = [name for line in lines for name in line.partition("#")[0].split()]
    return said(
        Missing(name=shown(name), origin=path, why="a package of the operating system") for name in names[:MAX_ITEMS]
    )


def program(raw: bytes, path: str, _open: Open) -> Said:
    """`postBuild` or `start`."""
    return said(
        [refuse(path, path, f"a program of {len(raw)} bytes: programs of a repository are never run to set it up")]
    )


def other(_raw: bytes, path: str, _open: Open) -> Said:
    """A declaration of another language or tool."""
    name = path.rpartition("/")[2]
    return said([Missing(name=shown(path), origin=shown(path), why=OTHERS.get(name, "not understood"))])


def _version(raw: bytes, path: str) -> Said:
    try:
        text = decoded(raw).strip()
    except UnreadableError as error:
        return unread(path, error)
    first = text.split("\n")[0].strip()
    found = _PYTHON.fullmatch(first)
    if found is None:
        return said([refuse(first, path, "it names no version of CPython 3")]) if first else Said()
    version = found["version"]
    # A patch release is not what anybody depends on, and seldom still to be had.
    return Said(python=specifier(f"=={'.'.join(version.split('.')[:2])}.*"), python_origin=path)
