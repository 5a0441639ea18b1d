"""What `Settings` chose before 0.4 is a client of its own: `PersistentClient(path=...)`, `HttpClient(host=...)`; `persist()` went.

https://docs.trychroma.com/docs/overview/migration
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.shape import keyword
from workers.review.shapes.targets import Target
from workers.review.shapes.together import Step, Words, together, without_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Hit, Mandate
    from workers.review.sites import Change, Site

_SETTINGS = frozenset({"chromadb.config.Settings", "chromadb.Settings"})
_OLD = frozenset({"chroma_db_impl", "chroma_api_impl"})
_ON_DISK = "duckdb+parquet"
_WORDS = Words(
    message="`{}` is how chromadb was set up before 0.4",
    fix="Call `chromadb.PersistentClient(path=...)` or `chromadb.HttpClient(host=...)`; what is stored is kept without `persist()`.",
    target="chromadb.PersistentClient",
)


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every client that is made from settings of old, and what is said to it that it does not know."""
    made = [(site, call) for site, call in code.calls() if _old(code, site, call)]
    steps = [_client(code, site, call) for site, call in made]
    steps += [_persist(site, call) for site, call in code.calls() if _persists(code, site, call)]
    yield from together(sorted(steps, key=lambda step: (step.site.cell, step.start)), _WORDS)


def _old(code: Code, site: Site, call: ast.Call) -> bool:
    """`Settings` with what is gone."""
    return code.imports.dotted(call.func, site.cell) in _SETTINGS and any(one.arg in _OLD for one in call.keywords)


def _client(code: Code, site: Site, settings: ast.Call) -> Step:
    parent = site.around(settings)[0]
    outer = parent if isinstance(parent, ast.Call) else next(iter(site.around(settings)[1:2]), None)
    anchor = site.text(settings.func)
    start = site.span(settings)[0]
    if not isinstance(outer, ast.Call) or code.imports.dotted(outer.func, site.cell) != "chromadb.Client":
        return Step(site=site, start=start, anchor=anchor, why="the settings are put together elsewhere")
    new = _new(site, settings) if len(outer.args) + len(outer.keywords) == 1 else None
    if new is None:
        return Step(site=site, start=start, anchor=anchor, why="what the settings say has no plain counterpart")
    name, arguments = new
    function = site.span(outer.func)
    written = site.text(outer.func)
    home = written.rpartition(".")[0] if isinstance(outer.func, ast.Attribute) else ""
    if not home:
        return Step(site=site, start=start, anchor=anchor, why="`Client` is imported by itself")
    changes = ((*function, f"{home}.{name}"), (function[1], site.span(outer)[1], f"({arguments})"))
    return Step(
        site=site,
        start=site.span(outer)[0],
        anchor=written,
        changes=tuple((site, one) for one in changes),
        needs=(Target(call=Question(name=f"chromadb.{name}")),),
    )


def _new(site: Site, settings: ast.Call) -> tuple[str, str] | None:
    """The client in place of the settings and its arguments, or None."""
    if settings.args or any(one.arg is None for one in settings.keywords):
        return None
    kind = _value(keyword(settings, "chroma_db_impl")), _value(keyword(settings, "chroma_api_impl"))
    match kind:
        case (str(stored), None) if stored == _ON_DISK:
            told = {"persist_directory": "path"}
            return (
                _arguments(site, settings, "PersistentClient", told) if keyword(settings, "persist_directory") else None
            )
        case ("duckdb", None):
            return _arguments(site, settings, "EphemeralClient", {})
        case (None, "rest"):
            return _arguments(
                site,
                settings,
                "HttpClient",
                {"chroma_server_host": "host", "chroma_server_http_port": "port", "chroma_server_ssl_enabled": "ssl"},
            )
        case _:
            return None


def _value(given: ast.keyword | None) -> object:
    return given.value.value if given and isinstance(given.value, ast.Constant) else given


def _arguments(site: Site, settings: ast.Call, name: str, told: dict[str, str]) -> tuple[str, str] | None:
    """What becomes an argument of the client, and what stays a setting."""
    given = [f"{told[one.arg]}={_written(site, one)}" for one in settings.keywords if one.arg in told]
    others = [one for one in settings.keywords if one.arg not in told and one.arg not in _OLD]
    if any(one.arg not in {"anonymized_telemetry", "allow_reset"} for one in others):
        return None
    if others:
        kept = ", ".join(site.text(one) for one in others)
        given.append(f"settings={site.text(settings.func)}({kept})")
    return name, ", ".join(given)


def _written(site: Site, one: ast.keyword) -> str:
    """The value; a port is a number now."""
    text = site.text(one.value)
    match one.arg, one.value:
        case "chroma_server_http_port", ast.Constant(value=str(port)) if port.isdigit():
            return port
        case _:
            return text


def _persists(code: Code, site: Site, call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=client, attr="persist"):
            return code.made_by(client, site, frozenset({"chromadb.Client", "chromadb.PersistentClient"}))
        case _:
            return False


def _persist(site: Site, call: ast.Call) -> Step:
    """A statement of its own goes; where it is all that a block holds, `pass` stays."""
    around = site.around(call)
    start, anchor = site.span(call)[0], site.text(call.func)
    if not isinstance(around[0], ast.Expr):
        return Step(site=site, start=start, anchor=anchor, why="what it returns is used")
    bodies = [getattr(around[1], name, None) for name in ("body", "orelse", "finalbody")]
    alone = any(isinstance(body, list) and body == [around[0]] for body in bodies)
    change: Change = (
        (*site.span(call), "pass") if alone and around[1] is not site.tree else without_line(site, around[0])
    )
    return Step(site=site, start=start, anchor=anchor, changes=((site, change),))
