"""Text of strangers in Markdown: it stays text. No link, image, mention, table cell or heading comes of it.

In code spans and fenced blocks GitHub interprets nothing; outside of them stand only words that cannot mean anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SPAN_CHARS = 300
BLOCK_CHARS = 1200
PROSE_CHARS = 600
_PLAIN_WORD = re.compile(r"[\"'(]*\w[\w.,;'/()+=%-]*[\"':?)]*")
# Digests, issue keys and addresses: words that GitHub or Markdown would make something of.
_ACTIVE_WORD = re.compile(r"[0-9a-f]{7,64}|[A-Za-z]+-\d+|.*www\..*|.*_.*", re.IGNORECASE | re.DOTALL)
_LIST_ITEM = re.compile(r"\d+[.)]")
_STOPS = re.compile(r"[.,;:?]+$")
_BRACKETS = ("<>", "[]", "{}", "()")
_SPAN_WORDS = 40
# Controls, bidirectional overrides, zero-width characters: what a reader could not see or would see elsewhere.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_TAGS = re.compile("[\U000e0000-\U000e007f]")

_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_HOME = re.compile(r"(?:(?<![\w.~/])/(?:home|Users)|[A-Za-z]:\\Users)[/\\][^/\\\s`'\"<>|:]{1,64}")
_MACHINE = re.compile(r"(?<![\w.~/])/(?:root|tmp|var|opt|srv|mnt|private|workspace)(?:/[\w.+@-]{1,100}){1,30}")


def impersonal(text: str) -> str:
    """`text` without what says on whose machine it was made: home folders, machine paths, e-mail addresses."""
    text = _ADDRESS.sub("[address]", text)
    text = _HOME.sub("~", text)
    return _MACHINE.sub(lambda found: f"…/{found[0].rpartition('/')[2]}", text)


def seen(text: str) -> str:
    """`text` with invisible characters as their code points."""
    text = _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text.replace("\r\n", "\n"))
    return _TAGS.sub("", text)


def capped(text: str, chars: int) -> str:
    """Head and tail of `text`, with a note of what was left out between them; a mark alone where that is hardly more."""
    if len(text) <= chars:
        return text
    hidden = len(text) - chars + len(_note(len(text)))
    note = _note(hidden)
    if hidden <= 2 * len(note) or len(note) >= chars:
        note, hidden = "…", len(text) - chars + 1
    kept = len(text) - hidden
    head = kept // 2
    return text[:head] + note + text[len(text) - (kept - head) :]


def _note(hidden: int) -> str:
    return f" […{hidden} characters…] "


def code(text: str, chars: int = SPAN_CHARS) -> str:
    """`text` as a code span on one line; also fit for a table's cell."""
    line = " ".join(capped(seen(text), chars).split()).replace("|", "\\|")
    if not line:
        return "``` ```"
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def prose(text: str, chars: int = PROSE_CHARS) -> str:
    """`text` as a sentence on one line: what stands in backticks is code, and so is every word that could be markup."""
    line = " ".join(capped(seen(text), chars).split())
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return code(line, chars)
    spans = (code(part) if index % 2 else _words(part, leads=not index) for index, part in enumerate(parts) if part)
    return _apart(spans)


def _apart(spans: Iterable[str]) -> str:
    """The spans in a row. Backticks that touch would be one longer run, which ends nothing: the text would be live."""
    line = ""
    for span in spans:
        line += f" {span}" if line.endswith("`") and span.startswith("`") else span
    return line


def _words(text: str, *, leads: bool) -> str:
    """Words that could be markup become code spans; the spaces and stops round them stay outside."""
    words = text.split(" ")
    shown: list[str] = []
    start = 0
    while start < len(words):
        word = words[start]
        end = start + 1
        if not word or (_is_plain(word) and not (leads and not start and _LIST_ITEM.fullmatch(word))):
            shown.append(word)
        else:
            end = _span_end(words, start)
            span = " ".join(words[start:end])
            core = span if _LIST_ITEM.fullmatch(span) else _STOPS.sub("", span) or span
            shown.append(code(core) + span[len(core) :])
        start = end
    return " ".join(shown)


def _span_end(words: list[str], start: int) -> int:
    """Where the span ends: after the neighbours that could be markup too, or where a bracket opened in them is closed."""
    end = start + 1
    while end < len(words) and words[end] and not _is_plain(words[end]):
        end += 1
    stops = range(end, min(len(words), end + _SPAN_WORDS) + 1)
    return next((stop for stop in stops if _balanced(" ".join(words[start:stop]))), end)


def _balanced(text: str) -> bool:
    text = text.replace("->", "")
    return all(text.count(opening) == text.count(closing) for opening, closing in _BRACKETS)


def _is_plain(word: str) -> bool:
    core = _STOPS.sub("", word)
    return bool(
        re.fullmatch(r"\(|\)?[.,;:]?|->", word) or (_PLAIN_WORD.fullmatch(core) and not _ACTIVE_WORD.fullmatch(core))
    )


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
