"""Which statement of a cell became which: equal ones first, then the most similar."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.validate.statements import grown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.validate.statements import Statement

SIMILAR = 0.3
"""Least share of common words for a statement to count as rewritten and not as replaced."""
SAME_TARGET = 0.5
"""What assigning to the same name adds to the similarity."""
_MOST_COMPARED = 200_000
_COMPOUND = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.Match)
_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ONE_ROLE = (ast.Assert, ast.Return)
"""What plays one role in its block, whatever it says: `return 0.9` is what became of `return model.score(X)`."""
_OWN_KIND = (ast.Assert, ast.Return, ast.Raise, ast.Import, ast.ImportFrom)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matching:
    """The statements of a cell before and after."""

    pairs: tuple[tuple[Statement, Statement], ...]
    """In the order of the base."""
    gone: tuple[Statement, ...]
    """Of the base, with nothing similar in the head."""
    fresh: tuple[Statement, ...]
    """Of the head, like nothing in the base."""


def matched(base: Sequence[Statement], head: Sequence[Statement]) -> Matching:
    """Pair every statement at most once."""
    found = dict(_equal(base, head))
    taken = set(found.values())
    olds = [index for index in range(len(base)) if index not in found]
    news = [index for index in range(len(head)) if index not in taken]
    for old, new in _similar(base, head, olds, news):
        if old not in found and new not in taken:
            found[old] = new
            taken.add(new)
    return Matching(
        pairs=tuple((base[old], head[found[old]]) for old in sorted(found)),
        gone=tuple(base[old] for old in olds if old not in found),
        fresh=tuple(head[new] for new in news if new not in taken),
    )


def similarity(old: Statement, new: Statement) -> float:
    """0 for statements of different kinds or without a word in common; more than `SIMILAR` for a rewritten one."""
    if not _comparable(old, new):
        return 0.0
    common = (old.words & new.words).total()
    size = old.words.total() + new.words.total()
    share = 2 * common / size if size else 0.0
    return share + SAME_TARGET * bool(old.targets & new.targets) + SIMILAR * isinstance(old.node, _ONE_ROLE)


def _equal(base: Sequence[Statement], head: Sequence[Statement]) -> Iterator[tuple[int, int]]:
    waiting: dict[str, list[int]] = {}
    for index, statement in enumerate(head):
        waiting.setdefault(statement.text, []).append(index)
    for index, statement in enumerate(base):
        same = waiting.get(statement.text, [])
        if same:
            around = [guard.kind for guard in statement.guards]
            # The one that stands where it stood, if there is one: a copy in a dead branch must not pass for it.
            best = next((new for new in same if [guard.kind for guard in head[new].guards] == around), same[0])
            same.remove(best)
            yield index, best


def _similar(
    base: Sequence[Statement], head: Sequence[Statement], olds: Sequence[int], news: Sequence[int]
) -> list[tuple[int, int]]:
    reach = max(1, _MOST_COMPARED // max(1, len(olds)))
    scored: list[tuple[float, int, int, int]] = []
    for rank, old in enumerate(olds):
        for place in range(max(0, rank - reach), min(len(news), rank + reach)):
            score = similarity(base[old], head[news[place]])
            if score >= SIMILAR:
                scored.append((-score, abs(rank - place), old, news[place]))
    return [(old, new) for _, _, old, new in sorted(scored)]


def _comparable(old: Statement, new: Statement) -> bool:
    if old.node is None or new.node is None:
        # A line of source that does not parse may have become anything.
        return True
    for kinds in (_COMPOUND, _DEFINITION, _OWN_KIND):
        if isinstance(old.node, kinds) or isinstance(new.node, kinds):
            return type(old.node) is type(new.node)
    return True


def added_guards(old: Statement, new: Statement) -> list[str]:
    """Kinds of what encloses a statement now and did not before."""
    before, after = (Counter(guard.kind for guard in one.guards) for one in (old, new))
    return grown(before, after)
