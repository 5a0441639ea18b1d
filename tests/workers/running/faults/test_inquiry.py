"""Inquiries in a world of versions: what is compared, what it costs, and what is named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.running.faults.toy import WRITTEN, Told, World, artifact, decision, history
from workers.contract.domain import Cause, Finding, IssueType, Rung, Severity, Staleness
from workers.contract.faults import Side
from workers.running.faults.allowance import Allowance
from workers.running.faults.decisions import Kind
from workers.running.faults.endings import Failed, Passed, ending
from workers.running.faults.seams import Origin
from workers.running.faults.searching import Between, Search
from workers.running.faults.splitting import FaultSplit
from workers.running.faults.trials import Trials, lock_of

if TYPE_CHECKING:
    from workers.environments.words import Decision
    from workers.protocols import Document
    from workers.running.faults.inquiry import Inquiry

LOST = history("1.0", "1.1", "2.0")
"""A tiny package, of which 2.0 lost a function."""


async def inquired(world: World, declared: Decision, document: Document, **more: Any) -> Inquiry | None:
    """What is found out about `document`, judged where `declared` leads to."""
    place = await world.boxed(declared)
    world.built.clear()
    written = more.pop("written", WRITTEN)
    settings: dict[str, Any] = {"fix": "env", "builds": 40, "seconds": 60.0, **more}
    split = FaultSplit(
        box=place.box,
        places=world,
        releases=world,
        origins=Told(Origin(decision=declared, written=written)),
        **settings,
    )
    return await split.inquire(document, await place.box.execute(document), None)


async def asked(world: World, declared: Decision, *cells: str, **more: Any) -> Inquiry:
    found = await inquired(world, declared, artifact(*cells), **more)
    assert found is not None
    return found


async def test_a_healthy_artifact_costs_nothing() -> None:
    world = World({"a": LOST})

    assert await inquired(world, decision("a"), artifact("needs a>=2")) is None
    assert world.built == []


async def test_what_lacks_data_is_not_asked_about_and_costs_nothing() -> None:
    world = World({"a": LOST})

    assert await inquired(world, decision("a"), artifact("wants data.csv")) is None
    assert world.built == []


async def test_a_release_that_lost_a_function_is_named_and_the_last_that_had_it_is_suggested() -> None:
    world = World({"a": history("1.0", "1.1", "1.2", "1.3", "1.4", "2.0", "2.1")})

    found = await asked(world, decision("a"), "1", "needs a<2")

    assert found.fault.side is Side.EITHER
    assert found.fault.releases == ("a 2.0 broke cell 1 (1.4 still ran).",)
    assert list(map(str, found.fault.pins)) == ["a==1.4"]
    assert found.fault.pins[0].instead_of == "2.1"
    assert found.fault.left_open == ()
    assert [(each.versions, each.status) for each in found.fault.tried] == [
        ("declared", "failed"),
        ("of 2024-01-15", "passed"),
    ]
    assert len(world.built) <= 8


async def test_what_fails_with_all_versions_is_the_codes_fault_and_nothing_is_searched() -> None:
    world = World({"a": LOST})

    found = await asked(world, decision("a"), "needs a>=3", fix="code")

    assert found.fault.side is Side.CODE
    assert found.mends_code
    assert world.built == [{"a": "1.0"}]


async def test_a_pin_that_is_wrong_is_named_with_the_release_that_mends_it_and_no_policy_edits_the_artifact() -> None:
    world = World({"a": history("1.0", "1.1", "1.2", "2.0"), "b": history("1.0", "2.0")})

    for fix in ("code", "env", "ask"):
        found = await asked(world, decision("a==1.0", "b==1.0"), "needs a>=1.2", fix=fix)

        assert found.fault.side is Side.PIN
        assert not found.mends_code
        assert list(map(str, found.fault.pins)) == ["a==2.0"]
        assert found.fault.releases == ("a 1.2 is the first with which cell 0 runs (1.1 still fails).",)


async def test_of_two_packages_that_changed_only_the_one_that_matters_is_named() -> None:
    world = World(dict.fromkeys("abcdefgh", LOST))

    found = await asked(world, decision(*"abcdefgh"), "needs f<2")

    assert list(map(str, found.fault.pins)) == ["f==1.1"]
    assert found.fault.releases == ("f 2.0 broke cell 0 (1.1 still ran).",)


async def test_two_packages_that_each_break_a_cell_are_both_held_and_each_is_named_with_its_cell() -> None:
    world = World(dict.fromkeys("abc", LOST))

    found = await asked(world, decision(*"abc"), "needs a<2", "needs c<2")

    assert list(map(str, found.fault.pins)) == ["a==1.1", "c==1.1"]
    assert found.fault.releases == ("a 2.0 broke cell 0 (1.1 still ran).", "c 2.0 broke cell 1 (1.1 still ran).")


async def test_of_an_interplay_one_is_held_and_both_are_named() -> None:
    world = World(dict.fromkeys("abcd", LOST))

    found = await asked(world, decision(*"abcd"), "refuses b>=2 d>=2")

    (pin,) = found.fault.pins
    assert pin.version == "1.1"
    assert found.fault.releases == (
        f"{pin.name} 2.0 together with {'d' if pin.name == 'b' else 'b'} 2.0 broke cell 0 (1.1 still ran).",
    )


async def test_packages_that_need_each_other_are_moved_together_and_only_the_lever_is_held() -> None:
    base = history("1.0", "1.1", "2.0")
    app = history("1.0", "1.1", "2.0", requires={"1.0": ("base<2",), "1.1": ("base<2",), "2.0": ("base>=2",)})
    world = World({"app": app, "base": base, "c": LOST})

    found = await asked(world, decision("app", "c"), "needs base<2")

    assert list(map(str, found.fault.pins)) == ["app==1.1"]
    assert found.fault.releases == ("app 2.0 together with base 2.0 broke cell 0 (1.1 still ran).",)
    assert found.fault.left_open == ()


async def test_a_full_lock_in_which_two_must_move_together_says_so() -> None:
    base = history("1.0", "2.0")
    app = history("1.0", "2.0", requires={"1.0": ("base<2",), "2.0": ("base>=2",)})
    world = World({"app": app, "base": base, "c": LOST})

    found = await asked(world, decision("app==1.0", "base==1.0", "c==1.0"), "needs base>=2")

    assert list(map(str, found.fault.pins)) == ["app==2.0", "base==2.0"]
    assert found.fault.releases == ()
    assert found.fault.left_open == ("app changes only together with base.", "base changes only together with app.")


async def test_a_release_that_cannot_be_installed_is_passed_over_and_said() -> None:
    world = World({"a": history("1.0", "1.1", "1.2", "2.0", "2.1", broken="1.2")})

    found = await asked(world, decision("a"), "needs a<1.2")

    (sentence,) = found.fault.releases
    assert sentence.startswith(
        "a 1.1 still runs cell 0 and 2.0 does not; which release between them makes the difference"
    )
    assert sentence.endswith("is open: 1.2 could not be tried, or failed for another reason.")
    assert list(map(str, found.fault.pins)) == ["a==1.1"]


async def test_another_failure_on_the_way_is_not_taken_for_an_answer() -> None:
    world = World({"a": history("1.0", "1.1", "1.2", "1.3", "2.0")})

    # 1.2 and 1.3 fail in cell 0, which with 2.0 runs: what fails with 2.0 is cell 1.
    found = await asked(world, decision("a"), "refuses a>=1.2,<2", "needs a<2")

    (sentence,) = found.fault.releases
    assert sentence.startswith("a 1.1 still runs cell 1 and 2.0 does not; ")
    assert "1.2, 1.3 could not be tried, or failed for another reason" in sentence


@dataclass(slots=True, kw_only=True)
class TakesAnyFailure(Search):
    """A broken search: whatever fails counts as the failure that is looked for."""

    async def _runs(self, name: str, version: str, reference: Failed) -> bool | None:
        return isinstance(await self._at(name, version), Passed)


@pytest.mark.parametrize("kind", [Search, TakesAnyFailure])
async def test_a_search_that_takes_any_failure_names_a_release_that_broke_something_else(kind: type[Search]) -> None:
    world = World({"a": history("1.0", "1.1", "1.2", "1.3", "1.4", "2.0")})
    declared, dated = decision("a"), replace(decision("a"), as_of=WRITTEN)
    # Only 1.2 fails in cell 0; what fails with 2.0 is cell 1.
    document = artifact("refuses a==1.2", "needs a<2")
    failing, passing = await world.boxed(declared), await world.boxed(dated)
    failure = ending(await failing.box.execute(document), document)
    assert isinstance(failure, Failed)
    between = Between(
        kind=Kind.DATED, decision=declared, failing=lock_of(failing), passing=lock_of(passing), failure=failure
    )
    trials = Trials(places=world, document=document, allowance=Allowance(builds=40, seconds=60.0))

    search = kind(between=between, trials=trials, releases=world)
    await search.run()

    assert (search.broke[0].sentence == "a 2.0 broke cell 1 (1.4 still ran).") is (kind is Search)


async def test_a_history_that_broke_twice_names_a_pair_of_neighbours_that_was_seen() -> None:
    world = World({"a": history("1.0", "1.1", "1.2", "1.3", "1.4", "2.0")})

    found = await asked(world, decision("a"), "needs a!=1.1,<2")

    assert found.fault.releases == ("a 2.0 broke cell 0 (1.4 still ran).",)


async def test_packages_that_do_not_fit_each_other_are_not_mended_in_the_artifact() -> None:
    world = World({"a": LOST, "user": LOST})

    found = await asked(world, decision("a", "user"), "misfit a<2", fix="code")

    assert found.fault.side is Side.UPSTREAM
    assert not found.mends_code
    assert list(map(str, found.fault.pins)) == ["a==1.1"]


async def test_a_flaky_base_is_not_blamed_on_anything() -> None:
    world = World({"a": LOST})
    declared = decision("a")
    box = (await world.boxed(declared)).box
    document = artifact("sometimes")
    await box.execute(document)

    found = await asked(world, declared, "sometimes", fix="ask")

    assert found.base.flaky
    assert found.fault.side is Side.UNKNOWN
    assert "ended differently in two runs" in found.fault.sentence
    assert found.fault.pins == ()


async def test_versions_that_are_declared_and_todays_are_compared_with_those_of_the_date() -> None:
    world = World({"a": LOST})

    found = await asked(world, decision("a<3"), "needs a<2")

    assert [each.versions for each in found.fault.tried] == ["declared", "of 2024-01-15"]
    assert found.fault.side is Side.EITHER


async def test_a_date_that_was_decided_for_the_artifact_is_compared_with_today() -> None:
    world = World({"a": LOST, "b": LOST})
    declared = replace(decision("a", "b"), as_of=WRITTEN)

    found = await asked(world, declared, "needs a>=2")

    assert found.fault.side is Side.PIN
    assert list(map(str, found.fault.pins)) == ["a==2.0"]


@pytest.mark.parametrize("builds", [1, 2, 4])
async def test_when_no_more_environments_may_be_made_it_says_how_far_it_came(builds: int) -> None:
    world = World({name: history(*(f"1.{n}" for n in range(8)), "2.0") for name in "abcdef"})

    found = await asked(world, decision(*"abcdef"), "needs e<1.6", builds=builds)

    assert len(world.built) <= builds
    assert found.fault.side is Side.EITHER
    assert f"The search ended early: no more than {builds} environments may be made for it." in found.fault.left_open
    assert all(pin.name == "e" for pin in found.fault.pins)


async def test_a_bisection_that_is_cut_short_says_between_which_releases_it_stands() -> None:
    world = World({"a": history(*(f"1.{n}" for n in range(9)), "2.0")})

    found = await asked(world, decision("a"), "needs a<1.3", builds=3)

    (sentence,) = found.fault.releases
    assert sentence.endswith("were not tried any more.")
    assert list(map(str, found.fault.pins)) == ["a==1.0"]


async def test_without_time_the_matrix_is_not_whole_and_says_so() -> None:
    world = World({"a": LOST})

    found = await asked(world, decision("a"), "needs a<2", seconds=0.0)

    assert not found.fault.whole
    assert world.built == []
    assert "nothing was compared" in found.fault.sentence or "is used up" in found.fault.sentence


async def test_a_run_that_takes_all_the_time_is_ended_and_says_so() -> None:
    world = World({"a": LOST})
    declared = decision("a")
    hanging = await asked(world, declared, "1", "needs a>=3", "slow", seconds=0.3)
    late = await asked(world, declared, "needs a<2", "slow", seconds=0.3)

    assert hanging.fault.side is Side.CODE
    assert late.fault.side is Side.UNKNOWN
    assert "(0.3 s) is used up" in late.fault.sentence
    assert not late.fault.whole


async def test_an_index_out_of_reach_is_nobodys_fault() -> None:
    # One for where it is judged is not counted.
    world = World({"a": LOST, "b": LOST}, reachable=1)

    found = await asked(world, decision("a", "b"), "needs a<2")

    assert found.fault.side is Side.EITHER
    assert "packages cannot be had now: the index does not answer" in found.fault.left_open[-1]


async def test_versions_of_the_date_that_cannot_be_had_leave_the_side_open_in_the_resolvers_words() -> None:
    world = World({"a": history("1.0", "2.0", broken="1.0")})

    found = await asked(world, decision("a"), "needs a<2", fix="ask")

    assert found.fault.side is Side.UNKNOWN
    assert "the versions of 2024-01-15 cannot be had: no versions fit each other" in found.fault.sentence
    assert not found.fault.whole
    assert not found.mends_code


async def test_where_there_is_nothing_to_compare_with_only_a_policy_that_wants_to_know_is_told() -> None:
    world = World({"a": LOST})

    assert await inquired(world, decision("a"), artifact("needs a<2"), written=None, fix="code") is None
    found = await asked(world, decision("a"), "needs a<2", written=None, fix="env")
    assert not found.mends_code
    assert "nothing is pinned, and when the artifact was written is not known" in found.fault.sentence


@pytest.mark.parametrize(
    ("head", "words"), [("2", "passes with the declared versions and with"), ("needs a>=2", "only, not")]
)
async def test_a_copy_that_passes_is_run_with_the_other_versions_too(head: str, words: str) -> None:
    world = World({"a": LOST})
    found = await asked(world, decision("a"), "needs a<2", fix="code")
    copy = artifact(head)
    declared = (await world.boxed(decision("a"))).box

    await found.head(copy, await declared.execute(copy))

    assert found.fault.whole
    assert len(found.fault.tried) == 4
    assert words in found.fault.sentence


def finding(rule: str, staleness: Staleness = Staleness.BROKEN, why: Cause = Cause.CODE) -> Finding:
    return Finding(
        id=rule,
        artifact="a.ipynb",
        place=None,
        issue_type=IssueType.BROKEN_EXECUTION,
        severity=Severity.HIGH,
        staleness=staleness,
        rung=Rung.E5,
        cause=why,
        rule=rule,
        message="it fails",
    )


async def test_findings_carry_the_cause_and_the_way_out_with_versions_and_told_twice_is_told_once() -> None:
    world = World({"a": LOST})
    findings = (finding("execution/error"), finding("api/absent"), finding("shapes/x", Staleness.DEPRECATED))

    for fix, why, way in [
        ("env", Cause.ENVIRONMENT, "declare a==1.1 in requirements.txt:1 (it fails with 2.0)"),
        ("ask", Cause.ENVIRONMENT, "repair the code, or declare a==1.1 in requirements.txt:1 (it fails with 2.0)"),
        ("code", Cause.CODE, "repair the code, or hold versions of the date of the artifact"),
    ]:
        found = await asked(world, decision("a"), "needs a<2", fix=fix)
        told = found.told(findings)

        assert [each.cause for each in told] == [why, why, Cause.CODE]
        assert told[0].unlock == way
        assert told[2] == findings[2]
        assert found.told(told) == told


async def test_where_the_code_could_not_be_repaired_the_release_is_searched_after_all() -> None:
    world = World({"a": LOST})
    found = await asked(world, decision("a"), "needs a<2", fix="code")
    assert found.fault.releases == ()

    await found.blame()
    await found.blame()

    assert found.fault.releases == ("a 2.0 broke cell 0 (1.1 still ran).",)
    assert found.told((finding("execution/error"),))[0].unlock.startswith("repair the code, or declare a==1.1")
