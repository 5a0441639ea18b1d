"""A decision in plain words, and as JSON: what an environment will hold, who asked for it, and what was not followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.environments.deciding import CELLS, IMPORTS, NOTHING
from workers.environments.interpreters import Chosen, dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.environments.interpreters import NoInterpreter
    from workers.environments.words import Asked, Decision

_SOURCES = {
    CELLS: "The artifact's own requirement cells decide: no declaration near it says anything usable.",
    IMPORTS: "Nothing is declared: the environment is taken from what the artifact imports.",
    NOTHING: "Nothing is declared and nothing is imported beyond the standard library.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What is said of one artifact's environment."""

    artifact: str
    decision: Decision
    chosen: Chosen | NoInterpreter

    @property
    def complete(self) -> bool:
        """Whether everything declared is followed, everything imported is declared, and an interpreter is there."""
        decision = self.decision
        left = (*decision.undeclared, *decision.refused, *decision.missing)
        return not left and isinstance(self.chosen, Chosen)


def lines(explained: Explained) -> Iterator[str]:
    """As a person reads it, a line each. The texts of strangers in it are capped and visible, and not yet fit for a terminal."""
    decision, chosen = explained.decision, explained.chosen
    yield f"{explained.artifact}: {_SOURCES.get(decision.source, f'{decision.source} decides.')}"
    if isinstance(chosen, Chosen):
        yield f"Python {dotted(chosen.interpreter.version)}: {chosen.why}."
    else:
        yield chosen.why
    if decision.as_of:
        yield f"Only what was published by {decision.as_of.isoformat()} is taken: {decision.as_of_origin}."
    if decision.own:
        how = "imported as it is" if decision.own.packages else "built"
        yield f"The repository's own package {decision.own.name} ({decision.own.folder}) is {how}."
    yield from _packages("asked for", [each for each in decision.asked if each.declared])
    yield from _packages("declared by nobody, taken from imports", decision.undeclared)
    yield from _listed("refused", [f"{each.text} ({each.origin}): {each.why}" for each in decision.refused])
    yield from _listed("missing", [f"{each.name} ({each.origin}): {each.why}" for each in decision.missing])
    if decision.constraints:
        hashed = sum(bool(each.hashes) for each in decision.constraints)
        yield f"{len(decision.constraints)} versions hold wherever they are needed, {hashed} of them with digests."
    yield from decision.notes


def as_json(explained: Explained) -> dict[str, Any]:
    """As a program reads it."""
    decision, chosen = explained.decision, explained.chosen
    found = isinstance(chosen, Chosen)
    return {
        "schema": 1,
        "artifact": explained.artifact,
        "complete": explained.complete,
        "source": decision.source,
        "python": {
            "required": decision.python,
            "origin": decision.python_origin,
            "preferred": decision.python_preferred,
            "chosen": dotted(chosen.interpreter.version) if found else None,
            "why": chosen.why,
        },
        "as_of": decision.as_of.isoformat() if decision.as_of else None,
        "as_of_origin": decision.as_of_origin,
        "own": {"name": decision.own.name, "folder": decision.own.folder, "packages": list(decision.own.packages)}
        if decision.own
        else None,
        "asked": [_asked(each) for each in decision.asked],
        "constraints": [_asked(each) for each in decision.constraints],
        "refused": [{"text": each.text, "origin": each.origin, "why": each.why} for each in decision.refused],
        "missing": [{"name": each.name, "origin": each.origin, "why": each.why} for each in decision.missing],
        "notes": list(decision.notes),
    }


def _asked(each: Asked) -> dict[str, Any]:
    return {
        "requirement": each.requirement,
        "origin": each.origin,
        "declared": each.declared,
        "hashes": list(each.hashes),
        "address": each.address,
    }


def _packages(what: str, asked: list[Asked] | tuple[Asked, ...]) -> Iterator[str]:
    yield from _listed(what, [f"{each.requirement} ({each.origin})" for each in asked])


def _listed(what: str, found: list[str]) -> Iterator[str]:
    if found:
        yield f"{len(found)} {what}:"
        yield from (f"  - {each}" for each in found)
