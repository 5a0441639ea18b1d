"""An error that says of which type a name is gets the advice that the packs have for it."""

from __future__ import annotations

import pytest

from tests.builders import notebook
from tests.workers.review.test_execution import failed
from workers.knowledge.packs import shipped
from workers.review.advice import given
from workers.review.execution import find


def fix(name: str, message: str) -> str:
    document = notebook("df.ix[0]")
    (finding,) = given(find(document, failed(name, message)), shipped())
    return finding.fix


def test_an_attribute_that_a_pack_knows_is_told_with_its_advice() -> None:
    said = fix("AttributeError", "'DataFrame' object has no attribute 'ix'")

    assert said == "Use `.loc` for labels and `.iloc` for positions."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("AttributeError", "'Wardrobe' object has no attribute 'ix'"),
        ("AttributeError", "'DataFrame' object has no attribute 'umbrella'"),
        ("ValueError", "no"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'a.csv'"),
    ],
)
def test_what_no_pack_knows_gets_no_advice(name: str, message: str) -> None:
    assert fix(name, message) == ""


def test_the_message_s_own_direction_is_kept() -> None:
    said = fix("AttributeError", "'DataFrame' object has no attribute 'ix'. Did you mean: 'IX'?")

    assert said == "`ix` -> `IX`"
