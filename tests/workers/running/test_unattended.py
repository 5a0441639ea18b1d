"""A whole repository mended by a call: no command line, no git, no terminal."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.running.commissions import FRESH, MENDED, STALE, commission, files, means
from workers.contract import runs
from workers.contract.domain import Cause, Errored, Fresh, Repaired, Report, Skipped, StopReason, Unrepaired
from workers.contract.errors import ConfigError
from workers.running.unattended import mend_repository

if TYPE_CHECKING:
    from pathlib import Path

    from workers.contract.domain import Outcome
    from workers.protocols import Box
    from workers.running.ending import Finished

SLOW = notebook("import time\ntime.sleep(600)").raw
CANCELLED = Unrepaired(remaining=(), reason=StopReason.CANCELLED)


class Seen:
    """Who watches, and may do something at a phase."""

    def __init__(self, at: str = "", then: asyncio.Event | None = None) -> None:
        self.phases: list[tuple[str, str, int]] = []
        self.reports: list[Report] = []
        self._at, self._then = at, then

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        self.phases.append((artifact, phase, iteration))
        if self._then and phase == self._at:
            self._then.set()

    def finished(self, report: Report) -> None:
        self.reports.append(report)


def outcomes(finished: Finished) -> dict[str, Outcome]:
    return {report.artifact.path: report.outcome for report in finished.run.reports}


@pytest.fixture
def cache(shared: Path, box: Box) -> Path:
    """`shared`, with a kernel layer in it."""
    return shared


async def test_plain_files_are_mended_by_a_configuration_that_comes_from_elsewhere(cache: Path, tmp_path: Path) -> None:
    content = {"docs/a.ipynb": STALE, "docs/fresh.ipynb": FRESH, "drafts/b.ipynb": STALE}
    repo = files(tmp_path / "repo", content | {".github/mendloop.yml": b"exclude: ['**']"})
    asked = commission(repo, configuration="exclude: [drafts/]")
    seen = Seen()

    finished = await mend_repository(asked, means(cache, sandbox="bubblewrap"), progress=[seen])

    assert outcomes(finished) == {"docs/a.ipynb": Repaired(iteration=1), "docs/fresh.ipynb": Fresh()}
    assert {path: copy.raw for path, copy in finished.copies.items()} == {"docs/a.ipynb": MENDED}
    assert {path: (repo / path).read_bytes() for path in content} == content, "nothing is written to the files"
    assert finished.folder == asked.store / asked.run_id
    assert runs.read_run(finished.folder) == finished.run
    assert (finished.folder / "deliverable" / "patch.diff").read_bytes().count(b"collections.abc.Mapping") == 1
    assert (finished.folder / str(finished.deliveries["docs/a.ipynb"].patch)).is_file()
    assert (finished.run.provenance.as_of, finished.run.provenance.sandbox) == ("2026-11-20", "bubblewrap")
    assert [phase for path, *phase in seen.phases if path == "docs/a.ipynb"] == [
        ["execute", 0],
        ["review", 0],
        ["repair", 1],
        ["execute", 0],
        ["validate", 1],
        ["done", 0],
    ]
    assert {report.artifact.path for report in seen.reports} == {"docs/a.ipynb", "docs/fresh.ipynb"}


async def test_what_an_event_names_is_judged_only_as_far_as_the_configuration_includes_it(
    cache: Path, tmp_path: Path
) -> None:
    content = {"docs/a.ipynb": FRESH, "docs/b.ipynb": FRESH, "drafts/c.ipynb": FRESH, "docs/readme.txt": b"x"}
    repo = files(tmp_path / "repo", content)
    names = ("docs/a.ipynb", "drafts/c.ipynb", "docs/readme.txt", "docs/gone.ipynb", "../x.ipynb")

    by_event = await mend_repository(
        commission(repo, *names, configuration="exclude: [drafts/]", named=False), means(cache)
    )
    by_person = await mend_repository(commission(repo, *names[:2], configuration="exclude: [drafts/]"), means(cache))

    assert outcomes(by_event) == {"docs/a.ipynb": Fresh()}
    assert outcomes(by_person) == {"docs/a.ipynb": Fresh(), "drafts/c.ipynb": Fresh()}


async def test_what_a_name_leads_to_ends_that_artifact_alone(cache: Path, tmp_path: Path) -> None:
    repo = files(tmp_path / "repo", {"a.ipynb": FRESH, "real.ipynb": FRESH, ".github/steer.ipynb": FRESH})
    files(tmp_path / "outside", {"secret.ipynb": STALE})
    (repo / "link.ipynb").symlink_to(tmp_path / "outside" / "secret.ipynb")
    (repo / "folder").symlink_to(tmp_path / "outside")
    (repo / "dangling.ipynb").symlink_to("nowhere.ipynb")
    (repo / "circle.ipynb").symlink_to("circle.ipynb")
    (repo / "alias.ipynb").symlink_to("real.ipynb")
    (repo / "steer").symlink_to(".github")
    os.mkfifo(repo / "pipe.ipynb")
    names = ["link.ipynb", "folder/secret.ipynb", "folder", "dangling.ipynb", "circle.ipynb", "pipe.ipynb"]
    names += [".github/steer.ipynb", "steer/steer.ipynb", "gone.ipynb", "../outside/secret.ipynb", "/etc/passwd"]

    finished = await mend_repository(commission(repo, "a.ipynb", "alias.ipynb", *names), means(cache))

    of = outcomes(finished)
    judged = {path for path, outcome in of.items() if outcome == Fresh()}
    assert judged == {"a.ipynb", "real.ipynb"}
    reasons = {path: o.reason for path, o in of.items() if isinstance(o, Skipped | Errored)}
    assert len(reasons) == len(of) - 2
    assert reasons["link.ipynb"] == "'link.ipynb' leads out of the repository"
    assert reasons["folder/secret.ipynb"] == "'folder/secret.ipynb' leads out of the repository"
    assert reasons["folder"] == "'folder' leads out of the repository"
    assert reasons["gone.ipynb"] == "'gone.ipynb' is not in the repository"
    assert reasons["../outside/secret.ipynb"] == "'../outside/secret.ipynb' is not a path inside the repository"
    assert reasons["/etc/passwd"] == "'/etc/passwd' is not a path inside the repository"
    assert reasons["pipe.ipynb"] == "not-a-file: pipe.ipynb is not a regular file"
    assert reasons[".github/steer.ipynb"].startswith("'.github/steer.ipynb' lies in a protected folder")
    assert "circle.ipynb" in reasons
    assert "nowhere.ipynb" in reasons, "a link that stays inside counts as what it leads to"
    assert not any(b"collections" in path.read_bytes() for path in finished.folder.rglob("*") if path.is_file())


async def test_a_folder_is_searched_by_the_configuration_and_a_file_is_taken_as_named(
    cache: Path, tmp_path: Path
) -> None:
    repo = files(tmp_path / "repo", dict.fromkeys(["docs/a.ipynb", "docs/old/b.ipynb", "old.ipynb"], FRESH))
    asked = commission(repo, "docs", "old.ipynb", configuration="exclude: [old*]")

    assert set(outcomes(await mend_repository(asked, means(cache)))) == {"docs/a.ipynb", "old.ipynb"}


async def test_a_root_whose_environment_cannot_be_had_costs_the_other_roots_nothing(
    cache: Path, tmp_path: Path
) -> None:
    content = dict.fromkeys(["a.ipynb", "pins/a.ipynb", "own/a.ipynb", "none/a.ipynb"], STALE)
    repo = files(tmp_path / "repo", content | {"pins.txt": b"orchard==9.9\n"})
    configuration = """
