"""What starts a repair and what does not, through the real stages and real boxes."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import notebook
from tests.workers import orchard
from workers import stages
from workers.contract import report as numbers
from workers.contract.domain import Cause, Fresh, Repaired, Rung, Severity, Staleness, StopReason, Unrepaired
from workers.sandbox.opening import open_box
from workers.settings import Settings
from workers.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path

    from workers.contract.domain import Report
    from workers.documents.notebook import Notebook
    from workers.protocols import Box
    from workers.sandbox.environments import InstalledEnvironment

SETTINGS = Settings(as_of=date(2026, 11, 20))


async def mended(box: Box, *documents: Notebook, **settings: Any) -> list[Report]:
    return list(await stages.repair_all(documents, settings=replace(SETTINGS, **settings), box=box))


async def test_a_promised_error_that_stays_away_is_a_finding_and_one_that_comes_is_not(box: Box) -> None:
    tag = "raises-exception"

    quiet, kept = await mended(
        box,
        notebook("print(1)", "print(2)", tags={0: [tag]}, path="quiet.ipynb"),
        notebook("1 / 0", "print(2)", tags={0: [tag]}, path="kept.ipynb"),
    )

    assert isinstance(quiet.outcome, Unrepaired)
    assert [(found.rule, found.rung) for found in quiet.outcome.remaining] == [("execution/expected-error", Rung.E5)]
    assert quiet.records == ()
    assert (kept.outcome, kept.findings) == (Fresh(), ())
    assert kept.base is not None
    assert kept.base.first.status == "passed"


async def test_a_finding_that_the_author_has_answered_starts_nothing(box: Box) -> None:
    stale = "print(orchard.tally([1, 2]))"
    rule = "# mendloop: ignore[execution/warning]"

    told, other, silent = await mended(
        box,
        notebook("import orchard", f"{stale}  {rule}", path="told.ipynb"),
        notebook("import orchard", f"{stale}  # mendloop: ignore[numpy/int]", path="other.ipynb"),
        notebook("import orchard", f"# mendloop: ignore-cell\n{stale}", path="silent.ipynb"),
    )

    for report in (told, silent):
        assert (report.outcome, report.findings, report.records) == (Fresh(), (), ())
        assert report.base is not None
        assert report.base.second is None, "nothing was started"
    assert other.outcome == Repaired(iteration=1), "another rule was meant"


@pytest.mark.parametrize(
    "settings",
    [{"severity_threshold": Severity.HIGH}, {"classes": frozenset({Staleness.BROKEN})}],
    ids=["severity", "classes"],
)
async def test_what_the_owner_does_not_count_is_shown_and_starts_nothing(box: Box, settings: dict[str, Any]) -> None:
    (report,) = await mended(box, orchard.DEPRECATED, **settings)

    assert report.outcome == Fresh()
    assert [(found.staleness, found.severity) for found in report.findings] == [(Staleness.DEPRECATED, Severity.MEDIUM)]
    assert report.records == ()


async def test_one_iteration_is_not_enough_for_two_hints_and_the_reason_says_so(box: Box) -> None:
    (report,) = await mended(box, orchard.CHAIN, max_iterations=1)

    assert numbers.outcome_name(report.outcome) in {"improved", "unrepaired"}
    assert numbers.stop_reason(report.outcome) is StopReason.MAX_ITERATIONS
    (record,) = report.records
    assert record.validation.head.failed_cell == 2
    assert not record.validation.passed
    (left,) = numbers.remaining(report.outcome)
    assert "ValueError: Invalid frequency" in left.message


class Weather:
    """Somebody changes a file beside the artifact after its first run."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        if phase == "review":
            self._place.write_text("rain")

    def finished(self, report: Report) -> None:
        """Nothing more."""


