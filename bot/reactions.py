"""Reactions to a command: seen, done, did not work out. Losing one changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import structlog
from pydantic import BaseModel

from bot.github import AccessEnded, GitHubError, Purpose, shaped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.app import App
    from bot.github import Api

log = structlog.get_logger()

Reaction = Literal["eyes", "rocket", "confused"]
SEEN: Reaction = "eyes"
DONE: Reaction = "rocket"
NOT_DONE: Reaction = "confused"


class _User(BaseModel):
    login: str
    type: str = ""


class _Given(BaseModel):
    id: int
    content: str
    user: _User | None = None


def place(request: Mapping[str, Any]) -> str | None:
    """The path of the reactions to the comment that a request came with; None where it came without."""
    if request["comment_id"] is None:
        return None
    kind = "pulls" if request["comment_kind"] == "review" else "issues"
    return f"/{kind}/comments/{request['comment_id']}/reactions"


async def acknowledge(app: App, request: Mapping[str, Any]) -> None:
    """Show that the command was seen. GitHub keeps one of each kind, so doing it twice is doing it once.

    Raises:
        Limited, Unavailable: later.
    """
    await _with(app, request, _see)


async def settle(app: App, request: Mapping[str, Any], last: Reaction | None) -> None:
    """Put `last` in the place of the acknowledgement; with None only take that away. See `acknowledge`."""

    async def replace(api: Api, path: str) -> None:
        await _settle(app, api, path, last)

    await _with(app, request, replace)


async def _with(app: App, request: Mapping[str, Any], act: Callable[[Api, str], Awaitable[None]]) -> None:
    path = place(request)
    if path is None or app.dry_run:
        return
    try:
        async with app.github.repository(request["installation_id"], request["repository_id"], Purpose.ANSWER) as api:
            await act(api, path)
    except (GitHubError, AccessEnded) as error:
        # The comment was deleted, the thread is locked: nobody waits for a reaction there.
        log.info("reaction_refused", request=request["id"], reason=str(error))


async def _see(api: Api, path: str) -> None:
    await api.post(path, {"content": SEEN})


async def _settle(app: App, api: Api, path: str, last: Reaction | None) -> None:
    if last is not None:
        await api.post(path, {"content": last})
    for item in await api.pages(path, content=SEEN):
        given = shaped(_Given, item)
        if given.content == SEEN and given.user is not None and given.user.login == f"{app.slug}[bot]":
            await api.delete(f"{path}/{given.id}")
