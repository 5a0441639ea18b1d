"""What the source of a definition says about its own staleness: directives of its docstring, decorators, warnings it gives."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.review.whereto.scope import dotted
from workers.review.whereto.sighting import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST = 1200
"""Characters of one note."""
_MOST = 40
_NESTED = 4

_ANNOUNCES = re.compile(r"deprecat|rename|replace|alias|moved|obsolete|legacy|removed", re.IGNORECASE)
"""Names of decorators and functions that announce a change."""
_OF_ARGUMENTS = re.compile(r"arg|param|keyword|position|option", re.IGNORECASE)
_WARNS = re.compile(r"warn|deprecat", re.IGNORECASE)
_CATEGORY = re.compile(r"Deprecat|FutureWarning|Removed|Obsolete")
_SPEAKS = re.compile(
    r"deprecat|removed|renamed|replaced|moved|obsolete|no longer|will be dropped|instead|in favou?r", re.IGNORECASE
)
_ADVICE = re.compile(r"alt|instead|replac|new|use|successor|substitut|moved|alias")
"""How keyword arguments of decorators begin that name what to use."""
_MESSAGES = frozenset(
    {"message", "msg", "reason", "details", "addendum", "extra", "help_message", "deprecation_message"}
)


def notes(node: ast.AST, parameters: frozenset[str]) -> tuple[Note, ...]:
    """The notes of a function, a class or an assigned value; `parameters` are the names that it takes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        found = [*_of_docstring(node, parameters), *_of_decorators(node, parameters), *_of_body(node, parameters)]
    elif isinstance(node, ast.Call):
        found = list(_announced(node, parameters))
    else:
        found = []
    return tuple(dict.fromkeys(found))[:_MOST]


def module_notes(tree: ast.Module) -> tuple[Note, ...]:
    """What a module says about itself: in its docstring, and in a warning at its top."""
    found = [
        Note(text=each.text, whole=True) for each in _directives(ast.get_docstring(tree) or "") if not each.parameter
    ]
    found += [replace(note, whole=True) for note in _Body(frozenset()).said(tree.body, "", _NESTED)]
    return tuple(found)


def _of_docstring(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, parameters: frozenset[str]
) -> Iterator[Note]:
    for note in _directives(ast.get_docstring(node) or ""):
        if not note.parameter or note.parameter in parameters:
            yield note


_DECLARED = re.compile(
    r"^\W{0,9}(?:deprecated|obsolete)\b|\b(?:is|was|has been) (?:deprecated|obsolete)\b", re.IGNORECASE
)
_DIRECTIVE = re.compile(
    r"^(?P<indent>[ \t]*)\.\.[ \t]+(?:deprecated|versionchanged|versionremoved)::[ \t]*(?P<rest>[^\n]*)$", re.MULTILINE
)
_PARAMETER = re.compile(
    r"^(?P<indent>[ \t]*)(?::param[^\n:]{0,60}[ ])?(?P<name>\*{0,2}[A-Za-z_]\w*)[ \t]*(?::|\()", re.MULTILINE
)


def _directives(doc: str) -> Iterator[Note]:
    """Sphinx directives with their paragraph, and a first line that says it in words."""
    for found in _DIRECTIVE.finditer(doc):
        text = f"{found['rest']} {_paragraph(doc, found.end(), len(found['indent']))}"
        heading = _heading(doc, found.start(), len(found["indent"]))
        if "deprecated::" in found[0] or (heading and _SPEAKS.search(text)):
            yield Note(text=_folded(re.sub(r"^\s{0,9}v?\d[\w.]*[,:;]?\s*", "", text)), parameter=heading)
    first = doc.partition("\n\n")[0]
    if _DECLARED.search(first) and not first.lstrip().startswith(".."):
        yield Note(text=_folded(first))


def _paragraph(doc: str, start: int, indent: int) -> str:
    """What is indented below a directive, up to the first line that is not."""
    kept: list[str] = []
    for line in doc[start + 1 : start + LONGEST].split("\n"):
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        if not line.strip() and kept:
            break
        kept.append(line.strip())
    return " ".join(kept)


def _heading(doc: str, at: int, indent: int) -> str:
    """The parameter under which a directive stands: the nearest line above that is indented less and names one."""
    if not indent:
        return ""
    above = doc[:at].split("\n")
    for line in reversed(above[-60:]):
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            found = _PARAMETER.match(line)
            return found["name"].lstrip("*") if found else ""
    return ""


def _of_decorators(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, parameters: frozenset[str]
) -> Iterator[Note]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call):
            yield from _announced(decorator, parameters)


def _announced(call: ast.Call, parameters: frozenset[str]) -> Iterator[Note]:
    """What a decorator, or the maker of an alias, is told: a sentence, or the old and the new name of a parameter."""
    if not _ANNOUNCES.search(dotted(call.func).rpartition(".")[2]):
        return
    texts = [text for argument in call.args if (text := literal(argument))]
    named = {keyword.arg: text for keyword in call.keywords if keyword.arg and (text := literal(keyword.value))}
    yield from _renamed(texts, named, call, parameters)
    if _OF_ARGUMENTS.search(dotted(call.func)):
        return
    for key, text in named.items():
        if _ADVICE.match(key) and _is_name(text):
            yield Note(text=f"Use `{text.strip('`')}` instead.")
        elif key in _MESSAGES or _ADVICE.match(key):
            yield Note(text=_folded(text))
    for text in texts:
        if " " in text and _SPEAKS.search(text + " instead" * text.lower().startswith(("use ", "please use "))):
            yield Note(text=_folded(text))


