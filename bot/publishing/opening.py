"""Before anything is published: may we still, at all, here, now? And where does the branch stand?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel
from sqlalchemy import select

from bot import commits
from bot.github import NotFound, shaped
from bot.publications import of_repository
from bot.published import Ending, Landing, Published
from bot.publishing.standing import pull_by_number
from bot.publishing.work import Work
from workers.contract import config_file, runs
from workers.contract.config import PATH
from workers.contract.domain import Provenance, Run
from workers.contract.errors import ConfigError
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from bot.app import App
    from bot.github import Api
    from bot.publications import Publication
    from bot.publishing.work import Task
    from workers.contract.config import Config
    from workers.contract.job import Job


NO_RUN = Run(
    id="",
    started="",
    reports=(),
    provenance=Provenance(version="", python="", environment="", configuration="", rules="", sandbox="", as_of=""),
)
"""Of what the publisher does by itself."""


class _Repository(BaseModel):
    archived: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """Access was withdrawn: nothing is written any more."""

    why: str


async def opened(task: Task, api: Api) -> Work | Published | Ended:
    """What to work with; or why there is nothing to publish, or no access any more."""
    app, job = task.app, task.job
    why = await withdrawn(app, job.installation_id, job.repository_id) or await _closed(api)
    if why:
        return Ended(why)
    try:
        config = config_file.read(job.configuration.encode(), PATH).config
    except ConfigError as error:
        return _refused(job, f"the configuration cannot be read: {error}")
    forbidden = _forbidden(app, config, task.run)
    if forbidden:
        return _refused(job, forbidden)
    follows = await _ours(app, job)
    if follows is None and job.pull_request is not None and not await _is_of(api, job):
        return _refused(job, "the pull request has moved on, or comes from a fork")
    base = follows.base if follows else job.branch
    base_sha = await commits.head(api, base)
    if base_sha is None:
        return _refused(job, "its branch is gone")
    tree = await commits.tree_of(api, base_sha)
    return Work(
        app=app,
        claim=task.claim,
        job=job,
        run=task.run or NO_RUN,
        config=config,
        api=api,
        base=base,
        base_sha=base_sha,
        base_tree=tree,
        follows=follows,
        seams=task.seams,
    )


def _refused(job: Job, why: str) -> Published:
    return Published((Landing(ending=Ending.REFUSED, paths=job.paths, why=f"{why[0].upper()}{why[1:]}."),))


async def withdrawn(app: App, installation_id: int, repository_id: int) -> str | None:
    """Why the ledger says that access was withdrawn; None while it was not."""
    of_installation = select(tables.installations.c.state).where(tables.installations.c.id == installation_id)
    of_repository = select(tables.repositories.c.state).where(tables.repositories.c.id == repository_id)
    async with app.ledger.read() as connection:
        installation = (await connection.execute(of_installation)).scalar_one_or_none()
        repository = (await connection.execute(of_repository)).scalar_one_or_none()
    # A row that is not there says nothing: a restored ledger may lack it, and GitHub decides.
    if installation not in {None, "active"}:
        return f"the installation is {installation}"
    return f"the repository is {repository}" if repository not in {None, "active"} else None


async def _closed(api: Api) -> str | None:
    try:
        about = shaped(_Repository, await api.get(""))
    except NotFound:
        # A token that was made before a transfer shows it so.
        return "the repository cannot be seen any more"
    if about.archived or about.disabled:
        return "the repository is archived" if about.archived else "the repository is disabled"
    return None


def _forbidden(app: App, config: Config, run: Run | None) -> str | None:
    """Why nothing of the run may be published."""
    if config.mode != "pr":
        return f"the configuration says `mode: {config.mode}`"
    if run is not None and runs.quarantined(app.runs / runs.checked_id(run.id)):
        return "a policy stopped this run"
    return None


async def _is_of(api: Api, job: Job) -> bool:
    """Whether the job's branch is the head of its pull request, in the repository itself."""
    pull = await pull_by_number(api, job.pull_request or 0)
    return pull is not None and pull.open and pull.within(api.repository_id) and pull.head.ref == job.branch


async def _ours(app: App, job: Job) -> Publication | None:
    """The publication whose pull request the job is about."""
    if job.pull_request is None:
        return None
    rows = await of_repository(app.ledger, job.repository_id)
    of_number = [row for row in rows if row.number == job.pull_request and row.content.kind != "author"]
    return of_number[-1] if of_number else None
