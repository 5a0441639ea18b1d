"""What one declaration says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from workers.environments.words import Asked, Missing, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ITEMS = 5000
"""Requirements, refusals and so on that one declaration may hold; the rest is cut, and that is said."""

Item = Asked | Refused | Missing
Open = Callable[[str], bytes]
"""The bytes of a file of the repository, by its POSIX path; raises a `MendloopError` for one that is not there or cannot be read."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a declaration says of the package that its folder is; where its modules lie is looked up in the tree."""

    name: str
    folder: str
    """Relative to the repository, POSIX; `.` for its root."""
    places: tuple[str, ...] = ()
    """Files and folders that are its modules, or globs of them, relative to `folder`; empty: where packaging tools look."""
    version: str = ""
    """As it is written; empty where it is computed."""
    compiled: str = ""
    """What in it has to be built, for a reader; empty: nothing that the declaration tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An extra or a dependency group: asked for by name, or for the sake of an import."""

    name: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one declaration says, whatever its format."""

    asked: tuple[Asked, ...] = ()
    constraints: tuple[Asked, ...] = ()
    refused: tuple[Refused, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()
    python: str = ""
    """A version specifier; empty where it says nothing."""
    python_origin: str = ""
    options: tuple[Option, ...] = ()
    package: Package | None = None
    folders: tuple[str, ...] = ()
    """Folders of the repository, POSIX, that it wants installed as packages (`-e .`)."""
    members: frozenset[str] = frozenset()
    """Of a lock file: the projects, normalised, that it was made for."""

    @property
    def usable(self) -> bool:
        """Whether it asks for anything that can be supplied."""
        return bool(self.asked or self.folders)


def said(items: Iterable[Item]) -> Said:
    """The items by their kind, each once and in order."""
    every = list(dict.fromkeys(items))
    kept = every[:MAX_ITEMS]
    return Said(
        asked=tuple(each for each in kept if isinstance(each, Asked)),
        refused=tuple(each for each in kept if isinstance(each, Refused)),
        missing=tuple(each for each in kept if isinstance(each, Missing)),
        notes=(f"Only the first {MAX_ITEMS} of {len(every)} entries were read.",) if len(every) > MAX_ITEMS else (),
    )


def joined(*parts: Said) -> Said:
    """All that the parts say; of what can be said only once, the first."""
    first_python = next((part for part in parts if part.python), Said())
    return Said(
        asked=_all(part.asked for part in parts),
        constraints=_all(part.constraints for part in parts),
        refused=_all(part.refused for part in parts),
        missing=_all(part.missing for part in parts),
        notes=_all(part.notes for part in parts),
        options=_all(part.options for part in parts),
        folders=_all(part.folders for part in parts),
        python=first_python.python,
        python_origin=first_python.python_origin,
        package=next((part.package for part in parts if part.package), None),
    )


def _all(parts: Iterable[tuple[_T, ...]]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(each for part in parts for each in part))
