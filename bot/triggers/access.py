"""What we may see: installations and repositories that come, go and change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.triggers.decisions import Decision, InstallationChange, Nothing, RepositoryChange

if TYPE_CHECKING:
    from bot.payloads import InstallationEvent, InstallationRepositories, Repository, RepositoryEvent
    from bot.payloads.things import Whole
    from bot.triggers.decisions import InstallationState, RepositoryState


def on_installation(event: InstallationEvent) -> tuple[Decision, ...]:
    """The App was installed, suspended, taken away, or given other permissions."""
    whole = event.installation
    if event.action == "deleted":
        return (_changed_installation(whole, "deleted"),)
    if event.action == "suspend":
        return (_changed_installation(whole, "suspended"),)
    given = tuple(_given(whole, one, "active") for one in event.repositories or ())
    return (_changed_installation(whole, "active"), *given)


def _changed_installation(whole: Whole, state: InstallationState) -> InstallationChange:
    account = whole.account
    return InstallationChange(
        id=whole.id,
        account=account.login if account else "",
        account_id=account.id if account else 0,
        state=state,
        permissions=dict(whole.permissions),
    )


def on_repositories(event: InstallationRepositories) -> tuple[Decision, ...]:
    """Repositories were given to the App or taken from it."""
    whole = event.installation
    given = [_given(whole, one, "active") for one in event.repositories_added]
    taken = [_given(whole, one, "withdrawn") for one in event.repositories_removed]
    return (*given, *taken) or (Nothing("no repository was given or taken"),)


def _given(whole: Whole, one: Repository, state: RepositoryState) -> RepositoryChange:
    return RepositoryChange(
        id=one.id,
        installation_id=whole.id,
        full_name=one.full_name,
        default_branch=one.default_branch,
        private=one.private,
        state=state,
    )


def on_repository(event: RepositoryEvent) -> tuple[Decision, ...]:
    """A repository was renamed, moved, archived, hidden, shown, removed, or its default branch changed."""
    if event.installation is None:
        return (Nothing("not sent through an installation"),)
    one = event.repository
    state: RepositoryState = "archived" if one.archived or event.action == "archived" else "active"
    if event.action == "deleted":
        state = "withdrawn"
    change = RepositoryChange(
        id=one.id,
        installation_id=event.installation.id,
        full_name=one.full_name,
        default_branch=one.default_branch,
        private=one.private,
        state=state,
        owner_id=one.owner.id if one.owner else 0,
    )
    return (change,)
