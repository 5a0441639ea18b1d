"""The check run of a job: made at once, kept up to date, always concluded.

A check run is an offer of information: where GitHub refuses one, the work goes on without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel
from sqlalchemy import select, update

from bot import progress as progress_
from bot import render, signature
from bot.github import AccessEnded, GitHubError, Purpose, shaped
from bot.published import NOTHING
from workers.contract import config_file, messages
from workers.contract.errors import ConfigError
from workers.contract.job import Aim
from workers.contract.ledger import tables
from workers.contract.phases import reached

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.app import App
    from bot.github import Api
    from bot.published import Published
    from bot.render import Verdict
    from workers.contract.domain import Run
    from workers.contract.job import Job

log = structlog.get_logger()

NAME = "mendloop"
NOT_OURS_TO_MAKE = frozenset({"none", "concluded"})
"""Of `jobs.check_state`: the job has none, or GitHub refused it."""
BATCH = 50
"""Annotations that GitHub takes in one call."""
DELIVERABLE_BYTES = 256 * 1024


class _Output(BaseModel):
    annotations_count: int = 0


class _CheckRun(BaseModel):
    id: int
    status: str
    external_id: str | None = None
    output: _Output = _Output()


def external_id(job_id: int) -> str:
    """How GitHub keeps our job's number for us."""
    return f"job-{job_id}"


def link(app: App, job_id: int) -> str:
    """The job's page, for whoever is shown the link."""
    if not app.page_secret:
        return f"{app.public_url}/jobs/{job_id}"
    return signature.job_url(app.public_url, app.page_secret, job_id)


async def ensure(app: App, row: Mapping[str, Any]) -> int | None:
    """The number of the job's check run, made if it is not there; None where GitHub refuses one.

    Raises:
        Limited, Unavailable: later.
    """
    if row["check_run_id"] is not None:
        return int(row["check_run_id"])
    async with app.github.lock("check run", row["id"]):
        return await _ensure(app, await _row(app, row["id"]))


async def _ensure(app: App, row: Mapping[str, Any]) -> int | None:
    if row["check_run_id"] is not None:
        return int(row["check_run_id"])
    if app.dry_run or row["check_state"] in NOT_OURS_TO_MAKE:
        return None
    job = messages.job_from_json(row["job"].encode())
    try:
        async with app.github.repository(job.installation_id, job.repository_id, Purpose.CHECK) as api:
            found = await _look(api, job.sha, external_id(job.id))
            if found is None:
                reached("check.before_create", job=job.id)
                found = shaped(_CheckRun, await api.post("/check-runs", _opening(app, job, row)))
                reached("check.created", job=job.id)
    except (GitHubError, AccessEnded) as error:
        await _gave_up(app, job.id, error)
        return None
    await _remember(app, job.id, check_run_id=found.id, check_state="open")
    return found.id


def _opening(app: App, job: Job, row: Mapping[str, Any]) -> dict[str, Any]:
    now = progress_.read(row["progress"])
    return {
        "name": NAME,
        "head_sha": job.sha,
        "external_id": external_id(job.id),
        "details_url": link(app, job.id),
        "status": "in_progress",
        "output": {"title": progress_.title(now), "summary": progress_.sentence(now)},
    }


async def _look(api: Api, sha: str, external: str) -> _CheckRun | None:
    """A check run of ours at this commit that is not at its end."""
    for item in await api.pages(f"/commits/{sha}/check-runs", check_name=NAME, filter="all"):
        run = shaped(_CheckRun, item)
        if run.external_id == external and run.status != "completed":
            return run
    return None


async def show_progress(app: App, row: Mapping[str, Any]) -> None:
    """Bring the open check run up to date with the job's progress.

    Raises:
        Limited, Unavailable: later.
    """
    number = await ensure(app, row)
    if number is None or app.dry_run or row["check_state"] == "concluded":
        return
    now = progress_.read(row["progress"])
    body = {
        "status": "in_progress",
        "details_url": link(app, row["id"]),
        "output": {"title": progress_.title(now), "summary": progress_.sentence(now)},
    }
    try:
        async with app.github.repository(row["installation_id"], row["repository_id"], Purpose.CHECK) as api:
            await api.patch(f"/check-runs/{number}", body)
    except (GitHubError, AccessEnded) as error:
        await _gave_up(app, row["id"], error)


