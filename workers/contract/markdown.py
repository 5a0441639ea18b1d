"""Text of strangers in Markdown: it stays text. No link, image, mention, table cell or heading comes of it.

Everything foreign stands in a code span or a fenced block, where GitHub interprets nothing.
"""

from __future__ import annotations

import re

SPAN_CHARS = 300
BLOCK_CHARS = 1200
# Controls, bidirectional overrides, zero-width characters: what a reader could not see or would see elsewhere.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_TAGS = re.compile("[\U000e0000-\U000e007f]")


def seen(text: str) -> str:
    """`text` with invisible characters as their code points."""
    text = _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text.replace("\r\n", "\n"))
    return _TAGS.sub("", text)


def capped(text: str, chars: int) -> str:
    """Head and tail of `text`, with a note of what was left out between them."""
    if len(text) <= chars:
        return text
    note = f" […{len(text) - chars} characters…] "
    head = max(chars - len(note), 0) // 2
    return text[:head] + note + text[len(text) - head :]


def code(text: str, chars: int = SPAN_CHARS) -> str:
    """`text` as a code span on one line; also fit for a table's cell."""
    line = " ".join(capped(seen(text), chars).split()).replace("|", "\\|")
    if not line:
        return "``` ```"
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def block(text: str, language: str = "text", chars: int = BLOCK_CHARS) -> str:
    """`text` as a fenced block."""
    body = capped(seen(text), chars).rstrip("\n")
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def row(*cells: str) -> str:
    """A row of a table; cells with foreign text come from `code`."""
    return f"| {' | '.join(cells)} |"
