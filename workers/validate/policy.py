"""Policy: what a repair may bring into a repository. Size, place, secrets, powers, hidden characters, licences, owner's bans."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pathspec

from workers.contract.paths import PROTECTED
from workers.validate import powers
from workers.validate.comparison import Comparison, Refusal
from workers.validate.conduct import verdict
from workers.validate.credentials import planted_secrets
from workers.validate.patterns import TIMEOUT_S, matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.contract.domain import Case
    from workers.protocols import Change
    from workers.validate.comparison import Rule

_LICENCE = re.compile(
    r"SPDX-License-Identifier|GNU (Lesser |Affero )?General Public Licen[sc]e|\b[AL]?GPL-?v?[23]|Licensed under the|All rights reserved"
    r"|Copyright (\(c\)|©|\d{4})|Permission is hereby granted|Creative Commons|Mozilla Public License",
    re.IGNORECASE,
)
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0\ufffc")
"""Characters that show nothing though Unicode calls them letters, marks or symbols."""
_LAYOUT = frozenset("\t\n\r\f")
_VARIATIONS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """The owner's bounds."""

    diff_lines: int = 400
    """Added and removed source lines."""
    cells: int | None = None
    """Changed cells; None sets no limit."""
    banned_patterns: tuple[str, ...] = ()
    """Regular expressions that no added line may match."""
    patterns_timeout_s: float = TIMEOUT_S
    """For all of them together; what has not been matched by then refuses."""
    include: tuple[str, ...] = ()
    """Globs as in a .gitignore of paths that may be repaired; empty allows every path."""


def invisible_characters(comparison: Comparison) -> Iterator[Refusal]:
    """No character is added that a reader cannot see, or that turns the text round."""
    changed = [(old.source, new) for old, new in comparison.cells if new is not None and new.source != old.source]
    for before, head in [*changed, *(("", cell) for cell in comparison.added)]:
        more = Counter(filter(hidden, head.source)) - Counter(filter(hidden, before))
        for character in sorted(more):
            reason = f"cell {head.index}: the invisible character U+{ord(character):04X} is added"
            yield Refusal(reason=reason, cells=(head.index,))


def licences(comparison: Comparison) -> Iterator[Refusal]:
    """No text under somebody's licence is brought in."""
    for cell, line, text in comparison.added_lines:
        if _LICENCE.search(text) and not any(text.strip() in other.source for other in comparison.base.cells):
            yield Refusal(reason=f"cell {cell}, line {line}: a licence or copyright notice is added", cells=(cell,))


RULES: Mapping[str, Rule] = {
    "secret": planted_secrets,
    "new-power": powers.new_powers,
    "new-host": powers.new_hosts,
    "invisible-character": invisible_characters,
    "licence": licences,
}


class Policy:
    """The rules of policy as one check."""

    name = "policy"

    def __init__(self, settings: PolicySettings | None = None, *, rules: Mapping[str, Rule] = RULES) -> None:
        self._settings = settings or PolicySettings()
        bounds = {"path": self._path, "diff-size": self._size}
        self._rules: dict[str, Rule] = {**rules, **bounds}

    async def check(self, change: Change) -> Case:
        """Refuse what the policy forbids, with a veto."""
        comparison = Comparison(change)
        refusals = [(rule, refusal) for rule, judge in self._rules.items() for refusal in judge(comparison)]
        refusals += [("banned-pattern", refusal) for refusal in await self._banned(comparison)]
        return verdict(self.name, refusals, accepted="nothing forbidden is added")

    def _path(self, comparison: Comparison) -> Iterator[Refusal]:
        path = PurePosixPath(comparison.head.path)
        if comparison.head.path != comparison.base.path:
            yield Refusal(reason="the repair is for another path")
        if path.is_absolute() or ".." in path.parts or path.parts[:1] in {(name,) for name in PROTECTED}:
            yield Refusal(reason=f"{str(path)[:200]!r} is not a path a repair may write")
        include = pathspec.PathSpec.from_lines("gitignore", self._settings.include)
        if self._settings.include and not include.match_file(path):
            yield Refusal(reason=f"{str(path)[:200]!r} is not among the files to keep true")

    def _size(self, comparison: Comparison) -> Iterator[Refusal]:
        changed = [(old, new) for old, new in comparison.cells if new is None or new.source != old.source]
        lines = sum(_changed_lines(old.source, new.source if new else "") for old, new in changed)
        lines += sum(_changed_lines("", cell.source) for cell in comparison.added)
        if lines > self._settings.diff_lines:
            yield Refusal(reason=f"{lines} lines change; the limit is {self._settings.diff_lines}")
        if self._settings.cells is not None and len(changed) > self._settings.cells:
            yield Refusal(reason=f"{len(changed)} cells change; the limit is {self._settings.cells}")

    async def _banned(self, comparison: Comparison) -> list[Refusal]:
        added = list(comparison.added_lines)
        if not self._settings.banned_patterns or not added:
            return []
        refusals: list[Refusal] = []
        texts = [text for _, _, text in added]
        patterns, timeout_s = self._settings.banned_patterns, self._settings.patterns_timeout_s
        for number, found in await matches(patterns, texts, timeout_s=timeout_s):
            pattern = patterns[number][:80]
            if found is None:
                refusals.append(Refusal(reason=f"the pattern {pattern!r} could not be matched in time"))
            for at in found or ():
                cell, line, _ = added[at]
                refusals.append(Refusal(reason=f"cell {cell}, line {line}: matches {pattern!r}", cells=(cell,)))
        return refusals


def hidden(character: str) -> bool:
    """True for a character that shows nothing or changes the direction of others."""
    if character < "\x7f":
        return character < " " and character not in _LAYOUT
    if character in _INVISIBLE or any(ord(character) in span for span in _VARIATIONS):
        return True
    return unicodedata.category(character) in {"Cf", "Cc", "Co", "Cs", "Zl", "Zp"}


def _changed_lines(before: str, after: str) -> int:
    old, new = before.split("\n") if before else [], after.split("\n") if after else []
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    same = sum(block.size for block in blocks)
    return len(old) + len(new) - 2 * same
