"""Strings as they are written in sources: joined pieces, and what is filled in left as a mark."""

from __future__ import annotations

import ast

HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for what is only known when the code runs; no name that a message speaks of may hold it."""
_LONGEST = 2000


def text_of(node: ast.expr | None) -> str:
    """The string that `node` is; empty when it is none."""
    match node:
        case ast.Constant(value=str() as text):
            return text[:_LONGEST]
        case ast.JoinedStr(values=values):
            return "".join(text_of(each) or HOLE for each in values)[:_LONGEST]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = text_of(left), text_of(right)
            return f"{first or HOLE}{second or HOLE}"[:_LONGEST] if first or second else ""
        case (
            ast.BinOp(left=value, op=ast.Mod())
            | ast.Call(func=ast.Attribute(value=value, attr="format" | "strip"))
            | ast.Call(func=ast.Name(id="dedent") | ast.Attribute(attr="dedent"), args=[value, *_])
        ):
            return text_of(value)
        case _:
            return ""


def texts_of(node: ast.expr) -> tuple[str, ...]:
    """The strings in a literal, in order."""
    if text := text_of(node):
        return (text,)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return tuple(text for each in node.elts for text in texts_of(each))
    return ()
