from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.deliveries import handle
from tests.bot.examples import Body, example, raw
from tests.bot.ledgers import (
    change,
    put,
    put_installation,
    put_job,
    put_repository,
    put_request,
    rows,
)
from workers.contract.ledger import Ledger, LostClaimError, tables

if TYPE_CHECKING:
    from bot.app import App
    from tests.bot.ledgers import Clock

ADA = {"id": 11, "login": "ada", "type": "User"}


async def store(ledger: Ledger, event: str, body: bytes) -> int:
    return await put(
        ledger,
        tables.deliveries,
        guid=str(uuid.uuid4()),
        content_key=hashlib.sha256(body + os.urandom(8)).hexdigest(),  # as if it had come in anew
        event=event,
        body=body,
        received_at=1.0,
    )


async def deliver(app: App, event: str, body: Body | bytes) -> dict[str, Any]:
    """Store a delivery, work on it, and say how it ended."""
    number = await store(app.ledger, event, body if isinstance(body, bytes) else raw(body))
    await work(app)
    return next(dict(row) for row in await rows(app.ledger, tables.deliveries) if row["id"] == number)


async def work(app: App) -> None:
    while claim := await app.ledger.claim(tables.deliveries, ("stored",), "test", lease_s=60):
        await handle(app, claim)


def of_repository(event: str, action: str | None = None, /, **top: Any) -> Body:
    body = example(event, action, installation={"id": 7}, sender=ADA, **top)
    body["repository"] |= {
        "id": 5,
        "full_name": "octo/demo",
        "default_branch": "main",
        "owner": {"id": 70, "login": "octo"},
    }
    return body


def push(after: str = "b" * 40) -> Body:
    commits = [{"id": after, "added": ["a.ipynb"], "modified": [], "removed": []}]
    fields: Body = {"ref": "refs/heads/main", "after": after, "commits": commits}
    return of_repository("push") | fields | {"created": False, "deleted": False, "forced": False}


def comment(action: str = "created", text: str = "/repair a.ipynb") -> Body:
    body: Body = of_repository("issue_comment", "created") | {"action": action}
    body["comment"] |= {"id": 77, "body": text, "user": ADA}
    body["issue"] |= {"number": 9, "state": "open", "locked": False}
    return body


def installation(action: str) -> Body:
    body = example("installation", action)
    body["installation"] |= {"id": 7, "account": {"id": 70, "login": "octo", "type": "Organization"}}
    return body | (
        {"repositories": [{"id": 5, "full_name": "octo/demo", "private": True}]} if action == "created" else {}
    )


async def test_a_push_becomes_a_request_and_its_repository_a_row(app: App) -> None:
    delivery = await deliver(app, "push", push())

    assert (delivery["state"], delivery["reason"], delivery["lease_owner"]) == ("done", "", "")
    (request,) = await rows(app.ledger, tables.requests)
    assert (request["work_key"], request["state"], request["delivery_id"]) == (
        f"push:5:main:{'b' * 40}",
        "new",
        delivery["id"],
    )
    assert json.loads(request["arguments"]) == {"paths": ["a.ipynb"]}
    (repository,) = await rows(app.ledger, tables.repositories)
    assert (repository["id"], repository["installation_id"], repository["default_branch"]) == (5, 7, "main")
    (installed,) = await rows(app.ledger, tables.installations)
    assert (installed["id"], installed["account_id"], installed["state"]) == (7, 70, "active")


async def test_the_same_content_under_any_number_of_names_is_one_request(app: App) -> None:
    for _ in range(3):
        await deliver(app, "push", push())
        await deliver(app, "issue_comment", comment())

    assert [row["work_key"] for row in await rows(app.ledger, tables.requests)] == [
        f"push:5:main:{'b' * 40}",
        "comment:77",
    ]


async def test_w13_a_misshapen_delivery_is_parked_and_changes_nothing(app: App) -> None:
    delivery = await deliver(app, "installation", push())

    assert (delivery["state"], delivery["reason"]) == ("parked", "the body belongs to another event")
    assert await rows(app.ledger, tables.requests) == await rows(app.ledger, tables.installations) == []


@pytest.mark.parametrize(("event", "body"), [("star", b"{}"), ("ping", raw(example("ping")))])
async def test_a_delivery_that_is_nothing_to_us_is_ignored_with_a_reason(app: App, event: str, body: bytes) -> None:
    delivery = await deliver(app, event, body)

    assert delivery["state"] == "ignored"
    assert delivery["reason"]


