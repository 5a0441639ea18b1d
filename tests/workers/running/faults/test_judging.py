"""The judgement and the policy, in full."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, get_args

import pytest

from workers.contract.domain import Cause
from workers.contract.faults import Side
from workers.running.faults.decisions import Kind
from workers.running.faults.endings import Failed, Passed, Unseen
from workers.running.faults.judging import (
    CodeAtFault,
    Course,
    Judgement,
    Moved,
    NotOurs,
    PackagesAtFault,
    PinAtFault,
    Undecided,
    cause,
    course,
    judge,
    side,
)
from workers.settings import FixPolicy

if TYPE_CHECKING:
    from workers.running.faults.endings import Ending

POLICIES: tuple[FixPolicy, ...] = get_args(FixPolicy)


def failed(cell: int = 3, error: str = "AttributeError", why: Cause = Cause.CODE) -> Failed:
    return Failed(cell=cell, error=error, cause=why, words="it fails")


CODE, MISFIT = failed(), failed(why=Cause.ENVIRONMENT)
ELSEWHERE = Undecided(why="there it ends otherwise: it fails")
PASSES: list[tuple[Kind, Failed, Ending, Judgement]] = [
    (Kind.DATED, CODE, Passed(), Moved()),
    (Kind.DATED, MISFIT, Passed(), PackagesAtFault()),
    (Kind.TODAY, CODE, Passed(), PinAtFault()),
    (Kind.TODAY, MISFIT, Passed(), PinAtFault()),
]
BOTH: list[tuple[Failed, Ending, Judgement]] = [
    (CODE, Unseen(words="no time"), Undecided(why="no time")),
    (MISFIT, Unseen(words="no time"), Undecided(why="no time")),
    (CODE, CODE, CodeAtFault(alike=True)),
    (CODE, failed(error="TypeError"), CodeAtFault(alike=False)),
    (CODE, failed(cell=5), CodeAtFault(alike=False)),
    (MISFIT, MISFIT, NotOurs(cause=Cause.ENVIRONMENT)),
    (MISFIT, CODE, NotOurs(cause=Cause.ENVIRONMENT)),
    (MISFIT, failed(cell=5), ELSEWHERE),
    (CODE, failed(error="FileNotFoundError", why=Cause.DATA), NotOurs(cause=Cause.DATA)),
    (CODE, failed(error="KeyError", why=Cause.SECRET), NotOurs(cause=Cause.SECRET)),
    (CODE, failed(error="HTTPError", why=Cause.UPSTREAM), NotOurs(cause=Cause.UPSTREAM)),
    (CODE, failed(cell=5, error="FileNotFoundError", why=Cause.DATA), ELSEWHERE),
    (CODE, failed(cell=1, error="FileNotFoundError", why=Cause.DATA), ELSEWHERE),
    (CODE, failed(error="ImportError", why=Cause.ENVIRONMENT), ELSEWHERE),
    (CODE, failed(cell=5, error="ImportError", why=Cause.ENVIRONMENT), ELSEWHERE),
    (MISFIT, failed(error="FileNotFoundError", why=Cause.DATA), NotOurs(cause=Cause.DATA)),
]
TABLE = [*PASSES, *((kind, *row) for kind in Kind for row in BOTH)]


@pytest.mark.parametrize(("kind", "declared", "other", "judgement"), TABLE)
def test_the_judgement_follows_from_how_the_base_ends_in_both(
    kind: Kind, declared: Failed, other: Ending, judgement: Judgement
) -> None:
    assert judge(kind, declared, other) == judgement


def test_every_pair_of_endings_is_judged_and_code_is_blamed_only_where_it_fails_in_both() -> None:
    endings: list[Ending] = [Passed(), Unseen(words="x"), *(failed(cell, "E", why) for cell in (3, 4) for why in Cause)]

    for kind, why, other in product(Kind, Cause, endings):
        judgement = judge(kind, failed(3, "E", why), other)

        if isinstance(judgement, CodeAtFault):
            assert isinstance(other, Failed)
            assert (why, other.cause) == (Cause.CODE, Cause.CODE)
        assert (side(judgement) in {Side.PIN, Side.EITHER, Side.UPSTREAM}) == isinstance(other, Passed)


JUDGEMENTS: list[tuple[Judgement, Side, tuple[Course, ...], tuple[Cause | None, ...]]] = [
    (CodeAtFault(alike=True), Side.CODE, (Course.MEND, Course.LEAVE, Course.MEND), (Cause.CODE,) * 3),
    (CodeAtFault(alike=False), Side.CODE, (Course.MEND, Course.LEAVE, Course.MEND), (Cause.CODE,) * 3),
    (Moved(), Side.EITHER, (Course.MEND, Course.PIN, Course.ASK), (Cause.CODE, Cause.ENVIRONMENT, Cause.ENVIRONMENT)),
    (PinAtFault(), Side.PIN, (Course.PIN,) * 3, (Cause.ENVIRONMENT,) * 3),
    (PackagesAtFault(), Side.UPSTREAM, (Course.PIN,) * 3, (Cause.UPSTREAM,) * 3),
    (NotOurs(cause=Cause.DATA), Side.DATA, (Course.LEAVE,) * 3, (Cause.DATA,) * 3),
    (NotOurs(cause=Cause.ENVIRONMENT), Side.UNKNOWN, (Course.LEAVE,) * 3, (Cause.ENVIRONMENT,) * 3),
    (Undecided(why=""), Side.UNKNOWN, (Course.MEND, Course.LEAVE, Course.ASK), (None,) * 3),
]  # fmt: skip


@pytest.mark.parametrize(("judgement", "told", "courses", "causes"), JUDGEMENTS)
def test_what_follows_is_the_owners_policy_and_an_artifact_that_is_right_is_never_edited(
    judgement: Judgement, told: Side, courses: tuple[Course, ...], causes: tuple[Cause | None, ...]
) -> None:
    assert side(judgement) is told
    assert tuple(course(judgement, fix) for fix in POLICIES) == courses
    assert tuple(cause(judgement, fix) for fix in POLICIES) == causes


def test_the_table_of_the_policy_knows_every_judgement() -> None:
    assert {type(row[0]) for row in JUDGEMENTS} == set(get_args(Judgement))
