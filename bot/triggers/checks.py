"""Check runs: buttons, and asking for a check again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.triggers.asking import ask
from bot.triggers.decisions import Decision, Nothing
from bot.triggers.identity import AppIdentity, is_person
from workers.contract.job import Trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.payloads import CheckRun, CheckSuite
    from bot.payloads.things import Mentioned

BUTTONS = frozenset({"repair", "ignore", "explain"})


def on_check_run(event: CheckRun, app: AppIdentity) -> Sequence[Decision]:
    """A button of one of our check runs, or one of them again."""
    run = event.check_run
    if run.app is None or run.app.id != app.app_id:
        return (Nothing("a check of another App"),)
    if not is_person(event.sender):
        return (Nothing("not asked for by a person"),)
    verb, trigger, key = "repair", Trigger.RERUN, f"rerun:{run.id}"
    if event.action == "requested_action":
        verb = event.requested_action.identifier if event.requested_action else ""
        trigger, key = Trigger.BUTTON, f"button:{run.id}:{verb}:{run.head_sha}"
        if verb not in BUTTONS:
            return (Nothing("no button of ours"),)
    wanted = ask(
        event,
        event.sender,
        work_key=key,
        trigger=trigger,
        verb=verb,
        arguments={"paths": []},
        number=_only(run.pull_requests, run.head_sha),
        check_run_id=run.id,
        branch=(run.check_suite.head_branch if run.check_suite else None) or "",
        sha=run.head_sha,
    )
    return (wanted,)


def on_check_suite(event: CheckSuite, app: AppIdentity) -> Sequence[Decision]:
    """All our check runs of a commit again."""
    suite = event.check_suite
    if suite.app is None or suite.app.id != app.app_id:
        return (Nothing("checks of another App"),)
    if not is_person(event.sender):
        return (Nothing("not asked for by a person"),)
    wanted = ask(
        event,
        event.sender,
        # A suite lives as long as its commit; when it last changed tells one asking from the next.
        work_key=f"rerun:suite:{suite.id}:{suite.updated_at or suite.head_sha}",
        trigger=Trigger.RERUN,
        arguments={"paths": []},
        number=_only(suite.pull_requests, suite.head_sha),
        branch=suite.head_branch or "",
        sha=suite.head_sha,
    )
    return (wanted,)


def _only(pulls: Sequence[Mentioned] | None, sha: str) -> int | None:
    """The one pull request whose head is `sha`; None when there are several, or none is named."""
    numbers = [pull.number for pull in pulls or () if pull.head.sha == sha]
    return numbers[0] if len(numbers) == 1 else None
