"""Text of strangers reads as they wrote it, though nothing in it is live. That it is inert: `test_report`."""

from __future__ import annotations

import pytest

from workers.contract.markdown import capped, prose


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "this ends in URLError: <urlopen error [Errno -3] Temporary failure in name resolution>. Cause: environment.",
            "this ends in URLError: `<urlopen error [Errno -3] Temporary failure in name resolution>`. Cause: environment.",
        ),
        ("print statement of Python 2. Cause: code.", "print statement of Python 2. Cause: code."),
        ('"A" -> "Y", as the error asks', '"A" -> "Y", as the error asks'),
        ("2. is a list", "`2.` is a list"),
        ("call f(a_b, c), then go on", "call `f(a_b, c)`, then go on"),
        ("a < b and so on", "a `<` b and so on"),
        ("see GH-12.", "see `GH-12`."),
    ],
)
def test_a_sentence_stays_a_sentence(text: str, shown: str) -> None:
    assert prose(text) == shown


@pytest.mark.parametrize("length", [101, 110, 140, 200, 5000, 100_000])
def test_what_is_left_out_is_more_than_what_says_so(length: int) -> None:
    text = "".join(chr(0x4E00 + number % 2000) for number in range(length))

    shown = capped(text, 100)

    assert len(shown) <= 100
    kept = sum(character >= "\u4e00" for character in shown)
    said = len(shown) - kept
    assert said == 1 or length - kept > 2 * said
    assert said == 1 or f"[…{length - kept} characters…]" in shown


def test_a_text_within_its_bounds_is_left_alone() -> None:
    assert capped("a" * 100, 100) == "a" * 100
