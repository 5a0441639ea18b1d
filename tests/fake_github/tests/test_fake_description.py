from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fake_github import Hub, ViolationsError
from tests.fake_github.description import description
from tests.fake_github.routing import Route
from tests.fake_github.slim import operations

if TYPE_CHECKING:
    from tests.fake_github.tests.conftest import Place


def test_every_operation_of_the_description_has_a_route_and_the_other_way_round(hub: Hub) -> None:
    described = {operation.name for operation in description().operations}

    assert described == set(hub.api.routes)
    assert described == {f"{method} {path}" for method, path in operations()}


def test_an_answer_that_github_would_not_give_is_a_500_and_fails_the_test() -> None:
    with pytest.raises(ViolationsError, match="verifiable_password"), Hub.run() as broken:  # noqa: PT012 - the end of the block raises
        name, key = "GET /meta", "verifiable_password_authentication"
        right = broken.api.routes[name]
        twin = Route(
            lambda call: {each: value for each, value in right.answer(call).items() if each != key}, right.needs
        )
        broken.api.routes[name] = twin

        answer = httpx.get(f"{broken.url}/meta", trust_env=False)

        assert answer.status_code == 500
        assert key in answer.json()["message"]


def test_a_word_of_the_official_example_in_an_answer_is_found() -> None:
    with pytest.raises(ViolationsError, match="example"), Hub.run() as broken:  # noqa: PT012 - as above
        broken.user("ada")
        name = "GET /users/{username}"
        twin = Route(lambda call: description().example(name), "")
        broken.api.routes[name] = twin

        assert httpx.get(f"{broken.url}/users/ada", trust_env=False).status_code == 500


def test_a_bug_of_the_fake_fails_the_test_too() -> None:
    with pytest.raises(ViolationsError, match="ZeroDivisionError"), Hub.run() as broken:  # noqa: PT012 - as above
        broken.api.routes["GET /meta"] = Route(lambda call: 1 // 0, "")

        assert httpx.get(f"{broken.url}/meta", trust_env=False).status_code == 500


def test_right_answers_are_no_violations(place: Place) -> None:
    assert place.client().get(place.here).status_code == 200
    assert place.hub.violations == []


def test_a_path_github_has_not_is_a_404_and_is_remembered(place: Place) -> None:
    answer = place.client().get("/no-such-thing")

    assert answer.status_code == 404
    assert answer.json()["message"] == "Not Found"
    assert place.hub.unknown == ["GET /repos/octo-org/demo/no-such-thing"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/issues/1/comments", {"body": 5}),
        ("/issues/1/comments", {}),
        ("/check-runs", {"name": "x", "head_sha": "0" * 40, "status": "nearly"}),
        ("/git/refs", {"ref": "refs/heads/x"}),
    ],
)
def test_a_body_the_description_does_not_know_is_a_422(place: Place, path: str, body: dict[str, object]) -> None:
    answer = place.client().post(path, json=body)

    assert answer.status_code == 422
    assert answer.json()["message"].startswith("Invalid request.")


def test_both_styles_of_address_work(place: Place) -> None:
    answer = httpx.get(
        f"{place.hub.url}/api/v3/repos/octo-org/demo",
        headers=place.client().headers,
        trust_env=False,
        follow_redirects=True,
    )

    assert answer.json()["id"] == place.repository.id
