from __future__ import annotations

import httpx
import pytest

from tests.fake_github.refusals import Refusal
from tests.fake_github.tests.conftest import Listener, Place, bearer, graphql


def test_one_open_pull_request_for_each_head_and_base(place: Place) -> None:
    place.repository.push("side", {"x": b"x"}, by=place.ada)
    client, wanted = place.client(), {"head": "side", "base": "main", "title": "T"}

    first, second = client.post("/pulls", json=wanted), client.post("/pulls", json=wanted)
    place.repository.pull(1).close(place.ada)
    third = client.post("/pulls", json=wanted)

    assert (first.status_code, second.status_code, third.status_code) == (201, 422, 201)
    assert second.json()["errors"][0]["message"] == "A pull request already exists for octo-org:side."


@pytest.mark.parametrize("wanted", [{"head": "none"}, {"base": "none"}, {"head": "main"}])
def test_a_pull_request_of_nothing_is_refused(place: Place, wanted: dict[str, str]) -> None:
    place.repository.push("side", {"x": b"x"}, by=place.ada)

    answer = place.client().post("/pulls", json={"head": "side", "base": "main", "title": "T"} | wanted)

    assert (answer.status_code, answer.json()["message"]) == (422, "Validation Failed")


def test_a_conflict_is_seen_and_never_merged(place: Place) -> None:
    place.repository.push("side", {"docs/guide.md": b"one\nSIDE\nthree\n"}, by=place.ada)
    place.repository.push("main", {"docs/guide.md": b"one\nMAIN\nthree\n"}, by=place.ada)
    pull, client = place.repository.open_pull("side", by=place.ada), place.client()

    shape = client.get(f"/pulls/{pull.number}").json()
    merged = client.put(f"/pulls/{pull.number}/merge", json={})
    branch = client.post("/merges", json={"base": "main", "head": "side"})

    assert (shape["mergeable"], shape["mergeable_state"]) == (False, "dirty")
    assert (merged.status_code, branch.status_code) == (405, 409)


def test_a_merge_is_a_real_merge_commit(place: Place, listener: Listener) -> None:
    place.repository.push("side", {"docs/guide.md": b"one\ntwo\nTHREE\n"}, by=place.ada)
    place.repository.push("main", {"other": b"x"}, by=place.ada)
    pull, client = place.repository.open_pull("side", by=place.ada), place.client()

    stale = client.put(f"/pulls/{pull.number}/merge", json={"sha": "0" * 40})
    sha = client.put(f"/pulls/{pull.number}/merge", json={}).json()["sha"]

    assert stale.status_code == 409
    assert place.repository.head("main") == sha
    assert len(place.repository.git.commit(sha).parents) == 2
    assert client.get(f"/pulls/{pull.number}/merge").status_code == 204
    place.hub.webhooks.settle()
    assert listener.last("pull_request", "closed")["pull_request"]["merged"] is True


def test_what_reaches_the_base_by_a_push_counts_as_merged(place: Place) -> None:
    sha = place.repository.push("side", {"x": b"x"}, by=place.ada)
    pull = place.repository.open_pull("side", by=place.ada)

    place.repository.reset("main", sha, by=place.ada)

    assert (pull.look()["merged"], pull.look()["state"]) == (True, "closed")


def test_a_push_to_the_head_moves_the_pull_request(place: Place, listener: Listener) -> None:
    before = place.repository.push("side", {"x": b"x"}, by=place.ada)
    pull = place.repository.open_pull("side", by=place.ada)

    after = place.repository.push("side", {"y": b"y"}, by=place.ada)

    place.hub.webhooks.settle()
    told = listener.last("pull_request", "synchronize")
    assert (told["before"], told["after"]) == (before, after)
    assert pull.look()["head"]["sha"] == after
    assert pull.look()["commits"] == 2


