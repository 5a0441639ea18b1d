"""What has to stand in a text for a rule to hold there: looked for before anything is parsed.

A rule says its signs beside itself, see `python2.syntax.SIGNS`. A sign may stand where the rule does not hold; where the
rule holds the sign always stands. Each look takes time that grows with the text and no faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from workers.knowledge.spoken import Spoken

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

    from workers.protocols import Document


@dataclass(frozen=True, slots=True)
class Sign:
    """Pieces of text that all stand, each behind the one before, and a form that one place has."""

    pieces: tuple[str, ...]
    form: re.Pattern[str] | None = None

    def stands(self, text: str) -> bool:
        """Whether `text` may be one that the rule holds in."""
        at = 0
        for piece in self.pieces:
            at = text.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return self.form is None or self.form.search(text) is not None


def standing(signs: Iterable[Sign], text: str) -> tuple[Sign, ...]:
    """The signs that stand in `text`: what does not stand in the whole stands in no part of it."""
    return tuple(sign for sign in signs if sign.stands(text))


def said(signs: Sequence[Sign], text: str) -> bool:
    """Whether one of the signs stands in `text`."""
    for sign in signs:  # noqa: SIM110 - this is asked of every cell for every sign, and `any` takes twice as long
        if sign.stands(text):
            return True
    return False


def spoken(document: Document) -> Spoken:
    """What the code of `document` can be about; the same for every source that asks about one document."""
    return _spoken(tuple(cell.source for cell in document.cells if cell.kind == "code"))


@lru_cache(maxsize=1)
def _spoken(sources: tuple[str, ...]) -> Spoken:
    return Spoken(sources)
