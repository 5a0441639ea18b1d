"""Mined facts as rules: read package by package, when a document that imports one of them is looked at.

The files under `mined/` are made by `mendloop knowledge mine`. What a hand-written pack states itself is left to the pack.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

from workers.contract.errors import ConfigError
from workers.knowledge.packs import shipped
from workers.knowledge.rule import Argument, Gate, Keyword, Pattern, Rule, Symbol, Value, version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.knowledge.rule import Change, Version

FOLDER = "mined"
_PREFIX = "mined/"


def rules_for(modules: frozenset[str], words: frozenset[str] | None = None) -> tuple[Rule, ...]:
    """The mined rules about the packages that these (dotted) modules belong to, in the order of their files.

    `words` are those of the document, where they are known: rules that speak of none of them are left out, and never made.
    """
    names = sorted({name for module in modules for name in _index().get(module.partition(".")[0], ())})
    return tuple(rule for name in names for rule in shelf(name).rules(words))


def targets(dotted: str) -> tuple[Rule, ...]:
    """What is known of one name that is gone or going: of the name itself first, then of keywords of its calls."""
    last = dotted.rpartition(".")[2]
    found = (rule for name in _index().get(dotted.partition(".")[0], ()) for rule in shelf(name).of_last(last))
    return tuple(sorted((rule for rule in found if _concerns(rule.change, dotted)), key=_symbols_first))


def packages() -> tuple[str, ...]:
    """Every package there are facts about, by name."""
    return tuple(sorted({name for names in _index().values() for name in names}))


def _concerns(change: Change, dotted: str) -> bool:
    match change:
        case Symbol(old=old):
            return old == dotted
        case Keyword(calls=calls):
            return dotted in calls
        case Value(arguments=arguments):
            return any(argument.call == dotted for argument in arguments)
        case Pattern():
            return False


def _symbols_first(rule: Rule) -> tuple[bool, str]:
    return not isinstance(rule.change, Symbol), rule.id


@dataclass(frozen=True, slots=True)
class _Head:
    package: str
    as_of: date


_NEW, _REMOVED = 2, 5
"""Where in a row they stand."""


class Shelf:
    """The facts of one file. A rule is made when it is asked for, and once."""

    def __init__(self, content: str) -> None:
        read: dict[str, Any] = json.loads(content)
        self.head = _Head(read["package"], date.fromisoformat(read["as_of"]))
        self._rows: list[list[Any]] = read["facts"]
        self._made: dict[int, Rule | None] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def _by_last(self) -> Mapping[str, tuple[int, ...]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for at, row in enumerate(self._rows):
            for last in {name[name.rfind(".") + 1 :] for name in ([row[1]] if row[0] == "symbol" else row[10])}:
                found[last].append(at)
        return {last: tuple(rows) for last, rows in found.items()}

    def rules(self, words: frozenset[str] | None) -> Iterator[Rule]:
        """Those that speak of one of the words; all where no words are given."""
        if words is None:
            numbers: Iterable[int] = range(len(self._rows))
        else:
            numbers = sorted({at for word in words & self._by_last.keys() for at in self._by_last[word]})
            numbers = [at for at in numbers if self._rows[at][0] != "keyword" or self._rows[at][1] in words]
        yield from (rule for at in numbers if (rule := self._rule(at)))

    def of_last(self, last: str) -> Iterator[Rule]:
        """Those about names that end so."""
        yield from (rule for at in self._by_last.get(last, ()) if (rule := self._rule(at)))

    def _rule(self, at: int) -> Rule | None:
        if at not in self._made:
            row = self._rows[at]
            # What goes some day, and to nobody knows where, is no use to who reads it.
            self._made[at] = _without_twins(_rule(row, self.head)) if row[_NEW] or row[_REMOVED] else None
        return self._made[at]


def _rule(row: list[Any], head: _Head) -> Rule:
    kind, old, new, since, deprecated, removed, restored, found, at, words = row[:10]
    calls: list[str] = [] if kind == "symbol" else row[10]
    change: Change
    match kind:
        case "symbol":
            identity, change = old, Symbol(old=old, new=new)
        case "keyword":
            identity, change = f"{calls[0]}-{old}", Keyword(calls=tuple(calls), old=old, new=new)
        case _:
            arguments = tuple(Argument(call=call, keyword=row[11], position=row[12]) for call in calls)
            identity, change = f"{calls[0]}-{row[11]}-{old}", Value(arguments=arguments, old=old, new=new)
    return Rule(
        id=f"{_PREFIX}{head.package}/{identity}",
        package=head.package,
        change=change,
        gate=Gate(since=_gate(since), deprecated=_gate(deprecated), removed=_gate(removed), restored=_gate(restored)),
        as_of=head.as_of,
        source=_source(head.package, at),
        message=_message(found, words),
    )


def _gate(text: str) -> Version | None:
    return version(text) if text else None


def _source(package: str, at: str) -> str:
    read = at.rpartition("@")[2]
    if package == "python":
        return f"https://docs.python.org/3/whatsnew/{'.'.join(read.split('.')[:2])}.html"
    return f"https://pypi.org/project/{package}/{read}/"


def _message(found: str, words: str) -> str:
    if not words:
        return ""
    if found == "difference":
        return f"Perhaps `{words}` takes its place: it came when this went."
    return f"The library points to `{words}`, which does not take its place in every use."


def _without_twins(rule: Rule) -> Rule | None:
    """The rule without what a pack states; None where nothing is left."""
    stated = _stated()
    match rule.change:
        case Symbol(old=old):
            kept = old not in stated.symbols and not any(old.startswith(f"{each}.") for each in stated.whole)
            return rule if kept else None
        case Keyword(calls=calls, old=old) as change:
            left = tuple(call for call in calls if (call, old) not in stated.keywords)
            return replace(rule, change=replace(change, calls=left)) if left else None
        case Value(arguments=arguments, old=old) as change:
            places = tuple(one for one in arguments if (one.call, one.keyword, old) not in stated.values)
            return replace(rule, change=replace(change, arguments=places)) if places else None
        case Pattern():
            return rule


@dataclass(frozen=True, slots=True)
class _Stated:
    """What the packs speak of."""

    symbols: frozenset[str]
    whole: frozenset[str]
    keywords: frozenset[tuple[str, str]]
    values: frozenset[tuple[str, str, str]]


@cache
def _stated() -> _Stated:
    changes = [rule.change for rule in shipped().rules]
    symbols = [change for change in changes if isinstance(change, Symbol)]
    keywords = [change for change in changes if isinstance(change, Keyword)]
    values = [change for change in changes if isinstance(change, Value)]
    return _Stated(
        symbols=frozenset(change.old for change in symbols),
        whole=frozenset(change.old for change in symbols if change.whole),
        keywords=frozenset((call, change.old) for change in keywords for call in change.calls),
        values=frozenset((one.call, one.keyword, change.old) for change in values for one in change.arguments),
    )


@cache
def _index() -> Mapping[str, tuple[str, ...]]:
    content = _read("index")
    return {module: tuple(names) for module, names in json.loads(content).items()}


@cache
def shelf(package: str) -> Shelf:
    """The facts about one package.

    Raises:
        ConfigError: the file is broken; it came with mendloop.
    """
    try:
        return Shelf(_read(package))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"the mined facts of {package} cannot be read: {error!r}; install mendloop again") from error


def _read(name: str) -> str:
    return (resources.files("workers.knowledge") / FOLDER / f"{name}.json").read_text(encoding="utf-8")
