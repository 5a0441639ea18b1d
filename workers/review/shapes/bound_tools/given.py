"""The functions that are bound, as the tools they were made of: `bind_tools` takes tools, classes and functions as they are."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Imported, imports
from workers.review.shapes.shape import keyword, renamed_keyword
from workers.review.shapes.together import without_line, without_names
from workers.review.shapes.uses import in_magics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.review.shapes.kinds import Kinds
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_CALLING = "langchain_core.utils.function_calling"
CONVERTERS = frozenset(
    {
        f"{_CALLING}.convert_to_openai_function",
        f"{_CALLING}.format_tool_to_openai_function",
        f"{_CALLING}.convert_pydantic_to_openai_function",
        f"{_CALLING}.convert_python_function_to_openai_function",
        "langchain.tools.format_tool_to_openai_function",
        "langchain.tools.render.format_tool_to_openai_function",
        "langchain_classic.tools.render.format_tool_to_openai_function",
        "langchain_community.tools.convert_to_openai.format_tool_to_openai_function",
        "langchain.utils.openai_functions.convert_pydantic_to_openai_function",
    }
)
"""What makes a function's schema of a tool, a class or a function."""


def given(kinds: Kinds, site: Site, call: ast.Call) -> Changes | None:
    """The changes by which the tools themselves are bound, none where the list stays; None where there is no list."""
    named = keyword(call, "functions")
    values = [*call.args, *([named.value] if named is not None else [])]
    if len(values) != 1 or isinstance(values[0], ast.Starred):
        return None
    renamed = ((site, renamed_keyword(site, named, "tools")),) if named is not None else ()
    return (*renamed, *_as_tools(kinds, site, call, values[0]))


def _as_tools(kinds: Kinds, site: Site, call: ast.Call, only: ast.expr) -> Changes:
    told = _tools(kinds, site, only)
    if told:
        return ((site, (*site.span(only), told)),)
    made = _made_before(kinds, site, call, only) if isinstance(only, ast.Name) else None
    return made or ()


def _tools(kinds: Kinds, site: Site, made: ast.expr) -> str:
    """The list of tools that a list of schemas was made of; empty where it was made otherwise."""
    match made:
        case ast.ListComp(
            elt=ast.Call(args=[ast.Name(id=one)], keywords=[]) as each,
            generators=[ast.comprehension(target=ast.Name(id=name), iter=ast.Name() | ast.List() as every, ifs=[])],
        ) if one == name and _converts(kinds, site, each):
            return site.text(every)
        case ast.List(elts=[_, *_] as items) if all(_source(kinds, site, item) for item in items):
            return f"[{', '.join(_source(kinds, site, item) for item in items)}]"
        case _:
            return ""


def _source(kinds: Kinds, site: Site, made: ast.expr) -> str:
    """What a schema is made of."""
    match made:
        case ast.Call(args=[ast.Name() | ast.Attribute() | ast.Call() as one], keywords=[]) if _converts(
            kinds, site, made
        ):
            return site.text(one)
        case _:
            return ""


def _converts(kinds: Kinds, site: Site, call: ast.Call) -> bool:
    return kinds.code.imports.dotted(call.func, site.cell) in CONVERTERS


def _made_before(kinds: Kinds, site: Site, call: ast.Call, name: ast.Name) -> Changes | None:
    """`name = [schema(t) for t in tools]` in the lines before, perhaps with schemas appended: gone, with its tools bound."""
    around = site.around(call)
    nothing: list[ast.stmt] = []
    scopes = (one for one in around if isinstance(one, ast.Module | ast.FunctionDef))
    block = next((one.body for one in scopes if _holds(one, call)), nothing)
    at = next((index for index, one in enumerate(block) if call in ast.walk(one)), 0)
    uses = {id(load) for _, load in kinds.loads(name.id)} - {id(name)}
    taken: list[ast.stmt] = []
    more: list[str] = []
    for statement in reversed(block[:at]):
        match statement:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(id=list_name) as listed, attr="append"), args=[one], keywords=[]
                )
            ) if list_name == name.id and (text := _source(kinds, site, one)):
                more.insert(0, text)
                taken.append(statement)
                uses.discard(id(listed))
            case ast.Assign(targets=[ast.Name(id=list_name)], value=made) if list_name == name.id:
                told = _joined(kinds, site, made, more)
                alone = not uses and len(kinds.stores(name.id)) == 1
                return _inlined(site, name, told, [*taken, statement]) if told and alone else None
            case ast.Import() | ast.ImportFrom() | ast.ClassDef() | ast.FunctionDef():
                pass
            case _:
                return None
    return None


def _holds(block: ast.Module | ast.FunctionDef, call: ast.Call) -> bool:
    return any(call in ast.walk(one) and isinstance(one, ast.Assign | ast.Expr | ast.Return) for one in block.body)


def _joined(kinds: Kinds, site: Site, made: ast.expr, more: Sequence[str]) -> str:
    told = _tools(kinds, site, made)
    if not told or not more:
        return told
    if told.startswith("["):
        return f"{told[:-1]}, {', '.join(more)}]"
    return f"[*{told}, {', '.join(more)}]"


def _inlined(site: Site, name: ast.Name, told: str, gone: Iterable[ast.stmt]) -> Changes | None:
    """The statements go with their lines, unless a comment would go with them."""
    changes = [without_line(site, one) for one in gone]
    if any("#" in site.source[start:end] for start, end, _ in changes):
        return None
    return (*((site, one) for one in changes), (site, (*site.span(name), told)))


def unused(kinds: Kinds, changes: Sequence[tuple[Site, Change]]) -> Changes:
    """The imports of what is read nowhere any more once the changes are made: the converters, and `json`."""
    return tuple((one.site, change) for one in imports(kinds) for change in _gone(kinds, one, changes))


def _gone(kinds: Kinds, one: Imported, changes: Sequence[tuple[Site, Change]]) -> Iterator[Change]:
    known = one.dotted in CONVERTERS or one.dotted == "json"
    reads = list(kinds.loads(one.bound))
    if not known or not reads or not all(_within(site, load, changes) for site, load in reads) or not kinds.complete:
        return
    twice = sum(1 for other in imports(kinds) if other.bound == one.bound) > 1
    if twice or one.statement not in one.site.tree.body or in_magics(kinds.code, one.bound):
        return
    if isinstance(one.statement, ast.ImportFrom):
        yield from (
            _closed_up(one.site, change)
            for change in without_names(one.site, one.statement, frozenset({one.alias.name}))
        )
    elif one.alone:
        yield _closed_up(one.site, without_line(one.site, one.statement))


def _within(site: Site, load: ast.Name, changes: Sequence[tuple[Site, Change]]) -> bool:
    start, end = site.span(load)
    return any(
        where is site and first <= start and end <= last and load.id not in new.split(".")[0]
        for where, (first, last, new) in changes
    )


def _closed_up(site: Site, change: Change) -> Change:
    """A cell that began with the import does not begin with empty lines."""
    start, end, new = change
    if new or site.source[:start].strip():
        return change
    rest = site.source[end:]
    return (start, end + len(rest) - len(rest.lstrip("\n")), new)
