"""Conduct: the rules that tell a repair from a trick. Each may be lifted by the owner, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.domain import Case
from workers.validate import assertions, catching, faking, hiding, repeating, standins, structure
from workers.validate.comparison import Comparison

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.protocols import Change
    from workers.validate.comparison import Refusal, Rule

INTEGRITY: Mapping[str, Rule] = {
    "cell-deleted": structure.cell_deleted,
    "cell-kind": structure.cell_kind,
    "cell-emptied": structure.cell_emptied,
    "cell-order": structure.cell_order,
    "cell-id": structure.cell_id,
    "cell-tag": structure.cell_tag,
    "heading-lost": structure.heading_lost,
}
"""What keeps the artifact whole."""

RULES: Mapping[str, Rule] = {
    "cell-skipped": hiding.cell_skipped,
    "try-except": catching.try_except,
    "assertion-dropped": assertions.assertion_dropped,
    "statement-dropped": hiding.statement_dropped,
    "ends-early": hiding.ends_early,
    "hides-warnings": catching.hides_warnings,
    "literal-for-computation": faking.literal_for_computation,
    "mock-for-call": standins.mock_for_call,
    "library-patched": standins.library_patched,
    "data-faked": faking.data_faked,
    "changes-randomness": repeating.changes_randomness,
    "old-pin": repeating.old_pin,
}
"""What keeps the code honest."""

_REASONS_SHOWN = 5


class Conduct:
    """Some rules of conduct as one check; every refusal is collected, the first one is the reason."""

    def __init__(
        self, rules: Mapping[str, Rule] = RULES, *, name: str = "conduct", overrides: frozenset[str] = frozenset()
    ) -> None:
        self._name = name
        self._rules = {rule: judge for rule, judge in rules.items() if rule not in overrides}

    @property
    def name(self) -> str:
        """The case's name."""
        return self._name

    async def check(self, change: Change) -> Case:
        """Refuse a trick, with a veto."""
        return self.judge(Comparison(change))

    def judge(self, comparison: Comparison) -> Case:
        """Pure: every rule over one comparison."""
        refusals = [(rule, refusal) for rule, judge in self._rules.items() for refusal in judge(comparison)]
        return verdict(self._name, refusals, accepted=f"{len(self._rules)} rules accept")


def integrity(
    *, overrides: frozenset[str] = frozenset(), must_keep: tuple[str, ...] = (), protected: tuple[str, ...] = ()
) -> Conduct:
    """The rules that keep the artifact whole, the owner's own among them."""
    own = {"must-keep": structure.must_keep(must_keep), "protected-cell": structure.protected_cell(protected)}
    return Conduct({**INTEGRITY, **own}, name="artifact_integrity", overrides=overrides)


def verdict(name: str, refusals: list[tuple[str, Refusal]], *, accepted: str) -> Case:
    """A case with a veto from what the rules said."""
    if not refusals:
        return Case(name=name, passed=True, veto=True, evidence=accepted)
    shown = [f"{rule}: {refusal.reason}" for rule, refusal in refusals[:_REASONS_SHOWN]]
    more = len(refusals) - len(shown)
    return Case(
        name=name,
        passed=False,
        veto=True,
        evidence="; ".join(shown) + (f"; and {more} more" if more else ""),
        feedback=f"Repair it without this ({', '.join(dict.fromkeys(rule for rule, _ in refusals))}).",
        cells=tuple(sorted({cell for _, refusal in refusals for cell in refusal.cells})),
    )
