"""What an artifact's environment is to hold: decided from what the repository declares and the artifact imports.

Reads files and runs nothing. The nearest declaration that says something usable decides; everything else only adds to it.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from workers.environments import imports
from workers.environments.combining import Pool, pinned, supplied, with_options, without_own
from workers.environments.dating import dated
from workers.environments.declared import cells as requirement_cells
from workers.environments.declared.pyproject import name_of
from workers.environments.declared.said import Said, joined
from workers.environments.modules import needs, roots
from workers.environments.packages import located
from workers.environments.pythons import python_of
from workers.environments.searching import in_folder, lock_of, named, places
from workers.environments.tree import Tree
from workers.environments.words import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workers.environments.dating import Dated
    from workers.environments.modules import Needs
    from workers.environments.packages import Located
    from workers.environments.searching import Declaration, Place
    from workers.protocols import Document

NOTHING = "nothing"
IMPORTS = "imports"
CELLS = "cells"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the owner, or the caller on their behalf, has to say."""

    declaration: str | None = None
    """The file that decides, POSIX and relative to the repository, whatever stands nearer."""
    options: tuple[str, ...] = ()
    """Extras and dependency groups to take, beside those that are meant for notebooks by their name."""
    addresses: tuple[str, ...] = ()
    """What addresses may start with that requirements name, e.g. `https://example.org/wheels/`; `repo:` for archives of the
    repository. Nothing else than the index is used otherwise."""
    committed: date | None = None
    """The day of the commit that last changed the artifact."""
    by_date: bool | None = None
    """Whether only what was published by the artifact's day is taken. None: where nothing at all is declared."""
    today: date = field(default_factory=lambda: datetime.now(UTC).date())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """The declarations round an artifact."""

    decides: Declaration | None
    lock: Declaration | None
    beside: tuple[Declaration, ...]
    passed: tuple[Declaration, ...]
    """Nearer ones that say nothing usable."""
    others: tuple[Declaration, ...]
    """The rest, asked for what is imported and not declared by the one that decides."""

    @property
    def all(self) -> tuple[Declaration, ...]:
        """Every one but the lock, in the order in which they count."""
        return (*self.beside, *([self.decides] if self.decides else []), *self.others)


def decide(repo: Path, document: Document, choice: Choice | None = None) -> Decision:
    """What the environment of `document`, an artifact of the repository in the folder `repo`, is to hold, and why.

    Never raises for what is in the repository: what cannot be followed stands in the decision.
    """
    choice = choice or Choice()
    tree = Tree(repo)
    folder = posixpath.dirname(document.path) or "."
    around = _around(tree, folder, choice)
    in_cells = requirement_cells.read(document.cells, folder, tree.read)
    stated = _stated(around, in_cells, choice)
    need, packages = _needs(tree, folder, document, around, stated)
    own = tuple({each.own.folder: each for each in (*need.own, *packages) if _is_wanted(each, need, stated)}.values())
    own_said = [_own_said(each, around, tree) for each in own]
    pool = Pool.of([*([around.decides] if around.decides else []), *around.others])
    asked = without_own(joined(stated, *own_said), [each.own.name for each in own])
    whole = supplied(asked, need, pool, choice.addresses)
    return _decision(document, choice, around, whole, own, in_cells, [each.python for each in own_said])


def _around(tree: Tree, folder: str, choice: Choice) -> _Round:
    every = tuple(places(tree, folder))
    candidates = [each for place in every for each in place.deciding]
    if choice.declaration is not None:
        decides = named(tree, choice.declaration)
    else:
        decides = next((each for each in candidates if with_options(each.said, choice.options).usable), None)
    left = [each for each in candidates if decides is None or each.path != decides.path]
    return _Round(
        decides=decides,
        lock=lock_of(tree, decides) if decides else None,
        beside=_beside(every, decides),
        passed=() if choice.declaration else tuple(_before(candidates, decides)),
        others=(*left, *(each for place in every for each in place.others)),
    )


def _before(candidates: list[Declaration], decides: Declaration | None) -> Iterable[Declaration]:
    for each in candidates:
        if decides is not None and each.path == decides.path:
            return
        yield each


def _beside(every: tuple[Place, ...], decides: Declaration | None) -> tuple[Declaration, ...]:
    """What holds whichever declaration decides: of the folder of the one that does, else of the nearest that has any."""
    if decides is not None:
        return tuple(each for place in every if place.folder == decides.folder for each in place.beside)
    return next((place.beside for place in every if place.beside), ())


