"""Docstrings: `.. deprecated::` and `.. versionremoved::`, about a whole thing or about one of its parameters."""

from __future__ import annotations

import ast
import inspect
import re
from typing import TYPE_CHECKING

from workers.knowledge.mining.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.knowledge.mining.signatures import Definition

_DIRECTIVE = re.compile(
    r"(?P<indent> *)\.\. (?P<kind>deprecated|versionremoved|deprecated-removed)::\s*(?P<version>\S*)(?P<rest>.*)"
)
_NUMBER = re.compile(r"v?(\d+(?:\.\d+)+)")
_PARAMETER = re.compile(r"(?P<indent> *)\**(?P<name>[A-Za-z_]\w*)`* *(?::|$)")
_SECTION = re.compile(r" *(Other |Keyword )?(Parameters|Arguments|Args|Attributes|Returns|Methods)\b")
_SPEAKS_OF_A_WAY = re.compile(
    r"^\W*(passing|using|use of|support|specifying|setting|calling|the (default|value|option|use|string|behaviou?r)|values?\b|"
    r"options?\b|default|if |when |this behaviou?r|providing|in (a|the) future|inferring|parsing|allowing|accepting|non-)|['\"]",
    re.IGNORECASE,
)
"""Not the thing is deprecated, but a way to use it."""


def notes(node: Definition | ast.ClassDef, subject: str) -> Iterator[Note]:
    """What the docstring of a definition says is deprecated."""
    text = _docstring(node)
    if ".. deprecated" not in text and ".. versionremoved" not in text:
        return
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if found := _DIRECTIVE.fullmatch(line):
            words = _words(lines, at, found)
            if not _SPEAKS_OF_A_WAY.search(words):
                yield from _note(node, subject, lines, at, found, words)


def _note(  # noqa: PLR0913, PLR0917 - one directive and all that is around it
    node: Definition | ast.ClassDef, subject: str, lines: list[str], at: int, found: re.Match[str], words: str
) -> Iterator[Note]:
    parameter = _parameter(lines, at, len(found["indent"]))
    if parameter is None:
        return
    number = _NUMBER.match(found["version"])
    since = number[1] if number else ""
    yield Note(found="docstring", subject=subject, line=node.lineno, parameter=parameter, since=since, text=words)


def _docstring(node: Definition | ast.ClassDef) -> str:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return inspect.cleandoc(first.value.value)
    return ""


def _words(lines: list[str], at: int, found: re.Match[str]) -> str:
    """The words of the directive, up to the first blank line behind them."""
    said = [found["rest"].strip()]
    for line in lines[at + 1 :]:
        if not line.strip():
            if any(said):
                break
            continue
        if len(line) - len(line.lstrip()) <= len(found["indent"]):
            break
        said.append(line.strip())
    return " ".join(filter(None, said))[:1000]


def _parameter(lines: list[str], at: int, indent: int) -> str | None:
    """The parameter that a directive is about: empty for the thing itself, None where that cannot be told."""
    if indent == 0:
        return "" if not any(_SECTION.match(line) for line in lines[:at]) else None
    for line in reversed(lines[:at]):
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            found = _PARAMETER.match(line)
            return found["name"] if found and not line.strip().endswith("::") and _listed(lines[:at]) else None
    return None


def _listed(before: list[str]) -> bool:
    """Whether the last section that began is one of parameters."""
    last = next((line for line in reversed(before) if _SECTION.match(line)), "")
    return bool(re.search(r"Parameters|Arguments|Args", last))
