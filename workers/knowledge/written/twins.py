"""What a rule must leave alone, made from what it finds: the same text where it means something else."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.knowledge.rule import Pattern
from workers.knowledge.written.cases import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workers.knowledge.rule import Rule, Version
    from workers.knowledge.written.cases import Trial

_IMPORTS = (ast.Import, ast.ImportFrom)


def twins(trial: Trial, rules: Sequence[Rule]) -> Iterator[Trial]:
    """Trials that `trial`'s rules have nothing to say about; none for one that is such a trial itself."""
    if trial.claim == "leaves" or not rules:
        return
    quiet = replace(trial, claim="leaves", after=())
    if older := _before(rules, trial.installed):
        yield replace(quiet, installed=older, made=f"before {' '.join(older[0])}")
    if trial.language != "python":
        return
    yield replace(quiet, cells=tuple(f"text = {cell!r}" for cell in trial.cells), made="in a string")
    yield replace(quiet, cells=tuple(map(_commented, trial.cells)), made="in a comment")
    if any(isinstance(rule.change, Pattern) and not rule.change.stands_for for rule in rules):
        return
    for made, change in (("of another library", _foreign), ("of a class of the same name", _local)):
        cells = tuple(_imports_changed(cell, change) for cell in trial.cells)
        if None not in cells and cells != trial.cells:
            yield replace(quiet, cells=tuple(cell or "" for cell in cells), made=made)
    if guarded := _guarded(trial.cells):
        yield replace(quiet, cells=guarded, made="under a guard")


def _before(rules: Sequence[Rule], installed: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The versions of a trial with the rules' own package just before the first that warns."""
    first = min((gate for rule in rules if (gate := rule.gate.deprecated or rule.gate.removed)), default=None)
    package = rules[0].package
    older = _just_before(first) if first else None
    if older is None or package not in dict(installed):
        return ()
    return ((package, dotted(older)), *(one for one in installed if one[0] != package))


def _just_before(version: Version) -> Version | None:
    """A version before this one and after all that are told apart from it: 2.1 -> 2.0.9999; None before 0."""
    shortened = list(version)
    while shortened and shortened[-1] == 0:
        shortened.pop()
    return (*shortened[:-1], shortened[-1] - 1, 9999) if shortened else None


def _commented(cell: str) -> str:
    return "\n".join(f"# {line}" for line in cell.split("\n"))


def _imports_changed(cell: str, change: Callable[[ast.Import | ast.ImportFrom], str | None]) -> str | None:
    """The cell with other import statements; None where it cannot be done."""
    try:
        tree = ast.parse(cell)
    except SyntaxError:
        return None
    lines = cell.split("\n")
    for node in (node for node in reversed(tree.body) if isinstance(node, _IMPORTS)):
        made = change(node)
        if made is None:
            return None
        lines[node.lineno - 1 : node.end_lineno] = [made]
    return "\n".join(lines)


def _foreign(node: ast.Import | ast.ImportFrom) -> str | None:
    if any(alias.name == "*" for alias in node.names):
        return None
    if isinstance(node, ast.ImportFrom):
        names = (f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in node.names)
    else:
        names = (_whole(alias) for alias in node.names)
    return f"from mine import {', '.join(names)}"


def _whole(alias: ast.alias) -> str:
    if alias.asname is None:
        return alias.name.partition(".")[0]
    return f"{alias.name.rpartition('.')[2]} as {alias.asname}"


def _local(node: ast.Import | ast.ImportFrom) -> str | None:
    names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    return None if "*" in names else "\n".join(f"class {name}:\n    pass\n" for name in names)


def _guarded(cells: tuple[str, ...]) -> tuple[str, ...]:
    """All of it in one `try` that expects it to fail; empty where a line cannot be moved."""
    body = "\n".join(cells)
    try:
        tree = ast.parse(body)
    except SyntaxError:
        return ()
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)]
    if any(node.end_lineno != node.lineno for node in texts):
        return ()
    indented = "\n".join(f"    {line}" for line in body.split("\n"))
    return (f"try:\n{indented}\nexcept ImportError:\n    pass",)
