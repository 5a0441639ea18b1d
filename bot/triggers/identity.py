"""Who is who: told by number, never by a name that only looks right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.payloads import User


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIdentity:
    """Who we are."""

    app_id: int
    bot_user_id: int | None
    """None: not known yet; then a bot of our name counts as us."""
    slug: str

    def is_us(self, user: User | None) -> bool:
        """Whether `user` is our own bot."""
        if user is None or self.bot_user_id is not None:
            return user is not None and user.id == self.bot_user_id
        return user.type == "Bot" and user.login == f"{self.slug}[bot]"


def is_person(user: User | None) -> bool:
    """Whether `user` is an account of a person that still exists."""
    return user is not None and user.type == "User"
