"""Strings that a library refuses or renames as values: where they are written, and what to write instead."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.repair.sites import Group, Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.contract.domain import Edit
    from workers.documents.references import Reading
    from workers.knowledge.hint import Hint

FREQUENCY_SLOTS = frozenset({"freq", "rule", "unit", "resolution"})
"""Parameters that take a unit of time."""

FREQUENCY_METHODS = frozenset({"asfreq", "ceil", "floor", "resample", "round", "to_period", "to_timestamp"})
"""Methods of pandas whose first argument is a unit of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Role:
    """What a literal is for: which argument of which call."""

    function: str | None
    """In full, where the imports tell."""
    method: str
    receiver: str
    slot: str
    """The keyword, or the position as digits."""

    def same(self, other: _Role, *, always: bool) -> bool:
        """True where what is wrong with one literal is wrong with the other as well."""
        if always and self.takes_a_unit and other.takes_a_unit:
            return True
        mine, theirs = (self.function, self.slot), (other.function, other.slot)
        if self.function or mine != theirs:
            return mine == theirs
        return (self.method, self.receiver) == (other.method, other.receiver)

    @property
    def takes_a_unit(self) -> bool:
        """True for an argument that is a unit of time."""
        return self.slot in FREQUENCY_SLOTS or (self.method in FREQUENCY_METHODS and self.slot == "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Literal:
    cell: int
    node: ast.Constant
    new: str
    """The literal's new content."""
    role: _Role | None


def literals(reading: Reading, here: Region, hint: Hint) -> list[Group]:
    """Alternatives that replace the string content `hint.old`, written in `here` or assigned to a name read there."""
    found = list(_literals(reading, here, hint)) or list(_assigned(reading, here, hint))
    preferred = [one for one in found if one.role and _wanted(one.role, hint)]
    groups = [preferred] if preferred else [[one] for one in found]
    return [tuple(_written(reading, one) for one in _alike(reading, group, hint)) for group in groups]


def _wanted(role: _Role, hint: Hint) -> bool:
    return role.takes_a_unit if hint.kind == "unit" else role.slot == hint.keyword


def _literals(reading: Reading, here: Region, hint: Hint) -> Iterator[_Literal]:
    roles = _roles(reading, here.cell, here.nodes)
    for node in here.nodes:
        # What is added to, compared or looked up is not the value that was refused.
        if id(node) in roles and isinstance(node, ast.Constant) and (new := _replaced(reading, here.cell, node, hint)):
            yield _Literal(cell=here.cell, node=node, new=new, role=roles[id(node)])


def _assigned(reading: Reading, here: Region, hint: Hint) -> Iterator[_Literal]:
    """Literals that a name of the region surely holds."""
    for node in here.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            values = reading.imports.assigned(node, here.cell)
            if len(values) == 1 and values[0].item is None and isinstance(values[0].value, ast.Constant):
                cell, constant = values[0].cell, values[0].value
                if new := _replaced(reading, cell, constant, hint):
                    yield _Literal(cell=cell, node=constant, new=new, role=None)


def _replaced(reading: Reading, cell: int, node: ast.Constant, hint: Hint) -> str | None:
    """The new content of a plain string literal; None where it is not one or holds something else."""
    if not isinstance(node.value, str) or _plain(reading.text(cell, node)) != node.value:
        return None
    if node.value == hint.old:
        return hint.new
    if hint.kind != "unit":
        return None
    multiple = re.fullmatch(rf"([-+]?\d+(?:\.\d+)?\s*){re.escape(hint.old)}", node.value)
    if multiple:
        return f"{multiple[1]}{hint.new}"
    if re.fullmatch(r"(?:\d+\s*[A-Za-z]+\s*){2,}", node.value):
        new = re.sub(rf"(?<![A-Za-z]){re.escape(hint.old)}(?![A-Za-z])", hint.new, node.value)
        return new if new != node.value else None
    return None


_STRING = re.compile(r"[rRuU]?('''|\"\"\"|'|\")(.*)\1", re.DOTALL)


def _plain(text: str) -> str | None:
    """The content of one string literal as it is written; None for anything else."""
    found = _STRING.fullmatch(text)
    return found[2] if found else None


def _written(reading: Reading, literal: _Literal) -> Edit:
    start, end = reading.span(literal.cell, literal.node)
    text = reading.text(literal.cell, literal.node)
    found = _STRING.fullmatch(text)
    inside = found.span(2) if found else (0, end - start)
    return reading.edit(literal.cell, start + inside[0], start + inside[1], literal.new)


def _alike(reading: Reading, group: Sequence[_Literal], hint: Hint) -> list[_Literal]:
    """The group and every literal of the document that plays one of its roles with the same content."""
    if hint.kind != "unit":
        return list(group)
    found = {(one.cell, id(one.node)): one for one in group}
    for cell, tree in reading.trees.items():
        nodes = tuple(ast.walk(tree))
        for other in _literals(reading, Region(cell=cell, nodes=nodes), hint):
            if any(one.role and other.role and one.role.same(other.role, always=hint.always) for one in group):
                found.setdefault((cell, id(other.node)), other)
    return list(found.values())


def _roles(reading: Reading, cell: int, nodes: Sequence[ast.AST]) -> dict[int, _Role]:
    roles: dict[int, _Role] = {}
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        function = reading.imports.dotted(node.func, cell)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        receiver = reading.text(cell, node.func.value) if isinstance(node.func, ast.Attribute) else ""
        slots = [(str(at), argument) for at, argument in enumerate(node.args)]
        slots += [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
        for slot, argument in slots:
            roles[id(argument)] = _Role(function=function, method=method, receiver=receiver, slot=slot)
    return roles
