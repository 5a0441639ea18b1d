from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from tests.builders import notebook
from tests.environments import environment
from workers.contract.domain import (
    Cause,
    Edit,
    Execution,
    Finding,
    IssueType,
    Place,
    Repair,
    Rung,
    Severity,
    Staleness,
    Suggestion,
)
from workers.knowledge.packs import shipped
from workers.protocols import Document, Task
from workers.repair.rules import RulesRepairer
from workers.review.rules import find

DAY = dt.date(2026, 11, 20)
NOW = environment(numpy="2.4.0", pandas="3.0.0")


def edit(start: int, old: str, new: str, cell: int = 0) -> Edit:
    return Edit(cell=cell, start=start, end=start + len(old), old=old, new=new)


def finding(*edits: Edit, name: str = "a", severity: Severity = Severity.MEDIUM) -> Finding:
    return Finding(
        id=name,
        artifact="a.ipynb",
        place=Place(cell=edits[0].cell, line=1, column=edits[0].start + 1) if edits else None,
        issue_type=IssueType.DEPRECATED_API,
        severity=severity,
        staleness=Staleness.DEPRECATED,
        rung=Rung.E3,
        cause=Cause.CODE,
        rule=f"rule/{name}",
        message="",
        suggestion=Suggestion(edits=edits) if edits else None,
    )


def task(*findings: Finding, document: Document | None = None, refused: frozenset[Edit] = frozenset()) -> Task:
    return Task(
        document=document or notebook("0123456789"),
        findings=findings,
        execution=Execution(status="not_run"),
        records=(),
        refused=frozenset(one.key for one in refused),
    )


async def proposed(*findings: Finding, refused: frozenset[Edit] = frozenset()) -> Repair | None:
    return await RulesRepairer().propose(task(*findings, refused=refused))


async def test_edits_of_all_findings_are_one_repair_in_document_order() -> None:
    later, earlier = edit(5, "5", "five"), edit(0, "0", "zero")

    repair = await proposed(finding(later, name="b"), finding(earlier, name="a"))

    assert repair is not None
    assert repair.edits == (earlier, later)
    assert (repair.by, set(repair.findings)) == ("rules", {"a", "b"})
    assert repair.changes_made == (
        "Replaced `0` by `zero` in cell 0 (`rule/a`).",
        "Replaced `5` by `five` in cell 0 (`rule/b`).",
    )


async def test_nothing_is_proposed_without_a_suggestion() -> None:
    assert await proposed() is None
    assert await proposed(finding()) is None


@pytest.mark.parametrize(
    ("rung", "resolved", "offered"),
    [
        (Rung.E1, True, False),
        (Rung.E2, False, False),
        (Rung.E2, True, True),
        (Rung.E3, False, True),
        (Rung.E4, False, True),
        (Rung.E5, False, True),
    ],
)
async def test_the_rung_decides_whether_an_edit_is_made(rung: Rung, resolved: bool, offered: bool) -> None:
    one = finding(edit(0, "0", "zero"))
    assert one.suggestion is not None
    one = replace(one, rung=rung, suggestion=replace(one.suggestion, resolved=resolved))

    assert (await proposed(one) is not None) is offered


@pytest.mark.parametrize("staleness", [Staleness.POLICY, Staleness.READER])
async def test_what_is_the_owners_business_waits_for_the_owner(staleness: Staleness) -> None:
    one = replace(
        finding(edit(0, "0", "zero")),
        staleness=staleness,
        rung=Rung.E1,
        suggestion=Suggestion(edits=(edit(0, "0", "zero"),), resolved=True),
    )

    assert await RulesRepairer().propose(task(one)) is None
    assert await RulesRepairer(frozenset({staleness})).propose(task(one)) is not None


async def test_a_refused_edit_is_not_offered_again_and_takes_its_finding_along() -> None:
    refused, beside, other = edit(0, "0", "zero"), edit(2, "2", "two"), edit(4, "4", "four")

    repair = await proposed(finding(refused, beside), finding(other, name="b"), refused=frozenset({refused}))

    assert repair is not None
    assert repair.edits == (other,)
    assert await proposed(finding(refused), refused=frozenset({refused})) is None


async def test_of_two_edits_in_one_place_the_graver_finding_wins() -> None:
    mild, grave = edit(0, "012", "x"), edit(2, "23", "y")

    repair = await proposed(finding(mild, name="a"), finding(grave, name="b", severity=Severity.HIGH))

    assert repair is not None
    assert repair.edits == (grave,)
    assert repair.findings == ("b",)


async def test_of_two_insertions_in_one_place_the_first_wins() -> None:
    repair = await proposed(finding(edit(1, "", "x"), name="a"), finding(edit(1, "", "y"), name="b"))

    assert repair is not None
    assert [one.new for one in repair.edits] == ["x"]


async def test_findings_that_share_an_edit_are_mended_together() -> None:
    shared = edit(0, "0", "zero")

    repair = await proposed(finding(shared, name="a"), finding(shared, edit(3, "3", "three"), name="b"))

    assert repair is not None
    assert [one.new for one in repair.edits] == ["zero", "three"]
    assert repair.findings == ("a", "b")


async def test_a_limit_takes_the_most_important_first() -> None:
    findings = [finding(edit(0, "0", "x")), finding(edit(5, "5", "y"), name="b", severity=Severity.HIGH)]

    repair = await RulesRepairer(limit=1).propose(task(*findings))

    assert repair is not None
    assert repair.findings == ("b",)


SOURCES = (
    "import numpy as np\nimport pandas as pd",
    "x = np.int(3)\ny = np.array([1], dtype=np.bool8)",
    "pd.date_range('2020', freq='H', periods=np.int(3))\nfrom numpy import object as o, float as f",
    "'np.int'  # np.int",
)


async def test_a_repaired_document_has_no_such_finding_and_nothing_else_changed() -> None:
    document = notebook(*SOURCES)
    findings = find(document, shipped(), NOW, as_of=DAY)

    repair = await RulesRepairer().propose(task(*findings, document=document))
    assert repair is not None
    edited = document.edited(repair.edits)

    again = find(edited, shipped(), NOW, as_of=DAY)
    assert [one.rule for one in again] == ["numpy/bool8"], "its target has to be seen to resolve first"
    assert await RulesRepairer().propose(task(*again, document=edited)) is None
    assert [cell.source for cell in edited.cells] == [
        SOURCES[0],
        "x = int(3)\ny = np.array([1], dtype=np.bool8)",
        "pd.date_range('2020', freq='h', periods=int(3))\no = object\nf = float",
        SOURCES[3],
    ]
