"""Artifacts that are too long to be run in full, through the installed command: never more is claimed than was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import notebook
from tests.workers.end_to_end.machine import checkout, result

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment

STALE = "import collections\nprint(collections.Mapping)"
TRAINS = notebook("epochs = 10_000_000", STALE, "import time\ntime.sleep(epochs)", tags={0: ["parameters"]}).raw
TOURS = notebook(STALE, "print('seen')", "import time\ntime.sleep(10_000_000)").raw
WHOLE = notebook(STALE).raw
CONFIGURATION = """
limits: {cell_timeout_s: 60, timeout_s: 90}
run:
- {artifacts: ["train*.ipynb"], parameters: {epochs: 0}}
- {artifacts: ["tour.ipynb"], until_cell: 1}
"""


def test_a_reduced_run_mends_and_claims_no_more_than_was_run(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    files = {"training.ipynb": TRAINS, "tour.ipynb": TOURS, "whole.ipynb": WHOLE}
    repo = checkout(tmp_path / "repo", {**files, ".github/mendloop.yml": CONFIGURATION.encode()})

    made = result(machine.mendloop("repair", ".", "--python", environment.python, "--json", cwd=repo))

    of = {artifact["path"]: artifact for artifact in made["artifacts"]}
    told = {path: (a["outcome"], a["evidence_level"], a["until_cell"], a["reduced"]) for path, a in of.items()}
    assert told == {
        "training.ipynb": ("repaired", "partial", 2, "with the owner's parameters epochs=0"),
        "tour.ipynb": ("repaired", "partial", 1, "only to cell 1"),
        "whole.ipynb": ("repaired", "executed", 0, None),
    }
    text = next(machine.runs()[-1].glob("deliverable/pull_request.md")).read_text()
    assert "partial to cell 1 (run only to cell 1)" in text
    assert "partial to cell 2 (run with the owner's parameters epochs=0)" in text
    assert b"epochs = 10_000_000" in (repo / "training.ipynb").read_bytes()
