"""Symbol rules: what was renamed, moved or taken away, in which version, and who says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.contract.domain import Severity, Staleness

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from workers.protocols import Environment

Version = tuple[int, ...]
"""The release numbers alone; pre-releases count as the release they precede."""

BUILTINS = "builtins."
"""Prefix of targets that every interpreter has: `builtins.int` is written `int`."""


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


Change = Symbol | Keyword | Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One dated fact about a package."""

    id: str
    package: str
    """Normalised distribution name; `python` for the standard library."""
    change: Change
    gate: Gate
    as_of: date
    """When the source was read."""
    source: str
    """URL of the official words."""
    severity: Severity | None = None
    message: str = ""
    """What a reader has to know beyond old and new."""
    target_until: date | None = None
    """The last day the target lives, where an end is announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packs:
    """All rules of a run."""

    rules: tuple[Rule, ...]
    makes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Callable -> type of what it returns, both dotted; `f:1` is the second item, `T[str]` a subscript by text."""

    def rule(self, identity: str) -> Rule | None:
        """The rule with that id."""
        return next((rule for rule in self.rules if rule.id == identity), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a rule means in one environment."""

    staleness: Staleness
    installed: str | None
    """Version of the package there; None when it is not installed, so nothing can be said for certain."""
    reachable: bool
    """The target exists in that version."""


def version(text: str) -> Version:
    """`2.1.0rc1` -> (2, 1, 0). Empty for a text that has no number."""
    found = re.match(r"\s*v?(?:\d+!)?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def judge(rule: Rule, environment: Environment) -> Verdict | None:
    """Whether the old form is stale in `environment`, by its installed packages; None when it is not."""
    if rule.package == "python":
        installed: str | None = ".".join(map(str, environment.python_version))
    else:
        installed = environment.packages.get(rule.package)
    if installed is None:
        return Verdict(staleness=Staleness.DEPRECATED, installed=None, reachable=False)
    at, gate = version(installed), rule.gate
    if gate.restored and reached(gate.restored, at):
        return None
    reachable = gate.since is None or reached(gate.since, at)
    if gate.removed and reached(gate.removed, at):
        return Verdict(staleness=Staleness.BROKEN, installed=installed, reachable=reachable)
    if gate.deprecated and reached(gate.deprecated, at):
        return Verdict(staleness=Staleness.DEPRECATED, installed=installed, reachable=reachable)
    return None


def reached(gate: Version, at: Version) -> bool:
    """True for `at` and everything after it; `2` and `2.0` are one version."""
    width = max(len(gate), len(at))
    return (*at, *(0,) * (width - len(at))) >= (*gate, *(0,) * (width - len(gate)))
