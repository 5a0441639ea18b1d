"""Check runs: only an App writes them, in GitHub's bounds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fake_github.branches import suite_for
from tests.fake_github.records import CheckRun
from tests.fake_github.refusals import Refusal, not_found, unprocessable
from tests.fake_github.world import writable

if TYPE_CHECKING:
    from tests.fake_github.records import Account, Repo
    from tests.fake_github.world import Actor, World

ANNOTATIONS_A_REQUEST = 50
BUTTONS = 3
BUTTON_CHARACTERS = {"label": 20, "identifier": 20, "description": 40}
TEXT_CHARACTERS = 65_535


def create(world: World, repo: Repo, actor: Actor, wanted: dict[str, Any]) -> CheckRun:
    """`wanted` is the body of GitHub's `POST check-runs`."""
    writable(repo)
    if actor.app is None:
        raise Refusal(403, "You must authenticate via a GitHub App.")
    sha = wanted["head_sha"]
    if repo.git.kind(sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    _bounds(wanted)
    branch = next(
        (ref.removeprefix("refs/heads/") for ref, tip in repo.git.refs("refs/heads/").items() if tip == sha), None
    )
    run = CheckRun(
        id=world.new_id(),
        suite=suite_for(world, repo, actor, sha, branch),
        name=wanted["name"],
        head_sha=sha,
        status="queued",
        created_at=world.now(),
        started_at=world.now(),
    )
    repo.runs[run.id] = run
    _set(world, run, wanted)
    tell(world, repo, run, "created", actor.account)
    if run.status == "completed":
        tell(world, repo, run, "completed", actor.account)
    return run


def update(world: World, repo: Repo, actor: Actor, run: CheckRun, wanted: dict[str, Any]) -> None:
    """Only the App that made it."""
    writable(repo)
    if actor.app is not run.suite.app:
        raise Refusal(
            403,
            "Invalid app_id `%s` - check run can only be modified by the GitHub App that created it."
            % (actor.app and actor.app.id),
        )
    _bounds(wanted)
    before = run.status
    _set(world, run, wanted)
    if run.status == "completed" != before:
        tell(world, repo, run, "completed", actor.account)


def tell(world: World, repo: Repo, run: CheckRun, action: str, sender: Account, **more: Any) -> None:
    """Only the App it belongs to hears of it."""
    world.herald.tell("check_run", action, repo, sender, run=run, only=run.suite.app, **more)


def click(world: World, repo: Repo, run: CheckRun, identifier: str, person: Account) -> None:
    """Someone presses a button; GitHub shows them only to who may write, and only those there are."""
    if identifier not in {action["identifier"] for action in run.actions}:
        raise unprocessable(f"The check run has no button {identifier}")
    if not world.allows(repo, person, "write"):
        raise Refusal(403, f"{person.login} may not press buttons here")
    tell(world, repo, run, "requested_action", person, requested_action={"identifier": identifier})


def run_of(repo: Repo, id_: str | int) -> CheckRun:
    """Raises a 404."""
    run = repo.runs.get(int(id_))
    if run is None:
        raise not_found()
    return run


def _set(world: World, run: CheckRun, wanted: dict[str, Any]) -> None:
    for field in ("name", "details_url", "external_id", "status"):
        setattr(run, field, wanted.get(field, getattr(run, field)))
    if "started_at" in wanted:
        run.started_at = _moment(wanted["started_at"])
    if "conclusion" in wanted:
        run.status, run.conclusion = "completed", wanted["conclusion"]
        run.completed_at = _moment(wanted["completed_at"]) if "completed_at" in wanted else world.now()
    elif run.status != "completed":
        run.conclusion = run.completed_at = None
    output = wanted.get("output")
    if output is not None:
        run.title, run.summary = output.get("title", run.title), output["summary"]
        run.text = output.get("text", run.text)
        # Annotations of a later request are added to those before, never put in their place.
        run.annotations += output.get("annotations", [])
    run.actions = wanted.get("actions", run.actions)
    run.suite.updated_at = world.now()


def _bounds(wanted: dict[str, Any]) -> None:
    output = wanted.get("output", {})
    if len(output.get("annotations", [])) > ANNOTATIONS_A_REQUEST:
        raise _invalid(f"annotations exceeds a maximum quantity of {ANNOTATIONS_A_REQUEST}")
    for field in ("summary", "text"):
        if len((output.get(field) or "").encode()) > TEXT_CHARACTERS:
            raise _invalid(f"{field} exceeds a maximum length of {TEXT_CHARACTERS}")
    actions = wanted.get("actions", [])
    if len(actions) > BUTTONS:
        raise _invalid(f"actions exceeds a maximum quantity of {BUTTONS}")
    for action in actions:
        for field, most in BUTTON_CHARACTERS.items():
            if len(action[field]) > most:
                raise _invalid(f"action {field} exceeds a maximum length of {most}")
    if wanted.get("status") == "completed" and "conclusion" not in wanted:
        raise _invalid("conclusion is required when status is completed")


def _invalid(message: str) -> Refusal:
    return Refusal(422, "Validation Failed", errors=[{"resource": "CheckRun", "code": "custom", "message": message}])


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