async def test_a_base_that_differs_between_two_runs_is_flaky_and_no_repair_is_tried(
    shared: Path, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    (tmp_path / "weather.txt").write_text("sun")
    document = notebook(
        "import orchard\nprint(orchard.tally([1, 2]))", "assert open('weather.txt').read() == 'sun'", path="a.ipynb"
    )
    box = await open_box("bubblewrap", environment=environment, cache=orchard.cache(shared), workspace=tmp_path)
    watch = Watch(progress=(Weather(tmp_path / "weather.txt"),))

    (steady,) = await mended(box, document)
    (report,) = await stages.repair_all([document], settings=SETTINGS, box=box, workspace=tmp_path, watch=watch)

    assert steady.outcome == Repaired(iteration=1)
    assert report.base is not None
    assert report.base.second is not None
    assert (report.base.first.status, report.base.second.status) == ("passed", "failed")
    assert numbers.base_status(report) == "flaky"
    assert numbers.stop_reason(report.outcome) is StopReason.NEEDS_HUMAN
    assert (report.records, numbers.delivered(report)) == ((), None)
    assert "flaky" in numbers.reason(report)


CAUSES = {
    "package": ("import forestry_of_tomorrow", Cause.ENVIRONMENT, "the package forestry-of-tomorrow is not installed"),
    "network": (
        "import urllib.request\nurllib.request.urlopen('https://trees.example.com/list', timeout=5)",
        Cause.ENVIRONMENT,
        "needs network",
    ),
    "data": ("lines = open('trees/oak.csv').readlines()", Cause.DATA, "needs trees/oak.csv"),
    "secret": (
        "import os\nkey = os.environ['ORCHARD_API_KEY']",
        Cause.SECRET,
        "needs the environment variable ORCHARD_API_KEY",
    ),
}


async def test_a_base_that_lacks_something_is_not_called_stale_and_nothing_is_claimed(box: Box) -> None:
    documents = [notebook("ready = 1", source, "ready", path=f"{name}.ipynb") for name, (source, *_) in CAUSES.items()]

    reports = await mended(box, *documents)

    for report, (_, cause, unlock) in zip(reports, CAUSES.values(), strict=True):
        assert isinstance(report.outcome, Unrepaired)
        assert {found.cause for found in report.outcome.remaining} == {cause}, report.artifact.path
        assert report.outcome.remaining[0].unlock.startswith(unlock)
        assert unlock in numbers.remains(report.outcome.remaining[0])
        assert report.outcome.reason is StopReason.NEEDS_HUMAN
        assert (report.records, numbers.delivered(report)) == ((), None)
        assert numbers.shown_evidence(report) == "partial to cell 0"


async def test_files_and_modules_beside_an_artifact_are_there_and_writing_goes_nowhere_else(
    shared: Path, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "pruning.py").write_text("def cut(trees):\n    return trees - 1\n")
    (tmp_path / "docs" / "trees.txt").write_text("3")
    source = "import pruning\nopen('trees.txt', 'w').write('9')\nopen('new.txt', 'w').write('1')"
    document = notebook("print(open('trees.txt').read())", source, "pruning.cut(3)", path="docs/a.ipynb")
    box = await open_box("bubblewrap", environment=environment, cache=orchard.cache(shared), workspace=tmp_path)

    (report,) = await stages.repair_all([document], settings=SETTINGS, box=box, workspace=tmp_path)

    assert (report.outcome, report.findings) == (Fresh(), ())
    assert sorted(os.listdir(tmp_path / "docs")) == ["pruning.py", "trees.txt"]  # noqa: PTH208 - one look, nobody waits
    assert (tmp_path / "docs" / "trees.txt").read_text() == "3"


ELSEWHERE = "import socket\nassert socket.gethostname() == 'box', 'not at home'"


async def test_what_passes_only_where_it_is_proven_is_not_repaired_where_the_owner_has_runs_vary(box: Box) -> None:
    knows = notebook("import orchard", "orchard.int_(3)", ELSEWHERE)
    honest = notebook("import orchard", "orchard.int_(3)")

    (believed,) = await mended(box, knows)
    (doubted, repaired) = await mended(box, knows, honest, vary=True)

    assert isinstance(believed.outcome, Repaired)
    assert not isinstance(doubted.outcome, Repaired)
    (case,) = [case for case in doubted.records[-1].validation.cases if case.name == "varied"]
    assert "AssertionError: not at home" in case.evidence
    assert isinstance(repaired.outcome, Repaired)
    assert [case.passed for case in repaired.records[-1].validation.cases if case.name == "varied"] == [True]
