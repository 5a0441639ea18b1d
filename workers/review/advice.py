"""What the rule packs know about an error of the run: a pattern may not see of which type a name is, the error says it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.contract.domain import Cause
from workers.knowledge.rule import Symbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.contract.domain import Finding
    from workers.knowledge.packs import Packs

_MISSING = re.compile(r"AttributeError: '(?P<type>\w+)' object has no attribute '(?P<name>\w+)'")


def given(findings: Iterable[Finding], packs: Packs) -> Iterator[Finding]:
    """The findings; an error without a direction of its own says what the packs advise, for a person to follow."""
    for finding in findings:
        wanted = finding.rule == "execution/error" and finding.cause is Cause.CODE and not finding.fix
        advice = _advice(finding.message, packs) if wanted else ""
        yield replace(finding, fix=advice) if advice else finding


def _advice(message: str, packs: Packs) -> str:
    """What all rules about the attribute of that type agree on; empty where none speaks, or two differ."""
    found = _MISSING.search(message)
    if found is None:
        return ""
    tail = f".{found['type']}.{found['name']}"
    said = {
        rule.message or f"Use `{rule.change.new}`."
        for rule in packs.rules
        if isinstance(rule.change, Symbol) and rule.change.old.endswith(tail) and (rule.message or rule.change.new)
    }
    return said.pop() if len(said) == 1 else ""
