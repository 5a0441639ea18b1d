"""Settings of the openai module become a client: `openai.api_key = x` is `client = OpenAI(api_key=x)`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from workers.review.shapes.together import without_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.together import Changes
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change, Site

_PLAIN = {"api_key": "api_key", "organization": "organization", "api_base": "base_url"}
_AZURE = {
    "api_key": "api_key",
    "organization": "organization",
    "api_base": "azure_endpoint",
    "api_version": "api_version",
}
_TYPES = {"azure": "azure", "azure_ad": "azure_ad", "azuread": "azure_ad", "open_ai": "", "openai": ""}
SETTINGS = frozenset(
    {"api_key", "api_base", "api_type", "api_version", "organization", "proxy", "api_key_path", "verify_ssl_certs"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One `openai.name = value` of the module level."""

    site: Site
    statement: ast.Assign
    index: int
    """Of the statement in its cell."""
    name: str

    @property
    def value(self) -> tuple[int, int]:
        """Where the value stands, its parentheses included."""
        after = self.site.span(self.statement.targets[0])[1]
        start = self.site.source.index("=", after) + 1
        end = self.site.span(self.statement)[1]
        text = self.site.source[start:end]
        return (start + len(text) - len(text.lstrip()), end)

    @property
    def text(self) -> str:
        """The value as it is written."""
        start, end = self.value
        return self.site.source[start:end]


def settings(found: tuple[Use, ...]) -> tuple[list[Setting], str]:
    """Every setting, in document order, or why one of them is out of reach."""
    told: list[Setting] = []
    for use in found:
        name = use.dotted.removeprefix("openai.")
        if name not in SETTINGS or not isinstance(use.node, ast.Attribute) or isinstance(use.node.ctx, ast.Load):
            continue
        statement = use.site.around(use.node)[0]
        body = use.site.tree.body
        match statement:
            case ast.Assign(targets=[_]) if statement in body:
                told.append(Setting(site=use.site, statement=statement, index=body.index(statement), name=name))
            case _:
                return [], f"`{use.site.text(use.node)}` is set elsewhere than at the top"
    return told, ""


def flavour(told: list[Setting]) -> str | None:
    """`azure`, `azure_ad` or empty, by `api_type`; None where that is not written out."""
    kinds = {_type(one) for one in told if one.name == "api_type"}
    return kinds.pop() if len(kinds) == 1 else None if kinds else ""


def _type(one: Setting) -> str | None:
    match one.statement.value:
        case ast.Constant(value=str(kind)):
            return _TYPES.get(kind.lower())
        case _:
            return None


def keywords(kind: str) -> dict[str, str]:
    """Setting -> keyword of the client."""
    if not kind:
        return _PLAIN
    return _AZURE | ({"api_key": "azure_ad_token"} if kind == "azure_ad" else {})


def groups(told: list[Setting]) -> list[list[Setting]]:
    """Settings that follow one another, in one cell."""
    made: list[list[Setting]] = [told[:1]] if told else []
    for before, one in pairwise(told):
        if one.site is before.site and one.index == before.index + 1:
            made[-1].append(one)
        else:
            made.append([one])
    return made


def constructed(group: list[Setting], kind: str, call: str) -> tuple[Changes, str]:
    """The statements as one construction, each value where it stands, or why not."""
    told = keywords(kind)
    named = [one for one in group if one.name != "api_type"]
    unknown = sorted({one.name for one in named if one.name not in told})
    if unknown or not named:
        return (), f"`{', '.join(unknown) or 'api_type'}` has no place in the client"
    if len({one.name for one in named}) != len(named):
        return (), "a setting is set twice in a row"
    site = group[0].site
    if len(group) == 1:
        (one,) = group
        start, (first, last) = site.span(one.statement)[0], one.value
        return ((site, (start, first, f"{call}({told[one.name]}=")), (site, (last, last, ")"))), ""
    if not all(_own_line(one) for one in group):
        return (), "settings share a line"
    return tuple((site, change) for change in _lines(group, told, call)), ""


def _lines(group: list[Setting], told: dict[str, str], call: str) -> Iterator[Change]:
    """One line each, so that their comments stay where they are."""
    site, last = group[0].site, group[-1]
    for index, one in enumerate(group):
        start, end = site.span(one.statement)
        opening = "" if index else f"{call}("
        if one.name != "api_type":
            first, stop = one.value
            yield (start, first, f"{opening}\n    {told[one.name]}=" if opening else f"    {told[one.name]}=")
            yield (stop, stop, ",")
        elif one is last:
            yield (start, end, ")")
        else:
            yield (start, end, opening) if opening else without_line(one.site, one.statement)
        if one is not last:
            yield from _indented(site, end, site.span(group[index + 1].statement)[0])
    if last.name != "api_type":
        stop = _line_end(last)
        yield (stop, stop, "\n)")


def _line_end(one: Setting) -> int:
    found = one.site.source.find("\n", one.site.span(one.statement)[1])
    return len(one.site.source) if found < 0 else found


def _own_line(one: Setting) -> bool:
    """Nothing but a comment shares its line."""
    start, end = one.site.span(one.statement)
    rest = one.site.source[end : _line_end(one)].strip()
    return one.site.source[start - 1 : start] in {"", "\n"} and (not rest or rest.startswith("#"))


def _indented(site: Site, start: int, end: int) -> Iterator[Change]:
    """Comments between them go along."""
    at = site.source.find("\n", start, end)
    while at >= 0:
        if site.source[at + 1 : at + 2] == "#":
            yield (at + 1, at + 1, "    ")
        at = site.source.find("\n", at + 1, end)


def merged(told: list[Setting], kind: str, call: str) -> tuple[Changes, str]:
    """Settings that stand apart as one construction where the last one stands, or why not."""
    known = keywords(kind)
    named = [one for one in told if one.name != "api_type"]
    if len({one.name for one in named}) != len(named) or any(one.name not in known for one in named):
        return (), "settings are set more than once or have no place in the client"
    last = told[-1]
    if any(not _still(one, last) for one in told[:-1]):
        return (), "what the settings are set to may have changed by the time that the last one is set"
    arguments = ", ".join(f"{known[one.name]}={one.text}" for one in named)
    changes = [(one.site, without_line(one.site, one.statement)) for one in told[:-1]]
    return (*changes, (last.site, (*last.site.span(last.statement), f"{call}({arguments})"))), ""


def _still(one: Setting, last: Setting) -> bool:
    """The value is the same where the last setting stands: nothing in it is called but what reads the environment."""
    for node in ast.walk(one.statement.value):
        if isinstance(node, ast.Call) and ast.unparse(node.func) not in {"os.getenv", "os.environ.get"}:
            return False
        if isinstance(node, ast.Name) and node.id != "os" and one.site is not last.site:
            return False
    return not isinstance(one.statement.value, ast.JoinedStr)
