from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.validate import test_verdict as verdicts
from tests.workers.validate.test_verdict import Paper, proven, review, standard
from workers.contract import leaks
from workers.contract.domain import BaseEvidence, Case, CellRun, Execution, NetworkAttempt
from workers.validate.network import compare
from workers.validate.verdict import Validator

if TYPE_CHECKING:
    from workers.protocols import Document

BASE = notebook("a = 1", "b = a.old()", "fetch('https://named.example.org/x')")
NEW = NetworkAttempt(host="new.example.org", port=443)
NAMED = NetworkAttempt(host="named.example.org", port=443)
UNSEEN = NetworkAttempt(host="", via="other")
FAILED = BaseEvidence(
    first=Execution(
        status="failed",
        cells=(CellRun(cell=0, status="ok"), CellRun(cell=1, status="error"), CellRun(cell=2, status="not_run")),
    )
)
EDITED = frozenset({1})


def head(cell: int = 1, *, attempts: tuple[NetworkAttempt, ...] = (), kinds: tuple[str, ...] = ()) -> Execution:
    runs = tuple(CellRun(cell=index, status="ok") for index in range(3) if index != cell)
    return Execution(status="passed", cells=(*runs, CellRun(cell=cell, status="ok", attempts=attempts, leaks=kinds)))


def based(attempts: tuple[NetworkAttempt, ...] = (), kinds: tuple[str, ...] = ()) -> BaseEvidence:
    cells = tuple(
        CellRun(cell=index, status="ok", attempts=attempts if index == 1 else (), leaks=kinds if index == 1 else ())
        for index in range(3)
    )
    return BaseEvidence(first=Execution(status="passed", cells=cells))


def refused(case: Case | None) -> bool:
    assert case is None or case.veto
    return case is not None and not case.passed


def test_a_head_that_reaches_for_nothing_has_no_such_case() -> None:
    assert compare(BASE, FAILED, head(), EDITED) is None


def test_a_place_that_only_the_head_reaches_for_is_a_veto_that_names_the_edited_cell() -> None:
    case = compare(BASE, FAILED, head(1, attempts=(NEW,)), EDITED)

    assert refused(case)
    assert case is not None
    assert case.cells == (1,)
    assert "new.example.org:443" in case.evidence


@pytest.mark.parametrize("attempt", [NEW, UNSEEN])
def test_a_place_that_the_base_reached_for_as_well_is_none(attempt: NetworkAttempt) -> None:
    assert not refused(compare(BASE, based((attempt,)), head(1, attempts=(attempt,)), EDITED))


def test_a_cell_that_the_base_never_came_to_may_do_what_it_always_did() -> None:
    assert not refused(compare(BASE, FAILED, head(2, attempts=(NEW,)), EDITED))
    assert not refused(compare(BASE, FAILED, head(2, attempts=(UNSEEN,)), EDITED))
    assert not refused(compare(BASE, FAILED, head(2, attempts=(NAMED,)), frozenset({2})))


def test_a_cell_that_was_quiet_and_starts_something_that_reaches_out_is_a_veto() -> None:
    assert refused(compare(BASE, based(), head(0, attempts=(UNSEEN,)), EDITED))


def test_what_the_proxy_refused_counts_like_what_was_seen_in_a_cell() -> None:
    by_proxy = NetworkAttempt(host="new.example.org", port=443, via="proxy", why="the owner did not allow this host")

    assert refused(compare(BASE, FAILED, Execution(status="passed", attempts=(by_proxy,)), EDITED))


def test_weather_is_nobodys_fault() -> None:
    failed = NetworkAttempt(host="named.example.org", port=443, via="proxy", kind="failed")

    assert not refused(compare(BASE, FAILED, Execution(status="passed", attempts=(failed,)), EDITED))


def test_asking_for_what_was_not_recorded_is_a_veto_where_the_owner_wants_that() -> None:
    missed = NetworkAttempt(host="named.example.org", port=443, via="proxy", kind="missed")

    assert refused(compare(BASE, based((NAMED,)), Execution(status="passed", attempts=(missed,)), EDITED))


def test_theft_is_a_veto_even_where_the_base_stole_too() -> None:
    stolen = NetworkAttempt(host="named.example.org", port=443, kind="stolen")

    assert refused(compare(BASE, based((stolen,)), head(1, attempts=(stolen,)), EDITED))


@pytest.mark.parametrize("kind", [leaks.SHAPE, leaks.CANARY])
def test_a_secret_that_only_the_head_shows_is_a_veto(kind: str) -> None:
    assert refused(compare(BASE, based(), head(1, kinds=(kind,)), EDITED))
    assert refused(compare(BASE, based(), head(2, kinds=(kind,)), EDITED))
    assert not refused(compare(BASE, based(kinds=(kind,)), head(1, kinds=(kind,)), EDITED))
    assert not refused(compare(BASE, FAILED, head(2, kinds=(kind,)), EDITED))


class Reaches(Paper):
    """A box in which what was edited reaches out."""

    async def execute(self, document: Document) -> Execution:
        return replace(await super().execute(document), attempts=(NEW,))


async def test_a_repair_that_reaches_out_is_refused_by_the_validator() -> None:
    validation = await Validator(standard(), Reaches(), review, lambda _: True)(proven(verdicts.BASE, verdicts.HEAD))

    assert validation.refused is not None
    assert validation.refused.name == "network"
    assert validation.head.attempts == (NEW,)
