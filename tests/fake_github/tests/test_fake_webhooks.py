from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from githubkit import webhooks
from pydantic import ValidationError

from tests.fake_github import Hub
from tests.fake_github.description import webhook_example, webhook_examples
from tests.fake_github.shaped import is_object
from tests.fake_github.tests.scenario import everything

if TYPE_CHECKING:
    from tests.fake_github.tests.conftest import Listener, Place

SENT_NO_MORE = {
    "repository": {"stargazers", "master_branch", "organization", "public", "custom_properties"},
    "pull_request": {"stats"},
    "comment": {"pull_request_review_id"},
    "check_run": {"deployment"},
    "changes": {"description"},
    "hook": {"test_url", "ping_url", "last_response", "url"},
}
"""Keys of old examples that only some of GitHub's payloads have."""


READ = ("check_run", "check_suite", "installation", "installation_repositories", "issue_comment", "push", "repository")
"""Without pull requests: their models take seconds to build, and refuse most of GitHub's own examples."""


def missing(event: str, payload: dict[str, Any]) -> set[str]:
    """Keys of the official example, at the top and one level down, that the payload lacks."""
    example = webhook_example(event, payload.get("action", ""))
    lacking = (
        set(example) - set(payload) - {"installation", "organization", *({"repository"} if event == "ping" else ())}
    )
    for key, part in example.items():
        if is_object(part) and is_object(payload.get(key)):
            gone = set(part) - set(payload[key]) - SENT_NO_MORE.get(key, set())
            lacking |= {f"{key}.{name}" for name in gone}
    return lacking


def test_every_event_has_the_keys_of_githubs_own_example(place: Place, listener: Listener) -> None:
    everything(place)
    place.hub.webhooks.settle()

    lacking = {
        (one.event, one.payload.get("action")): gone
        for one in listener.heard
        if (gone := missing(one.event, one.payload))
    }

    assert lacking == {}


def test_everything_an_app_can_hear_is_sent(place: Place, listener: Listener) -> None:
    everything(place)
    place.hub.webhooks.settle()

    assert set(listener.events()) >= {
        "ping",
        "push",
        *(f"pull_request.{action}" for action in ("opened", "synchronize", "closed", "reopened", "labeled", "edited")),
        *(f"pull_request.{action}" for action in ("ready_for_review", "converted_to_draft")),
        *(f"issue_comment.{action}" for action in ("created", "edited", "deleted")),
        *(f"pull_request_review_comment.{action}" for action in ("created", "edited", "deleted")),
        *(f"check_run.{action}" for action in ("created", "completed", "requested_action", "rerequested")),
        *(f"check_suite.{action}" for action in ("requested", "rerequested")),
        *(
            f"installation.{action}"
            for action in ("created", "deleted", "suspend", "unsuspend", "new_permissions_accepted")
        ),
        *(f"installation_repositories.{action}" for action in ("added", "removed")),
        *(f"repository.{action}" for action in ("renamed", "transferred", "archived", "unarchived", "privatized")),
        *(f"repository.{action}" for action in ("publicized", "edited", "deleted")),
    }


def test_githubkit_reads_what_it_reads_of_githubs_own_examples(place: Place, listener: Listener) -> None:
    everything(place)
    place.hub.webhooks.settle()
    seen: set[tuple[str, str]] = set()

    for one in listener.heard:
        name = (one.event, str(one.payload.get("action", "")))
        if one.event in READ and name not in seen and _reads(one.event, webhook_examples(one.event).get(name[1])):
            webhooks.parse(one.event, one.body)
            seen.add(name)

    assert len(seen) >= 12


def _reads(event: Any, example: dict[str, Any] | None) -> bool:
    if example is None:
        return False
    try:
        webhooks.parse(event, json.dumps(example))
    except ValidationError:
        return False
    return True


def test_both_signatures_fit_the_bytes(place: Place, listener: Listener) -> None:
    place.hub.webhooks.settle()

    for one in listener.heard:
        for name, digest in (("X-Hub-Signature-256", hashlib.sha256), ("X-Hub-Signature", hashlib.sha1)):
            right = hmac.new(place.hub.app.webhook_secret.encode(), one.body, digest).hexdigest()
            assert one.headers[name].partition("=")[2] == right
        assert one.headers["User-Agent"].startswith("GitHub-Hookshot/")
        assert one.headers["X-GitHub-Hook-Installation-Target-ID"] == str(place.hub.app.id)
        assert one.headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"


def test_what_the_app_does_itself_is_told_as_its_bots(place: Place, listener: Listener) -> None:
    number = place.repository.open_issue("Talk")

    place.client().post(f"/issues/{number}/comments", json={"body": "I am a bot"})

    place.hub.webhooks.settle()
    told = listener.last("issue_comment", "created")
    assert told["sender"]["type"] == "Bot"
    assert told["sender"]["login"] == "mendloop[bot]"
    assert told["comment"]["performed_via_github_app"]["id"] == place.hub.app.id
    assert told["installation"]["id"] == place.installation.id


def test_an_event_nobody_subscribed_to_is_not_sent(listener: Listener) -> None:
    with Hub.run(listener.url, events=["push"]) as hub:
        installation = hub.install("octo-org")
        repository = hub.repository("octo-org/demo", {"a": b"a"}, installation)
        repository.push("side", {"b": b"b"})
        repository.open_pull("side")
        hub.webhooks.settle()

    assert set(listener.events()) == {"installation.created", "installation_repositories.added", "push"}