roots:
- {path: pins, requirements: pins.txt}
- {path: own, python: /usr/bin/env}
- {path: none, requirements: nowhere.txt}
"""
    seen = Seen()

    finished = await mend_repository(commission(repo, configuration=configuration), means(cache), progress=[seen])

    reports = {report.artifact.path: report for report in finished.run.reports}
    assert reports.pop("a.ipynb").outcome == Repaired(iteration=1)
    said = {
        "pins/a.ipynb": "No solution found",
        "own/a.ipynb": "`python` is '/usr/bin/env'; here it may name a version",
        "none/a.ipynb": "Cannot read the requirements",
    }
    for path, report in reports.items():
        assert isinstance(report.outcome, Unrepaired)
        assert report.outcome.reason is StopReason.NEEDS_HUMAN
        (found,) = report.outcome.remaining
        assert (found.cause, found.rule) == (Cause.ENVIRONMENT, "environment/unusable")
        assert said[path] in found.message
        assert "orchard==9.9" in found.message or path != "pins/a.ipynb"
        assert str(tmp_path) not in found.message
        assert (report.base, report.records) == (None, ())
    assert {report.artifact.path for report in seen.reports} == set(content)


async def test_a_set_event_ends_the_run_in_order(cache: Path, tmp_path: Path) -> None:
    repo = files(tmp_path / "repo", {"a.ipynb": SLOW, "later/b.ipynb": STALE})
    cancelled = asyncio.Event()
    seen = Seen(at="execute", then=cancelled)
    asked = commission(repo, configuration="roots: [{path: later, outputs: clear}]\n")

    async with asyncio.timeout(60):
        finished = await mend_repository(asked, means(cache), progress=[seen], cancelled=cancelled)

    assert outcomes(finished) == {"a.ipynb": CANCELLED, "later/b.ipynb": CANCELLED}
    assert runs.read_run(finished.folder) == finished.run


async def test_a_run_that_is_cancelled_before_it_starts_builds_nothing(tmp_path: Path) -> None:
    repo = files(tmp_path / "repo", {"a.ipynb": STALE})
    cancelled = asyncio.Event()
    cancelled.set()

    finished = await mend_repository(commission(repo), means(tmp_path / "empty"), cancelled=cancelled)

    assert outcomes(finished) == {"a.ipynb": CANCELLED}
    assert finished.run.provenance.python == ""


async def test_a_cancelled_call_leaves_no_whole_run(cache: Path, tmp_path: Path) -> None:
    repo = files(tmp_path / "repo", {"a.ipynb": SLOW})
    running = asyncio.Event()
    asked = commission(repo)
    call = asyncio.create_task(mend_repository(asked, means(cache), progress=[Seen(at="execute", then=running)]))
    async with asyncio.timeout(60):
        await running.wait()

        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    assert not (asked.store / asked.run_id / "run.json").exists()


async def test_an_override_wins_over_the_configuration_and_no_variable_of_the_process_does(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENDLOOP_CLASSES", "reader")
    twice = notebook("import collections", "print(collections.Mapping)", "print(collections.Sequence)").raw
    repo = files(tmp_path / "repo", {"a.ipynb": twice})
    asked = commission(
        repo, configuration="findings_per_iteration: 1\nmax_iterations: 5", overrides={"--max-iterations": 1}
    )

    (report,) = (await mend_repository(asked, means(cache))).run.reports

    assert [len(record.repair.findings) for record in report.records] == [1]


@pytest.mark.parametrize(
    ("configuration", "overrides", "message"),
    [
        ("jobs: 1\nmax_iteration: 2", {}, r"\.github/mendloop\.yml:2: unknown key"),
        ("", {"--max-iterations": 0}, "`--max-iterations` is 0"),
    ],
)
async def test_a_mistake_in_the_configuration_is_told_before_anything_is_kept(
    tmp_path: Path, configuration: str, overrides: dict[str, int], message: str
) -> None:
    repo = files(tmp_path / "repo", {"a.ipynb": FRESH})
    asked = commission(repo, configuration=configuration, overrides=overrides)

    with pytest.raises(ConfigError, match=message):
        await mend_repository(asked, means(tmp_path / "empty"))

    assert not asked.store.exists()


async def test_a_run_id_serves_once(tmp_path: Path) -> None:
    asked = commission(files(tmp_path / "repo", {"readme.md": b"# Nothing"}))
    first = await mend_repository(asked, means(tmp_path / "empty"))

    with pytest.raises(ConfigError, match="File exists"):
        await mend_repository(asked, means(tmp_path / "empty"))

    assert (first.run.reports, runs.read_run(first.folder)) == ((), first.run)
