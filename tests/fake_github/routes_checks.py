"""Check runs, check suites, commit statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github import branches, checks, shapes, shapes_checks, shapes_files
from tests.fake_github.clock import iso
from tests.fake_github.refusals import not_found, unprocessable
from tests.fake_github.routing import Answer, Call, Routes
from tests.fake_github.shapes import node_id
from tests.fake_github.world import writable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fake_github.records import CheckRun, CheckSuite

R = "/repos/{owner}/{repo}"
READ, WRITE = "checks:read", "checks:write"
ROUTES = Routes()


@ROUTES.on(f"POST {R}/check-runs", WRITE)
def create(call: Call) -> Any:
    return _shown(call, checks.create(call.world, call.repo, call.actor, call.body))


@ROUTES.on(f"GET {R}/check-runs/{{check_run_id}}", READ)
def get(call: Call) -> Any:
    return _shown(call, _run(call))


@ROUTES.on(f"PATCH {R}/check-runs/{{check_run_id}}", WRITE)
def update(call: Call) -> Any:
    checks.update(call.world, call.repo, call.actor, _run(call), call.body)
    return get(call)


@ROUTES.on(f"GET {R}/check-runs/{{check_run_id}}/annotations", READ)
def list_annotations(call: Call) -> Any:
    run = _run(call)
    return [shapes_checks.annotation(call.world, call.repo, run, given) for given in call.page(run.annotations)]


@ROUTES.on(f"POST {R}/check-runs/{{check_run_id}}/rerequest", WRITE)
def rerequest(call: Call) -> Any:
    checks.tell(call.world, call.repo, _run(call), "rerequested", call.actor.account)
    return {}


@ROUTES.on(f"GET {R}/commits/{{ref}}/check-runs", READ)
def runs_of_commit(call: Call) -> Any:
    sha = _sha(call)
    return _runs(call, (run for run in call.repo.runs.values() if run.head_sha == sha))


@ROUTES.on(f"GET {R}/commits/{{ref}}/check-suites", READ)
def suites_of_commit(call: Call) -> Any:
    sha = _sha(call)
    found = [suite for suite in call.repo.suites.values() if suite.head_sha == sha]
    shown = [shapes_checks.suite(call.world, call.repo, suite) for suite in call.page(found)]
    return {"total_count": len(found), "check_suites": shown}


@ROUTES.on(f"POST {R}/check-suites", WRITE)
def create_suite(call: Call) -> Any:
    sha, before = call.body["head_sha"], set(call.repo.suites)
    if call.repo.git.kind(sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    suite = branches.suite_for(call.world, call.repo, call.actor, sha, None)
    shape = shapes_checks.suite(call.world, call.repo, suite)
    return Answer(shape, 200 if suite.id in before else 201)


@ROUTES.on(f"GET {R}/check-suites/{{check_suite_id}}", READ)
def get_suite(call: Call) -> Any:
    return shapes_checks.suite(call.world, call.repo, _suite(call))


@ROUTES.on(f"GET {R}/check-suites/{{check_suite_id}}/check-runs", READ)
def runs_of_suite(call: Call) -> Any:
    suite = _suite(call)
    return _runs(call, (run for run in call.repo.runs.values() if run.suite is suite))


@ROUTES.on(f"POST {R}/check-suites/{{check_suite_id}}/rerequest", WRITE)
def rerequest_suite(call: Call) -> Any:
    suite = _suite(call)
    call.world.herald.tell("check_suite", "rerequested", call.repo, call.actor.account, suite=suite, only=suite.app)
    return {}


@ROUTES.on(f"POST {R}/statuses/{{sha}}", "statuses:write")
def create_status(call: Call) -> Any:
    writable(call.repo)
    sha, id_, now = call.params["sha"], call.world.new_id(), iso(call.world.now())
    if call.repo.git.kind(sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    status = {
        "id": id_,
        "node_id": node_id("SC", id_),
        "url": f"{shapes_files.api(call.world, call.repo)}/statuses/{sha}",
        "avatar_url": f"{call.world.url}/avatars/u/{call.actor.account.id}?v=4",
        "state": call.body["state"],
        "description": call.body.get("description"),
        "target_url": call.body.get("target_url"),
        "context": call.body.get("context", "default"),
        "created_at": now,
        "updated_at": now,
        "creator": shapes.user(call.world, call.actor.account),
    }
    call.repo.statuses.setdefault(sha, []).append(status)
    return status


@ROUTES.on(f"GET {R}/commits/{{ref}}/status", "statuses:read")
def combined_status(call: Call) -> Any:
    sha = _sha(call)
    latest = {status["context"]: status for status in call.repo.statuses.get(sha, [])}
    states = {status["state"] for status in latest.values()}
    bad = "failure" if states & {"failure", "error"} else None
    root = shapes_files.api(call.world, call.repo)
    return {
        "state": bad or ("success" if states == {"success"} else "pending"),
        "statuses": [
            {key: value for key, value in status.items() if key != "creator"}
            for status in call.page(list(latest.values()))
        ],
        "sha": sha,
        "total_count": len(latest),
        "repository": shapes.repository(call.world, call.repo),
        "commit_url": f"{root}/commits/{sha}",
        "url": f"{root}/commits/{sha}/status",
    }


def _run(call: Call) -> CheckRun:
    return checks.run_of(call.repo, call.params["check_run_id"])


def _suite(call: Call) -> CheckSuite:
    suite = call.repo.suites.get(int(call.params["check_suite_id"]))
    if suite is None:
        raise not_found()
    return suite


def _sha(call: Call) -> str:
    sha = call.repo.git.commit_sha(call.params["ref"])
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {call.params['ref']}")
    return sha


def _shown(call: Call, run: CheckRun) -> Any:
    return shapes_checks.check_run(call.world, call.repo, run)


def _runs(call: Call, runs: Iterable[CheckRun]) -> Any:
    """The newest of each name and App, unless all are asked for."""
    query = call.request.query
    kept = [
        run
        for run in call.world.listed(runs)
        if query.get("check_name", run.name) == run.name
        and query.get("status", run.status) == run.status
        and query.get("app_id", str(run.suite.app.id)) == str(run.suite.app.id)
    ]
    if query.get("filter", "latest") == "latest":
        kept = list({(run.suite.app.id, run.name): run for run in kept}.values())
    return {"total_count": len(kept), "check_runs": [_shown(call, run) for run in call.page(kept[::-1])]}
