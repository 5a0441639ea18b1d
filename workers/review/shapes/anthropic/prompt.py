"""A prompt with `HUMAN_PROMPT` and `AI_PROMPT` around one turn, as a list of one message."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads
from workers.review.shapes.shape import keyword

if TYPE_CHECKING:
    from workers.review.shapes.shape import Code
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_HUMAN, _AI = "anthropic.HUMAN_PROMPT", "anthropic.AI_PROMPT"
MARKS = frozenset({_HUMAN, _AI})
_BREAKS = r"(?:\\n|\n)*"
_TEXT = re.compile(
    rf"(?P<prefix>[fF]?)(?P<quote>\"\"\"|'''|\"|')(?:\{{\s*[\w.]+\s*\}}|{_BREAKS}Human:)\s?"
    rf"(?P<body>.*?)(?:{_BREAKS}\s?\{{\s*[\w.]+\s*\}}\s?|{_BREAKS}Assistant:\s?)(?P=quote)",
    re.DOTALL,
)
"""One text: the mark of the human turn, what is said, the mark of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What moves a prompt, and the marks that go with it."""

    changes: Changes
    spent: tuple[tuple[Site, ast.expr], ...]


def turn(code: Code, site: Site, call: ast.Call) -> Turn | str:
    """The prompt of a call as messages, or why it stays."""
    prompt = keyword(call, "prompt")
    if prompt is None:
        return "it is given no prompt by name"
    if not isinstance(prompt.value, ast.Name):
        return _inline(code, site, prompt)
    held = code.imports.assigned(prompt.value, site.cell)
    home = next((one for one in code.sites if held and one.cell == held[0].cell), None)
    if len(held) != 1 or held[0].item is not None or home is None or not _only(code, prompt.value):
        return f"what `{prompt.value.id}` holds is not written out, or it is used elsewhere too"
    stripped = _stripped(code, home, held[0].value)
    if isinstance(stripped, str):
        return stripped
    start, end = site.span(prompt)
    message = (start, end, f'messages=[{{"role": "user", "content": {prompt.value.id}}}]')
    return Turn(changes=(*((home, one) for one in stripped), (site, message)), spent=_spent(code, home, held[0].value))


def _only(code: Code, name: ast.Name) -> bool:
    """The name is read as a prompt alone."""
    return all(
        isinstance(parent := site.around(load)[0], ast.keyword) and parent.arg == "prompt"
        for site, load in loads(code, name.id)
    )


def _inline(code: Code, site: Site, prompt: ast.keyword) -> Turn | str:
    stripped = _stripped(code, site, prompt.value)
    if isinstance(stripped, str):
        return stripped
    start, first = site.span(prompt)[0], site.span(prompt.value)[0]
    end = site.span(prompt.value)[1]
    opening = (start, first, 'messages=[{"role": "user", "content": ')
    changes = (opening, *stripped, (end, end, "}]"))
    return Turn(changes=tuple((site, one) for one in changes), spent=_spent(code, site, prompt.value))


def _spent(code: Code, site: Site, value: ast.expr) -> tuple[tuple[Site, ast.expr], ...]:
    named = (node for node in ast.walk(value) if isinstance(node, ast.Name | ast.Attribute))
    return tuple((site, node) for node in named if code.imports.dotted(node, site.cell) in MARKS)


def _stripped(code: Code, site: Site, value: ast.expr) -> tuple[Change, ...] | str:
    """The changes that take the marks off, or why they stay."""
    marks = [code.imports.dotted(node, site.cell) for _, node in _spent(code, site, value)]
    if isinstance(value, ast.BinOp):
        return _joined(code, site, value)
    start, text = site.span(value)[0], site.text(value)
    found = _TEXT.fullmatch(text)
    if found is None or marks not in ([], [_HUMAN, _AI]) or not isinstance(value, ast.JoinedStr | ast.Constant):
        return "its prompt is no single human turn that is written out"
    body = found["body"]
    if re.search(r"(?:\\n|\n)(?:Human|Assistant):", body) or (marks and not _same_marks(text)):
        return "its prompt has more turns than one"
    prefix = found["prefix"] if "{" in body or "}" in body else ""
    first, last = found.span("body")
    quote = found["quote"]
    return ((start, start + first, f"{prefix}{quote}"), (start + last, start + len(text), quote))


def _same_marks(text: str) -> bool:
    """The first and the last thing in braces are the marks."""
    named = re.findall(r"\{\s*([\w.]+)\s*\}", text)
    return bool(named) and named[0].endswith("HUMAN_PROMPT") and named[-1].endswith("AI_PROMPT")


def _joined(code: Code, site: Site, value: ast.BinOp) -> tuple[Change, ...] | str:
    """`HUMAN_PROMPT + text + AI_PROMPT`."""
    parts: list[ast.expr] = []
    node: ast.expr = value
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts.insert(0, node.right)
        node = node.left
    parts.insert(0, node)
    told = [code.imports.dotted(one, site.cell) for one in parts]
    if len(parts) < 3 or (told[0], told[-1]) != (_HUMAN, _AI) or MARKS & set(told[1:-1]):  # noqa: PLR2004 - marks, and text
        return "its prompt is no single human turn that is written out"
    start, end = site.span(value)
    return ((start, site.span(parts[1])[0], ""), (site.span(parts[-2])[1], end, ""))