async def test_whoever_lost_the_claim_writes_nothing(app: App, clock: Clock) -> None:
    await store(app.ledger, "push", raw(push()))
    late = await app.ledger.claim(tables.deliveries, ("stored",), "late", lease_s=10)
    clock.now += 11
    await app.ledger.claim(tables.deliveries, ("stored",), "next", lease_s=10)
    assert late is not None

    with pytest.raises(LostClaimError):
        await handle(app, late)

    assert await rows(app.ledger, tables.requests) == []


KILLED = """
import asyncio, sys
from pathlib import Path
from typing import cast
from bot.app import App
from bot.deliveries import handle
from workers.contract.bell import Bell
from workers.contract.ledger import open_ledger, tables
from workers.contract.redact import redactor

async def main() -> None:
    ledger = await open_ledger(sys.argv[1], clock=lambda: 1_767_500_000.0)
    app = App(ledger=ledger, github=cast("object", None), bell=Bell(url="unix:///nonexistent/bell"), runs=Path(),
              redactor=redactor({}), app_id=41, slug="mendloop", public_url="")
    claim = await ledger.claim(tables.deliveries, ("stored",), "dies", lease_s=1)
    await handle(app, claim)

asyncio.run(main())
"""


@pytest.mark.parametrize(("boundary", "state", "requests"), [("decided", "stored", 0), ("written", "done", 1)])
async def test_a_death_leaves_a_delivery_untouched_or_done(
    app: App, url: str, boundary: str, state: str, requests: int
) -> None:
    number = await store(app.ledger, "push", raw(push()))
    environ = os.environ | {"MENDLOOP_KILL_AT": f"deliveries.{boundary}"}

    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED, url],
        env=environ,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert died.returncode == -signal.SIGKILL, died.stderr
    (row,) = await rows(app.ledger, tables.deliveries)
    assert (row["id"], row["state"]) == (number, state)
    assert len(await rows(app.ledger, tables.requests)) == requests
    await work(app)
    assert len(await rows(app.ledger, tables.requests)) == 1


async def test_c37_a_deleted_comment_takes_its_request_and_its_job_back(app: App) -> None:
    await deliver(app, "issue_comment", comment())
    job = await put_job(app.ledger)
    await change(app.ledger, tables.requests, 1, state="attached", job_id=job)

    await deliver(app, "issue_comment", comment("deleted"))

    (request,) = await rows(app.ledger, tables.requests)
    assert (request["state"], request["reason"]) == ("refused", "the comment was deleted")
    assert [row["stop"] for row in await rows(app.ledger, tables.jobs)] == [True]


async def test_a_job_that_somebody_else_asked_for_too_goes_on(app: App) -> None:
    job = await put_job(app.ledger)
    await put_request(app.ledger, state="attached", job_id=job)
    await put_request(app.ledger, work_key="comment:78", state="attached", job_id=job)

    await deliver(app, "issue_comment", comment("deleted"))

    assert [row["state"] for row in await rows(app.ledger, tables.requests)] == ["refused", "attached"]
    assert [row["stop"] for row in await rows(app.ledger, tables.jobs)] == [False]


async def test_a_comment_whose_deletion_arrives_first_is_never_obeyed(app: App) -> None:
    await deliver(app, "issue_comment", comment("deleted"))
    await deliver(app, "issue_comment", comment())

    assert [row["state"] for row in await rows(app.ledger, tables.requests)] == ["refused"]


async def test_whoever_works_on_a_request_that_is_taken_back_finds_it_gone(app: App) -> None:
    await put_request(app.ledger)
    claim = await app.ledger.claim(tables.requests, ("new",), "dispatch", lease_s=60)
    assert claim is not None

    await deliver(app, "issue_comment", comment("deleted"))

    with pytest.raises(LostClaimError):
        await app.ledger.finish(claim, state="attached")


