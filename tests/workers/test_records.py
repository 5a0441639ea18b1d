import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import notebook
from tests.workers.contract import samples
from workers.contract import runs
from workers.contract.domain import Edit, Improved, Record, Repaired, Report, StopReason, Unrepaired
from workers.contract.errors import ConfigError, DocumentError
from workers.contract.redact import MASK, redactor
from workers.documents.notebook import Notebook
from workers.records import RunFolder, choose_store

RUN_ID = "20261120T081500Z-notebooks-3f9a"
TOKEN = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5"


def mended(document: Notebook, old: str, new: str) -> Notebook:
    start = document.cells[1].source.index(old)
    return document.edited([Edit(cell=1, start=start, end=start + len(old), old=old, new=new)])


@pytest.fixture
def before() -> Notebook:
    return notebook("import numpy as np", "flag = np.bool", "print(flag)", path="docs/ä b.ipynb")


@pytest.fixture
def folder(tmp_path: Path, before: Notebook) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", RUN_ID, redactor({"MY_TOKEN": TOKEN}, "/home/alice"), [before])


def record_of(document: Notebook, iteration: int = 1) -> Record:
    return replace(samples.record(iteration), updated=document.artifact.digest)


def report_of(before: Notebook, *records: Record, delivered: int = 1) -> Report:
    return replace(samples.report(Repaired(iteration=delivered), records=records), artifact=before.artifact)


def test_an_iteration_leaves_its_copy_its_record_and_its_patch(folder: RunFolder, before: Notebook) -> None:
    after = mended(before, "np.bool", "bool")

    folder.keep(after, record_of(after))

    place = folder.folder / "iterations" / "1" / "docs/ä b.ipynb"
    assert (place / "ä b.ipynb").read_bytes() == after.raw
    assert runs.read_record(folder.folder, 1, before.path) == record_of(after)
    assert b"+" in (place / "patch.diff").read_bytes()


def test_a_finished_run_delivers_a_patch_that_git_applies(folder: RunFolder, before: Notebook, tmp_path: Path) -> None:
    first, second = mended(before, "np.bool", "np.bool_"), mended(before, "np.bool", "bool")
    folder.keep(first, record_of(first, 1))
    folder.keep(second, record_of(second, 2))
    run = samples.run(report_of(before, record_of(first, 1), record_of(second, 2), delivered=2))

    deliveries = folder.finish(replace(run, id=RUN_ID))

    delivery = deliveries[before.path]
    assert delivery.changed_cells == (1,)
    assert delivery.record == "iterations/2/docs/ä b.ipynb/record.json"
    assert runs.read_run(runs.find(RUN_ID, tmp_path / "runs")).id == RUN_ID
    assert "# mendloop" in (folder.folder / "deliverable" / "pull_request.md").read_text()
    for patch in ("deliverable/patch.diff", str(delivery.patch)):
        checkout = tmp_path / patch.replace("/", "-")
        (checkout / "docs").mkdir(parents=True)
        (checkout / before.path).write_bytes(before.raw)
        for arguments in (
            ["init", "-q"],
            ["apply", "--check", folder.folder / patch],
            ["apply", folder.folder / patch],
        ):
            subprocess.run(["git", *arguments], cwd=checkout, check=True, timeout=60)
        assert (checkout / before.path).read_bytes() == second.raw


def test_the_best_copy_is_delivered_not_the_last(folder: RunFolder, before: Notebook) -> None:
    best, last = mended(before, "np.bool", "np.bool_"), mended(before, "np.bool", "worse")
    folder.keep(best, record_of(best, 1))
    folder.keep(last, record_of(last, 2))
    outcome = Improved(iteration=1, remaining=(samples.LEFT,), reason=StopReason.MAX_ITERATIONS)
    report = replace(report_of(before, record_of(best, 1), record_of(last, 2)), outcome=outcome)

    folder.finish(samples.run(report))

    assert folder.delivered(report) == best
    patch = (folder.folder / "deliverable" / "patch.diff").read_bytes()
    assert b"np.bool_" in patch
    assert b"worse" not in patch


def test_an_artifact_that_stays_as_it_is_has_an_empty_patch_and_its_last_record(
    folder: RunFolder, before: Notebook
) -> None:
    after = mended(before, "np.bool", "worse")
    folder.keep(after, record_of(after))
    outcome = Unrepaired(remaining=(samples.finding(),), reason=StopReason.NO_PROGRESS)
    report = replace(report_of(before, record_of(after)), outcome=outcome)

    delivery = folder.finish(samples.run(report))[before.path]

    assert (delivery.patch, delivery.changed_cells) == (None, ())
    assert delivery.record == "iterations/1/docs/ä b.ipynb/record.json"
    assert (folder.folder / "deliverable" / "patch.diff").read_bytes() == b""


