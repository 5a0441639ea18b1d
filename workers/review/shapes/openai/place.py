"""Where a document gets its OpenAI client, and what the client is called."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.openai.calls import OLD
from workers.review.shapes.openai.settings import constructed, flavour, groups, merged
from workers.review.shapes.together import free, names
from workers.review.shapes.uses import imports, line_end

if TYPE_CHECKING:
    from workers.review.shapes.openai.settings import Setting
    from workers.review.shapes.shape import Code
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

CLIENTS = frozenset(f"openai.{name}" for name in ("OpenAI", "AsyncOpenAI", "AzureOpenAI", "AsyncAzureOpenAI", "Client"))
_KEY_SET = re.compile(r"^[ \t]*%(?:(?:set_)?env[ \t]+OPENAI|dotenv)[^\n]*", re.MULTILINE)
_LOADERS = frozenset({"dotenv.load_dotenv", "dotenv.main.load_dotenv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What every call is made of, from where on, and the changes that bring it there."""

    name: str
    since: tuple[int, int]
    """Cell and character from which on it is there."""
    changes: Changes = ()
    maker: str = ""
    """Dotted class that is called; empty for what is there already."""
    replaces: bool = False
    """The settings went into it."""


def client(code: Code, told: list[Setting], *, asynchronous: bool, kept: bool) -> Client | str:
    """The document's own client, or one to be made; in words why there can be none.

    `kept`: the module's name is needed for something else as well.
    """
    own = _own(code, "openai.AsyncOpenAI" if asynchronous else "openai.OpenAI")
    if own is not None:
        return own
    kind = flavour(told)
    if kind is None:
        return "whether `api_type` means Azure is not written out"
    maker = f"{'Async' if asynchronous else ''}{'Azure' if kind else ''}OpenAI"
    name = free(code, "client", "openai_client")
    reference = _reference(code, maker, kept=kept, before=_end(told[-1]) if told else None)
    if isinstance(reference, str):
        return reference
    written, imported = reference
    return _made(
        code, told, kind, Client(name=name, since=(0, 0), changes=imported, maker=maker), f"{name} = {written}"
    )


def _made(code: Code, told: list[Setting], kind: str, made: Client, call: str) -> Client | str:
    """The client with the changes that make it: where the settings stand, else after imports and keys."""
    if not told:
        return _unset(code, made, call)
    apart = groups(told)
    alike = {frozenset(one.name for one in group) for group in apart}
    changes: list[tuple[Site, Change]] = []
    if len(alike) == 1:
        for group in apart:
            part, why = constructed(group, kind, call)
            if why:
                return why
            changes += part
        since = _end(apart[0][-1])
    else:
        part, why = merged(told, kind, call)
        if why:
            return why
        changes += part
        since = _end(told[-1])
    return Client(
        name=made.name, since=since, changes=(*made.changes, *changes), maker=f"openai.{made.maker}", replaces=True
    )


def _end(one: Setting) -> tuple[int, int]:
    return (one.site.cell, one.site.span(one.statement)[1])


def _own(code: Code, maker: str) -> Client | None:
    """The one client that the document makes at its top already."""
    found = [
        (site, statement, target.id, code.imports.dotted(function, site.cell))
        for site in code.sites
        for statement in site.tree.body
        for target, function in _assigned_call(statement)
    ]
    made = [(site, statement, name) for site, statement, name, dotted in found if dotted == maker]
    if len(made) != 1:
        return None
    site, statement, name = made[0]
    return Client(name=name, since=(site.cell, site.span(statement)[1]))


def _assigned_call(statement: ast.stmt) -> list[tuple[ast.Name, ast.expr]]:
    match statement:
        case ast.Assign(targets=[ast.Name() as target], value=ast.Call(func=function)):
            return [(target, function)]
        case _:
            return []


