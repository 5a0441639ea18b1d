"""How much one iteration mends, through the installed command, real rules and real boxes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.builders import notebook
from tests.workers.end_to_end.machine import checkout, result

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment

GONE = ("Mapping", "Sequence", "Callable")
THREE = notebook("import collections", *(f"print(collections.{name})" for name in GONE)).raw
TWO_COMPLAINTS = notebook("import orchard", "print(orchard.tally([1]))", "print(orchard.seasons(2019, freq='Y'))").raw
"""A warning and an error, each with the way out in its words."""
ROOTS = """
roots:
- {path: one, findings_per_iteration: 1}
- {path: two, findings_per_iteration: 2}
- {path: three, findings_per_iteration: 3}
"""


def mended(done: subprocess.CompletedProcess[str]) -> dict[str, list[list[int]]]:
    """Artifact -> the cells that each of its iterations edited; everything has to be repaired."""
    made = result(done)
    assert {artifact["outcome"] for artifact in made["artifacts"]} == {"repaired"}, done.stdout
    return {
        artifact["path"]: [_cells(made["run_dir"], artifact["path"], n + 1) for n in range(artifact["iterations"])]
        for artifact in made["artifacts"]
    }


def _cells(run_dir: str, path: str, iteration: int) -> list[int]:
    with open(f"{run_dir}/iterations/{iteration}/{path}/record.json") as file:  # noqa: PTH123 - one line
        return sorted({edit["cell"] for edit in json.load(file)["record"]["repair"]["edits"]})


def test_an_iteration_mends_no_more_than_its_root_allows_the_first_in_the_document_first(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    folders = ("one", "two", "three", "all")
    files = {f"{folder}/a.ipynb": THREE for folder in folders}
    repo = checkout(tmp_path / "repo", {**files, ".github/mendloop.yml": ROOTS.encode()})

    done = machine.mendloop("repair", ".", "--python", environment.python, "--json", cwd=repo)

    assert mended(done) == {
        "one/a.ipynb": [[1], [2], [3]],
        "two/a.ipynb": [[1, 2], [3]],
        "three/a.ipynb": [[1, 2, 3]],
        "all/a.ipynb": [[1, 2, 3]],
    }


def test_what_errors_and_warnings_ask_for_is_limited_too(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    repo = checkout(tmp_path / "repo", {"a.ipynb": TWO_COMPLAINTS})
    flags = ("--python", environment.python, "--json")

    whole = machine.mendloop("repair", ".", *flags, cwd=repo)
    piecemeal = machine.mendloop("repair", ".", *flags, "--findings-per-iteration", "1", cwd=repo)

    assert mended(whole) == {"a.ipynb": [[1, 2]]}
    assert sorted(mended(piecemeal)["a.ipynb"]) == [[1], [2]]
