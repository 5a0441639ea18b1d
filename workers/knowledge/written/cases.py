"""The cases of a pack as trials: what has to come of a small notebook in an environment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from workers.contract.written import NO_PACKAGE
from workers.knowledge.rule import Keyword, Pattern, Symbol, Value, reached

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.contract.written import Entry, Shared
    from workers.contract.written_cases import Case
    from workers.knowledge.rule import Rule, Version

Claim = Literal["mends", "reports", "leaves"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One case, ready to be tried."""

    of: str
    """Id of the rule, or the pack's name."""
    rules: frozenset[str]
    """Ids of the rules whose findings are meant."""
    cells: tuple[str, ...]
    claim: Claim
    after: tuple[str, ...] = ()
    """The cells afterwards, for `mends`."""
    installed: tuple[tuple[str, str], ...] = ()
    """(package, version); `python` is the interpreter."""
    language: str = "python"
    made: str = ""
    """How it was made from a written case; empty for one that somebody wrote."""


def of_entry(pack: Shared, entry: Entry, rules: Sequence[Rule]) -> Iterator[Trial]:
    """The trials of one entry: those it states, and one for every name of a table."""
    if not rules:
        return
    given = pack.given if entry.given is None else entry.given
    blank = Trial(
        of=rules[0].id,
        rules=frozenset(rule.id for rule in rules),
        cells=(),
        claim="leaves",
        installed=_where_it_holds(rules[0]),
        language=_language(rules[0]),
    )
    for case in entry.cases:
        yield of_case(case, given, blank)
    if entry.each:
        for rule in rules:
            yield _filled(entry, rule, given, replace(blank, of=rule.id, rules=frozenset({rule.id})))


def of_pack(name: str, pack: Shared, rules: Iterable[Rule]) -> Iterator[Trial]:
    """The trials a pack states for all of its rules together."""
    meant = tuple(rules)
    newest = {name: version for rule in meant for name, version in _where_it_holds(rule)}
    blank = Trial(
        of=name,
        rules=frozenset(rule.id for rule in meant),
        cells=(),
        claim="leaves",
        installed=tuple(newest.items()),
    )
    for case in pack.cases:
        yield of_case(case, pack.given, blank)


def of_case(case: Case, given: str | None, blank: Trial) -> Trial:
    """One case; what it does not say comes from `blank`."""
    given = given if case.given is None else case.given
    head = (given,) if given else ()
    installed = tuple(case.installed.items()) or blank.installed
    if case.before is not None:
        after = (*head, *(case.after or ()))
        return replace(blank, claim="mends", cells=(*head, *case.before), after=after, installed=installed)
    if case.reported is not None:
        return replace(blank, claim="reports", cells=(*head, *case.reported), installed=installed)
    return replace(blank, claim="leaves", cells=(*head, *(case.untouched or ())), installed=installed)


def untried(rules: Iterable[Rule], trials: Iterable[Trial]) -> list[Rule]:
    """The rules that no trial has to see at work: a table's written case may be about any one of its names."""
    tried = {name for trial in trials if trial.claim != "leaves" and len(trial.rules) == 1 for name in trial.rules}
    return [rule for rule in rules if rule.id not in tried]


def _filled(entry: Entry, rule: Rule, given: str | None, blank: Trial) -> Trial:
    each = entry.each
    words = _words(rule)
    head = (given,) if given else ()
    before = (*head, _fill(each.before, words)) if each else head
    if each is None or each.after is None or rule.change.new is None:
        return replace(blank, cells=before, claim="reports", made="each")
    return replace(blank, cells=before, claim="mends", after=(*head, _fill(each.after, words)), made="each")


def _words(rule: Rule) -> dict[str, str]:
    old, new = rule.change.old, (rule.change.new or "").removeprefix("builtins.")
    module, _, name = old.rpartition(".")
    new_module, _, new_name = new.rpartition(".")
    words = {"module": module, "name": name, "new_module": new_module, "new_name": new_name, "old": old, "new": new}
    words["owner"] = module.rpartition(".")[2]
    return words if isinstance(rule.change, Symbol) else {"old": old, "new": new}


def _fill(template: str, words: dict[str, str]) -> str:
    """Not `str.format`: the braces of a dictionary are no placeholders."""
    for word, value in words.items():
        template = template.replace(f"{{{word}}}", value)
    return template


def _language(rule: Rule) -> str:
    match rule.change:
        case Pattern(language=language):
            return language
        case Symbol() | Keyword() | Value():
            return "python"


def _where_it_holds(rule: Rule) -> tuple[tuple[str, str], ...]:
    """The rule's package at the first version in which the old form fails (or warns) and the new one is there."""
    if rule.package == NO_PACKAGE:
        return ()
    gate = rule.gate
    stale = gate.removed or gate.deprecated or (0,)
    if gate.restored and reached(gate.restored, stale):
        stale = gate.deprecated or stale
    return ((rule.package, dotted(stale if gate.since is None or reached(gate.since, stale) else gate.since)),)


def dotted(version: Version) -> str:
    """`(2, 1)` as `2.1`."""
    return ".".join(map(str, version))