@pytest.mark.parametrize(("action", "state"), [("suspend", "suspended"), ("deleted", "deleted")])
async def test_an_installation_that_ends_stops_its_jobs_and_nobody_elses(app: App, action: str, state: str) -> None:
    await put_installation(app.ledger)
    await put_repository(app.ledger)
    for job in ({}, {"installation_id": 8, "repository_id": 6}, {"state": "finished"}):
        await put_job(app.ledger, **job)
    await put_request(app.ledger)
    await put_request(app.ledger, work_key="comment:78", installation_id=8)

    await deliver(app, "installation", installation(action))

    assert [row["state"] for row in await rows(app.ledger, tables.installations)] == [state]
    assert [row["stop"] for row in await rows(app.ledger, tables.jobs)] == [True, False, False]
    assert [row["state"] for row in await rows(app.ledger, tables.requests)] == ["refused", "new"]
    withdrawn = [row["state"] for row in await rows(app.ledger, tables.repositories)] == ["withdrawn"]
    assert withdrawn == (state == "deleted")


async def test_an_installation_comes_back_from_suspension_but_not_from_its_end(app: App) -> None:
    for action in ("created", "suspend", "unsuspend"):
        await deliver(app, "installation", installation(action))
    assert [row["state"] for row in await rows(app.ledger, tables.installations)] == ["active"]

    for action in ("deleted", "unsuspend", "created"):
        await deliver(app, "installation", installation(action))

    assert [row["state"] for row in await rows(app.ledger, tables.installations)] == ["deleted"]


async def test_an_installation_brings_its_permissions_and_repositories(app: App) -> None:
    await deliver(app, "installation", installation("created"))

    (row,) = await rows(app.ledger, tables.installations)
    assert json.loads(row["permissions"]) == example("installation", "created")["installation"]["permissions"]
    (repository,) = await rows(app.ledger, tables.repositories)
    assert (repository["id"], repository["state"], repository["private"]) == (5, "active", True)


async def test_a_repository_that_is_taken_away_stops_and_comes_back_when_given_again(app: App) -> None:
    await put_installation(app.ledger)
    await put_repository(app.ledger)
    await put_job(app.ledger)
    given = example("installation_repositories", "added")
    given["installation"] |= {"id": 7}
    one = {"id": 5, "full_name": "octo/demo", "private": False}

    await deliver(
        app,
        "installation_repositories",
        given | {"action": "removed", "repositories_added": [], "repositories_removed": [one]},
    )
    taken = await rows(app.ledger, tables.repositories)
    await deliver(app, "installation_repositories", given | {"repositories_added": [one], "repositories_removed": []})

    assert [row["state"] for row in taken] == ["withdrawn"]
    assert [row["stop"] for row in await rows(app.ledger, tables.jobs)] == [True]
    (repository,) = await rows(app.ledger, tables.repositories)
    assert (repository["state"], repository["default_branch"]) == ("active", "main")


async def test_a_repository_keeps_its_number_through_renames_and_default_branches(app: App) -> None:
    await put_installation(app.ledger)
    await put_repository(app.ledger)
    job = await put_job(app.ledger)
    renamed = of_repository("repository", "renamed")
    renamed["repository"] |= {"full_name": "octo/new", "default_branch": "trunk", "private": True}

    await deliver(app, "repository", renamed)

    (row,) = await rows(app.ledger, tables.repositories)
    assert (row["id"], row["full_name"], row["default_branch"], row["private"]) == (5, "octo/new", "trunk", True)
    assert [(row["id"], row["stop"]) for row in await rows(app.ledger, tables.jobs)] == [(job, False)]


@pytest.mark.parametrize(
    ("action", "archived", "owner", "state"),
    [
        ("archived", True, 70, "archived"),
        ("deleted", False, 70, "withdrawn"),
        ("transferred", False, 71, "withdrawn"),
    ],
)
async def test_a_repository_that_is_no_longer_ours_to_write_stops(
    app: App,
    action: str,
    archived: bool,  # a column
    owner: int,
    state: str,
) -> None:
    await put_installation(app.ledger)
    await put_repository(app.ledger)
    await put_job(app.ledger)
    await put_request(app.ledger)
    body: Body = of_repository("repository", "renamed") | {"action": action}
    body["repository"] |= {"archived": archived, "owner": {"id": owner, "login": "somebody"}}

    await deliver(app, "repository", body)

    assert [row["state"] for row in await rows(app.ledger, tables.repositories)] == [state]
    assert [row["stop"] for row in await rows(app.ledger, tables.jobs)] == [True]
    assert [row["state"] for row in await rows(app.ledger, tables.requests)] == ["refused"]


