from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.contract import samples
from tests.workers.test_records import RUN_ID, TOKEN, mended, record_of, report_of
from workers.contract import runs
from workers.contract.domain import (
    BaseEvidence,
    Case,
    Execution,
    NetworkAttempt,
    Record,
    Report,
    StopReason,
    Unrepaired,
    Validation,
)
from workers.contract.redact import MASK, redactor
from workers.records import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    from workers.documents.notebook import Notebook

STOLEN = NetworkAttempt(host="evil.example.org", port=443, kind="stolen", via="proxy")
REACHED = NetworkAttempt(host="data.example.org", port=443)


@pytest.fixture
def before() -> Notebook:
    return notebook("import numpy as np", "flag = np.bool", "print(flag)", path="docs/a.ipynb")


@pytest.fixture
def folder(tmp_path: Path, before: Notebook) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", RUN_ID, redactor({"MY_TOKEN": TOKEN}), [before])


def refused(record: Record, name: str) -> Record:
    case = Case(name=name, passed=False, veto=True, evidence=f"it reaches for evil.example.org with {TOKEN}")
    return replace(record, validation=Validation(cases=(case,), head=Execution(status="passed")))


def unrepaired(before: Notebook, *records: Record) -> Report:
    outcome = Unrepaired(remaining=(samples.finding(),), reason=StopReason.NO_PROGRESS)
    return replace(report_of(before, *records), outcome=outcome)


def test_an_attempt_that_a_policy_stopped_is_put_away_and_its_record_stays(folder: RunFolder, before: Notebook) -> None:
    after = mended(before, "np.bool", "worse")
    record = refused(record_of(after), "network")
    folder.keep(after, record)

    folder.finish(samples.run(unrepaired(before, record)))

    kept, gone = folder.folder / "quarantine" / "iterations/1/docs/a.ipynb", folder.folder / "iterations/1/docs/a.ipynb"
    assert (kept / "a.ipynb").read_bytes() == after.raw
    assert (kept / "patch.diff").is_file()
    assert [path.name for path in gone.iterdir()] == ["record.json"]
    assert runs.quarantined(folder.folder)
    why = json.loads((folder.folder / "quarantine" / "why.json").read_text())
    assert [(each["artifact"], each["iteration"]) for each in why["stopped"]] == [("docs/a.ipynb", 1)]
    assert TOKEN not in json.dumps(why)
    assert MASK in why["stopped"][0]["reason"]


def test_an_artifact_that_steals_puts_its_run_in_quarantine_whatever_became_of_it(
    folder: RunFolder, before: Notebook
) -> None:
    after = mended(before, "np.bool", "bool")
    folder.keep(after, record_of(after))
    base = BaseEvidence(first=replace(samples.FAILED, attempts=(STOLEN,)))
    report = replace(report_of(before, record_of(after)), base=base)

    folder.finish(samples.run(report))

    assert runs.quarantined(folder.folder)
    why = json.loads((folder.folder / "quarantine" / "why.json").read_text())
    assert why["stopped"][0]["iteration"] is None
    assert "evil.example.org" in why["stopped"][0]["reason"]


def test_what_merely_fails_or_reaches_out_as_it_always_did_is_not_put_away(folder: RunFolder, before: Notebook) -> None:
    after = mended(before, "np.bool", "worse")
    record = refused(record_of(after), "conduct")
    folder.keep(after, record)
    cells = (replace(samples.FAILED.cells[0], attempts=(REACHED,)), *samples.FAILED.cells[1:])
    base = BaseEvidence(first=replace(samples.FAILED, cells=cells))

    folder.finish(samples.run(replace(unrepaired(before, record), base=base)))

    assert not runs.quarantined(folder.folder)
    assert not (folder.folder / "quarantine").exists()
    assert (folder.folder / "iterations/1/docs/a.ipynb/a.ipynb").is_file()
