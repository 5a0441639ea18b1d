"""Labels and reviewers of a pull request of ours. The repair does not depend on them: what GitHub refuses is left at once.

What the weather took is owed. It is written down, and the clock makes up for it a few times, each after a longer pause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from bot.github import GitHubError, Unavailable
from bot.publishing.work import pause_s
from bot.pull_request import reviewers

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.github import Api
    from bot.publications import Publication
    from workers.contract.config_github import PullRequests

log = structlog.get_logger()

OWED = "owed:"
"""Before what is owed, in `Publication.told`: `owed:label:<name>`, `owed:reviewers`."""
LABEL = "label:"
REVIEWERS = "reviewers"
PATIENCE_S = 60.0
"""So long after the publication was last written its debts are made up for; later they would only surprise."""


def owed(publication: Publication) -> frozenset[str]:
    """What the weather took: `label:<name>`, `reviewers`."""
    return frozenset(each.removeprefix(OWED) for each in publication.told if each.startswith(OWED))


def paid(publication: Publication, left: Collection[str]) -> frozenset[str]:
    """What was told, with `left` owed and nothing else."""
    kept = {each for each in publication.told if not each.startswith(OWED)}
    return frozenset({*kept, *(f"{OWED}{each}" for each in left)})


async def dress(api: Api, number: int, wanted: Collection[str], settings: PullRequests) -> frozenset[str]:
    """Give a pull request the labels and reviewers in `wanted`; what the weather took of them.

    All may be said twice: GitHub keeps a label and a reviewer once.
    """
    labels = sorted(each for each in wanted if each.startswith(LABEL))
    left: set[str] = set()
    if labels:
        names = [label.removeprefix(LABEL) for label in labels]
        if not await _said(api, f"/issues/{number}/labels", {"labels": names}):
            left |= {*labels}
    asked = reviewers(settings) if REVIEWERS in wanted else None
    if asked and not await _said(api, f"/pulls/{number}/requested_reviewers", asked):
        left.add(REVIEWERS)
    return frozenset(left)


def again_at(publication: Publication, now: float) -> float | None:
    """When to try again to make up for what is owed; None when nothing is, or it is too late."""
    late = now - publication.updated_at > PATIENCE_S
    return None if late or not owed(publication) else now + pause_s(publication.updated_at, now)


async def _said(api: Api, path: str, body: Any) -> bool:
    """Whether GitHub has answered, be it with a no."""
    try:
        await api.post(path, body)
    except Unavailable as error:
        log.warning("pull_request_not_dressed_yet", path=path, reason=str(error))
        return False
    except GitHubError as error:
        log.warning("pull_request_not_dressed", path=path, reason=error.message)
    return True
