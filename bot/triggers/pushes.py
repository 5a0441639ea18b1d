"""Pushes: which notebooks a push to the default branch left otherwise than they were."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from bot.triggers.asking import ask
from bot.triggers.decisions import Decision, Nothing, PublicationLook
from bot.triggers.identity import AppIdentity, is_person
from workers.contract import config
from workers.contract.job import Trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.payloads import Push

NOTEBOOK = ".ipynb"
MOST_PATHS = 300
"""Changed notebooks that are named; with more of them all are looked at."""
LISTED_COMMITS = frozenset({20, 2048})
"""A list of so many commits may have been cut there: GitHub's documents name both numbers."""
LISTED_FILES = 3000
"""A commit with so many files in one list may have been cut there."""
QUEUE = "gh-readonly-queue/"
"""Where GitHub's merge queue tries what it is about to merge."""
QUEUE_BOT = 118344674
"""The user as which the merge queue pushes what people put into it."""
LONGEST_KEY = 255
HEADS = "refs/heads/"


def on_push(event: Push, app: AppIdentity) -> Sequence[Decision]:
    """A push to a branch; a tag is nothing to us."""
    branch = event.ref.removeprefix(HEADS)
    if branch == event.ref or branch.startswith(QUEUE):
        return (Nothing("neither a branch of people nor one of ours"),)
    if app.is_us(event.sender):
        return (Nothing("our own push"),)
    look = PublicationLook(repository_id=event.repository.id, branch=branch)
    by_person = is_person(event.sender) or (event.sender is not None and event.sender.id == QUEUE_BOT)
    paths = _changed(event)
    if branch != event.repository.default_branch or event.deleted or not by_person or paths == ():
        return (look,)
    wanted = ask(
        event,
        event.sender,
        work_key=_push_key(event.repository.id, branch, event.after),
        trigger=Trigger.PUSH,
        arguments={"paths": list(paths or ())},
        branch=branch,
        sha=event.after,
    )
    return (look, wanted)


def _push_key(repository_id: int, branch: str, sha: str) -> str:
    key = f"push:{repository_id}:{branch}:{sha}"
    return key if len(key) <= LONGEST_KEY else f"push:{repository_id}:{sha256(branch.encode()).hexdigest()}:{sha}"


def _changed(event: Push) -> tuple[str, ...] | None:
    """The notebooks that the push left otherwise than they were; None when that cannot be told, so: all of them."""
    if event.created or event.forced or not event.commits or len(event.commits) in LISTED_COMMITS:
        return None
    present: dict[str, bool] = {}
    for commit in event.commits:
        if max(len(commit.added), len(commit.modified), len(commit.removed)) >= LISTED_FILES:
            return None
        present |= dict.fromkeys(commit.removed, False) | dict.fromkeys((*commit.added, *commit.modified), True)
    if config.PATH in present or event.commits[-1].id != event.after:
        return None
    notebooks = tuple(sorted(path for path, there in present.items() if there and path.endswith(NOTEBOOK)))
    return notebooks if len(notebooks) <= MOST_PATHS else None
