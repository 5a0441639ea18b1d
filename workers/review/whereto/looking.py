"""A sighting: everything that one release's sources say of one name."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.review.whereto.library import Found, Library, spoken
from workers.review.whereto.notes import module_notes, notes
from workers.review.whereto.sighting import Note, Parameter, Sighting
from workers.review.whereto.signatures import parameters, passed_on

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAME = 8
_LONGEST = 1200
_FILES = 20_000


def sight(library: Library, name: str, version: str) -> Sighting | None:
    """The name in this release; None where its sources do not have it."""
    found = library.find(name)
    if found is None or (found.kind == "module" and library.path(found.module) is None):
        return None
    taken = _taken(library, found)
    known = frozenset(each.name for each in taken[0] or ()) if taken else frozenset[str]()
    return Sighting(
        name=name,
        version=version,
        kind=found.kind,
        home=found.home,
        notes=tuple(_notes(library, found, name, known)),
        parameters=taken[0] if taken else None,
        open=taken[1] if taken else True,
        same=tuple(_same(library, found, name)),
        calls=tuple(_delegated(library, found, name)),
    )


def _taken(library: Library, found: Found) -> tuple[tuple[Parameter, ...], bool] | None:
    """The parameters, and whether any keyword is taken; None where no source says."""
    node = found.node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return _of_function(node, ast.get_docstring(node) or "", method="." in found.name)
    if not isinstance(node, ast.ClassDef):
        return None
    for owner, body in library.bases(found, node):
        for statement in body.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                doc = f"{ast.get_docstring(node) or ''}\n{ast.get_docstring(statement) or ''}"
                return _of_function(statement, doc, method=True)
        if any(ast.unparse(each).rpartition(".")[2].startswith("dataclass") for each in body.decorator_list):
            return _of_fields(body), owner.home != found.home
    return None


def _of_function(
    node: ast.FunctionDef | ast.AsyncFunctionDef, doc: str, *, method: bool
) -> tuple[tuple[Parameter, ...], bool]:
    plain = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)
    return parameters(node, doc, method=method and not plain), node.args.kwarg is not None


def _of_fields(body: ast.ClassDef) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            name=each.target.id,
            default=ast.unparse(each.value)[:200] if each.value else "",
            annotation=ast.unparse(each.annotation)[:200],
        )
        for each in body.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    )


def _notes(library: Library, found: Found, name: str, known: frozenset[str]) -> Iterator[Note]:
    if found.node is not None:
        yield from notes(found.node, known)
    if isinstance(found.node, ast.ClassDef):
        for statement in found.node.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                yield from (note for note in notes(statement, known) if note.parameter)
    for home in _modules(library, found, name):
        scope = library.scope(home)
        if scope is not None and isinstance(scope.tree, ast.Module):
            yield from module_notes(scope.tree)
            yield from (Note(text=text[:_LONGEST]) for text in spoken(scope, last(name)))


def _modules(library: Library, found: Found, name: str) -> list[str]:
    """The modules that the name was asked through, the package itself left out, and the one it is defined in."""
    parts = name.split(".")
    through = [".".join(parts[:at]) for at in range(2, len(parts) + 1)]
    asked = [module for module in through if library.path(module) is not None]
    return list(dict.fromkeys([*asked, *([found.module] if found.module != parts[0] else [])]))


def _same(library: Library, found: Found, name: str) -> Iterator[str]:
    """Other public names of what `name` leads to: what it was exported under on the way, and the packages above its home."""
    if found.kind in {"module", "value"} and not found.through:
        return
    part, above = last(found.home), found.module.split(".")
    # Beside the asked one first: that is what a reader has imported already.
    homes = [f"{name.rpartition('.')[0]}.{part}", found.home, *found.through]
    homes += [f"{'.'.join(above[:at])}.{found.name}" for at in range(len(above) - 1, 0, -1)]
    given: set[str] = {name}
    for home in homes:
        public = not any(part.startswith("_") for part in home.split("."))
        if public and home not in given and len(given) <= _SAME and _leads_to(library, home, found):
            given.add(home)
            yield home


def _delegated(library: Library, found: Found, name: str) -> Iterator[str]:
    """Public names of what a function hands all its arguments to, where it does nothing else but warn."""
    if not isinstance(found.node, ast.FunctionDef) or "." in found.name:
        return
    called = passed_on(found.node)
    target = library.member(found.module, called) if called else None
    if target is not None and target.kind == "function" and target.home != found.home:
        yield from (each for each in _same(library, target, name) if last(each) == last(target.home))


def _leads_to(library: Library, home: str, found: Found) -> bool:
    if found.kind == "elsewhere":
        # Where it is defined is not here to be read.
        return home == found.home or _home(library, home) == found.home
    return _home(library, home) == found.home


def _home(library: Library, name: str) -> str:
    found = library.find(name)
    return found.home if found is not None else ""


def elsewhere(library: Library, name: str) -> tuple[str, ...]:
    """Public names in the same package of functions and classes that have the last part of `name`, the shortest of each."""
    top, part = name.partition(".")[0], last(name)
    kinds = re.compile(rf"^(?:async\s+def|def|class)\s+{re.escape(part)}\b", re.MULTILINE)
    found: dict[str, str] = {}
    for path in sorted(library.sources.paths)[:_FILES]:
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        hidden = any(word.startswith("_") or word in _NO_API for word in module.split("."))
        if not path.endswith(".py") or module.partition(".")[0] != top or hidden or len(found) >= _SAME:
            continue
        if kinds.search(library.sources.read(path) or "") and (there := library.member(module, part)):
            found.setdefault(there.home, _shortest(library, there))
    return tuple(found.values())


_NO_API = frozenset({"tests", "testing", "test", "conftest", "benchmarks", "examples"})


def _shortest(library: Library, found: Found) -> str:
    above = found.module.split(".")
    names = (f"{'.'.join(above[:at])}.{found.name}" for at in range(1, len(above)))
    return next((name for name in names if _leads_to(library, name, found)), found.home)


def last(name: str) -> str:
    """The last part of a dotted name."""
    return name.rpartition(".")[2]
