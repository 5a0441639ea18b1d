"""Models that a form offers beside the one that is set, and models in addresses of the Gemini API."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.review.test_model_names import NONE, found, mended
from workers.contract.domain import Staleness

ADDRESS = "https://generativelanguage.googleapis.com/v1beta/models"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'MODEL = "gemini-3.6-flash"  # @param ["gemini-2.0-flash-lite", "gemini-3.6-flash"] {"allow-input": true}',
            'MODEL = "gemini-3.6-flash"  # @param ["gemini-3.5-flash-lite", "gemini-3.6-flash"] {"allow-input": true}',
        ),
        (  # shut down, and its vendor names nobody
            "MODEL = 'gemini-3.6-flash' #@param ['gemini-2.0-pro-exp', 'gemini-3.6-flash','gemini-1.5-pro']",
            "MODEL = 'gemini-3.6-flash' #@param ['gemini-3.6-flash']",
        ),
        (  # two of them become the same, or one that is there
            'model = "gemini-2.0-flash" # @param ["gemini-2.0-flash", "gemini-2.0-flash-001", "gemini-3.1-flash-image"]',
            'model = "gemini-3.6-flash" # @param ["gemini-3.6-flash", "gemini-3.1-flash-image"]',
        ),
        (
            'é = 1\nmodel = "models/gemini-2.0-flash" # @param ["models/gemini-2.0-flash", "other"]',
            'é = 1\nmodel = "models/gemini-3.6-flash" # @param ["models/gemini-3.6-flash", "other"]',
        ),
        (  # what is set stays on offer
            'model = "gemini-1.5-pro" # @param ["gemini-1.5-flash", "gemini-1.5-pro", "gemini-3.6-flash"]',
            'model = "gemini-1.5-pro" # @param ["gemini-1.5-pro", "gemini-3.6-flash"]',
        ),
    ],
)
def test_a_form_offers_no_model_that_was_shut_down(before: str, after: str) -> None:
    assert mended(before, rules=NONE) == [after]
    assert mended(after, rules=NONE) == [after]


@pytest.mark.parametrize(
    "kept",
    [
        'MODEL = "gemini-3.6-flash"  # param ["gemini-2.0-flash-lite", "gemini-3.6-flash"]',
        'MODEL = "gemini-3.6-flash"  # was ["gemini-2.0-flash-lite"] # @param ["gemini-3.6-flash"]',
        'MODEL = "gemini-3.6-flash"  # @param ["gemini-2.0-flash-lite", GONE]',
        'MODEL = "gemini-3.6-flash"  # @param ["gemini-2.0-flash-lite", "a model"]',
        'MODEL = "gemini-3.6-flash"  # @param ["gemini-2.0-flash-lite"',
        'title = "hello"  # @param ["gemini-2.0-flash-lite", "hello"]',
        'text = \'MODEL = "gemini-3.6-flash"  # @param ["gemini-2.0-flash-lite", "x"]\'',
        'model = "gemini-1.5-pro" # @param ["gemini-1.5-flash", "gemini-1.5-pro"]',
    ],
)
def test_what_is_no_form_or_would_be_left_empty_stays(kept: str) -> None:
    assert mended(kept, rules=NONE) == [kept]


def test_a_form_of_a_gateway_is_its_own() -> None:
    cell = 'model = "gemini-3.6-flash" # @param ["gemini-2.0-flash", "gemini-3.6-flash"]'

    assert mended('url = "https://openrouter.ai/api/v1"', cell, rules=NONE)[1] == cell


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f'!curl "{ADDRESS}/gemini-2.0-flash:generateContent?key=$K"',
            f'!curl "{ADDRESS}/gemini-3.6-flash:generateContent?key=$K"',
        ),
        (
            f"%%bash\ncurl {ADDRESS}/gemini-2.0-flash:countTokens",
            f"%%bash\ncurl {ADDRESS}/gemini-3.6-flash:countTokens",
        ),
        (
            f'url = f"{ADDRESS}/gemini-2.0-flash:streamGenerateContent?key={{k}}"',
            f'url = f"{ADDRESS}/gemini-3.6-flash:streamGenerateContent?key={{k}}"',
        ),
    ],
)
def test_the_model_in_an_address_of_the_api_is_one(before: str, after: str) -> None:
    assert mended(before, rules=NONE) == [after]
    assert mended(after, rules=NONE) == [after]


@pytest.mark.parametrize(
    "kept",
    [
        f"# {ADDRESS}/gemini-2.0-flash:generateContent",
        f"x = 1  # {ADDRESS}/gemini-2.0-flash:generateContent",
        "url = 'https://example.com/v1beta/models/gemini-2.0-flash:generateContent'",
        f"url = '{ADDRESS}/gemini-2.0-flash.html'",
        f"url = '{ADDRESS}/embedding-001:embedContent'",
    ],
)
def test_other_addresses_stay(kept: str) -> None:
    assert mended(kept, rules=NONE) == [kept]


def test_where_the_vendor_names_nobody_an_address_is_told_and_left() -> None:
    (finding,) = found(f"!curl {ADDRESS}/gemini-pro-vision:generateContent", rules=NONE)

    assert (finding.staleness, finding.suggestion) == (Staleness.RETIRED, None)


NAMES = st.sampled_from(
    [
        "gemini-2.0-flash",
        "gemini-2.0-flash-001",
        "gemini-1.5-pro",
        "gemini-2.5-pro",
        "gemini-3.6-flash",
        "é",
        "embedding-001",
        "",
    ]
)


@settings(max_examples=60, deadline=None)
@given(NAMES, st.lists(NAMES, max_size=5), st.sampled_from([", ", ",", " ,  "]), st.sampled_from(["]", "", "] {}"]))
def test_any_form_is_read_edits_apply_and_a_second_pass_offers_none(
    value: str, offered: list[str], apart: str, end: str
) -> None:
    cell = f"é = 1\nmodel = '{value}'  # @param [{apart.join(map(repr, offered))}{end}"
    once = mended(cell, rules=NONE)

    assert mended(*once, rules=NONE) == once
