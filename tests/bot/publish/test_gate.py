from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot import gate
from tests.bot.publish.scene import CONFIG, MENDED, STALE, Mended, notebook
from workers.contract.domain import Case, Fresh, Repaired, Report
from workers.contract.redact import redactor

if TYPE_CHECKING:
    from tests.bot.publish.scene import Scene

SECRET = "ghp_" + "a1B2c3D4e5" * 4
TREES = {"100755": "an executable", "120000": "a link", "160000": "a submodule"}


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/a.ipynb", "../a.ipynb", "a/../b.ipynb", "a//b.ipynb", "./a.ipynb", "a\\b.ipynb", "a\n.ipynb", "a.py",
        ".github/a.md", "docs/.GitHub/a.md", ".git/a.md", ".jupyter/a.ipynb", "a.ipynb/", "Makefile", "x" * 1001 + ".md",
    ],
)  # fmt: skip
def test_a_path_that_is_no_artifact_of_the_repository_is_refused(path: str) -> None:
    assert gate.refused_path(path, ()) is not None


@pytest.mark.parametrize("wanted", [(), ("docs/a.ipynb",), ("docs",), ("docs/",), (".",)])
def test_an_artifact_that_was_asked_for_passes(wanted: tuple[str, ...]) -> None:
    assert gate.refused_path("docs/a.ipynb", wanted) is None


@pytest.mark.parametrize("wanted", [("other.ipynb",), ("doc",), ("docs/a",)])
def test_an_artifact_that_was_not_asked_for_is_refused(wanted: tuple[str, ...]) -> None:
    assert gate.refused_path("docs/a.ipynb", wanted) is not None


def test_there_is_no_way_past_a_validation_that_did_not_pass() -> None:
    passed = Mended().report()
    (record,) = passed.records
    vetoed = replace(record.validation, cases=(Case(name="conduct", passed=False, veto=True),))
    weak = replace(record.validation, cases=(Case(name="execution", passed=False),))
    none = replace(record.validation, cases=())

    def with_(validation: object) -> Report:
        return replace(passed, records=(replace(record, validation=validation),))  # pyright: ignore[reportArgumentType]

    assert gate.refused_verdict(passed) is None
    assert all(gate.refused_verdict(with_(each)) for each in (vetoed, weak, none))
    assert gate.refused_verdict(replace(passed, outcome=Fresh()))
    assert gate.refused_verdict(replace(passed, outcome=Repaired(iteration=2)))


def test_an_improvement_passes_only_when_something_is_gone_and_the_records_say_the_same() -> None:
    improved = Mended(left=("numpy/other",)).report()
    nothing_gone = Mended(rules=("numpy/bool",), left=("numpy/bool",)).report()
    other_left = replace(improved, outcome=replace(improved.outcome, remaining=()))

    assert gate.refused_verdict(improved) is None
    assert gate.refused_verdict(nothing_gone)
    assert gate.refused_verdict(other_left)


def test_a_secret_that_the_base_has_already_is_not_ours_and_a_new_one_is_refused() -> None:
    plain = redactor({})
    there = notebook(f"token = '{SECRET}'", "x = np.bool")

    assert gate.refused_text(there, there.replace(b"np.bool", b"bool"), plain) is None
    assert gate.refused_text(STALE, notebook(f"token = '{SECRET}'"), plain)
    assert gate.refused_text(STALE, notebook("key = 'hunter2hunter2'"), redactor({"API_KEY": "hunter2hunter2"}))
    assert gate.refused_text(STALE, MENDED, plain) is None


async def test_what_is_larger_than_the_owner_allows_is_refused(at: Scene) -> None:
    large = notebook("x = bool", "#" * 2**20)
    await at.ran(Mended(after=large), config=f"{CONFIG}limits: {{file_mb: 1}}\n")

    await at.settle()

    assert at.writes() == []


async def test_other_bytes_than_were_proven_in_the_runs_folder_are_never_written(at: Scene) -> None:
    await at.ran(Mended())
    (copy,) = at.app.runs.glob("*/iterations/1/a.ipynb/a.ipynb")
    copy.write_bytes(MENDED + b" ")

    await at.settle()

    assert at.writes() == []
    (row,) = await at.rows_of_jobs()
    assert row["reason"] == "refused"


async def test_a_link_in_the_runs_folder_is_not_followed(at: Scene) -> None:
    await at.ran(Mended())
    (copy,) = at.app.runs.glob("*/iterations/1/a.ipynb/a.ipynb")
    elsewhere = at.app.runs.parent / "elsewhere"
    elsewhere.write_bytes(MENDED)
    copy.unlink()
    copy.symlink_to(elsewhere)

    await at.settle()

    assert at.writes() == []


@pytest.mark.parametrize("mode", TREES)
async def test_what_is_no_plain_file_on_github_is_refused(at: Scene, mode: str) -> None:
    at.repo.git.run("update-ref", "refs/heads/main", at.commit_with_mode(mode, "a.ipynb"))
    await at.ran(Mended())

    await at.settle()

    assert at.writes() == []
    (row,) = await at.rows_of_jobs()
    assert row["reason"] in {"refused", "redone"}


async def test_a_quarantined_run_writes_nothing_but_its_check(at: Scene) -> None:
    await at.ran(Mended())
    (folder,) = at.app.runs.iterdir()
    (folder / "quarantine").mkdir()
    (folder / "quarantine" / "why").write_text("a policy")

    await at.settle()

    assert at.writes() == []
    assert [run["status"] for run in at.repo.check_runs()] == ["completed"]


async def test_a_repair_that_would_add_a_secret_is_refused_and_the_rest_goes_on(at: Scene) -> None:
    leaking = notebook(f"y = int  # {SECRET}")
    other = Mended(path="docs/b.ipynb", before=notebook("y = np.int"), after=leaking, rules=("numpy/int",))
    await at.ran(Mended(), other)

    await at.settle()

    (pull,) = at.repo.pulls()
    assert at.repo.file(pull["head"]["ref"], "docs/b.ipynb") == notebook("y = np.int")
    assert SECRET not in pull["body"]


async def test_access_that_ended_in_the_ledger_or_on_github_ends_the_job_with_nothing_written(at: Scene) -> None:
    job = await at.ran(Mended())
    at.repo.archive()

    await at.settle()

    assert at.writes() == []
    assert (await at.job(job))["state"] == "cancelled"


async def test_a_configuration_that_cannot_be_read_publishes_nothing(at: Scene) -> None:
    job = await at.ran(Mended(), config=f"{CONFIG}nonsense: 1\n")

    await at.settle()

    assert at.writes() == []
    assert (await at.job(job))["reason"] == "refused"
