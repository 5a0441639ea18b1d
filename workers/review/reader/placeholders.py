"""Placeholders: places where a reader has to put something of their own before the document runs."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, IssueType
from workers.documents.python import mask
from workers.review.reader.drafts import draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.drafts import Draft
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site

_COMMENT = re.compile(
    r"\b(?:edit|change|replace)[ _]?(?:this|me)\b|\bfill[ _](?:this|me)\b|\btodo:?\s*(?:fill|add|set|put|replace)\b"
    r"|\b(?:insert|put|paste|add)\s+your\b",
    re.IGNORECASE,
)
_TEXT = re.compile(
    r"(?i:<\s*(?:your|insert|add|my)\b[^<>\n]{0,60}>)"
    r"|\b(?i:your[_-](?:\w+[_-])*(?:key|token|secret|password|endpoint|id|url|name|username|path|file))\b"
    r"|\bYOUR (?:[A-Z]+ )*(?:KEY|TOKEN|SECRET|PASSWORD|ENDPOINT|ID|URL|NAME|PATH|FILE)\b"
    r"|(?:^|[/\\ ])path/to/|\b(?i:replace[ _-](?:me|this))\b|\bsk-(?:\.{3}|x{3,}|your)"
)
"""Spelled as a mark, not as prose: a prompt may well ask for `your API key`."""
_SECRET = re.compile(r"key|token|secret|password|sk-", re.IGNORECASE)


def placeholders(code: Code) -> Iterator[Draft]:
    """Every placeholder in comments, strings and shell lines; prose and docstrings may speak of them."""
    for site in code.sites:
        seen: set[int] = set()
        for start, text in (*_comments(site), *_strings(site), *_magics(site)):
            line = site.source.count("\n", 0, start)
            if line not in seen:
                seen.add(line)
                yield _draft(site, start, text)


def _draft(site: Site, start: int, text: str) -> Draft:
    secret = _SECRET.search(text) is not None
    return draft(
        "reader/placeholder",
        site.cell,
        start,
        text,
        message=f"`{text}` is a placeholder that a reader has to fill by hand",
        fix="Read a key from the environment." if secret else "Compute the value, or ship the file it stands for.",
        issue_type=IssueType.RUNTIME_RISK,
        cause=Cause.SECRET if secret else Cause.DATA,
        unlock="A value that only the owner has." if secret else "The value or file that belongs here.",
    )


def _comments(site: Site) -> Iterator[tuple[int, str]]:
    masked = mask(site.source).text
    for number, found in ((one.start(), one) for one in re.finditer(r"#[^\n]*", site.source)):
        said = _COMMENT.search(found[0])
        if said is not None and masked[number : found.end()] == found[0] and not _in_string(site, number):
            yield number, found[0].strip()


def _in_string(site: Site, at: int) -> bool:
    return any(start <= at < end for start, end in _spans(site))


def _spans(site: Site) -> list[tuple[int, int]]:
    return [site.span(node) for node in site.nodes if isinstance(node, ast.Constant | ast.JoinedStr)]


def _strings(site: Site) -> Iterator[tuple[int, str]]:
    documented = {id(node.value) for node in site.nodes if isinstance(node, ast.Expr)}
    for node in site.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            said = _TEXT.search(node.value)
            if said is not None:
                yield site.span(node)[0], said[0].strip()


def _magics(site: Site) -> Iterator[tuple[int, str]]:
    lines = site.source.split("\n")
    for line, text in mask(site.source).magics:
        said = _TEXT.search(text)
        if said is not None:
            yield sum(len(one) + 1 for one in lines[: line - 1]), said[0].strip()
