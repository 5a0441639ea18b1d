"""Small duties of a published pull request: what is said once, proofs that went stale, checks that never start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel
from sqlalchemy import select

from bot import check_answer, commits, identity
from bot.github import GitHubError, Purpose, shaped
from bot.render import Verdict
from workers.contract.cells import same_code
from workers.contract.ledger import tables
from workers.contract.markdown import code

if TYPE_CHECKING:
    from bot.app import App
    from bot.github import Api
    from bot.publications import Publication
    from bot.publishing.standing import Pull

log = structlog.get_logger()

SAYINGS = {
    "human": (
        "Somebody committed to this branch, so it is yours now: mendloop writes nothing more here, neither commits nor "
        "words. Close this pull request to have its findings left alone, or merge it."
    ),
    "expired": (
        "Nobody touched this pull request for a long time, so it is closed and its branch removed. Its findings are left "
        "alone from now on; `/repair unignore <path>` takes that back."
    ),
    "mended": "What this repairs works on the base branch by now: there is nothing left to merge here.",
    "reverted": "Taken back, as asked. Its findings are left alone from now on.",
    "conflict": (
        "The base branch has changed what this repairs. `/repair rebase` or `/repair recreate` repairs the new state and "
        "proves it anew."
    ),
}
"""What is said once, in a comment of its own."""
BLOCKED = (
    "Checks of this repository wait for an approval on this branch, so they have not run. Who may approve workflows can "
    "start them."
)
"""Without it a reader would take the silence of the checks for their consent."""


class _App(BaseModel):
    id: int


class _Comment(BaseModel):
    body: str | None = None
    performed_via_github_app: _App | None = None


class _Suite(BaseModel):
    conclusion: str | None = None
    app: _App | None = None

    def blocked(self, app_id: int) -> bool:
        """Whether it waits for an approval; ours asks for a decision about the artifacts with the same word."""
        ours = self.app is not None and self.app.id == app_id
        return self.conclusion == "action_required" and not ours


class _Repository(BaseModel):
    archived: bool = False
    disabled: bool = False


async def is_archived(api: Api) -> bool:
    """Whether nothing can be written any more."""
    about = shaped(_Repository, await api.get(""))
    return about.archived or about.disabled


async def say_once(api: Api, app_id: int, number: int, key: str) -> None:
    """Comment, unless we did already. A locked thread is left alone."""
    mark = identity.said(key)
    for item in await api.pages(f"/issues/{number}/comments"):
        comment = shaped(_Comment, item)
        by = comment.performed_via_github_app
        if by is not None and by.id == app_id and mark in (comment.body or ""):
            return
    try:
        await api.post(f"/issues/{number}/comments", {"body": f"{SAYINGS[key]}\n\n{mark}"})
    except GitHubError as error:
        log.info("comment_refused", number=number, reason=str(error))


async def mark_stale(app: App, publication: Publication, tip: str) -> None:
    """A neutral check on a head whose code is another one than was proven; prose alone leaves the proof standing."""
    row = await _repository(app, publication)
    if row is None:
        return
    async with app.github.repository(row, publication.repository_id, Purpose.READ) as api:
        changed = await _changed_code(api, publication, tip)
    if not changed:
        return
    listed = "\n".join(f"- {code(path)}" for path in changed)
    said = Verdict(
        conclusion="neutral",
        title="The proof is no longer of this code",
        summary=f"Code changed since it was run and proven:\n\n{listed}",
    )
    async with app.github.repository(row, publication.repository_id, Purpose.CHECK) as api:
        await check_answer.report_at(api, tip, f"stale-{publication.id}", said)


async def _repository(app: App, publication: Publication) -> int | None:
    of = select(tables.repositories.c.installation_id).where(tables.repositories.c.id == publication.repository_id)
    async with app.ledger.read() as connection:
        return (await connection.execute(of)).scalar_one_or_none()


async def _changed_code(api: Api, publication: Publication, tip: str) -> list[str]:
    tree = await commits.tree_of(api, tip)
    changed: list[str] = []
    for piece in publication.content.pieces:
        there = await commits.entry(api, tree, piece.path)
        if there is not None and there.sha == piece.blob:
            continue
        if there is None or not same_code(
            await commits.content(api, piece.blob), await commits.content(api, there.sha)
        ):
            changed.append(piece.path)
    return changed


async def warn_of_blocked_checks(app: App, api: Api, publication: Publication, pull: Pull) -> None:
    """A line in the body, while checks of the head wait for somebody's approval."""
    if BLOCKED in (pull.body or "") or identity.parse(pull.body) is None:
        return
    row = await _repository(app, publication)
    if row is None:
        return
    async with app.github.repository(row, publication.repository_id, Purpose.READ) as reading:
        answer = await reading.get(f"/commits/{pull.head.sha}/check-suites")
    suites = [shaped(_Suite, item) for item in answer.get("check_suites", [])]
    if any(suite.blocked(app.app_id) for suite in suites):
        body = f"> {BLOCKED}\n\n{pull.body}"
        await api.patch(f"/pulls/{pull.number}", {"body": body})
