"""Where in a comment a command stands: at the start of a line that a reader sees as the writer's own plain words.

Not in code, quotes, lists, tables, headings, footnotes, links, emphasis, struck-out text or HTML. Who parses Markdown
with a regular expression obeys quotations; so the parser says what is what (https://spec.commonmark.org, with the tables
and strikethrough of https://github.github.com/gfm). Letters are compared as they are: what merely looks like the word
is not the word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

WORD = "/repair"
LONGEST = 20_000
"""Characters of a comment that is read: the parser's time grows with their square where somebody means it to."""
_STARTS = re.compile(r"^/repair(?=[ \t]|$)", re.MULTILINE)
_FOOTNOTE = re.compile(r" {0,3}\[\^[^\]\s]+\]:")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(
    r"<(/?)(?:details|blockquote|pre|code|table|del|s|strike|div|script|style|textarea|template)\b[^>]*>", re.IGNORECASE
)
_FOLLOWING = frozenset({"bullet_list_open", "ordered_list_open", "fence"})


@dataclass(frozen=True, slots=True)
class Found:
    """The first command of a comment."""

    line: str
    """What follows the word on its line."""
    after: str
    """The rest of its paragraph, and the lists and code blocks right below; up to the next command."""


class TooLongError(ValueError):
    """Theirs: a comment that may hold a command is longer than what is read."""


def find(body: str) -> Found | None:
    """The first command in `body`. A second one is not obeyed: one comment asks for one thing.

    Raises:
        TooLongError: a line starts as a command does, but the comment is too long to tell whether it is one.
    """
    text = body.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    if not _STARTS.search(text):
        return None
    if len(text) > LONGEST:
        raise TooLongError(f"{len(text)} characters")
    tokens = _parser().parse(text)
    lines = text.split("\n")
    for index, paragraph in _own_paragraphs(tokens):
        starts = [at for at in _commands(paragraph) if _is_plain_line(paragraph, at, lines)]
        if starts:
            return _found(paragraph.content, starts, _below(tokens[index + 2 :], lines))
    return None


def _found(content: str, starts: Sequence[int], below: str) -> Found:
    several = len(starts) > 1
    own = content[starts[0] + len(WORD) : starts[1] if several else None]
    line, _, rest = own.partition("\n")
    after = rest if several else f"{rest}\n{below}"
    return Found(line=_COMMENT.sub("", line).strip(" \t"), after=_COMMENT.sub("", after).strip())


def _own_paragraphs(tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """The paragraphs at the top, with their index, that do not stand between HTML tags."""
    depth = 0
    for index, token in enumerate(tokens):
        if token.type == "html_block":
            depth = _depth(depth, token.content)
        elif token.type == "inline" and token.level == 1 and tokens[index - 1].type == "paragraph_open":
            if not depth:
                yield index, token
            for child in token.children or ():
                depth = _depth(depth, child.content) if child.type == "html_inline" else depth


def _commands(paragraph: Token) -> list[int]:
    """Where in the paragraph's content commands start that nothing encloses."""
    starts: list[int] = []
    depth = 0
    for child in paragraph.children or ():
        depth += child.nesting
        if child.type == "html_inline":
            depth = _depth(depth, child.content)
        if child.type == "command" and depth == 0:
            starts.append(child.meta["at"])
    return starts


def _is_plain_line(paragraph: Token, at: int, lines: Sequence[str]) -> bool:
    """Whether the command at `at` begins its source line, and no footnote above runs on into it."""
    number = (paragraph.map or [0])[0] + paragraph.content.count("\n", 0, at)
    # The parser trims a paragraph, so a line is looked up where it was written.
    if not _STARTS.match(lines[number]):
        return False
    while number and lines[number - 1].strip():
        number -= 1
        if _FOOTNOTE.match(lines[number]):
            return False
    return True


def _below(tokens: Sequence[Token], lines: Sequence[str]) -> str:
    """The source of the lists and code blocks that follow at once."""
    source: list[str] = []
    for token in tokens:
        if token.level or token.nesting < 0:
            continue
        if token.type not in _FOLLOWING or token.map is None:
            break
        source += lines[token.map[0] : token.map[1]]
    return "\n".join(source)


def _depth(depth: int, html: str) -> int:
    for tag in _TAG.finditer(_COMMENT.sub("", html)):
        depth = max(0, depth + (-1 if tag.group(1) else 1))
    return depth


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.inline.ruler.before("text", "command", _command)
    return parser


def _command(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  # as the parser calls it
    """A rule of the parser: the word at the start of a line, wherever the parser reads plain text."""
    at = state.pos
    if (at and state.src[at - 1] != "\n") or not _STARTS.match(state.src, at):
        return False
    if not silent:
        state.push("command", "", 0).meta = {"at": at}
    state.pos += len(WORD)
    return True
