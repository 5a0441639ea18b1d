"""Where a document asks something of its environment: names it reads, calls it makes."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.resolution.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.documents.references import Reading, Reference
    from workers.protocols import Document
    from workers.review.code import Code, CodeCell


VALUES = 500
"""Questions about values in one document; what is beyond them stays undecided."""
_TEXT_LENGTH = 60
_EXPECTING = frozenset({"suppress", "raises", "assertRaises", "warns"})
"""Context managers that say by their name that something inside may fail."""
_SPEAKING = ("hasattr", "getattr", "setattr", "delattr", "register", "patch", "monkey")
"""How calls begin that ask for, or give, an attribute by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place that asks something of the environment."""

    question: Question
    cell: int
    node: ast.expr | ast.alias
    reference: Reference | None = None
    """For a name that could be renamed where it stands."""
    call: ast.Call | None = None
    of_value: bool = False
    """The question is about an attribute of a value: its name is an expression."""


def uses(document: Document, reading: Reading, code: Code) -> Iterator[Use]:
    """Names read and calls made, outside of guards that expect them to be missing; what values have comes last."""
    for cell in code.cells:
        longer: set[int] = set()
        for node in cell.nodes:
            if id(node) in cell.guarded:
                continue
            if isinstance(node, ast.Import):
                yield from (Use(question=Question(name=one.name), cell=cell.index, node=one) for one in node.names)
            elif isinstance(node, ast.Call):
                yield from _call(code, cell.index, node)
            elif isinstance(node, ast.Attribute | ast.ImportFrom) and id(node) not in longer:
                yield from _names(reading, code, cell.index, node, longer)
    yield from islice(_of_values(document, code), VALUES)


def guarded_imports(code: Code) -> Iterator[Question]:
    """Modules imported where they may be missing: nothing is said of them, and they may give methods to others."""
    for cell in code.cells:
        for node in cell.nodes:
            unasked = id(node) in cell.guarded
            if isinstance(node, ast.Import) and unasked:
                yield from (Question(name=one.name) for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                unasked = unasked or any(one.name == "*" for one in node.names)
                yield from (Question(name=name) for name in [node.module] if unasked)


def _of_values(document: Document, code: Code) -> Iterator[Use]:
    values, spoken = Values(code), _spoken(code)
    for cell in code.cells:
        if "raises-exception" in document.cells[cell.index].tags:
            continue
        calls = {id(node.func): node for node in cell.nodes if isinstance(node, ast.Call)}
        expected = _expected(cell)
        for node in cell.nodes:
            if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load) or node.attr in spoken:
                continue
            if id(node) in cell.guarded or id(node) in expected or code.imports.dotted(node, cell.index):
                continue
            if name := values.expression(node, cell.index):
                yield _of_value(name, cell.index, node, calls.get(id(node)), values=not spoken & {"register"})


def _of_value(name: str, cell: int, node: ast.Attribute, call: ast.Call | None, *, values: bool) -> Use:
    question = Question(name=name) if call is None else _asked(name, call, values=values)
    return Use(question=question, cell=cell, node=node, call=call, of_value=True)


def _asked(name: str, call: ast.Call, *, values: bool = True) -> Question:
    keywords = tuple(keyword.arg for keyword in call.keywords if keyword.arg)
    spread = any(isinstance(argument, ast.Starred) for argument in call.args)
    texts = tuple(_texts(call)) if values and not spread else ()
    return Question(name=name, keywords=keywords, positional=None if spread else len(call.args), values=texts)


def _texts(call: ast.Call) -> Iterator[tuple[str, str]]:
    """The short texts that a call passes as they stand."""
    passed = [*((str(at), one) for at, one in enumerate(call.args)), *((one.arg, one.value) for one in call.keywords)]
    for argument, node in passed:
        if (
            argument
            and isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and len(node.value) <= _TEXT_LENGTH
        ):
            yield argument, node.value


def _spoken(code: Code) -> frozenset[str]:
    """Attributes that the document sets, or speaks of by name; `register` among them where it registers anything."""
    names: set[str] = set()
    for cell in code.cells:
        for node in cell.nodes:
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                names.add(node.attr)
            elif isinstance(node, ast.Call) and _last(node.func).startswith(_SPEAKING):
                names |= {
                    one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
                names |= {"register"} if "register" in _last(node.func) else set()
    return frozenset(names)


def _expected(cell: CodeCell) -> frozenset[int]:
    """`id`s of the nodes below a `with suppress(...)` or the like."""
    found: set[int] = set()
    for node in cell.nodes:
        if isinstance(node, ast.With | ast.AsyncWith):
            managers = [item.context_expr for item in node.items]
            if any(isinstance(one, ast.Call) and _last(one.func) in _EXPECTING for one in managers):
                found.update(id(inside) for statement in node.body for inside in ast.walk(statement))
    return frozenset(found)


def _last(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _names(
    reading: Reading, code: Code, cell: int, node: ast.Attribute | ast.ImportFrom, longer: set[int]
) -> Iterator[Use]:
    """The longest name that starts here; what it is made of is not asked again."""
    for reference in reading.at(cell, node):
        if id(reference.node) in longer or any(f"{reference.name}.".startswith(f"{own}.") for own in code.patched):
            continue
        longer.update(id(part) for part in ast.walk(reference.node))
        yield Use(question=Question(name=reference.name), cell=cell, node=reference.node, reference=reference)


def _call(code: Code, cell: int, node: ast.Call) -> Iterator[Use]:
    name = code.imports.dotted(node.func, cell)
    if name and (node.keywords or node.args):
        question = _asked(name, node)
        if question.keywords or node.args:
            yield Use(question=question, cell=cell, node=node.func, call=node)
