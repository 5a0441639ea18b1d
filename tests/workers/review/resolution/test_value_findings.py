"""Findings about attributes of values and texts that calls pass, from the resolver's real answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.asking import Asking, library
from workers.contract.domain import Finding, Rung, Staleness
from workers.review.resolution.api import find, questions, undecided
from workers.review.resolution.places import gone, refused, rekeyword, renaming, unfit

if TYPE_CHECKING:
    from pathlib import Path

    from workers.protocols import Document

SHOP = {
    "shop/__init__.py": """
        from typing import Literal
        class Item:
            def price_now(self): ...
            def sell(self, *, amount=1) -> "Item": ...
            def paint(self, colour: Literal["red", "blue"] = "red") -> "Item": ...
        class Open:
            def __getattr__(self, name): return name
        def find(name) -> Item: ...
        def anything(name) -> Open: ...
        """,
}


@pytest.fixture
def box(tmp_path: Path) -> Asking:
    return library(tmp_path, SHOP)


async def found(document: Document, box: Asking) -> tuple[Finding, ...]:
    return find(document, await box.resolve(questions(document)))


async def test_a_method_that_is_gone_is_found_under_the_name_of_its_type_and_renamed_in_place(box: Asking) -> None:
    document = notebook("import shop", "item = shop.find('a')", "x = 1; item.price()")

    (finding,) = await found(document, box)

    assert finding.place is not None
    assert (finding.place.cell, finding.place.column) == (2, 8)
    assert (finding.rule, finding.rung, finding.staleness) == ("api/name", Rung.E4, Staleness.BROKEN)
    assert gone(finding) == "shop.Item.price"
    suggestion = renaming(document, finding, "shop.Item.price_now")
    assert suggestion is not None
    assert suggestion.target == "shop.Item.price_now"
    assert document.edited(suggestion.edits).cells[2].source == "x = 1; item.price_now()"


async def test_a_method_does_not_become_a_function_of_the_library_by_a_rename(box: Asking) -> None:
    document = notebook("import shop\nshop.find('a').price()")
    (finding,) = await found(document, box)

    assert renaming(document, finding, "shop.find") is None
    assert renaming(document, finding, "builtins.len") is None


async def test_a_name_that_a_chain_says_twice_is_not_renamed_by_guess(box: Asking) -> None:
    document = notebook("import shop\nshop.find('a').price(shop.find('b')).price()")
    (finding, *_) = await found(document, box)

    assert renaming(document, finding, "shop.Item.price_now") is None


async def test_a_keyword_of_a_method_is_refused_under_the_name_of_its_type(box: Asking) -> None:
    document = notebook("import shop\nitem = shop.find('a').sell(amount=2)\nitem.sell(number=3)")

    (finding,) = await found(document, box)

    assert refused(finding) == ("shop.Item.sell", "number")
    suggestion = rekeyword(document, finding, "amount")
    assert suggestion is not None
    assert document.edited(suggestion.edits).cells[0].source.endswith("item.sell(amount=3)")


async def test_a_text_that_is_not_among_the_literals_is_a_finding_of_its_own(box: Asking) -> None:
    document = notebook("import shop\nshop.find('a').paint('green')\nshop.find('a').paint(colour='blue')")

    (finding,) = await found(document, box)

    assert (finding.rule, finding.rung) == ("api/value", Rung.E4)
    assert unfit(finding) == ("shop.Item.paint", "colour", "green")
    assert finding.suggestion is None


FREQUENCIES = {
    "pandas/__init__.py": "def date_range(start, freq='D'): ...\n",
    "pandas/tseries/__init__.py": "",
    "pandas/tseries/frequencies.py": """
        import warnings
        def to_offset(text):
            if text.endswith("M"):
                warnings.warn("'M' is deprecated, use 'ME' instead.", FutureWarning)
            if text.endswith("H"):
                raise ValueError("Invalid frequency: H. Did you mean h?")
            return text
        """,
}


@pytest.mark.parametrize(
    ("written", "mended", "rung"),
    [
        ("freq='2H'", "freq='2h'", Rung.E4),
        ('freq="M"', 'freq="ME"', Rung.E3),
        ("freq=r'H'", None, Rung.E4),
        ("freq='D'", None, None),
    ],
)
async def test_a_text_is_mended_where_the_library_names_one_that_it_takes(
    tmp_path: Path, written: str, mended: str | None, rung: Rung | None
) -> None:
    document = notebook(f"import pandas as pd\npd.date_range('2000', {written})")

    made = await found(document, library(tmp_path, FREQUENCIES))

    assert [one.rung for one in made] == ([] if rung is None else [rung])
    edits = [edit for one in made if one.suggestion for edit in one.suggestion.edits]
    after = document.edited(edits)
    assert after.cells[0].source.endswith(f"{mended or written})")
    if mended:
        assert await found(after, library(tmp_path, FREQUENCIES)) == ()


async def test_what_could_not_be_decided_is_counted_by_its_reason(box: Asking) -> None:
    document = notebook("import shop\nshop.anything('a').price\nshop.anything('b').cost")

    answers = await box.resolve(questions(document))

    assert find(document, answers) == ()
    assert undecided(answers) == {"Open answers for attributes": 2}


async def test_a_module_beside_the_artifact_is_not_judged_by_the_one_that_is_installed(box: Asking) -> None:
    document = notebook("import shop\nshop.find('a').price()")

    assert find(document, await box.resolve(questions(document)), beside={"shop"}) == ()
