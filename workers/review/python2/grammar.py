"""Python 2 text as a tree of values with exact positions: the one place that speaks to fissix."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from fissix import pygram, pytree  # pyright: ignore[reportMissingTypeStubs]  # fissix has no types
from fissix.pgen2 import driver, token  # pyright: ignore[reportMissingTypeStubs]  # the same

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of the concrete syntax tree; a node with one child is that child."""

    kind: str
    """The grammar's symbol (`print_stmt`) or the token's name (`NAME`, `STRING`, `NUMBER`, `OP`)."""
    start: int
    end: int
    text: str = ""
    """Of a leaf; empty for a node with children."""
    children: tuple[Node, ...] = field(default=())

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(text: str, *, print_statement: bool = True) -> Node | None:
    """The tree of `text` by Python 2's grammar, None when it is none or longer than anyone writes by hand.

    `print_statement` off is the grammar after `from __future__ import print_function`.
    """
    if len(text) > _MOST_CHARS:
        return None
    try:
        root: Any = _driver(print_statement=print_statement).parse_string(text + "\n")
        return _node(root, _Lines(text + "\n"))
    except Exception:  # noqa: BLE001 - a tokenizer's or parser's bug on a stranger's text means: not Python 2
        return None


_MOST_CHARS = 100_000
"""The parser takes about 0.2 ms a token: a cell of megabytes would hold everything up for hours."""


@cache
def _driver(*, print_statement: bool) -> Any:
    grammar: Any = pygram.python_grammar if print_statement else pygram.python_grammar_no_print_statement
    tools: Any = pytree
    return driver.Driver(grammar, convert=tools.convert)


class _Lines:
    """Line and column to offset, refusing a leaf that does not stand where it says."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        for line in text.split("\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)

    def leaf(self, line: int, column: int, value: str) -> int:
        offset = self.starts[line - 1] + column
        if not self.text.startswith(value, offset):
            raise ValueError(f"{value!r} does not stand at {line}:{column}")
        return offset


_UNSEEN = frozenset({token.INDENT, token.DEDENT, token.ENDMARKER, token.NEWLINE})


def _node(tree: Any, lines: _Lines) -> Node | None:
    if not tree.children:
        return _leaf(tree, lines)
    children = tuple(node for child in tree.children if (node := _node(child, lines)) is not None)
    if not children:
        return None
    tools: Any = pytree
    kind = str(tools.type_repr(tree.type))
    return Node(kind=kind, start=children[0].start, end=children[-1].end, children=children)


def _leaf(leaf: Any, lines: _Lines) -> Node | None:
    if leaf.type in _UNSEEN or not leaf.value:
        return None
    start = lines.leaf(leaf.lineno, leaf.column, leaf.value)
    named = {token.NAME: "NAME", token.STRING: "STRING", token.NUMBER: "NUMBER"}
    return Node(kind=named.get(leaf.type, "OP"), start=start, end=start + len(leaf.value), text=leaf.value)
