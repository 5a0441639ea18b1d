"""Constructs of Python 2 that are syntax errors in Python 3, and the fewest characters that mend each.

The constructs are those of 2to3's fixers for syntax (print, except, exec, raise, repr, ne, numliterals, tuple_params,
paren, ur strings), mended at the leaves of the tree so that comments and layout stay. Left out on purpose are the fixers that
rewrite working code (`dict.keys()` to `list(...)`, `map` to `list(map(...))`, `print (a, b)` to `print((a, b))`).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.python2.parameters import lambda_parameters, tuple_parameters
from workers.review.screen import Sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workers.review.python2.grammar import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """Put `new` in place of `start` to `end`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """One stretch of Python 2, what it is called, and how it reads in Python 3."""

    what: str
    start: int
    end: int
    splices: tuple[Splice, ...]


def constructs(tree: Node, text: str) -> list[Construct]:
    """Every construct of `tree` that Python 3 refuses or means otherwise, in document order."""
    found = list(_constructs(tree, text))
    found.extend(_bare_prints(tree))
    return sorted(found, key=lambda construct: construct.start)


def _constructs(tree: Node, text: str) -> Iterator[Construct]:
    for node in tree.walk():
        for rule in _RULES.get(node.kind, ()):
            construct = rule(node, text)
            if construct is not None:
                yield construct


def _bare_prints(tree: Node) -> Iterator[Construct]:
    for statement in tree.walk():
        if statement.kind not in {"simple_stmt", "file_input", "suite"} and not statement.kind.endswith("_stmt"):
            continue
        for node in statement.children:
            if node.kind == "NAME" and node.text == "print" and statement.kind != "print_stmt":
                yield _construct("print statement", node, Splice(start=node.end, end=node.end, new="()"))


def _construct(what: str, node: Node, *splices: Splice) -> Construct:
    return Construct(what=what, start=node.start, end=node.end, splices=splices)


def _parenthesised(node: Node) -> bool:
    return node.kind == "atom" and node.children[0].text == "("


def _print(node: Node, text: str) -> Construct | None:
    args = list(node.children[1:])
    if len(args) == 1 and _parenthesised(args[0]):
        return None  # already a call; a tuple prints differently, and what stands there is what the author meant
    closing, file = "", ""
    if args[0].text == ">>":
        file, args = text[args[1].start : args[1].end], args[3:]
    trailing = bool(args) and args[-1].text == ","
    if trailing:
        args, closing = args[:-1], ', end=" "'
    if file:
        closing += f", file={file}"
    if trailing and not file and len(args) == 1 and _parenthesised(args[0]) and not _is_tuple(args[0]):
        inner = args[0].children[-1].start
        return _construct("print statement", node, Splice(start=inner, end=inner, new=closing), _cut(args[0].end, node))
    if not args:
        return _construct(
            "print statement", node, Splice(start=node.children[0].end, end=node.end, new=f"({closing[2:]})")
        )
    return _construct("print statement", node, _opening(node, args[0], text), _closing(args[-1], node, closing))


def _opening(node: Node, first: Node, text: str) -> Splice:
    word = node.children[0]
    gap = "" if first is not node.children[1] else text[word.end : first.start].lstrip(" \t")
    return Splice(start=word.end, end=first.start, new=f"({gap}")


def _closing(last: Node, node: Node, closing: str) -> Splice:
    return Splice(start=last.end, end=node.end, new=f"{closing})")


def _cut(start: int, node: Node) -> Splice:
    return Splice(start=start, end=node.end, new="")


def _is_tuple(atom: Node) -> bool:
    return len(atom.children) == 2 or any(child.text == "," for child in atom.children[1].children)  # noqa: PLR2004 - "()"


def _except(node: Node, _text: str) -> Construct | None:
    match node.children:
        case (_, kind, comma, name) if comma.text == ",":
            return _construct("except clause", node, Splice(start=kind.end, end=name.start, new=" as "))
        case _:
            return None


def _exec(node: Node, text: str) -> Construct | None:
    word, code, *rest = node.children
    if not rest and _parenthesised(code):
        return None
    gap = text[word.end : code.start].lstrip(" \t")
    splices = [Splice(start=word.end, end=code.start, new=f"({gap}"), Splice(start=node.end, end=node.end, new=")")]
    if rest:
        splices.insert(1, Splice(start=code.end, end=rest[1].start, new=", "))
    return _construct("exec statement", node, *splices)


def _raise(node: Node, _text: str) -> Construct | None:
    match node.children:
        case (_, error, comma, value) if comma.text == "," and error.kind != "STRING":
            return _construct("raise statement", node, *_call(error, value))
        case (_, error, comma, value, second, trace) if comma.text == "," and error.kind != "STRING":
            traced = Splice(start=second.start, end=trace.start, new=".with_traceback(")
            end = Splice(start=trace.end, end=trace.end, new=")")
            return _construct("raise statement", node, *_call(error, value), traced, end)
        case _:
            return None


