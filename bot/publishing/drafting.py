"""Draft or ready: a pull request follows what is left of it, and a person's own word about that stands until it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.github import GitHubError

if TYPE_CHECKING:
    from bot.publications import Publication
    from bot.publishing.offer import Offer
    from bot.publishing.standing import Pull
    from bot.publishing.work import Work

log = structlog.get_logger()

READY = "mutation($pull: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $pull}) { clientMutationId } }"
DRAFT = "mutation($pull: ID!) { convertPullRequestToDraft(input: {pullRequestId: $pull}) { clientMutationId } }"


async def drafted(work: Work, offer: Offer, publication: Publication, pull: Pull) -> None:
    """Change it where what is offered has changed in that since we last wrote it; GitHub's no leaves it as it is.

    Raises:
        Unavailable: the outcome is unknown; look again.
    """
    changed = publication.number is not None and offer.draft != publication.content.draft
    automatic = work.config.github.pull_requests.draft == "auto" and publication.content.kind == "repair"
    if not changed or not automatic or pull.draft == offer.draft or not pull.node_id:
        return
    try:
        await work.api.graphql(DRAFT if offer.draft else READY, {"pull": pull.node_id})
    except GitHubError as error:
        # Not every plan has drafts.
        log.warning("pull_request_not_drafted", number=pull.number, draft=offer.draft, reason=error.message)
