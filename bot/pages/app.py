"""The pages as a FastAPI application. A page opens with the key its link carries; without it, it does not exist."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot import signature
from bot.pages.health import Health
from bot.pages.job_view import job_view
from bot.pages.run_view import run_view
from bot.pages.words import prose
from workers.contract import messages, runs
from workers.contract.errors import ConfigError
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.inbox import Inbox
    from bot.metrics import IngressMetrics
    from workers.contract.domain import Run
    from workers.contract.ledger import Ledger

log = structlog.get_logger()

READ_S = 5.0
PATCH_BYTES = 1024 * 1024
HEADERS = {
    # Nothing is loaded but our own style sheet; there is no script to allow.
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    # The address is the key: it goes nowhere, and into no cache or index.
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-store",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("bot.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["prose"] = prose
    return made


@dataclass(slots=True, kw_only=True)
class Pages:
    """What the pages read."""

    ledger: Ledger
    runs: Path
    """The run store."""
    secret: bytes
    """The page secret."""
    inbox: Inbox
    metrics: IngressMetrics
    templates: Environment = field(default_factory=_templates)
    style: bytes = field(default_factory=(Path(__file__).parent / "style.css").read_bytes)

    def opens(self, page: str, request: Request) -> bool:
        """Whether the request carries the page's key."""
        return signature.opens(self.secret, page, request.query_params.get("key", ""))

    def shown(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page."""
        return HTMLResponse(self.templates.get_template(template).render(**values), status)

    def nothing(self, sentence: str = "There is no such page. A link to a run works only as a whole.") -> Response:
        """The answer to a wrong key and to a right one for nothing alike."""
        return self.shown("nothing.html", 404, sentence=sentence)

    async def root(self) -> Response:
        """What this is."""
        return self.shown("root.html")

    async def style_sheet(self) -> Response:
        """For every page."""
        return Response(self.style, media_type="text/css")

    async def run_page(self, run_id: str, request: Request) -> Response:
        """A run, as it stands in the run store."""
        if not (runs.RUN_ID.fullmatch(run_id) and self.opens(run_id, request)):
            return self.nothing()
        try:
            async with asyncio.timeout(READ_S):
                found = await asyncio.to_thread(_read, self.runs / runs.checked_id(run_id))
        except (ConfigError, OSError, TimeoutError) as error:
            log.warning("run not shown", run=run_id, reason=str(error))
            return self.nothing("This run cannot be shown: it is gone from the store or of another version.")
        return self.shown("run.html", run=run_view(*found))

    async def job_page(self, job_id: str, request: Request) -> Response:
        """A job under way; as soon as it has a run, that run's page."""
        if not (job_id.isascii() and job_id.isdigit() and self.opens(f"job-{job_id}", request)):
            return self.nothing()
        try:
            async with asyncio.timeout(READ_S), self.ledger.read() as connection:
                found = await connection.execute(select(tables.jobs).where(tables.jobs.c.id == int(job_id)))
                row = found.mappings().first()
            if row is None:
                return self.nothing()
            if row["run_id"] and (self.runs / runs.checked_id(row["run_id"]) / "run.json").is_file():
                return RedirectResponse(signature.run_url("", self.secret, row["run_id"]), 303)
            return self.shown("job.html", job=job_view(row, messages.job_from_json(row["job"].encode())))
        except (ConfigError, SQLAlchemyError, OSError, OverflowError, TimeoutError) as error:
            log.warning("job not shown", job=job_id, reason=str(error))
            return self.nothing("This job cannot be shown now. Load the page again later.")


def _read(folder: Path) -> tuple[Run, str]:
    run = runs.read_run(folder)
    patch = folder / "deliverable" / "patch.diff"
    if not patch.is_file():
        return run, ""
    with patch.open("rb") as file:
        return run, file.read(PATCH_BYTES).decode(errors="replace")


def pages_app(pages: Pages) -> FastAPI:
    """The routes, all of them GET."""
    app = FastAPI(title="mendloop", docs_url=None, redoc_url=None, openapi_url=None)
    health = Health(pages.inbox, pages.ledger, pages.metrics)
    for path, answer in {
        "/": pages.root,
        "/style.css": pages.style_sheet,
        "/runs/{run_id}": pages.run_page,
        "/jobs/{job_id}": pages.job_page,
        "/healthz": _live,
        "/readyz": partial(_ready, health),
        "/metrics": partial(_metrics, health),
    }.items():
        app.add_api_route(path, answer, response_model=None)
    app.middleware("http")(_with_headers)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    return response


async def _live() -> Response:
    return PlainTextResponse("live\n")


async def _ready(health: Health) -> Response:
    reason = await health.unready()
    return PlainTextResponse(f"{reason or 'ready'}\n", 503 if reason else 200)


async def _metrics(health: Health) -> Response:
    return Response(await health.metrics(), media_type="text/plain; version=0.0.4")
