"""What the symbol rules look for, and a place where one of them holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.knowledge.rule import Keyword, Pattern, Symbol, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.contract.domain import Edit
    from workers.knowledge.rule import Rule

Edits = tuple["Edit", ...]
Mended = tuple[Edits, str]
"""The edits of one place; where there are none, the reason, if there is one to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A place where a rule holds."""

    rule: Rule
    cell: int
    start: int
    """Character offset into the cell's source."""
    anchor: str
    """The stale text."""
    mended: Mended = ((), "")
    target: str | None = None
    """The dotted name that has to resolve for the edits to be right."""


class Index:
    """Rules by what they look for."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.symbols: dict[str, tuple[Rule, Symbol]] = {}
        self.keywords: dict[str, list[tuple[Rule, Keyword]]] = {}
        self.values: dict[str, list[tuple[Rule, Value]]] = {}
        for rule in rules:
            self._file(rule)
        self.last = frozenset(old.rpartition(".")[2] for old in self.symbols)
        """Last parts of stale names: most names of a document are ruled out by them."""

        self.calls = frozenset(call.rpartition(".")[2] for call in (*self.keywords, *self.values))
        """Last parts of calls that rules speak of."""

    def __bool__(self) -> bool:
        return bool(self.symbols or self.keywords or self.values)

    def _file(self, rule: Rule) -> None:
        match rule.change:
            case Keyword(calls=calls) as change:
                for call in calls:
                    self.keywords.setdefault(call, []).append((rule, change))
            case Value(arguments=arguments) as change:
                for call in {argument.call for argument in arguments}:
                    self.values.setdefault(call, []).append((rule, change))
            case Symbol(old=old) as change:
                self.symbols[old] = (rule, change)
            case Pattern():
                # Looked for on its own: see `review.patterns`.
                pass
