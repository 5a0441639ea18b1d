"""`setup.py`, which is never run: what its call of `setup` says in so many words is read, the rest is named."""

from __future__ import annotations

import ast
import posixpath
import warnings
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from workers.environments.declared.plain import asked, specifier
from workers.environments.declared.said import MAX_ITEMS, Option, Package, Said, said
from workers.environments.declared.texts import UnreadableError, decoded, shown, table, text_of, texts_of, unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.environments.declared.said import Open

_READ = (
    "name",
    "version",
    "install_requires",
    "extras_require",
    "python_requires",
    "packages",
    "package_dir",
    "py_modules",
    "requires",
)
_TOLD = frozenset({"install_requires", "extras_require", "python_requires"})
"""What a reader is told of when it is computed."""
MAX_NODES = 20_000
_BUILT = ("ext_modules", "cffi_modules", "rust_extensions")


class _ComputedError(ValueError):
    """A value that only running would tell."""


def read(raw: bytes, path: str, _open: Open) -> Said:
    """What the file at `path` asks for in so many words."""
    try:
        tree = _parsed(decoded(raw))
    except UnreadableError as error:
        return unread(path, error)
    call = next((node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_setup(node.func)), None)
    if call is None:
        return Said(notes=(f"{path} has no call of setup(); it is never run.",))
    values, computed = _arguments(call, _assigned(tree))
    python = specifier(text_of(values.get("python_requires")))
    extras = table(values.get("extras_require"))
    return replace(
        said(asked(each, f"{path} install_requires") for each in _texts(values.get("install_requires"))),
        python=python,
        python_origin=f"python_requires of {path}" if python else "",
        options=tuple(
            Option(name=shown(name), items=tuple(asked(text, f"{path} [{shown(name)}]") for text in _texts(each)))
            for name, each in extras.items()
        ),
        package=_package(values, call, posixpath.dirname(path) or "."),
        notes=(f"{path} computes {', '.join(computed)}; it is never run, so that is not known.",) if computed else (),
    )


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError(f"it is no Python 3: {error}") from error


def _is_setup(function: ast.expr) -> bool:
    named = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return named == "setup"


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that the module gives a value once; of what is assigned more often, nothing is claimed."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = None if target.id in found else node.value
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = None
    return {name: value for name, value in found.items() if value is not None}


def _arguments(call: ast.Call, assigned: dict[str, ast.expr]) -> tuple[dict[str, Any], list[str]]:
    """What is said, and the names of what only running would tell."""
    values: dict[str, Any] = {}
    computed: list[str] = []
    for keyword in call.keywords:
        if keyword.arg not in _READ:
            continue
        try:
            values[keyword.arg] = _Literals(assigned).value(keyword.value)
        except (_ComputedError, RecursionError):
            computed.append(keyword.arg)
    return values, [each for each in computed if each in _TOLD]


class _Literals:
    """The values of literals, of names for them, and of lists put together of them."""

    def __init__(self, assigned: dict[str, ast.expr]) -> None:
        self._assigned = assigned
        self._left = MAX_NODES

    def value(self, node: ast.expr) -> Any:
        # Names may go in circles, and each may stand for two of the next.
        self._left -= 1
        if self._left < 0:
            raise _ComputedError
        match node:
            case ast.Name(id=name) if name in self._assigned:
                return self.value(self._assigned[name])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._sum(self.value(left), self.value(right))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self.value(item) for item in items]
            case ast.Dict():
                return dict(self._pairs(node))
            case ast.Constant(value=value):
                return value
            case _:
                raise _ComputedError

    def _pairs(self, node: ast.Dict) -> Iterator[tuple[object, Any]]:
        """Of a dictionary what is said."""
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                with suppress(_ComputedError):
                    yield key.value, self.value(value)

    def _sum(self, left: Any, right: Any) -> Any:
        if isinstance(left, list) and isinstance(right, list):
            self._left -= len(cast("list[Any]", left)) + len(cast("list[Any]", right))
            return [*left, *right]
        if isinstance(left, str) and isinstance(right, str) and len(left) + len(right) < MAX_NODES:
            return left + right
        raise _ComputedError


def _texts(value: object) -> list[str]:
    """A list of requirements, or a text with one a line."""
    if isinstance(value, str):
        return [line.strip() for line in value.split("\n") if line.strip()][:MAX_ITEMS]
    return texts_of(value)[:MAX_ITEMS]


def _package(values: dict[str, Any], call: ast.Call, folder: str) -> Package | None:
    name = text_of(values.get("name"))
    if not name:
        return None
    base = text_of(table(values.get("package_dir")).get(""))
    places = [posixpath.join(base, each) for each in texts_of(values.get("packages")) if "." not in each]
    places += [f"{each}.py" for each in texts_of(values.get("py_modules"))]
    built = next((each.arg for each in call.keywords if each.arg in _BUILT), None)
    return Package(
        name=shown(name),
        folder=folder,
        places=tuple(places[:MAX_ITEMS]),
        version=shown(text_of(values.get("version"))),
        compiled="extension modules" if built else "",
    )
