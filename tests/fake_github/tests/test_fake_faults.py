from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fake_github import Fault
from tests.fake_github.tests.conftest import graphql

if TYPE_CHECKING:
    from tests.fake_github.tests.conftest import Place


def say(place: Place) -> httpx.Response:
    return place.client().post("/issues/1/comments", json={"body": "hello"})


@pytest.fixture
def talk(place: Place) -> Place:
    place.repository.open_issue("Talk")
    return place


def said(place: Place) -> int:
    return len(place.repository.comments(1))


def test_refused_means_nothing_was_done(talk: Place) -> None:
    talk.hub.faults.plan(Fault.REFUSED, method="POST", path="*/comments", count=1)

    assert say(talk).status_code == 502
    assert said(talk) == 0
    assert say(talk).status_code == 201


def test_applied_means_all_was_done(talk: Place) -> None:
    talk.hub.faults.plan(Fault.APPLIED, method="POST", path="*/comments", count=1)

    assert say(talk).status_code == 502
    assert said(talk) == 1
    (line,) = talk.hub.audit.calls("POST", "*/comments")
    assert (line.status, line.fault) == (201, "applied")


@pytest.mark.parametrize(("kind", "done"), [(Fault.RESET, 0), (Fault.RESET_AFTER, 1), (Fault.TRUNCATED, 1)])
def test_a_broken_connection(talk: Place, kind: Fault, done: int) -> None:
    talk.hub.faults.plan(kind, path="*/comments", count=1)

    with pytest.raises(
        httpx.RemoteProtocolError if kind is Fault.TRUNCATED else (httpx.ReadError, httpx.RemoteProtocolError)
    ):
        say(talk)

    assert said(talk) == done


def test_garbage_is_a_page_of_html_with_status_200(talk: Place) -> None:
    talk.hub.faults.plan(Fault.GARBAGE, path="*/comments", count=1)

    answer = say(talk)

    assert (answer.status_code, answer.headers["content-type"], said(talk)) == (200, "text/html", 0)


def test_slow_is_right_but_late(talk: Place) -> None:
    talk.hub.faults.plan(Fault.SLOW, path="*/comments", count=1, seconds=0.2)
    started = time.monotonic()

    assert say(talk).status_code == 201
    assert time.monotonic() - started >= 0.2


def test_limits_can_be_played(talk: Place) -> None:
    for kind in (Fault.PRIMARY_LIMIT, Fault.SECONDARY_LIMIT, Fault.SILENT_SECONDARY_LIMIT):
        talk.hub.faults.plan(kind, path="*/comments", count=1, seconds=7)

    primary, secondary, silent = say(talk), say(talk), say(talk)

    assert primary.headers["x-ratelimit-remaining"] == "0"
    assert 0 <= int(primary.headers["x-ratelimit-reset"]) - time.time() < 8
    assert secondary.headers["retry-after"] == "7"
    assert "retry-after" not in silent.headers
    assert {primary.status_code, secondary.status_code, silent.status_code} == {403}
    assert "secondary rate limit" in silent.json()["message"]
    assert said(talk) == 0


def test_chances_come_from_the_seed(talk: Place) -> None:
    def rolled(seed: int) -> list[bool]:
        talk.hub.faults.clear()
        line = talk.hub.faults.plan(Fault.REFUSED, probability=0.3, seed=seed)
        return [line.takes("GET", "/x") for _ in range(50)]

    assert rolled(1) == rolled(1) != rolled(2)
    assert 5 <= sum(rolled(1)) <= 25


def test_the_audit_log_knows_what_took_effect(talk: Place) -> None:
    for kind in (Fault.GARBAGE, Fault.APPLIED, Fault.RESET_AFTER):
        talk.hub.faults.plan(kind, method="P*", path="*/comments", count=1)
    say(talk)
    say(talk)
    with pytest.raises(httpx.TransportError):
        say(talk)
    stale: dict[str, Any] = {"repositoryId": "R_kwDO0", "refUpdates": []}
    graphql(talk.client(), "updateRefs", "UpdateRefsInput", stale)

    assert [line.done for line in talk.hub.audit.writes()] == [False, True, True, False]


def test_a_fault_may_wait_for_its_turn(talk: Place) -> None:
    talk.hub.faults.plan(Fault.REFUSED, path="*/comments", after=1, count=1)

    assert [say(talk).status_code for _ in range(3)] == [201, 502, 201]


def test_faults_befall_git_and_graphql_too(talk: Place) -> None:
    talk.hub.faults.plan(Fault.REFUSED, path="*/info/refs")
    talk.hub.faults.plan(Fault.REFUSED, path="/graphql")
    client = talk.client()

    assert client.get(f"{talk.hub.url}/octo-org/demo.git/info/refs?service=git-upload-pack").status_code == 502
    assert client.post(f"{talk.hub.api_url}/graphql", json={"query": "{ viewer { login } }"}).status_code == 502
