from __future__ import annotations

import copy
import json
import random
import time
from collections import Counter
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.payloads import EVENTS, Comment, Ignored, Misshapen, Push, RepositoryEvent, parse
from tests.bot.examples import Body, example, others, ours, raw

if TYPE_CHECKING:
    from collections.abc import Generator

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**53 + 1,
    2**63,
    10**30,
    1.5,
    "",
    "1",
    "\0",
    "é" * 400,
    [],
    [[]],
    [None],
    {},
    {"id": 1},
)
# A copy: what is replaced here is nobody else's.
EXAMPLES = [(event, copy.deepcopy(body)) for event, bodies in sorted(ours().items()) for body in bodies]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def leaves(value: Any) -> list[tuple[Any, ...]]:
    """Paths of everything in a body."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(cast("Body", value).items())
    elif isinstance(value, list):
        items = list(enumerate(cast("list[Any]", value)))
    return [(key, *rest) for key, inner in items for rest in [(), *leaves(inner)]]


LEAVES = [(event, body, leaves(body)) for event, body in EXAMPLES]


@contextmanager
def replaced(body: Body, path: tuple[Any, ...], value: Any) -> Generator[None]:
    """`value` in the body's place `path`, for as long as this lasts."""
    place: Any = body
    for key in path[:-1]:
        place = place[key]
    before, place[path[-1]] = place[path[-1]], value
    try:
        yield
    finally:
        place[path[-1]] = before


def test_every_official_example_of_our_events_is_read() -> None:
    kinds = {event: {type(parse(event, raw(body))) for body in bodies} for event, bodies in ours().items()}

    assert set(kinds) == EVENTS
    assert not [event for event, types in kinds.items() if Misshapen in types]
    assert not [event for event, types in kinds.items() if types == {Ignored}]


def test_w13_no_body_passes_for_another_event() -> None:
    passed = [
        (event, other)
        for (event, body), other in product(EXAMPLES, sorted(EVENTS))
        if other != event and not isinstance(parse(other, raw(body)), Misshapen)
    ]

    assert passed == []


def test_w13_no_body_of_an_event_we_do_not_listen_to_passes_for_one_of_ours() -> None:
    passed = [
        (event, other)
        for (event, body), other in product(others().items(), sorted(EVENTS))
        if not isinstance(parse(other, raw(body)), Misshapen | Ignored)
    ]

    assert passed == []


def test_whoever_trusts_the_events_name_would_take_a_deleted_label_for_a_deleted_repository() -> None:
    label = others()["label"] | {"action": "deleted"}

    assert RepositoryEvent.model_validate(label).action == "deleted"
    assert isinstance(parse("repository", raw(label)), Misshapen)


@pytest.mark.parametrize("event", ["star", "", "Push", "push ", "merge_group", "é" * 5000])
def test_an_event_we_do_not_listen_to_is_ignored_whatever_its_body(event: str) -> None:
    assert isinstance(parse(event, b"\xff{"), Ignored)


def test_an_action_we_do_not_listen_to_is_ignored() -> None:
    assert isinstance(parse("pull_request", raw(example("pull_request", "opened", action="enqueued"))), Ignored)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"push"',
        b"\xff\xfe{}",
        b'{"ref": NaN}',
        b'{"ref": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"ref": ' + b"9" * 100_000 + b"}",
    ],
)
def test_a_body_that_is_no_object_of_json_is_misshapen(body: bytes) -> None:
    for event in EVENTS:
        assert isinstance(parse(event, body), Misshapen)


def test_a_number_larger_than_javascript_can_count_is_read_exactly() -> None:
    body = example("issue_comment", "created")
    body["comment"]["id"] = 2**63 - 1

    event = parse("issue_comment", raw(body))

    assert isinstance(event, Comment)
    assert event.comment.id == 2**63 - 1


@pytest.mark.parametrize("number", [2**63, 10**400, -1, 0, True, "1", 1.0, None, [1], {"id": 1}])
def test_a_number_that_the_ledger_could_not_hold_is_misshapen(number: Any) -> None:
    body = example("issue_comment", "created")
    body["comment"]["id"] = number

    assert isinstance(parse("issue_comment", raw(body)), Misshapen)


@pytest.mark.parametrize("name", ["a" * 256, "a\0b", "a\nb"])
def test_a_name_that_the_ledger_could_not_hold_is_misshapen(name: str) -> None:
    body = example("push")
    body["repository"]["full_name"] = name

    assert isinstance(parse("push", raw(body)), Misshapen)


def test_ghosts_and_deleted_forks_are_read() -> None:
    comment = example("issue_comment", "created", sender=None)
    comment["comment"]["user"] = comment["repository"]["owner"] = comment["issue"]["user"] = None
    pull = example("pull_request", "opened", sender=None)
    pull["pull_request"]["user"] = pull["pull_request"]["head"]["repo"] = None

    assert not isinstance(parse("issue_comment", raw(comment)), Misshapen | Ignored)
    assert not isinstance(parse("pull_request", raw(pull)), Misshapen | Ignored)


def test_fields_we_do_not_know_change_nothing() -> None:
    body = example("push")
    more: Body = body | {"enterprise": {"id": 1}, "brand_new": [{}]}

    assert parse("push", raw(more)) == parse("push", raw(body))


def test_what_was_wrong_is_said_without_what_stood_there() -> None:
    result = parse("push", raw(example("push", after="canary-8c1f")))

    assert isinstance(result, Misshapen)
    assert result.reason.startswith("after: ")
    assert "canary" not in result.reason


@settings(max_examples=300, deadline=None)
@given(event=st.sampled_from(sorted(EVENTS)), body=VALUES)
def test_w16_no_json_of_any_shape_raises(event: str, body: Any) -> None:
    assert isinstance(parse(event, json.dumps(body).encode()), Misshapen | Ignored)


@settings(max_examples=300, deadline=None)
@given(event=st.sampled_from(sorted(EVENTS)), body=st.binary(max_size=200))
def test_w16_no_bytes_raise(event: str, body: bytes) -> None:
    assert isinstance(parse(event, body), Misshapen | Ignored)


def test_w16_no_example_with_anything_anywhere_raises() -> None:
    chosen = random.Random(16)
    results: Counter[type] = Counter()

    for _ in range(10_000):
        event, body, paths = chosen.choice(LEAVES)
        with replaced(body, chosen.choice(paths), chosen.choice(ODD)):
            results[type(parse(event, raw(body)))] += 1

    assert results.total() == 10_000
    assert results[Misshapen] > 100
    assert results[Push] > 100


def test_a_push_is_read_in_a_small_part_of_a_millisecond() -> None:
    body = raw(next(body for body in ours()["push"] if body["commits"]))
    assert isinstance(parse("push", body), Push)

    fastest_s = min(_time_s(body) for _ in range(200))

    # It takes 20 microseconds where nothing else runs.
    assert fastest_s < 0.001


def _time_s(body: bytes) -> float:
    started = time.perf_counter()
    parse("push", body)
    return time.perf_counter() - started
