"""Symbol rules: what was renamed, moved or taken away, in which version, and who says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.contract.domain import Severity, Staleness
from workers.contract.written import NO_PACKAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from workers.knowledge.spoken import Spoken
    from workers.protocols import Environment

Version = tuple[int, ...]
"""The release numbers alone; pre-releases count as the release they precede."""

BUILTINS = "builtins."
"""Prefix of targets that every interpreter has: `builtins.int` is written `int`."""
_BUILDS = {
    "tensorflow": ("tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-rocm")
}
"""Packages that are the same code of the same version, built for other machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """From which version of the package on something holds; None where it never does."""

    since: Version | None = None
    """The target exists."""
    deprecated: Version | None = None
    """The old form warns, or its documentation says that it will go."""
    removed: Version | None = None
    """The old form fails."""
    restored: Version | None = None
    """The old form is back, with a meaning of its own: no finding any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A dotted name that is written differently now."""

    old: str
    new: str | None
    """Dotted, `builtins.int` for a builtin; None when nothing takes its place one to one."""
    add: tuple[tuple[str, str], ...] = ()
    """(keyword, Python expression) that a call has to pass to the target to mean the same as before."""
    reachable: bool = False
    """The target's modules are attributes of their package without an import of their own."""
    whole: bool = False
    """`old` is a module and everything in it is found under `new`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """A keyword that calls pass under another name now, or not at all."""

    calls: tuple[str, ...]
    """Dotted names of what is called; methods as `package.Type.method`."""
    old: str
    new: str | None
    values: tuple[tuple[str, str], ...] = ()
    """(old, new) Python expressions of the value, where it has to change with the name; any other is left to a person."""
    drop: tuple[str, ...] = ()
    """Python expressions of values with which the keyword may simply go, for what it asked for is what happens now; `*`: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """Where a call takes a value."""

    call: str
    keyword: str
    position: int | None = None
    """From 0, the receiver not counted; None for a keyword-only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A string that an argument takes in another spelling now."""

    arguments: tuple[Argument, ...]
    old: str
    new: str | None
    frequency: bool = False
    """The string is a pandas frequency: a multiple, an alias and an anchor (`2Q-DEC`), or several; `old` is the alias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Code of a shape, by ast-grep."""

    language: str
    """As `contract.patterns` names it."""
    old: str
    """The pattern as it was written, metavariables with their dollars."""
    new: str | None
    """The text that takes the place of a match, with the metavariables of the pattern; None leaves it to a person."""
    config: str
    """ast-grep's own configuration of pattern and conditions, as JSON."""
    words: frozenset[str]
    """All of them stand in every text that matches."""
    stands_for: tuple[tuple[str, str], ...] = ()
    """(`$NAME`, dotted thing or type) that has to hold by the document's imports and assignments."""
    target: str | None = None
    """A dotted name that has to resolve for the edit to be right."""


Change = Symbol | Keyword | Value | Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One dated fact about a package."""

    id: str
    package: str
    """Normalised distribution name; `python` for the standard library; `none` for an owner's convention."""
    change: Change
    gate: Gate
    as_of: date
    """When the source was read."""
    source: str
    """URL of the official words."""
    staleness: Staleness = Staleness.DEPRECATED
    """What the old form is while it still works."""
    severity: Severity | None = None
    message: str = ""
    """What a reader has to know beyond old and new."""
    target_until: date | None = None
    """The last day the target lives, where an end is announced."""


