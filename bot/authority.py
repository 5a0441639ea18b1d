"""Who may ask for work: whoever may write to the repository, as GitHub says now. Neither a login nor an association counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import BaseModel

from bot.github import NotFound, shaped

if TYPE_CHECKING:
    from bot.github import Api

WRITERS = frozenset({"write", "maintain", "admin"})
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})")


class _User(BaseModel):
    id: int


class _Permission(BaseModel):
    permission: str
    user: _User | None = None


async def may_write(api: Api, actor_id: int, actor: str) -> bool:
    """Whether the person may write to the repository, teams and organization included.

    The number decides: a login may have gone to somebody else since. Everything but a clear yes is a no.

    Raises:
        GitHubError, Limited, Unavailable: it could not be asked; nothing may be done on the person's behalf.
    """
    if actor_id <= 0 or not _LOGIN.fullmatch(actor):
        return False
    try:
        answer = await api.get(f"/collaborators/{quote(actor, safe='')}/permission")
    except NotFound:
        return False
    permission = shaped(_Permission, answer)
    return permission.user is not None and permission.user.id == actor_id and permission.permission in WRITERS
