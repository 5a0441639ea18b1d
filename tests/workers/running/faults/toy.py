"""A world without packages: releases with dates and needs, a resolver, and boxes whose cells say which versions they want.

A cell `needs a<2` raises where another version of a is installed; `refuses a>=2 b>=2` raises where all of them hold; `wants
data.csv` lacks a file; `sometimes` fails every other run; `misfit a<2` raises inside a package that uses a; `slow` never ends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.version import Version

from tests.builders import notebook
from tests.environments import environment
from workers.contract.domain import CellError, CellRun, Execution
from workers.environments.errors import IndexUnreachable, Unsatisfiable
from workers.environments.words import Asked, Decision
from workers.running.faults.seams import Origin, Place, Release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.environments import FrozenEnvironment
    from workers.protocols import Answer, Box, Completed, Document, Question

WRITTEN = date(2024, 1, 15)


@dataclass(frozen=True)
class Toy:
    """A version of a package."""

    version: str
    published: date = date(2024, 1, 1)
    requires: tuple[str, ...] = ()
    broken: bool = False
    """True where no environment can be made with it."""


def history(*versions: str, requires: Mapping[str, tuple[str, ...]] | None = None, broken: str = "") -> tuple[Toy, ...]:
    """Releases, a month each; those of the first month are known when the artifacts are written."""
    return tuple(
        Toy(version, date(2024, 1 + at, 1), (requires or {}).get(version, ()), broken=version == broken)
        for at, version in enumerate(versions)
    )


@dataclass
class ToyBox:
    """A box in an environment of versions."""

    environment: FrozenEnvironment
    runs: list[str] = field(default_factory=list[str])
    name: str = "toy"

    async def execute(self, document: Document) -> Execution:
        self.runs.append(document.artifact.digest)
        done: list[CellRun] = []
        for cell in document.cells:
            if cell.source == "slow":
                await asyncio.Event().wait()
            error = _error(cell.source, self.environment.packages, len(self.runs))
            done.append(CellRun(cell=cell.index, status="error" if error else "ok", error=error))
            if error:
                return Execution(status="failed", cells=tuple(done))
        return Execution(status="passed", cells=tuple(done))

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        raise AssertionError(questions)

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        raise AssertionError(argv)


def _error(source: str, packages: Mapping[str, str], run: int) -> CellError | None:
    word, _, rest = source.partition(" ")
    holds = [Requirement(text).specifier.contains(packages[Requirement(text).name]) for text in rest.split()
             if word != "wants"]  # fmt: skip
    name = Requirement(rest.split()[0]).name if holds else ""
    gone = f"module '{name}' has no attribute 'f'"
    match word:
        case "needs" if not all(holds):
            return CellError(name="AttributeError", message=gone, traceback="", line=1)
        case "refuses" if all(holds):
            return CellError(name="TypeError", message="it takes no such argument", traceback="", line=1)
        case "misfit" if not all(holds):
            frames = (("cell:0", 1, "<module>"), ("/e/site-packages/user/x.py", 1, "f"))
            return CellError(name="AttributeError", message=gone, traceback="", line=1, frames=frames)
        case "wants":
            return CellError(
                name="FileNotFoundError", message=f"No such file or directory: '{rest}'", traceback="", line=1
            )
        case "sometimes" if run % 2 == 0:
            return CellError(name="ValueError", message="bad luck", traceback="", line=1)
        case _:
            return None


@dataclass
class World:
    """Makes environments of decisions, by the newest versions that fit."""

    releases: Mapping[str, tuple[Toy, ...]]
    built: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    boxes: dict[str, ToyBox] = field(default_factory=dict[str, ToyBox])
    reachable: int = 1000
    """How many environments are made before the index is out of reach."""

    async def boxed(self, decision: Decision) -> Place:
        if len(self.built) >= self.reachable:
            raise IndexUnreachable("the index does not answer")
        chosen = self.resolved(decision)
        self.built.append({name: toy.version for name, toy in chosen.items()})
        return self._place(chosen)

    async def existing(self, box: Box) -> Place:
        return self._place({name: self.toy(name, version) for name, version in box.environment.packages.items()})

    async def of(self, name: str) -> tuple[Release, ...]:
        """Its releases."""
        return tuple(Release(version=toy.version, published=toy.published) for toy in self.releases[name])

    def toy(self, name: str, version: str) -> Toy:
        return next(toy for toy in self.releases[name] if toy.version == version)

    def _place(self, chosen: Mapping[str, Toy]) -> Place:
        packages = {name: toy.version for name, toy in chosen.items()}
        box = self.boxes.setdefault(repr(sorted(packages.items())), ToyBox(environment(**packages)))
        return Place(box=box, requires={name: toy.requires for name, toy in chosen.items()})

    def resolved(self, decision: Decision) -> dict[str, Toy]:
        asked = [Requirement(each.requirement) for each in decision.asked]
        names = sorted({*self._closure(each.name for each in asked)})
        choices = [self._candidates(name, decision) for name in names]
        for combination in product(*choices):
            chosen = dict(zip(names, combination, strict=True))
            if _fits(chosen, asked):
                return chosen
        raise Unsatisfiable("no versions fit each other")

    def _closure(self, names: Iterator[str]) -> Iterator[str]:
        for name in names:
            yield name
            yield from self._closure(Requirement(text).name for toy in self.releases[name] for text in toy.requires)

    def _candidates(self, name: str, decision: Decision) -> list[Toy]:
        held = [Requirement(each.requirement) for each in decision.constraints]
        return [
            toy
            for toy in sorted(self.releases[name], key=lambda toy: Version(toy.version), reverse=True)
            if not toy.broken
            and (decision.as_of is None or toy.published <= decision.as_of)
            and all(each.specifier.contains(toy.version) for each in held if each.name == name)
        ]


def _fits(chosen: Mapping[str, Toy], asked: Sequence[Requirement]) -> bool:
    needs = [*asked, *(Requirement(text) for toy in chosen.values() for text in toy.requires)]
    return all(each.specifier.contains(chosen[each.name].version) for each in needs)


@dataclass
class Told:
    """Origins that a test wrote down."""

    origin: Origin | None

    async def of(self, document: Document) -> Origin | None:
        return self.origin


def decision(*requirements: str, constraints: Sequence[str] = ()) -> Decision:
    """What a requirements file with these lines decides."""
    return Decision(
        source="requirements.txt",
        asked=tuple(
            Asked(requirement=text, origin=f"requirements.txt:{at}") for at, text in enumerate(requirements, 1)
        ),
        constraints=tuple(Asked(requirement=text, origin="constraints.txt:1") for text in constraints),
    )


def artifact(*cells: str) -> Document:
    """A notebook of cells of this world."""
    return notebook(*cells)
