"""An entry of a pack or a configuration as the rules it stands for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workers.contract import patterns
from workers.contract.domain import Staleness
from workers.contract.written import NO_PACKAGE
from workers.knowledge.rule import Argument, Change, Gate, Keyword, Pattern, Rule, Symbol, Value, version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.contract.written import Entry, Shared
    from workers.contract.written_match import Match, Places


def rules_of(name: str, shared: Shared, tables: Mapping[str, Places], entry: Entry) -> Iterator[Rule]:
    """The rules of one entry of pack `name`.

    Raises:
        ValueError: it lacks what a rule needs, or says nothing.
    """
    for key, change in _changes(entry, tables):
        yield _rule(f"{name}/{key}", shared, entry, change)


def _rule(identity: str, shared: Shared, entry: Entry, change: Change) -> Rule:
    source, as_of = entry.source or shared.source, entry.as_of or shared.as_of
    package = entry.package or shared.package
    gate = Gate(
        since=_version(entry.since),
        deprecated=_version(entry.deprecated),
        removed=_version(entry.removed),
        restored=_version(entry.restored),
    )
    if source is None or as_of is None or package is None:
        raise ValueError("a rule needs a `source`, an `as_of` and a `package`, its own or its pack's")
    staleness = Staleness(entry.staleness or "deprecated")
    owners = package == NO_PACKAGE and staleness is Staleness.POLICY
    if gate.deprecated is None and gate.removed is None and not owners:
        raise ValueError("a rule needs a gate: `deprecated` or `removed`, a version in quotes")
    return Rule(
        id=identity,
        package=package,
        change=change,
        gate=gate,
        as_of=as_of,
        source=source,
        staleness=staleness,
        severity=entry.severity,
        message=entry.message,
        target_until=entry.target_until,
    )


def _changes(entry: Entry, tables: Mapping[str, Places]) -> Iterator[tuple[str, Change]]:
    """(last part of the id, change) of every rule an entry stands for."""
    if not entry.says:
        raise ValueError("a rule says what changed: `match`, `old`, `renames`, `keyword` or `values`")
    if entry.match:
        yield entry.id or _named(entry.match), _matched(entry, entry.match)
    renames = entry.renames or ({entry.old: entry.new} if entry.old else {})
    for old, new in renames.items():
        yield entry.id if entry.old and entry.id else old.partition(".")[2] or old, _symbol(entry, old, new)
    if entry.keyword:
        if not entry.call:
            raise ValueError("a keyword needs the calls it belongs to (`call`)")
        yield entry.id or f"{_last(entry.call[0])}-{entry.keyword.old}", _keyword(entry)
    for old, new in entry.values.items():
        if entry.id is None:
            raise ValueError("`values` need an `id`")
        yield f"{entry.id}-{old}", _value(entry, _places(entry.arguments, tables), old, new)


def _named(match: Match) -> str:
    if match.symbol:
        return match.symbol.partition(".")[2] or match.symbol
    if match.keyword:
        return f"{_last(next(iter(match.of)))}-{match.keyword}"
    raise ValueError("a rule about a value or a pattern needs an `id`")


def _matched(entry: Entry, match: Match) -> Change:
    if match.symbol:
        return _symbol(entry, match.symbol, entry.fix)
    if match.keyword:
        return Keyword(calls=tuple(match.of), old=match.keyword, new=entry.fix)
    if match.value:
        return _value(entry, match.of if isinstance(match.of, dict) else {}, match.value, entry.fix)
    return _pattern(entry, match)


def _pattern(entry: Entry, match: Match) -> Pattern:
    text = match.pattern or ""
    return Pattern(
        language=match.language,
        old=text,
        new=entry.fix,
        config=json.dumps(patterns.config(text, entry.conditions())),
        words=patterns.words(text),
        stands_for=tuple(entry.stands_for().items()),
        target=entry.target,
    )


def _symbol(entry: Entry, old: str, new: str | None) -> Symbol:
    return Symbol(old=old, new=new, add=tuple(entry.add.items()), reachable=entry.reachable, whole=entry.whole)


def _keyword(entry: Entry) -> Keyword:
    told = entry.keyword
    if told is None:
        raise ValueError("no keyword is named")
    values = tuple(told.values.items())
    return Keyword(calls=entry.call, old=told.old, new=told.new, values=values, drop=told.drop)


def _places(told: Places | str, tables: Mapping[str, Places]) -> Places:
    if not isinstance(told, str):
        return told
    if told not in tables:
        raise ValueError(f"the pack has no table of arguments named {told!r}")
    return tables[told]


def _value(entry: Entry, places: Mapping[str, Any], old: str, new: str | None) -> Value:
    arguments = tuple(
        Argument(call=call, keyword=place[0], position=place[1] if len(place) > 1 else None)
        for call, place in places.items()
    )
    return Value(arguments=arguments, old=old, new=new, frequency=entry.syntax == "frequency")


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def _version(text: str | None) -> tuple[int, ...] | None:
    return version(text) if text else None
