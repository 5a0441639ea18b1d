"""What is tried together: the rules of one file and their trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.knowledge import packs
from workers.knowledge.rule import Packs
from workers.knowledge.written.cases import of_entry, of_pack, untried
from workers.knowledge.written.twins import twins

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.contract.written import Entry, Shared
    from workers.knowledge.rule import Rule
    from workers.knowledge.written.cases import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One file's rules and trials."""

    name: str
    packs: Packs
    trials: tuple[Trial, ...]
    refused: tuple[tuple[str, str], ...]
    """(rule's id, what it lacks): rules that nobody may use as they are."""


def of_file(name: str, raw: bytes) -> Bundle:
    """A pack's.

    Raises:
        ConfigError: the file is no pack.
    """
    pack = packs.read(name, raw)
    return _bundle(name, pack, list(packs.entries(name, pack)), packs.made_by(pack))


def of_own(written: Sequence[Entry]) -> Bundle:
    """A repository's own.

    Raises:
        ConfigError: one of them cannot be used.
    """
    return _bundle(packs.OWN, packs.Pack(), list(packs.own(written)), {})


def _bundle(name: str, pack: Shared, listed: Sequence[tuple[Entry, tuple[Rule, ...]]], makes: dict[str, str]) -> Bundle:
    rules = tuple(rule for _, made in listed for rule in made)
    trials = [trial for entry, made in listed for trial in _of_one(pack, entry, made)]
    trials += of_pack(name, pack, rules)
    everything = Packs(rules=rules, makes={**packs.shipped().makes, **makes})
    return Bundle(name=name, packs=everything, trials=tuple(trials), refused=tuple(_refused(pack, listed, trials)))


def _of_one(pack: Shared, entry: Entry, rules: tuple[Rule, ...]) -> Iterator[Trial]:
    by_id = {rule.id: rule for rule in rules}
    for trial in of_entry(pack, entry, rules):
        yield trial
        if not trial.made:
            yield from twins(trial, [by_id[name] for name in sorted(trial.rules)])


def _refused(
    pack: Shared, listed: Iterable[tuple[Entry, tuple[Rule, ...]]], trials: Sequence[Trial]
) -> Iterator[tuple[str, str]]:
    seen = {rule.id for rule in untried((rule for _, made in listed for rule in made), trials)}
    for entry, made in listed:
        if missing := entry.lacks(pack):
            yield made[0].id, f"needs {', '.join(missing)}"
            continue
        yield from (
            (rule.id, "no case shows it at work; `each` has one for every name") for rule in made if rule.id in seen
        )
