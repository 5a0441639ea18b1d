"""A run's records on a ref of their own, `refs/mendloop/records/<run>`, where the owner wants them kept in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot import commits
from bot.commits import Change
from bot.github import GitHubError, Purpose, Unavailable
from workers.contract import runs

if TYPE_CHECKING:
    from bot.github import Api
    from bot.publishing.work import Task, Work

log = structlog.get_logger()

FILE_BYTES = 2 * 2**20


async def keep_records(task: Task, work: Work) -> None:
    """Put the run's deliverable on its ref, once. Where that fails the repair stands all the same."""
    if not work.config.github.pull_requests.records_ref:
        return
    job, repository = task.job, task.app.github.repository
    try:
        async with repository(job.installation_id, job.repository_id, Purpose.RECORDS, task.hold) as api:
            await _kept(work, api)
    except (GitHubError, Unavailable) as error:
        log.warning("records_not_kept", run=work.run.id, reason=str(error))


async def _kept(work: Work, api: Api) -> None:
    name = f"mendloop/records/{work.run.id}"
    files = runs.deliverables(work.app.runs / runs.checked_id(work.run.id), FILE_BYTES)
    if not files or await commits.ref(api, name) is not None:
        return
    changes: list[Change] = []
    for path, raw in files.items():
        changes.append(Change(path=path, blob=await commits.make_blob(api, raw)))
    tree = await commits.make_tree(api, "", changes)
    commit = await commits.make_commit(api, f"Records of run {work.run.id}\n", tree, [])
    await commits.move_ref(api, f"refs/{name}", None, commit)