async def conclude(
    app: App, row: Mapping[str, Any], run: Run | None, *, published: Published = NOTHING, reason: str = ""
) -> None:
    """Conclude the job's check run by what its run found; without a run, neutrally and with `reason`.

    Safe to repeat: what was done already is not done again.

    Raises:
        Limited, Unavailable: later.
    """
    if run is None:
        said = render.cancelled(reason) if row["stop"] or row["state"] == "cancelled" else render.our_fault(reason)
    else:
        job = messages.job_from_json(row["job"].encode())
        text = _deliverable(app.runs / run.id)
        offer = job.aim is Aim.REPORT and may_publish(job)
        said = render.verdict(run, published=published, text=text, buttons=has_buttons(job), offer=offer)
    await finish(app, row, said)


async def finish(app: App, row: Mapping[str, Any], said: Verdict) -> None:
    """Conclude the job's check run with a verdict; see `conclude`."""
    number = await ensure(app, row)
    if number is None or row["check_state"] == "concluded":
        if row["check_state"] in {"intended", "open"}:
            await _remember(app, row["id"], check_state="concluded")
        return
    try:
        async with app.github.repository(row["installation_id"], row["repository_id"], Purpose.CHECK) as api:
            reached("check.before_conclude", job=row["id"])
            await _conclude(api, number, said, link(app, row["id"]))
            reached("check.concluded", job=row["id"])
    except (GitHubError, AccessEnded) as error:
        await _gave_up(app, row["id"], error)
        return
    await _remember(app, row["id"], check_state="concluded")


async def _conclude(api: Api, number: int, said: Verdict, details_url: str) -> None:
    path = f"/check-runs/{number}"
    there = shaped(_CheckRun, await api.get(path))
    if there.status == "completed":
        return
    # Annotations add up: those of a try that was cut off are there already.
    left = said.annotations[there.output.annotations_count :]
    while len(left) > BATCH:
        await api.patch(path, {"output": said.output(left[:BATCH])})
        left = left[BATCH:]
    end = {"status": "completed", "conclusion": said.conclusion, "details_url": details_url}
    await api.patch(path, end | {"output": said.output(left), "actions": render.actions(said.buttons)})


def may_publish(job: Job) -> bool:
    """Whether the owner lets us open pull requests."""
    return _mode(job) == "pr"


def has_buttons(job: Job) -> bool:
    """Whether the owner wants to be asked."""
    return _mode(job) in {"suggest", "pr"}


def _mode(job: Job) -> str:
    try:
        return config_file.read(job.configuration.encode(), "mendloop.yml").config.mode
    except ConfigError:
        return "report"


def _deliverable(folder: Path) -> str:
    """The run as its pull request would describe it; nothing where the folder has none."""
    try:
        with (folder / "deliverable" / "pull_request.md").open("rb") as file:
            return file.read(DELIVERABLE_BYTES).decode(errors="replace")
    except OSError:
        return ""


async def _gave_up(app: App, job_id: int, error: GitHubError | AccessEnded) -> None:
    log.warning("check_run_refused", job=job_id, reason=str(error))
    await _remember(app, job_id, check_state="concluded")


async def _row(app: App, job_id: int) -> Mapping[str, Any]:
    async with app.ledger.read() as connection:
        found = await connection.execute(select(tables.jobs).where(tables.jobs.c.id == job_id))
        return dict(found.mappings().one())


async def _remember(app: App, job_id: int, **values: Any) -> None:
    async with app.ledger.write() as connection:
        await connection.execute(update(tables.jobs).where(tables.jobs.c.id == job_id).values(**values))
