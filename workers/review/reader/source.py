"""What a reader may expect of a document, as far as the text alone decides it.

Off unless the owner's `reader_experience` speaks of it; a sentence turns on the rules whose words it uses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.review.drafts import Draft, findings
from workers.review.reader import effects, order, placeholders, setup
from workers.review.shapes.shape import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from workers.contract.business import BusinessRules
    from workers.contract.domain import Finding
    from workers.protocols import Document

RULES: dict[str, tuple[re.Pattern[str], tuple[Callable[[Code], Iterator[Draft]], ...]]] = {
    "reader/setup": (re.compile(r"\bset-?up\b|\binstall|\bfresh\b"), (setup.unstated,)),
    "reader/placeholder": (re.compile(r"\bplaceholders?\b"), (placeholders.placeholders,)),
    "reader/prerequisite": (
        re.compile(r"\bprerequisites?\b"),
        (order.unmentioned_keys, order.used_before_defined),
    ),
    "reader/side-effect": (re.compile(r"\bside[ -]effects?\b"), (effects.unannounced,)),
}
"""Rule -> the words that turn it on, and its checks."""


def find(document: Document, rules: BusinessRules) -> tuple[Finding, ...]:
    """Everything that a reader would stumble over, by the rules the owner turned on."""
    wanted = wanted_by(rules.reader_experience)
    if not wanted or document.language != "python":
        return ()
    code = Code.of(document)
    checks = [check for name, (_, checks) in RULES.items() if name in wanted for check in checks]
    return findings(document, (draft for check in checks for draft in check(code)))


def wanted_by(sentences: Iterable[str]) -> frozenset[str]:
    """The rules that the owner's sentences (or plain rule names) speak of."""
    return frozenset(
        name
        for sentence in sentences
        for name, (words, _) in RULES.items()
        if sentence.strip() == name or words.search(sentence.lower())
    )