def _call(error: Node, value: Node) -> tuple[Splice, ...]:
    if value.text == "None":
        return (Splice(start=error.end, end=value.end, new=""),)
    if _parenthesised(value):
        return (Splice(start=error.end, end=value.start, new=""),)
    return (Splice(start=error.end, end=value.start, new="("), Splice(start=value.end, end=value.end, new=")"))


def _backticks(node: Node, _text: str) -> Construct | None:
    first, last = node.children[0], node.children[-1]
    if first.text != "`":
        return None
    several = len(node.children) == 3 and any(child.text == "," for child in node.children[1].children)  # noqa: PLR2004 - both backticks and what they hold
    opening, closing = ("repr((", "))") if several else ("repr(", ")")
    return _construct(
        "backticks",
        node,
        Splice(start=first.start, end=first.end, new=opening),
        Splice(start=last.start, end=last.end, new=closing),
    )


def _bare_sequence(node: Node, _text: str) -> Construct | None:
    for child in node.children:
        if child.kind == "testlist_safe":
            start, end = child.start, child.end
            opening, closing = Splice(start=start, end=start, new="("), Splice(start=end, end=end, new=")")
            return _construct("bare sequence in a comprehension", child, opening, closing)
    return None


def _unequal(node: Node, _text: str) -> Construct | None:
    if node.text != "<>":
        return None
    return _construct("<> operator", node, Splice(start=node.start, end=node.end, new="!="))


def _number(node: Node, _text: str) -> Construct | None:
    plain = node.text.rstrip("lL")
    if plain.isdigit() and plain.strip("0") and plain.startswith("0") and not set("89") & set(plain):
        plain = f"0o{plain.lstrip('0')}"
    if plain == node.text:
        return None
    return _construct("number literal", node, Splice(start=node.start, end=node.end, new=plain))


_RAW_UNICODE = re.compile(r"[uU]([rR])")
_UNICODE_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?=[uUN])")


def _string(node: Node, _text: str) -> Construct | None:
    raw = _RAW_UNICODE.match(node.text)
    if raw is not None and "\\u" not in node.text:
        return _construct("ur string", node, Splice(start=node.start, end=node.start + 2, new=raw[1]))
    if node.text[0] not in "'\"" or _reads(node.text):
        return None
    splices = [
        Splice(start=node.start + found.end(), end=node.start + found.end(), new="\\")
        for found in _UNICODE_ESCAPE.finditer(node.text)
    ]
    return _construct("byte string with \\u, \\U or \\N", node, *splices) if splices else None


def _reads(literal: str) -> bool:
    try:
        ast.parse(literal)
    except (SyntaxError, ValueError):
        return False
    return True


def _parameters(node: Node, text: str) -> Construct | None:
    made = tuple_parameters(node, text) if node.kind == "funcdef" else lambda_parameters(node, text)
    if not made:
        return None
    return _construct("tuple parameter", node, *(Splice(start=start, end=end, new=new) for start, end, new in made))


_RULES: dict[str, tuple[Callable[[Node, str], Construct | None], ...]] = {
    "print_stmt": (_print,),
    "except_clause": (_except,),
    "exec_stmt": (_exec,),
    "raise_stmt": (_raise,),
    "atom": (_backticks,),
    "comp_for": (_bare_sequence,),
    "old_comp_for": (_bare_sequence,),
    "list_for": (_bare_sequence,),
    "OP": (_unequal,),
    "NUMBER": (_number,),
    "STRING": (_string,),
    "funcdef": (_parameters,),
    "lambdef": (_parameters,),
    "old_lambdef": (_parameters,),
}

_BRACKET = re.compile(r"(?:[(,]|\blambda)[\s\\]*[(#]")
SIGNS: dict[str, tuple[Sign, ...]] = {
    "print statement": (
        Sign(("print",), re.compile(r"\bprint\b(?!\()")),
        Sign(("print", ")"), re.compile(r"\)[\s\\]*[,%#]")),
    ),
    "except clause": (Sign(("except", ",")),),
    "exec statement": (Sign(("exec",), re.compile(r"\bexec\b")),),
    "raise statement": (Sign(("raise", ",")),),
    "backticks": (Sign(("`",)),),
    "bare sequence in a comprehension": (Sign(("[", "for", "in", ",")),),
    "<> operator": (Sign(("<>",)),),
    "number literal": (Sign((), re.compile(r"(?<![\w.])(?:[0-9]+[lL]|0(?:[0-9]|\w*[lL]))")),),
    "ur string": (Sign((), re.compile(r"[uU][rR]['\"]")),),
    "byte string with \\u, \\U or \\N": (Sign(("\\",), re.compile(r"\\[uUN]")),),
    "tuple parameter": (Sign(("def",), _BRACKET), Sign(("lambda",), _BRACKET)),
    "tab": (Sign(("\t",)),),
}
"""Construct by what it is called -> signs of which one stands wherever it does."""
