"""The examples, with NumPy and pandas in an environment of their own (downloaded once a session, some 30 MB)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.workers.end_to_end.machine import ROOT, artifacts, git, outcomes, result
from workers.contract import runs

if TYPE_CHECKING:
    from tests.workers.end_to_end.conftest import Seen


def test_every_example_ends_as_it_was_written_to_end(examples: Seen) -> None:
    assert outcomes(examples.done) == {
        "healthy.ipynb": "fresh",
        "model_policy.ipynb": "repaired",
        "numpy_names.ipynb": "repaired",
        "vector_search.ipynb": "repaired",
        "weather_download.ipynb": "unrepaired",
        "yearly_sales.ipynb": "repaired",
    }
    assert examples.done.returncode == 1, "something remains"
    assert result(examples.done)["totals"]["model_calls"] == 0


def test_names_that_numpy_removed_are_mended_in_one_iteration_and_pandas_hints_take_two(examples: Seen) -> None:
    of = artifacts(examples.done)
    folder = Path(result(examples.done)["run_dir"])

    told = {name: (of[name]["iterations"], of[name]["base"]["status"], of[name]["head"]["status"]) for name in of}
    assert told["numpy_names.ipynb"] == (1, "failed", "passed")
    assert told["yearly_sales.ipynb"] == (2, "failed", "passed")
    records = [runs.read_record(folder, number, "yearly_sales.ipynb") for number in (1, 2)]
    assert [(record.repair.by, [edit.new for edit in record.repair.edits]) for record in records] == [
        ("hints", ["Y"]),
        ("hints", ["YE"]),
    ]
    assert [record.validation.passed for record in records] == [False, True]


def test_what_is_stale_by_policy_only_ran_before_and_runs_after(examples: Seen) -> None:
    of = artifacts(examples.done)

    for name in ("model_policy.ipynb", "vector_search.ipynb"):
        assert {finding["class"] for finding in of[name]["findings"]} <= {"policy", "retired"}
        assert (of[name]["base"]["status"], of[name]["head"]["status"]) == ("passed", "passed")
        assert of[name]["evidence_level"] == "executed"
    patch = (Path(result(examples.done)["run_dir"]) / of["model_policy.ipynb"]["patch"]).read_text()
    changed = [line for line in patch.splitlines() if line.startswith(("+ ", "- "))]
    assert any(line.startswith("+") and 'CHAT_MODEL = \\"gpt-5.5\\"' in line for line in changed)
    assert not any("log_file" in line for line in changed), "a name inside a file name stays"


def test_what_wants_a_network_is_not_called_stale_code_and_nothing_is_claimed(examples: Seen) -> None:
    artifact = artifacts(examples.done)["weather_download.ipynb"]

    (left,) = artifact["remaining_delta"]
    (finding,) = [finding for finding in artifact["findings"] if finding["id"] == left["id"]]
    assert finding["cause"] in {"environment", "secret"}
    assert "To unlock: needs network" in left["reason"]
    assert (artifact["stop_reason"], artifact["evidence_level"]) == ("needs_human", "partial")
    assert (artifact["patch"], artifact["record"], artifact["changed_cells"]) == (None, None, [])
    assert (artifact["base"]["status"], artifact["head"]["status"]) == ("failed", "not_run")


def test_the_examples_themselves_are_byte_for_byte_what_they_were(examples: Seen) -> None:
    patch = (Path(result(examples.done)["run_dir"]) / "deliverable" / "patch.diff").read_text()

    assert git(examples.repo, "status", "--porcelain") == ""
    for path in (ROOT / "examples").glob("*.ipynb"):
        assert (examples.repo / path.name).read_bytes() == path.read_bytes()
    assert "healthy.ipynb" not in patch
    assert "weather_download.ipynb" not in patch
