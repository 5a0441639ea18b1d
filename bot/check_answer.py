"""Answers in check runs: where there is no thread to answer in, and where there is no job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel

from bot import render
from bot.check_run import NAME
from bot.github import GitHubError, shaped

if TYPE_CHECKING:
    from bot.github import Api
    from bot.render import Verdict

log = structlog.get_logger()


class _Named(BaseModel):
    external_id: str | None = None


async def report_at(api: Api, sha: str, external: str, said: Verdict) -> None:
    """A check run that is at its end from the start: there is no job. Nothing where GitHub refuses it."""
    try:
        for item in await api.pages(f"/commits/{sha}/check-runs", check_name=NAME, filter="all"):
            if shaped(_Named, item).external_id == external:
                return
        body = {"name": NAME, "head_sha": sha, "external_id": external, "status": "completed"}
        await api.post("/check-runs", body | {"conclusion": said.conclusion, "output": said.output()})
    except GitHubError as error:
        log.warning("check_run_refused", status=error.status, message=error.message)


async def say_at(api: Api, number: int, title: str, text: str) -> None:
    """Put an answer into a concluded check run, where there is no thread to answer in."""
    try:
        await api.patch(f"/check-runs/{number}", {"output": {"title": title, "summary": text[: render.TEXT_CHARS]}})
    except GitHubError as error:
        log.warning("check_run_refused", status=error.status, message=error.message)
