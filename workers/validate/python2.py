"""Python 2 brought to Python 3 in memory, so that a Python 2 base and its Python 3 head can be compared as trees."""

from __future__ import annotations

import ast
import warnings
from functools import cache, lru_cache
from typing import Any

from fissix.refactor import RefactoringTool  # pyright: ignore[reportMissingTypeStubs]  # fissix ships none

_SYNTAX = (
    "print",
    "except",
    "exec",
    "execfile",
    "raise",
    "throw",
    "ne",
    "repr",
    "numliterals",
    "tuple_params",
    "paren",
)
"""Fixers for what does not parse. Renames are left out: the comparison has to see them as the repair made them."""


_MOST_CHARS = 100_000
"""The parser takes about 0.2 ms a token: a cell of megabytes would hold everything up for hours."""


@lru_cache(maxsize=512)
def parse_python2(text: str) -> ast.Module | None:
    """The Python 3 tree of Python 2 source whose magics are masked; None when that is not what it is."""
    if len(text) > _MOST_CHARS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(
                str(_tool().refactor_string(f"{text}\n", "cell")).replace("ur'", "r'").replace('ur"', 'r"')
            )
    except Exception:  # noqa: BLE001 - a parser of a stranger's text raises anything (ParseError, IndexError, RecursionError...)
        return None


@cache
def _tool() -> Any:
    return RefactoringTool([f"fissix.fixes.fix_{name}" for name in _SYNTAX])
