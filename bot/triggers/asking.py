"""An ask with what every one of them holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.triggers.decisions import Ask

if TYPE_CHECKING:
    from bot.payloads import User
    from bot.payloads.events import InRepository


def ask(event: InRepository, user: User | None, **columns: Any) -> Ask:
    """An ask of `user` in the repository of `event`; without an account they are nobody, number 0."""
    return Ask(
        installation_id=event.installation.id if event.installation else 0,
        repository_id=event.repository.id,
        actor_id=user.id if user else 0,
        actor=user.login if user else "",
        **columns,
    )
