"""Which artifacts run in the same environment, what it is to hold, and how it is had."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract.errors import EnvironmentBuildError
from workers.environments.deciding import NOTHING, Choice, decide
from workers.environments.interpreters import NoInterpreter, available, choose
from workers.environments.supplying import supply
from workers.environments.words import Asked, Decision
from workers.sandbox import environments, requirements
from workers.sandbox.interpreter import our_own

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.environments.remembering import Locked
    from workers.environments.supplier import Supplier
    from workers.protocols import Document
    from workers.running.prepared import Prepared
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.interpreter import Interpreter
    from workers.settings import Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Habitat:
    """Artifacts of one root that run in one environment."""

    root: Root
    documents: tuple[Document, ...]
    decision: Decision | None = None
    """What the environment is to hold; None: an interpreter that the owner names, or the bare standard library."""
    decisions: Mapping[str, Decision] = field(default_factory=dict[str, Decision])
    """Artifact path -> the decision in its own words, where it was made from what the repository declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The environment of a habitat as it was had."""

    environment: InstalledEnvironment
    interpreter: Interpreter | None = None
    """What it was made for; None: it was there before us."""
    paths: tuple[str, ...] = ()
    """Folders of the repository to import from: its own package stands there."""
    locked: tuple[Locked, ...] = ()
    decision: Decision | None = None
    """What it was made of; None: nothing that was decided."""


def habitats(prepared: Prepared) -> tuple[Habitat, ...]:
    """The artifacts of a repository by what they are to run in. Reads files and runs nothing.

    Raises:
        EnvironmentBuildError: a requirements file that the owner names cannot be followed.
    """
    return tuple(each for root, documents in prepared.groups() for each in _of_root(prepared.repo, root, documents))


def _of_root(repo: Path, root: Root, documents: tuple[Document, ...]) -> list[Habitat]:
    if root.python is not None or root.requirements is not None or root.environment == "bare":
        return [Habitat(root=root, documents=documents)]
    choice = Choice(options=root.extras, today=root.settings.as_of)
    by_need: dict[object, list[tuple[Document, Decision]]] = {}
    for document in documents:
        decision = decide(repo, document, choice)
        by_need.setdefault(_need(decision), []).append((document, decision))
    return [_together(root, pairs) for pairs in by_need.values()]


def _together(root: Root, pairs: Sequence[tuple[Document, Decision]]) -> Habitat:
    decision = pairs[0][1]
    return Habitat(
        root=root,
        documents=tuple(document for document, _ in pairs),
        decision=None if _bare(decision) else decision,
        decisions={document.path: each for document, each in pairs},
    )


def _bare(decision: Decision) -> bool:
    """Nothing is asked for: no package, no Python, nothing of the repository's own."""
    return decision.source == NOTHING and not decision.asked and not decision.python and decision.own is None


def _need(decision: Decision) -> object:
    """Equal where one environment serves both."""
    return (
        _bare(decision),
        frozenset((each.requirement, each.hashes) for each in decision.asked),
        frozenset((each.requirement, each.hashes) for each in decision.constraints),
        *(decision.python, decision.python_preferred, decision.as_of, decision.own),
    )


async def home(habitat: Habitat, supplier: Supplier) -> Home:
    """The environment of a habitat, built unless it is there.

    Raises:
        EnvironmentBuildError: it cannot be had; its kind tells whose fault that is.
        SandboxUnavailableError: no box can be started here to build it in.
    """
    root = habitat.root
    if root.python is not None:
        return Home(environment=await environments.from_interpreter(_named(root.python)))
    if root.requirements is not None:
        decision = await asyncio.to_thread(_listed, root.requirements)
        return await _supplied(decision, await our_own(), supplier)
    if habitat.decision is None:
        return Home(environment=await environments.standard_library(cache=supplier.cache))
    chosen = choose(habitat.decision, await available(supplier.index))
    if isinstance(chosen, NoInterpreter):
        raise EnvironmentBuildError(chosen.why)
    return await _supplied(habitat.decision, chosen.interpreter, replace(supplier, allow_builds=root.builds))


async def _supplied(decision: Decision, interpreter: Interpreter, supplier: Supplier) -> Home:
    made = await supply(decision, interpreter, supplier)
    return Home(
        environment=made.environment,
        interpreter=interpreter,
        paths=made.own_paths,
        locked=made.locked,
        decision=decision,
    )


def _listed(place: Path) -> Decision:
    """What a requirements file that the owner names asks for, and nothing beside it."""
    asked = tuple(Asked(requirement=line, origin=place.name) for line in requirements.read(place))
    return Decision(source=place.name, asked=asked)


def _named(name: str) -> Path:
    """A bare name as it is, to be looked up on PATH; anything else as an absolute path, so that the two stay apart."""
    return Path(name).expanduser().absolute() if "/" in name else Path(name)
