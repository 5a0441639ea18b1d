from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fake_github.tests.conftest import Place


def test_pages_are_linked(place: Place) -> None:
    for number in range(7):
        place.repository.open_issue(f"{number}")
    client, titles, url = place.client(), list[str](), "/issues?per_page=3"

    while url:
        answer = client.get(url)
        titles += [issue["title"] for issue in answer.json()]
        url = answer.links.get("next", {}).get("url", "")

    assert titles == [str(number) for number in range(6, -1, -1)]
    assert set(client.get("/issues?per_page=3&page=2").links) == {"prev", "next", "last", "first"}
    assert "link" not in client.get("/issues?per_page=100").headers


def test_what_did_not_change_is_a_304_and_costs_nothing(place: Place) -> None:
    client = place.client()
    first = client.get("/branches/main")
    again = client.get("/branches/main", headers={"If-None-Match": first.headers["etag"]})
    place.repository.push("main", {"b": b"b"}, by=place.ada)
    changed = client.get("/branches/main", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    assert changed.headers["etag"] != first.headers["etag"]


def test_the_primary_limit_holds_for_an_hour(place: Place) -> None:
    place.hub.limits.primary = 3
    client = place.client()

    answers = [client.get(place.here) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 403]
    assert "rate limit exceeded" in answers[3].json()["message"]
    assert client.get(f"{place.hub.api_url}/rate_limit").json()["rate"]["remaining"] == 0
    place.hub.clock.advance(3601)
    assert place.client().get(place.here).status_code == 200


def test_eighty_creations_a_minute_are_enough(place: Place) -> None:
    place.hub.limits.like_github()
    place.hub.limits.creations_a_minute = 3
    number, client = place.repository.open_issue("Talk"), place.client()

    answers = [client.post(f"/issues/{number}/comments", json={"body": "x"}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 403]
    assert answers[3].headers["retry-after"] == "60"
    place.hub.clock.advance(61)
    assert client.post(f"/issues/{number}/comments", json={"body": "x"}).status_code == 201


def test_points_are_counted_too(place: Place) -> None:
    place.hub.limits.points_a_minute = 10
    client = place.client()

    statuses = [client.post("/git/blobs", json={"content": "x"}).status_code for _ in range(3)]

    assert statuses == [201, 201, 403]


def test_the_date_is_the_fakes_own(place: Place) -> None:
    before = place.client().get(place.here).headers["date"]
    place.hub.clock.advance(86_400)

    assert place.client().get(place.here).headers["date"] != before


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_an_archived_repository_is_read_only(place: Place, method: str) -> None:
    number, client = place.repository.open_issue("Talk"), place.client()
    place.repository.archive()
    paths = {
        "POST": f"issues/{number}/comments",
        "PATCH": f"issues/{number}",
        "PUT": f"issues/{number}/lock",
        "DELETE": f"issues/{number}/lock",
    }

    answer = client.request(method, paths[method], json={"body": "x"} if method != "DELETE" else None)

    assert (answer.status_code, answer.json()["message"]) == (403, "Repository was archived so is read-only.")
    assert client.get(f"/issues/{number}").status_code == 200


def test_a_blocked_repository_is_a_451(place: Place) -> None:
    place.repository.block()

    assert place.client().get(place.here).status_code == 451
    assert place.client().get("/branches").status_code == 451


def test_a_deleted_repository_is_a_404(place: Place) -> None:
    client = place.client()
    place.repository.delete()

    assert client.get(place.here).status_code == 404
    assert client.get(f"{place.hub.api_url}/repositories/{place.repository.id}").status_code == 404


def test_a_renamed_repository_is_found_by_id_and_its_old_name_leads_there(place: Place) -> None:
    client = place.client()
    old = place.here
    place.repository.rename("renamed")

    moved = client.get(f"{old}/branches?per_page=5")
    followed = client.get(f"{old}/branches", follow_redirects=True)

    assert moved.status_code == 301
    assert moved.headers["location"] == f"{place.hub.url}/repositories/{place.repository.id}/branches?per_page=5"
    assert followed.json()[0]["name"] == "main"
    assert client.post(f"{old}/git/blobs", json={"content": "x"}).status_code == 307


def test_a_transferred_repository_leaves_the_installation(place: Place) -> None:
    client = place.client()
    place.repository.transfer("elsewhere")

    assert client.get(place.here).status_code == 404
    assert client.get(f"{place.hub.api_url}/repositories/{place.repository.id}").status_code == 404
