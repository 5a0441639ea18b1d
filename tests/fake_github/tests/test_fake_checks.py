from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fake_github.refusals import Refusal

if TYPE_CHECKING:
    from tests.fake_github.tests.conftest import Listener, Place

NOTE = {"path": "a.ipynb", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "stale"}
BUTTON = {"label": "Repair", "identifier": "repair", "description": "Open a pull request"}


def run_of(place: Place, **more: Any) -> dict[str, Any]:
    wanted = {"name": "mendloop", "head_sha": place.repository.head(), **more}
    answer = place.client().post("/check-runs", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


def output(notes: int = 0) -> dict[str, Any]:
    return {"title": "T", "summary": "S", "annotations": [NOTE] * notes}


def test_a_check_run_begins_and_ends(place: Place) -> None:
    made, client = run_of(place, status="in_progress", external_id="job-1"), place.client()

    ended = client.patch(f"/check-runs/{made['id']}", json={"conclusion": "neutral", "output": output()}).json()

    assert (made["status"], made["conclusion"]) == ("in_progress", None)
    assert (ended["status"], ended["conclusion"], ended["external_id"]) == ("completed", "neutral", "job-1")
    assert ended["completed_at"] is not None


def test_annotations_add_up_fifty_at_a_time(place: Place) -> None:
    made, client = run_of(place, output=output(50)), place.client()
    url = f"/check-runs/{made['id']}"

    client.patch(url, json={"output": output(50)})
    refused = client.patch(url, json={"output": output(51)})

    assert refused.status_code == 422
    assert client.get(url).json()["output"]["annotations_count"] == 100
    assert len(client.get(f"{url}/annotations?per_page=100").json()) == 100


@pytest.mark.parametrize(
    "actions",
    [
        [BUTTON] * 4,
        [BUTTON | {"label": "x" * 21}],
        [BUTTON | {"identifier": "x" * 21}],
        [BUTTON | {"description": "x" * 41}],
    ],
)
def test_buttons_have_bounds(place: Place, actions: list[dict[str, str]]) -> None:
    wanted = {"name": "mendloop", "head_sha": place.repository.head(), "actions": actions}

    assert place.client().post("/check-runs", json=wanted).status_code == 422


def test_three_buttons_of_the_longest_kind_are_fine(place: Place) -> None:
    longest = {"label": "x" * 20, "identifier": "y" * 20, "description": "z" * 40}

    assert run_of(place, actions=[longest] * 3)["status"] == "queued"


@pytest.mark.parametrize(
    "more", [{"head_sha": "1" * 40}, {"status": "completed"}, {"output": output() | {"summary": "x" * 65_536}}]
)
def test_a_check_run_github_would_refuse_is_refused(place: Place, more: dict[str, Any]) -> None:
    wanted = {"name": "mendloop", "head_sha": place.repository.head()} | more

    assert place.client().post("/check-runs", json=wanted).status_code == 422


def test_a_button_is_pressed_by_who_may_write(place: Place, listener: Listener) -> None:
    made, eve = run_of(place, actions=[BUTTON]), place.hub.user("eve")
    place.repository.permit(eve, "read")

    place.repository.click(made["id"], "repair", by=place.ada)
    with pytest.raises(Refusal):
        place.repository.click(made["id"], "repair", by=eve)
    with pytest.raises(Refusal):
        place.repository.click(made["id"], "explain", by=place.ada)

    place.hub.webhooks.settle()
    told = listener.last("check_run", "requested_action")
    assert told["requested_action"] == {"identifier": "repair"}
    assert told["sender"]["login"] == "ada"
    assert told["check_run"]["check_suite"]["head_branch"] == "main"
    assert listener.events().count("check_run.requested_action") == 1


def test_a_run_again_is_told(place: Place, listener: Listener) -> None:
    made = run_of(place, conclusion="failure")

    place.repository.rerequest(made["id"], by=place.ada)

    place.hub.webhooks.settle()
    assert listener.last("check_run", "rerequested")["check_run"]["id"] == made["id"]


def test_lists_hold_the_newest_of_each_name(place: Place) -> None:
    old, new, other = run_of(place), run_of(place), run_of(place, name="other")
    client = place.client()

    def ids(query: str) -> set[int]:
        return {run["id"] for run in client.get(f"/commits/main/check-runs?{query}").json()["check_runs"]}

    assert ids("") == {new["id"], other["id"]}
    assert ids("filter=all") == {old["id"], new["id"], other["id"]}
    assert ids("check_name=other") == {other["id"]}


def test_a_push_makes_a_check_suite(place: Place, listener: Listener) -> None:
    sha = place.repository.push("main", {"x": b"x"}, by=place.ada)

    suites = place.client().get(f"/commits/{sha}/check-suites").json()

    assert [(suite["head_sha"], suite["status"]) for suite in suites["check_suites"]] == [(sha, "queued")]
    place.hub.webhooks.settle()
    assert listener.last("check_suite", "requested")["check_suite"]["head_sha"] == sha


def test_a_check_needs_its_permission(place: Place) -> None:
    wanted = {"name": "mendloop", "head_sha": place.repository.head()}

    answer = place.client(contents="write").post("/check-runs", json=wanted)

    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration")


def test_statuses_of_others_add_up(place: Place) -> None:
    sha, client = place.repository.head(), place.client(place.ada.token)

    client.post(f"/statuses/{sha}", json={"state": "success", "context": "ci"})
    client.post(f"/statuses/{sha}", json={"state": "failure", "context": "lint"})

    shape = place.client().get("/commits/main/status").json()
    assert (shape["state"], shape["total_count"]) == ("failure", 2)
