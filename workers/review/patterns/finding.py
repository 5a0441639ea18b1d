"""Where patterns hold, within bounds: whoever writes a rule may be a stranger."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from workers.contract.patterns import VARIABLE
from workers.documents.python import parse
from workers.knowledge.rule import Pattern
from workers.review.matches import Match
from workers.review.patterns.pieces import pieces
from workers.review.patterns.standing import Standing
from workers.review.patterns.writing import Held, mended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ast_grep_py import SgNode

    from workers.knowledge.rule import Packs, Rule
    from workers.protocols import Document
    from workers.review.code import Code
    from workers.review.matches import Edits
    from workers.review.patterns.pieces import Piece

BUDGET_S = 2.0
"""Of matching, for one rule in one document."""
PIECE_CHARS = 200_000
"""Longer pieces of code are not looked at: what one look may cost grows with them."""
MATCHES = 2000
"""Of one rule in one document; more is a rule that says nothing."""
_WORD = re.compile(r"[^\W\d]\w*")


def speaking(document: Document, packs: Packs) -> Iterator[Rule]:
    """The rules of patterns whose words all stand in a piece of the document's code of their language."""
    if not packs.patterns:
        return
    languages = frozenset(pattern.language for _, pattern in packs.patterns)
    words: dict[str, set[str]] = {}
    for piece in pieces(document, languages):
        words.setdefault(piece.language, set()).update(_WORD.findall(piece.text))
    for rule, pattern in packs.patterns:
        if pattern.words <= words.get(pattern.language, set()):
            yield rule


def matches(document: Document, code: Code, rules: Iterable[Rule], *, budget_s: float = BUDGET_S) -> Iterator[Match]:
    """Every place where a pattern holds; of a rule that takes too long, one match of no width that says so."""
    wanted = [(rule, rule.change) for rule in rules if isinstance(rule.change, Pattern)]
    if not wanted:
        return
    found = [
        piece
        for piece in pieces(document, frozenset(pattern.language for _, pattern in wanted))
        if len(piece.text) <= PIECE_CHARS
    ]
    standing = Standing(code)
    sources = {cell.index: cell.source for cell in document.cells}
    for rule, pattern in wanted:
        mine = [piece for piece in found if piece.language == pattern.language]
        yield from _of_one(rule, pattern, mine, standing, sources, budget_s)


def _of_one(  # noqa: PLR0913, PLR0917 - what one rule is held against
    rule: Rule, pattern: Pattern, found: Sequence[Piece], standing: Standing, sources: dict[int, str], budget_s: float
) -> Iterator[Match]:
    config = json.loads(pattern.config)
    spent, seen = 0.0, 0
    for piece in found:
        if not pattern.words <= set(_WORD.findall(piece.text)):
            continue
        began = time.monotonic()
        held = _held(piece, pattern, config, standing)
        spent += time.monotonic() - began
        seen += len(held)
        if spent > budget_s or seen > MATCHES:
            yield _too_much(rule, piece, spent)
            return
        yield from _placed(rule, pattern, piece, held, sources[piece.cell])


def _held(piece: Piece, pattern: Pattern, config: Any, standing: Standing) -> list[Held]:
    from ast_grep_py import SgRoot  # noqa: PLC0415 - loaded only where a pattern may hold

    found = SgRoot(piece.text, piece.language).root().find_all(config)
    held = [_one(piece, pattern, node) for node in found]
    return [
        one for one in held if all(standing.stands(piece, one.held[name], what) for name, what in pattern.stands_for)
    ]


def _one(piece: Piece, pattern: Pattern, node: SgNode) -> Held:
    comments = [_span(piece, one) for one in node.find_all({"rule": {"kind": "comment"}})] if _comments(piece) else []
    caught: dict[str, tuple[int, int]] = {}
    for name in dict.fromkeys(VARIABLE.findall(pattern.old)):
        if name.startswith("$$$"):
            several = node.get_multiple_matches(name[3:])
            if several:
                caught[name] = (_span(piece, several[0])[0], _span(piece, several[-1])[1])
        elif one := node.get_match(name[1:]):
            caught[name] = _span(piece, one)
    return Held(span=_span(piece, node), held=caught, comments=tuple(comments))


def _comments(piece: Piece) -> bool:
    return any(mark in piece.text for mark in ("#", "//", "/*", "--", "<!--"))


def _span(piece: Piece, node: SgNode) -> tuple[int, int]:
    """In the cell's source. The binding counts characters, not bytes."""
    found = node.range()
    return piece.start + found.start.index, piece.start + found.end.index


def _placed(rule: Rule, pattern: Pattern, piece: Piece, held: Sequence[Held], source: str) -> Iterator[Match]:
    for one, made in zip(held, mended(piece.cell, source, pattern.new, held), strict=True):
        start, end = one.span
        whole = not made[0] or _still_parses(piece, source, made[0])
        yield Match(
            rule=rule,
            cell=piece.cell,
            start=start,
            anchor=source[start:end],
            mended=made if whole else ((), "what came of it would not parse"),
            target=pattern.target,
        )


def _still_parses(piece: Piece, source: str, edits: Edits) -> bool:
    """For the languages whose parser is at hand; what did not parse before cannot be held against the fix."""
    if piece.language != "python" or not piece.whole or parse(source) is None:
        return True
    after = source
    for edit in sorted(edits, key=lambda edit: -edit.start):
        after = after[: edit.start] + edit.new + after[edit.end :]
    return parse(after) is not None


def _too_much(rule: Rule, piece: Piece, spent: float) -> Match:
    note = f"the rule {rule.id} was stopped here: it took {spent:.1f} s or held more than {MATCHES} times"
    return Match(rule=rule, cell=piece.cell, start=piece.start, anchor="", mended=((), note))