def test_a_suspended_installation_hears_nothing_of_its_repositories(place: Place, listener: Listener) -> None:
    place.installation.suspend()
    place.repository.push("main", {"b": b"b"}, by=place.ada)
    place.hub.webhooks.settle()

    assert listener.events()[-1] == "installation.suspend"


def test_a_failed_delivery_is_recorded_and_sent_again_only_when_asked(place: Place, listener: Listener) -> None:
    listener.status = 500
    sha = place.repository.push("main", {"b": b"b"}, by=place.ada)
    place.hub.webhooks.settle()
    before = len(listener.heard)
    app = place.app()
    failed = next(one for one in app.get("/app/hook/deliveries?status=failure").json() if one["event"] == "push")
    listener.status = 202

    asked = app.post(f"/app/hook/deliveries/{failed['id']}/attempts")
    place.hub.webhooks.settle()

    assert asked.status_code == 202
    assert len(listener.heard) == before + 1
    assert listener.heard[-1].headers["X-GitHub-Delivery"] == failed["guid"]
    newest = app.get("/app/hook/deliveries?per_page=1").json()[0]
    assert (newest["guid"], newest["redelivery"], newest["status"]) == (failed["guid"], True, "OK")
    whole = app.get(f"/app/hook/deliveries/{newest['id']}").json()
    assert whole["request"]["payload"]["after"] == sha


def test_deliveries_are_paged_by_cursor(place: Place) -> None:
    for number in range(3):
        place.repository.push("main", {"n": str(number).encode()}, by=place.ada)
    place.hub.webhooks.settle()
    app, url, guids = place.app(), "/app/hook/deliveries?per_page=2", list[str]()

    while url:
        answer = app.get(url)
        guids += [one["guid"] for one in answer.json()]
        url = answer.links.get("next", {}).get("url", "")

    assert len(guids) == len(set(guids)) == len(place.hub.webhooks.deliveries)


def test_a_closed_ear_is_a_failed_delivery(place: Place, listener: Listener) -> None:
    place.hub.listen("http://127.0.0.1:1/webhook")
    place.repository.push("main", {"b": b"b"}, by=place.ada)
    place.hub.webhooks.settle()

    last = place.hub.webhooks.deliveries[-1]
    assert last.status_code == 502
    assert last.status.startswith("failed to connect")


def test_dropped_deliveries_are_never_sent(place: Place, listener: Listener) -> None:
    place.hub.webhooks.settle()
    before = len(listener.heard)
    place.hub.webhooks.plan(drop=1.0, events={"push"})

    place.repository.push("main", {"b": b"b"}, by=place.ada)
    place.hub.webhooks.settle()

    assert [one.event for one in listener.heard[before:]] == ["check_suite"]
    assert {one.status for one in place.hub.webhooks.deliveries[-2:]} == {"timed out", "OK"}


def test_duplicated_deliveries_share_their_guid(place: Place, listener: Listener) -> None:
    place.hub.webhooks.settle()
    before = len(listener.heard)
    place.hub.webhooks.plan(duplicate=1.0, events={"push"})

    place.repository.push("main", {"b": b"b"}, by=place.ada)
    place.hub.webhooks.settle()

    pushes = [one for one in listener.heard[before:] if one.event == "push"]
    assert len(pushes) == 2
    assert pushes[0].headers["X-GitHub-Delivery"] == pushes[1].headers["X-GitHub-Delivery"]


def test_reordered_deliveries_arrive_all_but_otherwise(place: Place, listener: Listener) -> None:
    place.hub.webhooks.settle()
    before = len(listener.heard)
    place.hub.webhooks.plan(reorder=0.5, seed=3)

    for number in range(6):
        place.repository.push("main", {"n": str(number).encode()}, by=place.ada)
    place.hub.webhooks.settle()

    heard = [one.headers["X-GitHub-Delivery"] for one in listener.heard[before:]]
    sent = [one.guid for one in place.hub.webhooks.deliveries[before:]]
    assert sorted(heard) == sorted(sent)
    assert heard != sent


def test_paused_webhooks_wait_in_order(place: Place, listener: Listener) -> None:
    place.hub.webhooks.settle()
    before = len(listener.heard)
    place.hub.webhooks.paused.set()
    place.repository.push("main", {"b": b"b"}, by=place.ada)
    with pytest.raises(TimeoutError):
        place.hub.webhooks.settle(0.05)
    assert len(listener.heard) == before

    place.hub.webhooks.paused.clear()
    place.hub.webhooks.settle()

    assert [one.event for one in listener.heard[before:]] == ["push", "check_suite"]


def test_the_app_sets_its_own_address(place: Place) -> None:
    app = place.app()

    shape = app.patch("/app/hook/config", json={"url": "http://127.0.0.1:1/other", "secret": "new"}).json()

    assert shape["url"] == "http://127.0.0.1:1/other"
    assert shape["secret"] == "********"
    assert place.hub.app.webhook_secret == "new"


def test_a_hub_that_stops_waits_for_nobody(listener: Listener) -> None:
    with Hub.run(listener.url) as hub:
        hub.webhooks.paused.set()
        for number in range(5):
            hub.install(f"org-{number}")
        started = time.monotonic()

    assert time.monotonic() - started < 5
    assert listener.heard == []
