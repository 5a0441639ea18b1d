"""Every code cell as it reads once its Python 2 syntax is mended, with a way back to where its characters stand."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import TYPE_CHECKING

from workers.documents.python import mask, of_kind, parse
from workers.review.python2.syntax import SIGNS, Construct, Splice, constructs
from workers.review.screen import said, spoken, standing

if TYPE_CHECKING:
    from workers.protocols import Cell, Document
    from workers.review.python2.grammar import Node

_PRINT_FUNCTION = re.compile(r"^from[ \t]+__future__[ \t]+import\b[^\n]*\bprint_function\b", re.MULTILINE)
_SIGNS = tuple(sign for signs in SIGNS.values() for sign in signs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Modern:
    """A code cell before and after its syntax is mended."""

    cell: Cell
    """As it stands in the document."""
    mended: Cell
    """The same cell as Python 3; equal to `cell` where nothing had to be mended or it could not be."""
    constructs: tuple[Construct, ...] = ()
    broken: bool = False
    """True when the cell is a syntax error in Python 3."""

    @property
    def converted(self) -> bool:
        """True when what was found mends the cell: it parses."""
        return parse(self.mended.source) is not None

    def back(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a stretch of the mended source stands in the cell; None where it was mended itself."""
        shift = 0
        for splice in _ordered(self.constructs):
            at = splice.start + shift
            if at >= end:
                break
            if at + len(splice.new) > start or (splice.start != splice.end and at + len(splice.new) == start == end):
                return None
            shift += len(splice.new) - (splice.end - splice.start)
        return start - shift, end - shift


def modern(document: Document) -> tuple[Modern, ...]:
    """The code cells, in order. A `print_function` import holds for every cell after it, as it does in a kernel."""
    made: list[Modern] = []
    function = False
    signs = standing(_SIGNS, spoken(document).text)
    for cell in document.cells:
        if cell.kind != "code":
            continue
        function = function or _imports_print(cell.source)
        old = said(signs, cell.source)
        made.append(_modern(cell, print_statement=not function) if old else Modern(cell=cell, mended=cell))
    return tuple(made)


def _imports_print(source: str) -> bool:
    return "print_function" in source and _PRINT_FUNCTION.search(mask(source).text) is not None


def _modern(cell: Cell, *, print_statement: bool) -> Modern:
    tree = parse(cell.source)
    # The word first: a walk through every tree costs more than all that it finds.
    if tree is not None and not (print_statement and "print" in cell.source and _prints_oddly(tree)):
        return Modern(cell=cell, mended=cell)
    from workers.review.python2 import grammar  # noqa: PLC0415 - its parser is loaded only where a cell may be old

    text = mask(cell.source).text
    for statement in dict.fromkeys((print_statement, False)):
        old = grammar.parse(text, print_statement=statement)
        if old is None:
            continue
        found = constructs(old, text)
        if tree is not None:
            found = [construct for construct in found if construct.what == "print statement"]
        source = _spliced(cell.source, found)
        if parse(source) is None and parse(_spliced(cell.source, [*found, *_tabs(text, old)])) is not None:
            found = [*found, *_tabs(text, old)]
            source = _spliced(cell.source, found)
        return Modern(cell=cell, mended=changed(cell, source=source), constructs=tuple(found), broken=tree is None)
    return Modern(cell=cell, mended=cell)


def _prints_oddly(tree: ast.Module) -> bool:
    """A print statement that happens to parse: `print`, `print >>file, x`, `print ("%s") % x`, `print (x),`."""
    return any(_odd(node.value) for node in of_kind(tree, ast.Expr))


def _odd(value: ast.expr) -> bool:
    match value:
        case ast.Tuple(elts=[ast.Call(func=ast.Name(id="print"))]):
            return True
        case ast.Tuple(elts=[first, *_]):
            return _odd(first) and isinstance(first, ast.BinOp)
        case ast.BinOp(left=left, op=ast.RShift()):
            return isinstance(left, ast.Name) and left.id == "print"
        case ast.BinOp(left=ast.Call(func=ast.Name(id="print")), op=ast.Mod()):
            return True
        case ast.Name(id="print"):
            return True
        case _:
            return False


def _tabs(text: str, tree: Node) -> list[Construct]:
    """Tabs as Python 2 counted them, eight columns, where they are mixed with spaces."""
    inside = [(node.start, node.end) for node in tree.walk() if node.kind == "STRING" and "\n" in node.text]
    found: list[Construct] = []
    for line in re.finditer(r"^[ ]*\t[ \t]*", text, re.MULTILINE):
        if not any(start < line.start() < end for start, end in inside):
            splice = Splice(start=line.start(), end=line.end(), new=line[0].expandtabs(8))
            found.append(Construct(what="tab", start=line.start(), end=line.end(), splices=(splice,)))
    return found


def _ordered(found: tuple[Construct, ...]) -> list[Splice]:
    return sorted((splice for construct in found for splice in construct.splices), key=lambda one: (one.start, one.end))


def _spliced(source: str, found: list[Construct]) -> str:
    for splice in reversed(_ordered(tuple(found))):
        source = source[: splice.start] + splice.new + source[splice.end :]
    return source