def test_a_deleted_head_closes_and_cannot_be_reopened(place: Place) -> None:
    place.repository.push("side", {"x": b"x"}, by=place.ada)
    pull = place.repository.open_pull("side", by=place.ada)

    place.repository.delete_branch("side", by=place.ada)

    assert pull.look()["state"] == "closed"
    with pytest.raises(Refusal):
        pull.reopen(place.ada)


def test_a_fork_is_a_repository_of_its_own(place: Place, listener: Listener) -> None:
    eve = place.hub.user("eve")
    place.repository.permit(eve, "read")
    fork = place.repository.fork(eve)
    sha = fork.push("idea", {"x": b"x"}, by=eve)

    pull = place.repository.open_pull("idea", by=eve, from_fork=fork)

    shape = pull.look()
    assert (shape["head"]["label"], shape["head"]["repo"]["fork"]) == ("eve:idea", True)
    assert place.repository.git.sha(f"refs/pull/{pull.number}/head") == sha
    assert place.client().get(f"/commits/{sha}/check-runs").json()["check_runs"] == []
    place.hub.webhooks.settle()
    assert listener.last("pull_request", "opened")["pull_request"]["head"]["repo"]["id"] == fork.id
    assert [one for one in listener.heard if one.event == "push" and one.payload["repository"]["id"] == fork.id] == []
    with pytest.raises(Refusal):
        place.repository.push("main", {"x": b"x"}, by=eve)


def test_drafts_change_by_graphql(place: Place, listener: Listener) -> None:
    place.repository.push("side", {"x": b"x"}, by=place.ada)
    pull = place.repository.open_pull("side", by=place.ada, draft=True)
    client = place.client()
    wanted = {"pullRequestId": pull.look()["node_id"]}

    ready = graphql(client, "markPullRequestReadyForReview", "X", wanted, "pullRequest { isDraft number }")
    back = graphql(client, "convertPullRequestToDraft", "X", wanted, "pullRequest { isDraft }")

    assert ready["data"]["markPullRequestReadyForReview"]["pullRequest"] == {"isDraft": False, "number": 1}
    assert back["data"]["convertPullRequestToDraft"]["pullRequest"] == {"isDraft": True}
    place.hub.webhooks.settle()
    assert {"pull_request.ready_for_review", "pull_request.converted_to_draft"} <= set(listener.events())


def test_lists_are_found_by_head_base_and_state(place: Place) -> None:
    for name in ("one", "two"):
        place.repository.push(name, {name: b"x"}, by=place.ada)
        place.repository.open_pull(name, by=place.ada)
    place.repository.pull(1).close(place.ada)
    client = place.client()

    def numbers(query: str) -> list[int]:
        return [shape["number"] for shape in client.get(f"/pulls?{query}").json()]

    assert numbers("") == [2]
    assert numbers("state=all&direction=asc") == [1, 2]
    assert numbers("state=all&head=octo-org:one") == [1]
    assert numbers("state=all&base=none") == []


def test_a_new_pull_request_may_stay_out_of_lists_for_a_while(place: Place) -> None:
    place.hub.world.list_lag_s = 30
    place.repository.push("side", {"x": b"x"}, by=place.ada)
    pull, client = place.repository.open_pull("side", by=place.ada), place.client()

    assert client.get("/pulls").json() == []
    assert client.get(f"/pulls/{pull.number}").status_code == 200
    place.hub.clock.advance(31)
    assert len(client.get("/pulls").json()) == 1


def test_mergeable_may_be_unknown_at_first(place: Place) -> None:
    place.hub.world.lazy_mergeable = True
    place.repository.push("side", {"x": b"x"}, by=place.ada)
    client, answers = place.client(), list[object]()
    client.post("/pulls", json={"head": "side", "base": "main", "title": "T"})
    place.repository.push("main", {"y": b"y"}, by=place.ada)

    answers += [client.get("/pulls/1").json()["mergeable"] for _ in range(2)]

    assert answers == [None, True]