def _reference(code: Code, maker: str, *, kept: bool, before: tuple[int, int] | None) -> tuple[str, Changes] | str:
    """How the class is written, and the change of the import that lets it be so written."""
    statements = list(imports(code, "openai"))
    at_top = [(site, one) for site, one in statements if one in site.tree.body]
    if not at_top or (before is not None and (at_top[0][0].cell, at_top[0][0].span(at_top[0][1])[0]) > before):
        return "`openai` is not imported at the top"
    taken = maker in names(code.sites)
    old = [(site, one) for site, one in statements if isinstance(one, ast.ImportFrom) and _old(one)]
    if old:
        return _from_import(old, maker, mixed=len(old) > 1 or old[0] not in at_top or taken)
    modules = [(site, one) for site, one in at_top if isinstance(one, ast.Import)]
    if not modules:
        return "`openai` is not imported as a module"
    site, one = modules[0]
    return _beside(site, one, maker, taken=taken, alone=not kept and len(statements) == 1)


def _old(statement: ast.ImportFrom) -> bool:
    return statement.module == "openai" and any(alias.name in OLD for alias in statement.names)


def _beside(site: Site, statement: ast.Import, maker: str, *, taken: bool, alone: bool) -> tuple[str, Changes]:
    """The class beside the module, in its place where the module is needed no more, or of the module."""
    start, end = site.span(statement)
    alias = next(alias for alias in statement.names if alias.name.partition(".")[0] == "openai")
    stop = line_end(site, end)
    rest = site.source[end:stop].strip()
    shared = len(statement.names) > 1 or (rest and not rest.startswith("#"))
    if shared or alias.asname is not None or alias.name != "openai" or taken:
        return f"{alias.asname or 'openai'}.{maker}", ()
    if alone:
        return maker, ((site, (start, end, f"from openai import {maker}")),)
    return maker, ((site, (stop, stop, f"\nfrom openai import {maker}")),)


def _from_import(old: list[tuple[Site, ast.ImportFrom]], maker: str, *, mixed: bool) -> tuple[str, Changes] | str:
    """`from openai import ChatCompletion` brings the class of the client instead, where all that it brought is gone."""
    site, one = old[0]
    if mixed or any(alias.name not in OLD for alias in one.names):
        return "what is gone is imported by name, beside other names"
    first, last = site.span(one.names[0])[0], site.span(one.names[-1])[1]
    return maker, ((site, (first, last, maker)),)


def _unset(code: Code, made: Client, call: str) -> Client | str:
    """After the imports of the cell that imports it, or after the last place that sets the key in the environment."""
    places = [_after_imports(code), *_keys(code)]
    known = [place for place in places if place is not None]
    if not known:
        return "`openai` is not imported at the top"
    site, at = max(known, key=lambda place: (place[0].cell, place[1]))
    stop = line_end(site, at)
    change = (stop, stop, f"\n\n{call}()")
    return Client(
        name=made.name, since=(site.cell, stop), changes=(*made.changes, (site, change)), maker=f"openai.{made.maker}"
    )


def _after_imports(code: Code) -> tuple[Site, int] | None:
    for site, statement in imports(code, "openai"):
        if statement not in site.tree.body:
            continue
        last = statement
        for one in site.tree.body[site.tree.body.index(statement) :]:
            if not isinstance(one, ast.Import | ast.ImportFrom):
                break
            last = one
        return (site, site.span(last)[1])
    return None


def _keys(code: Code) -> list[tuple[Site, int]]:
    """Where the environment gets its keys, at the top of a cell."""
    found = [
        (site, site.span(statement)[1])
        for site in code.sites
        for statement in site.tree.body
        if _sets_key(code, site, statement)
    ]
    return found + [(site, magic.end()) for site in code.sites for magic in _KEY_SET.finditer(site.source)]


def _sets_key(code: Code, site: Site, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    for node in ast.walk(statement):
        match node:
            case ast.Subscript(value=base, slice=ast.Constant(value=str(key)), ctx=ast.Store()):
                if key.startswith("OPENAI") and code.imports.dotted(base, site.cell) == "os.environ":
                    return True
            case ast.Call(func=function) if code.imports.dotted(function, site.cell) in _LOADERS:
                return True
            case _:
                pass
    return False
