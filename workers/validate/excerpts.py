"""Evidence in few words: plain text, the head and the tail of what is long."""

from __future__ import annotations

from workers.contract.escapes import without_escapes
from workers.contract.redact import redactor

LIMIT = 1200
"""Characters of evidence."""


def excerpt(text: str, limit: int = LIMIT) -> str:
    """`text` without escape sequences; when it is longer than `limit` characters, its beginning and its end."""
    # Cut before the expression sees it: the middle of a long text is not shown anyway.
    if len(text) > 8 * limit:
        text = f"{text[: 4 * limit]}{text[-4 * limit :]}"
    plain = without_escapes(text).strip()
    if len(plain) <= limit:
        return plain
    mark = "\n[...]\n"
    first = limit // 3
    return f"{plain[:first]}{mark}{plain[first + len(mark) - limit :]}"


def masked(text: str, limit: int = LIMIT) -> str:
    """`excerpt` without anything that has a secret's shape. Masked before the last cut: half a secret has no shape."""
    return excerpt(redactor({}).mask(excerpt(text, 8 * limit)), limit)