def _stated(around: _Round, in_cells: Said, choice: Choice) -> Said:
    """What is declared outright, before anything is taken for the sake of an import."""
    parts: list[Said] = []
    if around.decides is not None:
        parts.append(with_options(around.decides.said, choice.options))
    if around.lock is not None:
        parts.append(_locked(around.lock.said, parts[0]))
    parts += [each.said for each in around.beside]
    parts += [Said(refused=each.said.refused, notes=each.said.notes) for each in around.passed]
    return joined(*parts, in_cells)


def _locked(lock: Said, asked: Said) -> Said:
    """What a lock adds; of what it cannot be followed in, only what is asked for is told one by one."""
    wanted = {name_of(each) for each in asked.asked}
    told = tuple(each for each in lock.refused if not each.name or each.name in wanted)
    notes = lock.notes
    if others := len(lock.refused) - len(told):
        notes = (
            *notes,
            f"{others} packages of the lock come from elsewhere than an index; their versions are not held.",
        )
    return replace(lock, refused=told, notes=notes)


def _needs(
    tree: Tree, folder: str, document: Document, around: _Round, stated: Said
) -> tuple[Needs, tuple[Located, ...]]:
    """What the artifact's imports come to; packages of the repository that stand elsewhere in it are found by them."""
    wanted = imports.of_cells(document.cells)
    looked = roots(tree, folder, imports.added_folders(document.cells))
    packages = _packages(tree, [*around.all, *(each for place in stated.folders for each in in_folder(tree, place))])
    need = needs(wanted, tree, looked, packages)
    strays = [above for path in need.astray.values() for above in tree.above(posixpath.dirname(path) or ".")[:3]]
    if not strays:
        return need, packages
    packages = (
        *packages,
        *_packages(tree, [each for above in dict.fromkeys(strays) for each in in_folder(tree, above)]),
    )
    return needs(wanted, tree, looked, packages), packages


def _packages(tree: Tree, declarations: Iterable[Declaration]) -> tuple[Located, ...]:
    """The packages that declarations tell of and that have modules, one a folder."""
    found = {each.said.package.folder: each.said.package for each in reversed([*declarations]) if each.said.package}
    return tuple(one for package in reversed(found.values()) if (one := located(package, tree)))


def _is_wanted(package: Located, need: Needs, stated: Said) -> bool:
    """Imported, or named by a requirement such as `-e .`."""
    return package in need.own or package.own.folder in stated.folders


def _own_said(own: Located, around: _Round, tree: Tree) -> Said:
    """What a package of the repository asks for itself: installed, it brings that along."""
    for each in in_folder(tree, own.own.folder):
        if each.said.package is None or (not each.said.asked and not each.said.python):
            continue
        lock = lock_of(tree, each) if around.lock is None else None
        return replace(each.said, constraints=lock.said.constraints if lock else (), options=(), folders=())
    return Said()


def _decision(  # noqa: PLR0913, PLR0917 - everything that was found, in the order in which it was found
    document: Document,
    choice: Choice,
    around: _Round,
    whole: Said,
    own: tuple[Located, ...],
    in_cells: Said,
    own_pythons: list[str],
) -> Decision:
    source = _source(around, in_cells, whole)
    day = _day(document, choice, source)
    pins = day is not None or pinned(whole)
    python = python_of(document, around.all, own_pythons, day.day if day else None, pins=pins)
    return Decision(
        source=source,
        asked=whole.asked,
        constraints=whole.constraints,
        python=python.required,
        python_origin=python.origin,
        python_preferred=python.preferred,
        as_of=day.day if day else None,
        as_of_origin=day.origin if day else "",
        own=own[0].own if own else None,
        refused=whole.refused,
        missing=whole.missing,
        notes=(*whole.notes, *_notes(around, own)),
    )


def _source(around: _Round, in_cells: Said, whole: Said) -> str:
    if around.decides is not None:
        return around.decides.path
    if in_cells.usable:
        return CELLS
    return IMPORTS if whole.asked else NOTHING


def _day(document: Document, choice: Choice, source: str) -> Dated | None:
    """By when packages are to have been published; None for today's."""
    wanted = source == IMPORTS if choice.by_date is None else choice.by_date
    return dated(document, committed=choice.committed, today=choice.today) if wanted else None


def _notes(around: _Round, own: tuple[Located, ...]) -> list[str]:
    notes = [each.note for each in own if each.note]
    notes += [f"The repository's package {each.own.name} is imported as well; one is installed." for each in own[1:]]
    if around.lock is not None:
        notes.append(f"Versions are those of {around.lock.path}.")
    return notes
