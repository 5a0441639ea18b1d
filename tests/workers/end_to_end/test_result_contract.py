"""What `mendloop repair --json` prints and leaves behind, on a repository that holds a notebook of every usual kind."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers import orchard
from tests.workers.end_to_end.machine import artifacts, git, outcomes, result
from workers.contract import runs
from workers.documents import notebook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.workers.end_to_end.conftest import Seen

REPAIRED = (orchard.CHAIN.path, orchard.DEPRECATED.path, orchard.NAMES.path)


def folder(seen: Seen) -> Path:
    return Path(result(seen.done)["run_dir"])


def delivered(seen: Seen, path: str) -> bytes:
    """The updated copy that the record of the last iteration stands beside."""
    record = artifacts(seen.done)[path]["record"]
    return (folder(seen) / record).with_name(Path(path).name).read_bytes()


def test_standard_output_is_one_object_of_the_published_schema_and_progress_is_plain_lines(gallery: Seen) -> None:
    value = result(gallery.done)

    assert gallery.done.stdout.count("\n") == 1
    assert value["totals"]["repaired"] == 3
    assert outcomes(gallery.done) == {**dict.fromkeys(REPAIRED, "repaired"), orchard.HEALTHY.path: "fresh"}
    assert gallery.done.returncode == 0
    lines = gallery.done.stderr.splitlines()
    assert all(re.match(r"\[ *\d+\.\d s\] \S", line) for line in lines), lines
    for phase in ("execute", "review", "repair (iteration 2)", "validate (iteration 2)"):
        assert any(line.endswith(f"{orchard.CHAIN.path}: {phase}") for line in lines)
    assert "\x1b" not in gallery.done.stdout + gallery.done.stderr


def test_a_run_leaves_a_folder_with_a_record_per_iteration_outside_the_checkout(gallery: Seen) -> None:
    run_dir = folder(gallery)
    files = {path.relative_to(run_dir).as_posix() for path in run_dir.rglob("*") if path.is_file()}

    iterations = [
        (1, orchard.CHAIN.path),
        (2, orchard.CHAIN.path),
        (1, orchard.DEPRECATED.path),
        (1, orchard.NAMES.path),
    ]
    kept = {
        f"iterations/{number}/{path}/{name}"
        for number, path in iterations
        for name in (Path(path).name, "patch.diff", "record.json")
    }
    kept |= {f"base/{path}" for _, path in iterations}
    kept |= {f"deliverable/{name}" for name in ("patch.diff", "pull_request.md", "deliveries.json")}
    assert files == kept | {"run.json"}
    assert not run_dir.is_relative_to(gallery.repo)
    for number, path in iterations:
        record = runs.read_record(run_dir, number, path)
        copy = (runs.record_folder(run_dir, number, path) / Path(path).name).read_bytes()
        assert (record.iteration, record.updated) == (number, hashlib.sha256(copy).hexdigest())
        assert record.review
        assert record.validation.cases
    run = runs.read_run(run_dir)
    assert (run.id, len(run.reports)) == (result(gallery.done)["run_id"], 4)
    assert run.provenance.sandbox == "bubblewrap"


def test_iterations_are_counted_by_what_was_tried(gallery: Seen) -> None:
    of = artifacts(gallery.done)
    tried = [runs.read_record(folder(gallery), number, orchard.CHAIN.path).repair for number in (1, 2)]

    assert {path: of[path]["iterations"] for path in REPAIRED} == {
        orchard.CHAIN.path: 2,
        orchard.DEPRECATED.path: 1,
        orchard.NAMES.path: 1,
    }
    assert [[(edit.old, edit.new) for edit in repair.edits] for repair in tried] == [[("A", "Y")], [("Y", "YE")]]
    assert of[orchard.CHAIN.path]["base"] | {"seconds": 0} == {
        "status": "failed",
        "failed_cell": 2,
        "error_class": "ValueError",
        "error": "Invalid frequency: A. Failed to parse with error message: "
        "ValueError('Invalid frequency: A. Did you mean Y?')",
        "seconds": 0,
    }
    assert of[orchard.CHAIN.path]["head"]["status"] == "passed"


def test_git_accepts_the_patch_and_makes_exactly_the_delivered_bytes_of_it(gallery: Seen, tmp_path: Path) -> None:
    copy = shutil.copytree(gallery.repo, tmp_path / "copy")
    patch = folder(gallery) / "deliverable" / "patch.diff"

    git(copy, "apply", "--check", patch)
    git(copy, "apply", patch)

    assert {path: (copy / path).read_bytes() for path in REPAIRED} == {
        path: delivered(gallery, path) for path in REPAIRED
    }
    changed = git(copy, "-c", "core.quotePath=false", "diff", "--name-only").splitlines()
    assert sorted(changed) == sorted(REPAIRED)
    assert git(copy, "apply", "--check", "--reverse", patch) == ""


@pytest.mark.parametrize("path", REPAIRED)
def test_the_patch_touches_only_lines_of_changed_cells(gallery: Seen, path: str) -> None:
    document = notebook.parse((gallery.repo / path).read_bytes(), path)
    changed: list[int] = artifacts(gallery.done)[path]["changed_cells"]
    lines = {
        document.file_line(cell, line)
        for cell in changed
        for line in range(1, document.cells[cell].source.count("\n") + 2)
    }

    removed = removed_lines((folder(gallery) / artifacts(gallery.done)[path]["patch"]).read_bytes().decode())

    assert changed
    assert removed
    assert set(removed) <= lines
    before = (gallery.repo / path).read_bytes().decode().split("\n")
    assert all(before[number - 1] == text for number, text in removed.items())


def removed_lines(patch: str) -> Mapping[int, str]:
    """Line of the old file, from 1 -> the text that goes."""
    removed: dict[int, str] = {}
    number = 0
    for line in patch.split("\n")[2:]:
        if hunk := re.match(r"@@ -(\d+)", line):
            number = int(hunk[1])
        elif line.startswith("-"):
            removed[number] = line[1:]
            number += 1
        elif line.startswith(" "):
            number += 1
    return removed


def test_the_working_tree_is_as_it_was(gallery: Seen) -> None:
    assert git(gallery.repo, "status", "--porcelain") == ""
    assert git(gallery.repo, "stash", "list") == ""


def test_the_pull_request_tells_what_was_wrong_what_changed_and_how_it_ran(gallery: Seen) -> None:
    body = (folder(gallery) / "deliverable" / "pull_request.md").read_text()

    assert "Did you mean Y?" in body
    assert "orchard.tally" in body
    assert orchard.HEALTHY.path not in "".join(line for line in body.splitlines() if "repaired" in line)
    assert not re.search(r"(?<![\w@])@\w", body), "nobody is called by name"
