from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import answers, paging
from bot.answers import Answer, GitHubError, Limited, Unavailable, Unprocessable
from bot.asks import Arguments, of
from bot.progress import read, sentence
from bot.threads import Issue, Pull
from workers.contract.errors import MendloopError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(min_value=-(2**70), max_value=2**70) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "message", "errors", "data", "user", "type", "a"]), inner, max_size=4)
    ),
    max_leaves=12,
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "date", "link"]),
    st.text(max_size=30) | st.sampled_from(["0", "12", "-1", "1e9", "²"]),
)


@given(st.integers(200, 599), JSON | st.none(), HEADERS)
def test_h218_whatever_is_answered_is_a_value_or_one_of_our_errors(
    status: int, body: Any, headers: dict[str, str]
) -> None:
    answer = Answer(status=status, headers=headers, body=json.dumps(body).encode())

    with suppress(MendloopError):
        answers.check(answer, now=1000.0)
        assert status < 400
        value = answers.parsed(answer)
        for model in (Issue, Pull):
            with suppress(Unavailable):
                assert answers.shaped(model, value).model_fields_set
        assert paging.next_page(answer) != ""
        answers.check_graphql(value, now=1000.0)


@given(st.binary(max_size=60), st.integers(400, 599))
def test_bytes_that_are_no_json_never_break_the_reading_of_an_error(body: bytes, status: int) -> None:
    with pytest.raises(MendloopError):
        answers.check(Answer(status=status, headers={}, body=body), now=0.0)


def test_an_answer_nested_too_deep_is_garbage_not_a_crash() -> None:
    body = b"[" * 100_000

    with pytest.raises(Unavailable):
        answers.parsed(Answer(status=200, headers={}, body=body))
    with pytest.raises(GitHubError):
        answers.check(Answer(status=404, headers={}, body=body), now=0.0)


def test_what_github_says_of_an_error_is_kept_within_bounds() -> None:
    body = json.dumps({"message": "m" * 10_000, "errors": [{"message": "e" * 10_000}] * 1000}).encode()

    with pytest.raises(Unprocessable) as caught:
        answers.check(Answer(status=422, headers={}, body=body), now=0.0)

    assert len(str(caught.value)) < 1000
    assert len(caught.value.errors) == 10


def test_a_reset_is_told_by_our_own_clock() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000600", "date": "Tue, 14 Nov 2023 22:13:20 GMT"}

    with pytest.raises(Limited) as caught:
        answers.check(Answer(status=403, headers=headers, body=b"{}"), now=5000.0)

    assert caught.value.until == 5600.0


@given(st.text(max_size=50) | JSON.map(json.dumps))
def test_progress_that_nobody_understands_is_no_progress(raw: str) -> None:
    assert sentence(read(raw)).endswith(".")


@given(JSON.map(json.dumps) | st.text(max_size=20))
def test_arguments_that_nobody_understands_are_none(raw: str) -> None:
    row = dict.fromkeys(("id", "installation_id", "repository_id", "actor_id", "created_at"), 1) | dict.fromkeys(
        ("number", "comment_id", "check_run_id")
    )

    ask = of(row | {"trigger": "command", "verb": "repair", "arguments": raw, "actor": "", "branch": "", "sha": ""})

    assert isinstance(ask.arguments, Arguments)
