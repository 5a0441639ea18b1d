"""Which text a repair put in place of which: what an output may show differently because an edited value says so."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.documents.python import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workers.contract.domain import Output
    from workers.protocols import Change

_SHORTEST = 4
"""A shorter text stands in an output for too many other reasons."""


def replaced(change: Change, edited: Iterable[int]) -> tuple[tuple[str, str], ...]:
    """(old, new) for every string literal of an edited cell that has another value now."""
    pairs: list[tuple[str, str]] = []
    for cell in sorted(edited):
        if cell >= min(len(change.base.cells), len(change.head.cells)):
            continue
        old, new = (_texts(document.cells[cell].source) for document in (change.base, change.head))
        if len(old) == len(new):
            pairs += [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    return tuple(dict.fromkeys((old, new) for old, new in pairs if len(old) >= _SHORTEST and new))


def _texts(source: str) -> list[str]:
    tree = parse(source)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)] if tree else []
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return [node.value for node in found if isinstance(node.value, str)]


def with_values(outputs: Sequence[Output], values: Iterable[tuple[str, str]]) -> tuple[Output, ...]:
    """The outputs as they would read if every old text were the new one."""
    told: list[Output] = []
    for output in outputs:
        text = output.text
        for old, new in values:
            text = text.replace(old, new)
        told.append(replace(output, text=text))
    return tuple(told)
