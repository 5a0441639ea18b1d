"""Tuple parameters: `def f((a, b)):` and `lambda (a, b): a` take one parameter and unpack it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.review.python2.grammar import Node

Replacement = tuple[int, int, str]
"""Start, end and the new text."""


def tuple_parameters(function: Node, text: str) -> list[Replacement]:
    """The parameter list with one name for each tuple, and the unpacking as the body's first statement."""
    parameters = [node for node in _own_parameters(function) if node.kind == "tfpdef"]
    body = function.children[-1]
    first = _first_statement(body)
    if not parameters or first is None:
        return []
    taken = {node.text for node in function.walk() if node.kind == "NAME"}
    names = [_name(node, taken) for node in parameters]
    made = [(node.start, node.end, name) for node, name in zip(parameters, names, strict=True)]
    unpacking = [f"{text[node.start : node.end]} = {name}" for node, name in zip(parameters, names, strict=True)]
    between = _between(body, first, text)
    return [*made, (first.start, first.start, "".join(line + between for line in unpacking))]


def _own_parameters(function: Node) -> tuple[Node, ...]:
    for child in function.children:
        if child.kind == "parameters":
            return tuple(
                node for inner in child.children for node in ((inner,) if inner.kind == "tfpdef" else inner.children)
            )
    return ()


def _first_statement(body: Node) -> Node | None:
    """Where the unpacking goes: before the first statement that is no docstring."""
    if body.kind != "suite":
        return body
    statements = [child for child in body.children if child.kind != "OP"]
    docstring = bool(statements) and all(node.kind == "STRING" for node in _leaves(statements[0]))
    return next(iter(statements[1:] if docstring else statements), None)


def _leaves(node: Node) -> list[Node]:
    return [leaf for leaf in node.walk() if not leaf.children]


def _between(body: Node, first: Node, text: str) -> str:
    if body.kind != "suite":
        return "; "
    start = text.rfind("\n", 0, first.start) + 1
    return "\n" + text[start : first.start]


def _name(parameter: Node, taken: set[str]) -> str:
    name = "_".join(node.text for node in parameter.walk() if node.kind == "NAME")
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def lambda_parameters(function: Node, text: str) -> list[Replacement]:
    """The lambda with one name for its tuple, each use of a part as a subscript."""
    parameter = next((child for child in function.children if child.kind == "vfpdef"), None)
    if parameter is None or not _flat(parameter):
        return []
    body = function.children[-1]
    taken = {node.text for node in function.walk() if node.kind == "NAME"}
    parts = [node.text for node in parameter.walk() if node.kind == "NAME"]
    if len(parts) == 1 and "," not in text[parameter.start : parameter.end]:
        return [(parameter.start, parameter.end, parts[0])]
    if any(node.kind in {"lambdef", "argument", "comp_for"} for node in body.walk()):
        return []  # a part may be bound again in there, or be a keyword's name
    name = _name(parameter, taken)
    uses = [node for node in _names(body) if node.text in parts]
    return [(parameter.start, parameter.end, name)] + [
        (node.start, node.end, f"{name}[{parts.index(node.text)}]") for node in uses
    ]


def _flat(parameter: Node) -> bool:
    return all(not child.children or child.kind == "vfplist" for child in parameter.children) and all(
        not part.children for child in parameter.children for part in child.children
    )


def _names(body: Node) -> list[Node]:
    """Names that are read, the names of attributes left out."""
    if body.kind == "NAME":
        return [body]
    if body.kind == "trailer" and body.children[0].text == ".":
        return []
    return [name for child in body.children for name in _names(child)]