@dataclass(frozen=True, kw_only=True)
class Packs:
    """All rules of a run."""

    rules: tuple[Rule, ...]
    makes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Callable -> type of what it returns, both dotted; `f:1` is the second item, `T[str]` a subscript by text."""

    with_mined: bool = False
    """Whether the facts that were mined count too; see `knowledge.facts`."""

    def rule(self, identity: str) -> Rule | None:
        """The rule with that id."""
        return self._by_id.get(identity)

    def speaking(self, spoken: Spoken) -> list[Rule]:
        """The rules of Python names that may hold in a code of these words, in the order of the packs."""
        found = {at for word in spoken.words & self._by_word.keys() for at in self._by_word[word]}
        return [rule for at in sorted(found) if self.speaks((rule := self.rules[at]).change, spoken)]

    def speaks(self, change: Change, spoken: Spoken) -> bool:
        """Whether the change may hold in a code, by its words alone."""
        match change:
            case Symbol(old=old):
                return self._named(old, spoken)
            case Keyword(calls=calls, old=old):
                return old in spoken.passed and any(self._named(call, spoken) for call in calls)
            case Value(arguments=arguments, old=old, frequency=frequency):
                written = spoken.holds_alias(old) if frequency else spoken.holds_string(old)
                return written and any(self._named(argument.call, spoken) for argument in arguments)
            case Pattern():
                return False

    def _named(self, dotted: str, spoken: Spoken) -> bool:
        """A name is spelled out somewhere, but for the type that a value is known to have."""
        parent, _, last = dotted.rpartition(".")
        if last not in spoken.reached:
            return False
        if parent in self._types:
            return dotted.partition(".")[0] in spoken.words
        return (
            spoken.words.issuperset(parent.split("."))
            if "." in parent
            else not spoken.bound.isdisjoint((parent, dotted))
        )

    @cached_property
    def _types(self) -> frozenset[str]:
        return frozenset(self.makes.values())

    @cached_property
    def patterns(self) -> tuple[tuple[Rule, Pattern], ...]:
        """The rules that look for a shape."""
        return tuple((rule, rule.change) for rule in self.rules if isinstance(rule.change, Pattern))

    @cached_property
    def _by_id(self) -> dict[str, Rule]:
        # The first one wins, as it does where rules are applied.
        return {rule.id: rule for rule in reversed(self.rules)}

    @cached_property
    def _by_word(self) -> dict[str, list[int]]:
        """A word without which a rule cannot hold -> where such rules stand. Compiled once for all documents."""
        index: dict[str, list[int]] = {}
        for at, rule in enumerate(self.rules):
            for word in _rarest(rule.change):
                index.setdefault(word, []).append(at)
        return index


def _rarest(change: Change) -> frozenset[str]:
    """Words of which one has to stand where the change holds; none for a pattern, which is looked for on its own."""
    match change:
        case Symbol(old=old):
            return frozenset({old.rpartition(".")[2]})
        case Keyword(old=old):
            return frozenset({old})
        case Value(arguments=arguments):
            return frozenset(argument.call.rpartition(".")[2] for argument in arguments)
        case Pattern():
            return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a rule means in one environment."""

    staleness: Staleness
    installed: str | None
    """Version of the package there; None when it is not installed, so nothing can be said for certain; empty where the rule
    speaks of no package."""
    reachable: bool
    """The target exists in that version."""


def version(text: str) -> Version:
    """`2.1.0rc1` -> (2, 1, 0). Empty for a text that has no number."""
    found = re.match(r"\s*v?(?:\d+!)?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def installed_version(package: str, environment: Environment) -> str | None:
    """The version of a package, also where it is installed under the name of one of its builds."""
    names = (package, *_BUILDS.get(package, ()))
    return next(filter(None, (environment.packages.get(name) for name in names)), None)


def judge(rule: Rule, environment: Environment) -> Verdict | None:
    """Whether the old form is stale in `environment`, by its installed packages; None when it is not."""
    if rule.package == NO_PACKAGE:
        return Verdict(staleness=rule.staleness, installed="", reachable=True)
    if rule.package == "python":
        installed: str | None = ".".join(map(str, environment.python_version))
    else:
        installed = installed_version(rule.package, environment)
    if installed is None:
        return Verdict(staleness=rule.staleness, installed=None, reachable=False)
    at, gate = version(installed), rule.gate
    if gate.restored and reached(gate.restored, at):
        return None
    reachable = gate.since is None or reached(gate.since, at)
    if gate.removed and reached(gate.removed, at):
        return Verdict(staleness=Staleness.BROKEN, installed=installed, reachable=reachable)
    if gate.deprecated and reached(gate.deprecated, at):
        return Verdict(staleness=rule.staleness, installed=installed, reachable=reachable)
    return None


def reached(gate: Version, at: Version) -> bool:
    """True for `at` and everything after it; `2` and `2.0` are one version."""
    width = max(len(gate), len(at))
    return (*at, *(0,) * (width - len(at))) >= (*gate, *(0,) * (width - len(gate)))
