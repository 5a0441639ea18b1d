"""What a call is given, spread out arguments included where what they hold is written in the document."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following import bound, functions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.review.shapes.shape import Code
    from workers.review.sites import Change, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One named argument and where its name is written."""

    site: Site
    name: str
    value: ast.expr
    place: ast.keyword | ast.Constant
    """The keyword, or the key of a dictionary that is spread out."""

    def renamed(self, new: str) -> Change:
        """The change of its name alone."""
        start, end = self.site.span(self.place)
        if isinstance(self.place, ast.keyword):
            return (start, start + len(self.name), new)
        quote = self.site.source[start]
        return (start, end, f"{quote}{new}{quote}")


def given(code: Code, site: Site, call: ast.Call) -> list[Given] | str:
    """Every named argument, or why one of them is not seen."""
    found: list[Given] = []
    for one in call.keywords:
        if one.arg is not None:
            found.append(Given(site=site, name=one.arg, value=one.value, place=one))
            continue
        spread = _spread(code, site, call, one.value)
        if isinstance(spread, str):
            return spread
        found += spread
    return found


def _spread(code: Code, site: Site, call: ast.Call, value: ast.expr) -> list[Given] | str:
    if isinstance(value, ast.Dict):
        return _entries(site, value)
    if not isinstance(value, ast.Name):
        return "its arguments are put together elsewhere"
    function = functions.enclosing(site.around(call))
    if function is not None and function.args.kwarg is not None and function.args.kwarg.arg == value.id:
        return _forwarded(code, site, function, value)
    held = code.imports.assigned(value, site.cell)
    if len(held) != 1 or held[0].item is not None or not isinstance(held[0].value, ast.Dict):
        return f"what `{value.id}` holds is not seen"
    home = next((one for one in code.sites if one.cell == held[0].cell), None)
    if home is None or _changed(code, value):
        return f"`{value.id}` is changed before it is spread out"
    return _entries(home, held[0].value)


def _entries(site: Site, display: ast.Dict) -> list[Given] | str:
    found: list[Given] = []
    for key, value in zip(display.keys, display.values, strict=True):
        match key:
            case ast.Constant(value=str(name)) if site.text(key)[1:-1] == name:
                found.append(Given(site=site, name=name, value=value, place=key))
            case _:
                return "the names of its arguments are put together elsewhere"
    return found


def _changed(code: Code, name: ast.Name) -> bool:
    """True where the dictionary may get other entries: it is used otherwise than by spreading it out or reading items."""
    for site, load in bound.loads(code, name.id):
        match site.around(load)[0]:
            case ast.keyword(arg=None) | ast.Subscript(ctx=ast.Load()):
                pass
            case _:
                return True
    return False


def _forwarded(code: Code, site: Site, function: bound.Function, name: ast.Name) -> list[Given] | str:
    """What the callers of a function pass on through its `**` parameter."""
    callers = functions.callers(code, function)
    alone = len(list(bound.reads_of(site, function.body, name.id))) == 1
    if callers is None or not alone or functions.method(site, function):
        return f"not every use of `{function.name}` is seen"
    own = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
    found: list[Given] = []
    for at, call in callers:
        if any(one.arg is None for one in call.keywords):
            return f"`{function.name}` is called with arguments that are put together elsewhere"
        found += [
            Given(site=at, name=one.arg, value=one.value, place=one)
            for one in call.keywords
            if one.arg and one.arg not in own
        ]
    return found


def renames(found: list[Given], renamed: Mapping[str, str]) -> list[tuple[Site, Change]]:
    """The changes of names."""
    return [(one.site, one.renamed(renamed[one.name])) for one in found if one.name in renamed]