def _renamed(texts: list[str], named: dict[str, str], call: ast.Call, parameters: frozenset[str]) -> Iterator[Note]:
    """Decorators that take an old keyword in: of two names exactly one is a parameter of what they stand on."""
    pairs = [(one, other) for one in texts for other in texts if one != other]
    pairs += list(named.items())
    pairs += [(old, new) for old in named.values() for new in named.values() if old != new]
    pairs += [(old, new) for old in texts for new in named.values() if old != new]
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(argument, ast.Dict):
            pairs += [
                (old, new)
                for key, value in zip(argument.keys, argument.values, strict=True)
                if key is not None and (old := literal(key)) and (new := literal(value))
            ]
    possible = {(old, new) for old, new in pairs if new in parameters and old not in parameters and old.isidentifier()}
    wanted = {old for old, _ in possible}
    for old in sorted(wanted):
        news = {new for other, new in possible if other == old}
        if len(news) == 1 and old not in {"name", "version", "since", "removal", "message"}:
            yield Note(text=f"`@{ast.unparse(call)[:LONGEST]}`", parameter=old, new=news.pop())


def _of_body(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, parameters: frozenset[str]) -> Iterator[Note]:
    """Warnings that are given whenever it is called, and those that hang on one of its parameters."""
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name in {"__init__", "__new__", "__post_init__"}:
                yield from _of_body(method, parameters)
        return
    yield from _Body(parameters).said(node.body, "", 0)


_ELSEWHERE = "?"
"""What a note is about that hangs on something else than one parameter: nobody can tell when it is given."""


@dataclass(frozen=True, slots=True)
class _Body:
    """The statements of a function, read for what they say."""

    parameters: frozenset[str]
    texts: dict[str, str] = field(default_factory=dict[str, str])
    """Of variables that hold a message, as they were set last."""

    def said(self, body: list[ast.stmt], about: str, depth: int) -> Iterator[Note]:
        for statement in body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.texts[name] = literal(value, self.texts)
                case ast.Expr(value=ast.Call() as call) if about != _ELSEWHERE:
                    yield from (Note(text=text, parameter=about) for text in _warning(call, self.texts))
                case ast.Raise(exc=ast.Call(func=error, args=[first, *_])) if about != _ELSEWHERE:
                    text = literal(first, self.texts)
                    if _SPEAKS.search(text) and "Error" in dotted(error):
                        yield Note(text=_folded(text), parameter=about)
                case ast.If(test=test, body=inner, orelse=other) if depth < _NESTED:
                    yield from self.said(inner, _about(test, self.parameters) or about or _ELSEWHERE, depth + 1)
                    yield from self.said(other, about or _ELSEWHERE, depth + 1)
                case ast.With(body=inner) | ast.Try(body=inner) if depth < _NESTED:
                    yield from self.said(inner, about, depth + 1)
                case _:
                    pass


def _about(test: ast.expr, parameters: frozenset[str]) -> str:
    """The one parameter that a condition asks for: `size is not None`, `"size" in kwargs`, `kwargs.get("size")`."""
    names = {each.id for each in ast.walk(test) if isinstance(each, ast.Name)} & parameters
    quoted = {
        each.value
        for each in ast.walk(test)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value.isidentifier()
    }
    asks = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In) and isinstance(test.left, ast.Constant)
    if asks and len(quoted) == 1:
        return quoted.pop()
    return names.pop() if len(names) == 1 else ""


def _warning(call: ast.Call, texts: Mapping[str, str]) -> Iterator[str]:
    """The text of a deprecation that a call announces."""
    name = dotted(call.func).rpartition(".")[2]
    if not _WARNS.search(name):
        return
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    text = next((text for argument in arguments if (text := _text_of(argument, texts)) and " " in text), "")
    stale = re.search("deprecat", name, re.IGNORECASE) or any(_CATEGORY.search(dotted(each)) for each in arguments)
    stale = stale or any(isinstance(each, ast.Call) and _CATEGORY.search(dotted(each.func)) for each in arguments)
    if text and (stale or re.search(r"deprecat|will be removed|renamed", text, re.IGNORECASE)):
        yield _folded(text)


def _text_of(node: ast.expr, texts: Mapping[str, str]) -> str:
    """The text of a message, or of the warning that is made of it."""
    if isinstance(node, ast.Call) and node.args and "Warning" in dotted(node.func):
        return literal(node.args[0], texts)
    return literal(node, texts)


def literal(node: ast.expr, texts: Mapping[str, str] = MappingProxyType({})) -> str:
    """The text of a string that is written out, its formatted parts as `...`; empty where it is no string.

    `texts` are the contents of variables.
    """
    match node:
        case ast.Constant(value=str() as text):
            found = text
        case ast.Name(id=name):
            found = texts.get(name, "")
        case ast.JoinedStr(values=values):
            found = "".join(literal(each) if isinstance(each, ast.Constant) else "..." for each in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            one, other = literal(left, texts), literal(right, texts)
            found = f"{one or '...'}{other or '...'}" if one or other else ""
        case ast.BinOp(left=left, op=ast.Mod()):
            found = re.sub(r"%\(?\w{0,40}\)?[srd]", "...", literal(left, texts))
        case (
            ast.Call(func=ast.Attribute(value=inner, attr="format" | "strip"))
            | ast.Call(func=ast.Attribute(attr="dedent"), args=[inner])
        ):
            found = re.sub(r"\{\w{0,40}\}", "...", literal(inner, texts))
        case _:
            found = ""
    return found


def _is_name(text: str) -> bool:
    return re.fullmatch(r"`?[A-Za-z_][\w.]*`?(?:\(\))?", text) is not None


def _folded(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