async def test_a_transfer_to_where_the_app_is_installed_too_ends_well_in_any_order(app: App) -> None:
    leaves = of_repository("repository", "transferred")
    leaves["repository"] |= {"owner": {"id": 71, "login": "new"}, "full_name": "new/demo"}
    removed = example("installation_repositories", "removed")
    one = {"id": 5, "full_name": "octo/demo", "private": False}
    removed |= {"repositories_removed": [one], "repositories_added": []}
    removed["installation"] |= {"id": 7}
    added = example("installation_repositories", "added")
    added |= {"repositories_added": [one | {"full_name": "new/demo"}], "repositories_removed": []}
    added["installation"] |= {"id": 8}
    deliveries = [("repository", leaves), ("installation_repositories", removed), ("installation_repositories", added)]

    for number, order in enumerate(permutations(deliveries), start=100):
        await put_installation(app.ledger, id=number, account_id=70)
        await put_repository(app.ledger, id=number, installation_id=number)
        for event, body in order:
            text = re.sub(rb'"id": [57](?=[,}])', b'"id": %d' % number, raw(body))
            await deliver(app, event, text)

    ended = {(row["state"], row["installation_id"]) for row in await rows(app.ledger, tables.repositories)}
    assert ended == {("active", 8)}


async def test_a_repository_installed_again_is_found_by_its_next_delivery(app: App) -> None:
    await put_installation(app.ledger, id=6, state="deleted")
    await put_installation(app.ledger)
    await put_repository(app.ledger, installation_id=6, state="withdrawn", default_branch="")

    await deliver(app, "push", push())

    (row,) = await rows(app.ledger, tables.repositories)
    assert (row["installation_id"], row["state"], row["default_branch"]) == (7, "active", "main")


async def test_a_late_delivery_does_not_undo_what_is_known(app: App) -> None:
    await put_installation(app.ledger, state="suspended")
    await put_repository(app.ledger, full_name="octo/new", default_branch="trunk", state="archived")

    await deliver(app, "push", push())

    (row,) = await rows(app.ledger, tables.repositories)
    assert (row["full_name"], row["default_branch"], row["state"]) == ("octo/new", "trunk", "archived")
    assert [row["state"] for row in await rows(app.ledger, tables.installations)] == ["suspended"]


async def test_our_publications_are_looked_at_when_something_happens_to_them(app: App) -> None:
    ours = {"repository_id": 5, "job_id": 1, "look_at": 9e9, "created_at": 1.0, "updated_at": 1.0}
    for problem, fields in {
        "by branch": {"branch": "main", "base": "x", "state": "closed"},
        "by base": {"branch": "m/1", "base": "main", "state": "open"},
        "ended long ago": {"branch": "m/2", "base": "main", "state": "merged"},
        "pruned": {"branch": "main", "base": "x", "state": "pruned"},
        "elsewhere": {"branch": "main", "base": "main", "state": "open", "repository_id": 6},
        "by number": {"branch": "m/3", "base": "x", "state": "open", "number": 9},
        "another number": {"branch": "m/4", "base": "x", "state": "open", "number": 10},
    }.items():
        await put(app.ledger, tables.publications, **ours | fields | {"problem": problem})
    closed = of_repository("pull_request", "closed")
    closed["pull_request"]["number"] = 9

    await deliver(app, "push", push())
    await deliver(app, "pull_request", closed)

    looked = {row["problem"] for row in await rows(app.ledger, tables.publications) if row["look_at"] == 0}
    assert looked == {"by branch", "by base", "by number"}


async def test_closing_a_pull_request_stops_its_lane_and_refuses_what_was_to_come(app: App) -> None:
    await put_job(app.ledger, lane="pull/9")
    await put_job(app.ledger, lane="main")
    for key, fields in {"a": {"number": 9}, "b": {"number": 9, "verb": "revert"}, "c": {"number": 10}}.items():
        await put_request(app.ledger, work_key=key, **fields)
    closed = of_repository("pull_request", "closed")
    closed["pull_request"]["number"] = 9

    await deliver(app, "pull_request", closed)

    assert [row["stop"] for row in await rows(app.ledger, tables.jobs)] == [True, False]
    assert [row["state"] for row in await rows(app.ledger, tables.requests)] == ["refused", "new", "new"]


async def test_two_tasks_that_hear_the_same_at_once_make_one_request(app: App) -> None:
    for _ in range(8):
        await store(app.ledger, "push", raw(push()))

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(work(app))

    assert len(await rows(app.ledger, tables.requests)) == 1
    assert {row["state"] for row in await rows(app.ledger, tables.deliveries)} == {"done"}
