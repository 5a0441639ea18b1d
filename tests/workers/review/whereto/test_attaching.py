"""From a notebook to a finding with an edit: the environment says what is gone, releases say where it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.environments import environment
from tests.workers.review.whereto.releases import Shelf
from workers.contract.business import BusinessRules
from workers.contract.domain import CellError, CellRun, Execution
from workers.knowledge.rule import Gate, Packs, Rule, Symbol
from workers.review.sources import Reviewer

if TYPE_CHECKING:
    from pathlib import Path

    from workers.contract.domain import Finding
    from workers.protocols import Document

OLD = '''
import warnings


def sow(row, depth=3):
    warnings.warn("sow is deprecated. Use plant instead.", DeprecationWarning)


def plant(row, depth=3):
    pass


def prune(tree, *, length=30, **more):
    """Prune.

    Parameters
    ----------
    size : int
        .. deprecated:: 1.1 Use `length` instead.
    """
    if "size" in more:
        warnings.warn("The `size` parameter has been renamed to `length`", DeprecationWarning)


class Tree:
    def years(self):
        """.. deprecated:: 1.1 Use `age` instead."""
'''
NEW = """
def plant(row, depth=3):
    pass


def prune(tree, *, length=30):
    pass


class Tree:
    def age(self):
        pass
"""
Facts = Callable[[str], Sequence[Rule]]
NOT_RUN = Execution(status="not_run", reason="a scan")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, "orchard", {"1.4": {"orchard/__init__.py": OLD}, "2.0": {"orchard/__init__.py": NEW}})


def reviewer(shelf: Shelf, *, releases: bool = False, facts: Facts | None = None) -> Reviewer:
    return Reviewer(
        packs=Packs(rules=()),
        environment=environment(orchard="2.0"),
        business=BusinessRules(),
        as_of=date(2026, 1, 1),
        resolve=shelf.ask,
        releases=shelf.bridges if releases else None,
        facts=facts,
    )


def mined(old: str, new: str) -> tuple[Rule, ...]:
    return (
        Rule(
            id=f"mined/orchard/{old}",
            package="orchard",
            change=Symbol(old=old, new=new),
            gate=Gate(removed=(2, 0)),
            as_of=date(2026, 1, 1),
            source="https://example.org/orchard",
        ),
    )


def mended(document: Document, findings: tuple[Finding, ...]) -> list[str]:
    edits = [edit for each in findings if each.suggestion for edit in each.suggestion.edits]
    return [cell.source for cell in document.edited(edits).cells]


async def test_a_gone_function_is_edited_to_the_one_the_release_before_names(shelf: Shelf) -> None:
    document = notebook("import orchard as o", "o.sow('beans', depth=2)")

    findings = await reviewer(shelf, releases=True)(document, NOT_RUN)

    assert mended(document, findings)[1] == "o.plant('beans', depth=2)"
    assert "orchard 1.4 says: sow is deprecated. Use plant instead." in findings[0].evidence


async def test_an_import_is_edited_under_the_name_it_had(shelf: Shelf) -> None:
    document = notebook("from orchard import sow", "sow('beans')")

    findings = await reviewer(shelf, releases=True)(document, NOT_RUN)

    assert mended(document, findings) == ["from orchard import plant as sow", "sow('beans')"]


async def test_an_import_whose_calls_do_not_fit_is_only_spoken_of(shelf: Shelf) -> None:
    document = notebook("from orchard import sow", "sow('beans')", "sow('peas', width=2)")

    findings = await reviewer(shelf, releases=True)(document, NOT_RUN)

    assert mended(document, findings)[0] == "from orchard import sow"


async def test_a_gone_keyword_is_edited_where_the_release_before_names_another(shelf: Shelf) -> None:
    document = notebook("import orchard", "orchard.prune('oak', size=3)")

    findings = await reviewer(shelf, releases=True)(document, NOT_RUN)

    assert mended(document, findings)[1] == "orchard.prune('oak', length=3)"


async def test_a_keyword_that_is_passed_already_is_not_passed_twice(shelf: Shelf) -> None:
    document = notebook("import orchard", "orchard.prune('oak', size=3, length=2)")

    findings = await reviewer(shelf, releases=True)(document, NOT_RUN)

    assert mended(document, findings)[1] == "orchard.prune('oak', size=3, length=2)"


async def test_a_call_that_the_target_does_not_take_is_only_spoken_of(shelf: Shelf) -> None:
    document = notebook("import orchard", "orchard.sow('beans', width=3)")

    findings = await reviewer(shelf, releases=True)(document, NOT_RUN)

    assert [each.suggestion for each in findings] == [None]
    assert "orchard.plant" in findings[0].fix


@pytest.mark.parametrize(
    "source", ["# orchard.sow was fine", "text = 'orchard.sow'", "class orchard:\n    sow = 1\norchard.sow"]
)
async def test_what_is_no_use_of_the_library_is_left_alone(shelf: Shelf, source: str) -> None:
    document = notebook(source)

    findings = await reviewer(shelf, releases=True)(document, NOT_RUN)

    assert mended(document, findings) == [source]
    assert not [each for each in shelf.asked if each.name == "orchard.plant"]


async def test_a_mined_fact_is_a_target_only_where_it_exists(shelf: Shelf) -> None:
    document = notebook("import orchard", "orchard.sow('beans')")

    found = await reviewer(shelf, facts=lambda name: mined(name, "orchard.plant"))(document, NOT_RUN)
    refused = await reviewer(shelf, facts=lambda name: mined(name, "orchard.plough"))(document, NOT_RUN)

    assert mended(document, found)[1] == "orchard.plant('beans')"
    assert "https" not in found[0].fix
    assert mended(document, refused)[1] == "orchard.sow('beans')"


async def test_without_releases_nothing_is_known_of_the_one_before(shelf: Shelf) -> None:
    document = notebook("import orchard", "orchard.sow('beans')")

    (finding,) = await reviewer(shelf)(document, NOT_RUN)

    assert finding.suggestion is None


async def test_an_error_about_an_object_says_where_its_method_went(shelf: Shelf) -> None:
    document = notebook("import orchard", "tree = [orchard.Tree()][0]\ntree.years()")
    error = CellError(name="AttributeError", message="'Tree' object has no attribute 'years'", traceback="", line=2)
    runs = (CellRun(cell=0, status="ok"), CellRun(cell=1, status="error", error=error))

    findings = await reviewer(shelf, releases=True)(document, Execution(status="failed", cells=runs))

    (told,) = [each for each in findings if each.rule == "execution/error"]
    assert "orchard.Tree.age" in told.fix
    assert told.suggestion is None