def test_secrets_are_masked_everywhere_but_in_the_owners_own_file(folder: RunFolder) -> None:
    before = notebook("import numpy as np", f"flag = np.bool  # {TOKEN}", path="a.ipynb")
    secretive = RunFolder.create(folder.folder.parent, RUN_ID[:-1] + "b", folder.redactor, [before])
    after = mended(before, "np.bool", "bool")
    leaky = replace(samples.finding(f"{TOKEN} in /home/alice/x"), evidence=TOKEN)
    record = replace(record_of(after), review=(leaky,))
    secretive.keep(after, record)

    secretive.finish(samples.run(replace(report_of(before, record), findings=(leaky,), note=TOKEN)))

    holding = {path.name for path in secretive.folder.rglob("*") if path.is_file() and TOKEN in path.read_text()}
    assert holding == {"a.ipynb", "patch.diff"}
    (record_file,) = secretive.folder.rglob("record.json")
    assert json.loads(record_file.read_text())["record"]["review"][0]["message"] == f"{MASK} in ~/x"


def test_a_run_without_its_last_file_is_not_taken_for_one(folder: RunFolder, before: Notebook, tmp_path: Path) -> None:
    after = mended(before, "np.bool", "bool")
    folder.keep(after, record_of(after))

    assert runs.listed(tmp_path / "runs") == ()


def test_a_run_is_private_and_never_overwrites_another(folder: RunFolder, tmp_path: Path) -> None:
    assert folder.folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ConfigError, match="File exists"):
        RunFolder.create(tmp_path / "runs", RUN_ID, folder.redactor, [])
    with pytest.raises(ConfigError, match="not a run id"):
        RunFolder.create(tmp_path / "runs", "../../evil", folder.redactor, [])


def test_the_store_is_never_inside_the_checkout(tmp_path: Path) -> None:
    repo, home = tmp_path / "repo", tmp_path / "home"
    repo.mkdir()
    home.mkdir()
    (tmp_path / "link").symlink_to(repo)

    assert choose_store(None, {}, repo, home) == home / ".local/state/mendloop/runs"
    assert choose_store(tmp_path / "out", {"MENDLOOP_RUNS_DIR": "/x"}, repo, home) == tmp_path / "out"
    for out in (repo, repo / "out", tmp_path / "link" / "out"):
        with pytest.raises(ConfigError, match="lies inside the checkout"):
            choose_store(out, {}, repo, home)
    with pytest.raises(ConfigError, match="lies inside the checkout"):
        choose_store(None, {"MENDLOOP_RUNS_DIR": str(repo / "runs")}, repo, home)


def test_a_home_that_is_a_checkout_itself_sends_runs_to_a_temporary_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()

    chosen = choose_store(None, {"TMPDIR": str(tmp_path / "tmp")}, home, home)

    assert chosen == tmp_path / "tmp" / f"mendloop-{os.getuid()}" / "runs"


def test_a_temporary_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    home, others = tmp_path / "home", tmp_path / "others"
    home.mkdir()
    others.mkdir()
    (tmp_path / f"mendloop-{os.getuid()}").mkdir()
    (tmp_path / f"mendloop-{os.getuid()}" / "runs").symlink_to(others)

    with pytest.raises(ConfigError, match="give one with --out or MENDLOOP_RUNS_DIR"):
        choose_store(None, {"TMPDIR": str(tmp_path)}, home, home)


def test_a_finished_run_keeps_what_it_found_and_what_it_left_for_later_readers(
    folder: RunFolder, before: Notebook
) -> None:
    after = mended(before, "np.bool", "bool")
    folder.keep(after, record_of(after))
    report = report_of(before, record_of(after))

    deliveries = folder.finish(samples.run(report))

    assert runs.read_base(folder.folder, report, 10_000) == before.raw
    assert runs.read_deliveries(folder.folder) == deliveries
    assert deliveries[before.path].changed_cells == (1,)


def test_bytes_that_are_not_what_the_run_found_are_no_base(folder: RunFolder, before: Notebook) -> None:
    after = mended(before, "np.bool", "bool")
    folder.keep(after, record_of(after))
    report = report_of(before, record_of(after))
    folder.finish(samples.run(report))
    runs.base_place(folder.folder, before.path).write_bytes(after.raw)

    with pytest.raises(DocumentError, match="not what the run repaired"):
        runs.read_base(folder.folder, report, 10_000)


def test_a_run_without_deliveries_says_nothing_about_them_and_one_with_other_words_is_refused(tmp_path: Path) -> None:
    assert runs.read_deliveries(tmp_path) == {}
    (tmp_path / "deliverable").mkdir()
    (tmp_path / runs.DELIVERIES).write_bytes(b'{"a.ipynb": {"changed_cells": ["x"]}}')

    with pytest.raises(ConfigError, match="not one of this version"):
        runs.read_deliveries(tmp_path)
