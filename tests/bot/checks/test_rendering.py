from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import render
from bot.progress import Progress, sentence, title
from bot.published import Ending, Landing, Published
from tests.workers.contract import samples
from workers.contract.domain import (
    Errored,
    Fresh,
    Improved,
    Outcome,
    Place,
    Repaired,
    Run,
    Severity,
    Skipped,
    StopReason,
    Unrepaired,
)

LEFT = (samples.LEFT,)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.parametrize(
    ("outcome", "conclusion"),
    [
        (Fresh(), "success"),
        (Repaired(iteration=1), "neutral"),
        (Improved(iteration=1, remaining=LEFT, reason=StopReason.MAX_ITERATIONS), "neutral"),
        (Improved(iteration=1, remaining=LEFT, reason=StopReason.NEEDS_HUMAN), "action_required"),
        (Unrepaired(remaining=LEFT, reason=StopReason.NEEDS_HUMAN), "action_required"),
        (Unrepaired(remaining=LEFT, reason=StopReason.NO_PROGRESS), "neutral"),
        (Unrepaired(remaining=LEFT, reason=StopReason.BUDGET), "neutral"),
        (Unrepaired(remaining=LEFT, reason=StopReason.OPERATIONAL_ERROR), "neutral"),
        (Unrepaired(remaining=LEFT, reason=StopReason.CANCELLED), "cancelled"),
        (Skipped(reason="too large"), "neutral"),
        (Errored(reason="no box"), "neutral"),
    ],
)
def test_every_outcome_has_its_conclusion(outcome: Outcome, conclusion: str) -> None:
    assert render.conclusion_of(samples.report(outcome)) == conclusion


def test_a_persons_decision_speaks_for_the_whole_run() -> None:
    needs = Unrepaired(remaining=LEFT, reason=StopReason.NEEDS_HUMAN)
    run = samples.run(
        samples.report(Fresh()), samples.report(needs, "b.ipynb"), samples.report(Errored(reason="x"), "c.ipynb")
    )

    assert render.verdict(run).conclusion == "action_required"


def test_a_run_of_nothing_is_a_success_that_says_so() -> None:
    said = render.verdict(replace(samples.run(), reports=()))

    assert (said.conclusion, said.title, said.buttons) == ("success", "Nothing to do", ())


def test_repair_is_offered_only_where_nobody_has_repaired_it_and_nothing_where_all_is_fresh() -> None:
    stale = samples.run(samples.report(Repaired(iteration=1), records=(samples.record(),)))
    fresh = samples.run(samples.report(Fresh(), base=False))

    assert render.verdict(stale, buttons=True, offer=True).buttons == ("repair", "ignore", "explain")
    assert render.verdict(stale, buttons=True).buttons == ("ignore", "explain")
    assert render.verdict(stale, offer=True).buttons == ()
    assert render.verdict(fresh, buttons=True, offer=True).buttons == ()


def test_buttons_keep_to_githubs_lengths() -> None:
    for action in render.actions(tuple(render.BUTTONS)):
        assert len(action["label"]) <= 20
        assert len(action["identifier"]) <= 20
        assert len(action["description"]) <= 40


def test_an_annotation_points_to_the_line_of_the_file_not_of_the_cell() -> None:
    (remark,) = render.remarks(samples.run(samples.report(Fresh())))

    assert (remark.path, remark.line, remark.level) == ("a.ipynb", 21, "warning")
    assert "Cell 1, line 1" in remark.message
    assert samples.finding().id in remark.message


def test_findings_without_a_place_are_not_annotated_and_the_severe_come_first() -> None:
    low = replace(samples.finding("low"), severity=Severity.LOW, place=Place(cell=0, file_line=3))
    report = replace(
        samples.report(Fresh()), findings=(low, replace(samples.finding("b"), place=None), samples.finding("high"))
    )

    remarks = render.remarks(samples.run(report))

    assert [(remark.line, remark.level) for remark in remarks] == [(21, "warning"), (3, "notice")]


def test_a_flood_of_findings_is_bounded() -> None:
    report = replace(samples.report(Fresh()), findings=(samples.finding(),) * 5000)

    said = render.verdict(samples.run(*[replace(report) for _ in range(300)]), text="x" * 200_000)

    assert len(said.annotations) == render.ANNOTATIONS
    output = said.output()
    assert len(output["summary"]) < 65_535
    assert len(output["text"]) < 65_535


@given(samples.RUNS, st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
def test_any_run_can_be_shown_within_githubs_bounds(run: Run, offer: bool) -> None:
    said = render.verdict(run, buttons=True, offer=offer)

    output = said.output(said.annotations[:50])
    assert 0 < len(output["title"]) <= 255
    assert len(output["summary"]) <= 65_535
    json.dumps(output).encode(errors="surrogatepass")
    assert all(len(note["message"]) <= 64_000 and len(note["title"]) <= 255 for note in output.get("annotations", []))


@pytest.mark.parametrize(
    "hostile", ["@everyone", "![x](http://evil/x.png)", "<img src=x>", "closes #5", "a|b\n# head", "`` ` ``"]
)
def test_text_of_strangers_stays_text(hostile: str) -> None:
    report = samples.report(Errored(reason=hostile), path=f"{hostile.replace('/', '')}.ipynb")
    landing = Landing(ending=Ending.REFUSED, paths=("a.ipynb",), why=hostile)

    for said in (
        render.verdict(samples.run(report), published=Published(landings=(landing,))),
        render.our_fault(hostile),
        render.cancelled(hostile),
    ):
        bare = "".join(said.summary.split("`")[::2])
        assert not [mark for mark in ("@everyone", "](", "<img", "closes #5", "\n# head") if mark in bare]


def test_what_was_published_stands_in_the_summary() -> None:
    landing = Landing(ending=Ending.PROPOSED, paths=("a.ipynb",), number=7)

    said = render.verdict(
        samples.run(samples.report(Repaired(iteration=1), records=(samples.record(),))),
        published=Published(landings=(landing,)),
    )

    assert "#7" in said.summary


def test_progress_is_told_in_a_line() -> None:
    progress = Progress(phase="repairing", iteration=2, of=5, artifacts=7, done=3, elapsed_s=12.3, artifact="a.ipynb")

    assert title(progress) == "Repairing: iteration 2 of 5"
    assert sentence(progress) == "Repairing: iteration 2 of 5, 3 of 7 artifacts done, now at `a.ipynb`, 12 s so far."
    assert sentence(Progress()) == "Waiting."