def test_comments_are_refused_where_the_conversation_is_locked(place: Place) -> None:
    number = place.repository.open_issue("Talk")
    client = place.client()
    client.put(f"/issues/{number}/lock", json={"lock_reason": "spam"})

    refused = client.post(f"/issues/{number}/comments", json={"body": "hello"})
    place.repository.comment(number, "I may write here", place.ada)
    client.delete(f"/issues/{number}/lock")

    assert refused.status_code == 403
    assert client.post(f"/issues/{number}/comments", json={"body": "hello"}).status_code == 201


def test_a_comment_too_long_is_refused(place: Place) -> None:
    number = place.repository.open_issue("Talk")

    answer = place.client().post(f"/issues/{number}/comments", json={"body": "x" * 65_537})

    assert answer.status_code == 422


def test_a_reaction_is_given_once_and_taken_back_by_its_giver_only(place: Place) -> None:
    number, client = place.repository.open_issue("Talk"), place.client()
    comment = place.repository.comment(number, "/repair", place.ada)
    url = f"/issues/comments/{comment.id}/reactions"

    first, second = client.post(url, json={"content": "eyes"}), client.post(url, json={"content": "eyes"})
    mine = first.json()["id"]
    person = place.client(place.ada.token)
    theirs = person.post(url, json={"content": "heart"}).json()["id"]

    assert (first.status_code, second.status_code) == (201, 200)
    assert client.delete(f"{url}/{theirs}").status_code == 403
    assert client.delete(f"{url}/{mine}").status_code == 204
    assert [reaction["content"] for reaction in place.repository.reactions(comment.id)] == ["heart"]


def test_reviewers_are_people_of_the_repository(place: Place) -> None:
    place.hub.user("eve")
    place.repository.push("side", {"x": b"x"}, by=place.ada)
    client = place.client()
    client.post("/pulls", json={"head": "side", "base": "main", "title": "T"})

    asked = client.post("/pulls/1/requested_reviewers", json={"reviewers": ["ada"]})
    stranger = client.post("/pulls/1/requested_reviewers", json={"reviewers": ["eve"]})

    assert [user["login"] for user in asked.json()["requested_reviewers"]] == ["ada"]
    assert stranger.status_code == 422


def test_labels_come_and_go(place: Place) -> None:
    number, client = place.repository.open_issue("Talk"), place.client()

    client.post(f"/issues/{number}/labels", json={"labels": ["mendloop", "docs"]})
    client.delete(f"/issues/{number}/labels/docs")

    assert [label["name"] for label in client.get(f"/issues/{number}/labels").json()] == ["mendloop"]
    assert client.delete(f"/issues/{number}/labels/docs").status_code == 404
    assert client.post("/labels", json={"name": "mendloop"}).status_code == 422


@pytest.mark.parametrize(
    ("level", "permission"),
    [
        ("none", "none"),
        ("read", "read"),
        ("triage", "read"),
        ("write", "write"),
        ("maintain", "write"),
        ("admin", "admin"),
    ],
)
def test_the_permission_of_a_person_is_told_in_both_tongues(place: Place, level: str, permission: str) -> None:
    eve = place.hub.user("eve")
    place.repository.permit(eve, level)

    shape = place.client(metadata="read").get("/collaborators/eve/permission").json()

    assert (shape["permission"], shape["role_name"], shape["user"]["id"]) == (permission, level, eve.id)


def test_a_person_acts_with_a_token_of_their_own(place: Place) -> None:
    number = place.repository.open_issue("Talk")
    person = httpx.Client(headers=bearer(place.ada.token), trust_env=False)

    said = person.post(f"{place.here}/issues/{number}/comments", json={"body": "mine"})
    check = person.post(f"{place.here}/check-runs", json={"name": "x", "head_sha": place.repository.head()})

    assert said.json()["user"]["login"] == "ada"
    assert said.json()["performed_via_github_app"] is None
    assert check.status_code == 403
