"""Comments: the words of a person, as long as they stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import commands
from bot.triggers.asking import ask
from bot.triggers.decisions import Ask, CancelRequest, Decision, Nothing
from bot.triggers.identity import AppIdentity, is_person
from workers.contract.job import Trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.payloads import Comment

    Reading = commands.Command | commands.Malformed | commands.Unclear

NOTEBOOK = ".ipynb"


def on_comment(event: Comment, app: AppIdentity) -> Sequence[Decision]:
    """A comment on an issue, in the conversation of a pull request, or on one of its lines."""
    refusal = _refusal(event)
    if refusal:
        return (Nothing(refusal),)
    if event.action == "deleted":
        return (_take_back(event),)
    reading = commands.parse(event.comment.body or "")
    if reading is None:
        return (Nothing("no command"),)
    if not _takes(event, reading, app):
        return (Nothing("a closed or locked conversation takes no commands"),)
    return (_command(event, reading),)


def _refusal(event: Comment) -> str:
    """Why the comment is none of a person's words to us; empty when it may be."""
    writer = event.comment.user
    if event.action == "edited":
        return "an edited comment changes nothing"
    # Whose account is gone may still be taken back; it cannot ask any more.
    gone = writer is None and event.action == "deleted"
    if event.comment.performed_via_github_app is not None or not (gone or is_person(writer)):
        return "not written by a person"
    # Who wrote the words is who asks; a sender who is somebody else lends nothing to them.
    if event.action == "created" and (event.sender is None or writer is None or event.sender.id != writer.id):
        return "not sent by who wrote it"
    return ""


def _take_back(event: Comment) -> CancelRequest:
    return CancelRequest(
        work_key=f"comment:{event.comment.id}",
        installation_id=event.installation.id if event.installation else 0,
        repository_id=event.repository.id,
        reason="the comment was deleted",
    )


def _takes(event: Comment, reading: Reading, app: AppIdentity) -> bool:
    """Whether the conversation is open to this command."""
    if event.thread.locked:
        return False
    revert = isinstance(reading, commands.Command) and reading.verb is commands.Verb.REVERT
    return event.thread.state == "open" or (revert and app.is_us(event.thread.user))


def _command(event: Comment, reading: Reading) -> Ask:
    verb, arguments = _asked(reading)
    is_pull = event.kind == "review" or event.thread.pull_request is not None
    path = event.comment.path or ""
    if verb is commands.Verb.REPAIR and not arguments["paths"] and path.endswith(NOTEBOOK):
        arguments["paths"] = [path]
    branch, sha = _stands(event, is_pull=is_pull)
    return ask(
        event,
        event.comment.user,
        work_key=f"comment:{event.comment.id}",
        trigger=Trigger.FOLLOW_UP if verb is commands.Verb.CONTINUE else Trigger.COMMAND,
        verb=verb.value,
        arguments=arguments | {"pull": is_pull, "asked_at": event.comment.created_at},
        number=event.thread.number,
        comment_id=event.comment.id,
        comment_kind=event.kind,
        branch=branch,
        sha=sha,
    )


def _asked(
    reading: Reading,
) -> tuple[commands.Verb, dict[str, object]]:
    """Verb and arguments; what cannot be followed is a call for help with the reason for it."""
    match reading:
        case commands.Command():
            return reading.verb, reading.arguments()
        case commands.Malformed(reason=reason):
            return commands.Verb.HELP, {"paths": [], "problem": reason.value}
        case commands.Unclear(question=question):
            return commands.Verb.HELP, {"paths": [], "problem": question.value}


def _stands(event: Comment, *, is_pull: bool) -> tuple[str, str]:
    """Branch and commit of the conversation, as far as the delivery tells them."""
    if not is_pull:
        return event.repository.default_branch, ""
    head = event.thread.head
    if head is None:
        return "", ""
    ours = head.repo is not None and head.repo.id == event.repository.id
    return head.ref if ours else "", head.sha
