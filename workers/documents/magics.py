"""IPython's additions to Python (magics, shell lines, help) masked so that every offset stays true."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

PYTHON_CELL_MAGICS = frozenset(
    {
        "capture",
        "debug",
        "heat",
        "local",
        "lprun",
        "matplotlib",
        "memit",
        "mprun",
        "prun",
        "scalene",
        "snakeviz",
        "time",
        "timeit",
        "wandb",
    }
)
"""Cell magics that run their body as Python in the notebook's own namespace. Every other body is another language, a
file, or another process."""

AUTOMAGICS = frozenset({"cd", "conda", "ls", "mkdir", "pip", "pwd", "load_ext", "matplotlib", "mamba", "uv"})
"""Words IPython takes as a line magic without the percent sign, when they are the whole of a one-line cell."""

_NEWLINE = re.compile(r"\r\n|\r|\n")
_CELL_MAGIC = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*[ \t]*(%%(?!%)(\S+)[^\r\n]*)(?:\r\n|\r|\n|\Z)")
_CONTINUED = re.compile(r"(?:\\(?:\r\n|\r|\n)|[^\r\n])*")
_INDENT = re.compile(r"[ \t\f]*")
_AUTOMAGIC = re.compile(rf"\s*(?:{'|'.join(sorted(AUTOMAGICS))})(?:[ \t]+[^\s=.,:(\[+*/%|&<>-][^\r\n]*)?\s*\Z")
_ESCAPE = re.compile(r"[%!?]")
"""A character that everything of IPython's has but a word that is taken as a magic."""
_TOKEN = re.compile(
    r"""
      (?P<comment>\#[^\r\n]*)
    | (?P<string>  \"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z)
                 | '{3}(?:\\.|[^\\])*?(?:'{3}|\Z)
                 | \"(?:\\(?:\r\n|.)|[^\"\\\r\n])*\"?
                 | '(?:\\(?:\r\n|.)|[^'\\\r\n])*'? )
    | (?P<open>[\[({])
    | (?P<close>[\])}])
    | (?P<joined>\\(?:\r\n|\r|\n))
    | (?P<newline>\r\n|\r|\n)
    | (?P<assigned>(?<![=!<>])=[ \t]*(?=!|%[ \t]*[A-Za-z_]))
    | (?P<help>\?\??(?=[ \t;]*(?:[\r\n]|\Z)))
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A cell's source with everything that is not Python made harmless, character for character."""

    text: str
    """As long as the source, with the same line breaks at the same offsets."""
    magics: tuple[tuple[int, str], ...]
    """(line from 1, text) of every magic, shell and help line, cell magics included; without what it is assigned to."""
    cell_magic: str | None
    """The innermost cell magic's name, e.g. `bash`; None for an ordinary cell."""


@lru_cache(maxsize=1024)
def mask(source: str) -> Masked:
    """`source` with magics, shell lines and help replaced by text of the same length.

    Line magics become `0#...` (an expression, so a block that holds nothing else stays a block), cell magics and bodies in
    another language become comments. Only the start of a logical line counts: inside brackets, strings and
    continued lines a percent sign is modulo. Works for Python 2 too: it reads tokens, it does not parse.
    """
    if _ESCAPE.search(source) is None and _AUTOMAGIC.match(source) is None:
        return Masked(text=source, magics=(), cell_magic=None)
    cell_magic, start, stretches = _cell_magics(source)
    if cell_magic is not None and cell_magic not in PYTHON_CELL_MAGICS:
        return Masked(text=_commented(source), magics=_listed(source, stretches), cell_magic=cell_magic)
    text = _commented(source[:start]) if cell_magic else source[:start]
    position = start
    while position < len(source):
        escape, end = _logical_line(source, position)
        if escape < end:
            stretches.append((escape, end))
        text += source[position:escape] + _harmless(source[escape:end])
        position = end
    return Masked(text=text, magics=_listed(source, stretches), cell_magic=cell_magic)


def comments(source: str) -> tuple[tuple[int, str], ...]:
    """(line from 1, text from the `#` on) of every real comment: not in a string, not in a magic, not in another language."""
    text = mask(source).text
    return tuple(
        (1 + len(_NEWLINE.findall(text, 0, token.start())), token[0])
        for token in _TOKEN.finditer(text)
        if token.lastgroup == "comment" and source.startswith(token[0], token.start())
    )


def _cell_magics(source: str) -> tuple[str | None, int, list[tuple[int, int]]]:
    """The innermost cell magic (`%%time` may hold `%%capture`), where its body starts, and where the magic lines stand."""
    name: str | None = None
    start = 0
    stretches: list[tuple[int, int]] = []
    while found := _CELL_MAGIC.match(source, start):
        name = found[2]
        start = found.end()
        stretches.append(found.span(1))
        if name not in PYTHON_CELL_MAGICS:
            break
    return name, start, stretches


def _logical_line(source: str, start: int) -> tuple[int, int]:
    """Where the escape of the logical line at `start` begins (its end when it has none), and the line's end."""
    if start == 0 and _AUTOMAGIC.match(source):
        begin = len(source) - len(source.lstrip())
        return begin, _continued(source, begin)
    begin = _indented(source, start)
    if source[begin : begin + 1] in {"!", "%", "?"}:
        return begin, _continued(source, begin)
    depth = 0
    for token in _TOKEN.finditer(source, start):
        match token.lastgroup:
            case "open":
                depth += 1
            case "close":
                depth = max(0, depth - 1)
            case "newline" if depth == 0:
                return token.end(), token.end()
            case "assigned" if depth == 0:
                return token.end(), _continued(source, token.end())
            case "help" if depth == 0:
                return begin, _continued(source, token.end())
            case _:
                pass
    return len(source), len(source)


def _indented(source: str, start: int) -> int:
    found = _INDENT.match(source, start)
    return found.end() if found else start


def _continued(source: str, start: int) -> int:
    """The end of the physical line, and of those it is continued by with a backslash."""
    found = _CONTINUED.match(source, start)
    return found.end() if found else start


def _harmless(text: str) -> str:
    """A zero and a comment; lines after the first are comments."""
    return "0" + _commented(text)[1:] if text else ""


def _commented(text: str) -> str:
    return re.sub(r"[^\r\n]", "#", text)


def _listed(source: str, stretches: list[tuple[int, int]]) -> tuple[tuple[int, str], ...]:
    return tuple((1 + len(_NEWLINE.findall(source, 0, start)), source[start:end].rstrip()) for start, end in stretches)
