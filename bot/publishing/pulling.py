"""The pull request of a branch that stands: opened once, brought up to date in place, dressed with labels and reviewers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from bot import identity
from bot.github import GitHubError, Unavailable, Unprocessable, shaped
from bot.publications import State
from bot.publishing.drafting import drafted
from bot.publishing.dressing import LABEL, REVIEWERS, dress, owed, paid
from bot.publishing.offer import identity_of, notes
from bot.publishing.standing import Pull, pull_by_branch
from bot.publishing.work import RefusedError
from workers.contract.phases import reached

if TYPE_CHECKING:
    from bot.github import Api
    from bot.publications import Publication
    from bot.publishing.offer import Offer
    from bot.publishing.work import Work
    from bot.pull_request import Text

log = structlog.get_logger()


async def pulled(work: Work, offer: Offer, publication: Publication, pull: Pull | None) -> Publication:
    """The publication with its pull request open and saying what is offered.

    Raises:
        RefusedError: a rule forbids the pull request.
    """
    text = offer.say(identity_of(work, publication), notes(work, offer, publication))
    if pull is None:
        reached("publish.before_pull", job=work.job.id)
        pull = await _opened(work, offer, publication, text)
        reached("publish.pull_made", job=work.job.id)
    if publication.number is None or not publication.content.body:
        await _worded(work, publication, pull, text)
        await drafted(work, offer, publication, pull)
        content = replace(publication.content, title=text.title, body=text.digest, draft=offer.draft)
        publication = await work.rows.record(publication, number=pull.number, state=State.OPEN, content=content)
        reached("publish.pull_recorded", job=work.job.id)
    return await dressed(work, offer, publication)


async def _opened(work: Work, offer: Offer, publication: Publication, text: Text) -> Pull:
    body = {"title": text.title, "body": text.body, "head": publication.branch, "base": publication.base}
    try:
        return await _post(work.api, body | {"draft": offer.draft})
    except Unprocessable as error:
        return await _judged(work, publication, body, error, draft=offer.draft)
    except GitHubError as error:
        raise RefusedError(error.message) from error


async def _judged(
    work: Work, publication: Publication, body: dict[str, Any], error: Unprocessable, *, draft: bool
) -> Pull:
    """A refusal may mean that it is there already: the answer to an earlier try was lost."""
    there = await pull_by_branch(work.api, publication)
    if there is not None and there.open:
        return there
    said = error.message.lower()
    if "already exists" in said:
        # Lists lag behind: it will be there at the next look.
        raise Unavailable("the pull request exists and is not listed yet") from error
    if draft and "draft" in said:
        # Not every plan has drafts.
        return await _post(work.api, body)
    raise RefusedError(error.message) from error


async def _post(api: Api, body: dict[str, Any]) -> Pull:
    return shaped(Pull, await api.post("/pulls", body))


async def _worded(work: Work, publication: Publication, pull: Pull, text: Text) -> None:
    """Title and body, where they are still ours: a body without our block and a title that people changed are theirs."""
    wanted: dict[str, str] = {}
    if identity.parse(pull.body) is not None and pull.body != text.body:
        wanted["body"] = text.body
    if pull.title == publication.content.title and pull.title != text.title:
        wanted["title"] = text.title
    if not wanted:
        return
    try:
        await work.api.patch(f"/pulls/{pull.number}", wanted)
    except GitHubError as error:
        # Locked, or too long by a rule we do not know: the commits say it, the words are a service.
        log.warning("pull_request_not_worded", number=pull.number, reason=error.message)


async def dressed(work: Work, offer: Offer, publication: Publication) -> Publication:
    """Labels and reviewers, each once; what the weather takes of them is owed, and left to the clock."""
    wanted = {f"{LABEL}{label}" for label in offer.labels} - publication.told
    if "dressed" not in publication.told:
        wanted |= {REVIEWERS}
    if not wanted or publication.number is None:
        return publication
    left = set(owed(publication))
    for part in (wanted - {REVIEWERS}, wanted & {REVIEWERS}):
        left |= await dress(work.api, publication.number, part, work.config.github.pull_requests)
    said = paid(publication, left) | {"dressed", *(wanted - {REVIEWERS})}
    publication = await work.rows.record(publication, told=said)
    reached("publish.dressed", job=work.job.id)
    return publication
