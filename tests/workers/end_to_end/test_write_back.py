"""`--write`, the only thing that changes a working tree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.builders import notebook
from tests.workers import orchard
from tests.workers.end_to_end.machine import artifacts, checkout, git, outcomes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment


def test_write_puts_exactly_the_delivered_bytes_there_and_a_second_run_finds_nothing_to_do(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    names = orchard.NAMES
    repo = checkout(tmp_path / "repo", {names.path: names.raw, "healthy.ipynb": orchard.HEALTHY.raw})
    typed = ("repair", ".", "--python", environment.python, "--write", "--json")

    first = machine.mendloop(*typed, cwd=repo)
    after = (repo / names.path).read_bytes()
    second = machine.mendloop(*typed, cwd=repo)

    record = artifacts(first)[names.path]["record"]
    assert after == (machine.runs()[0] / record).with_name("alte namen.ipynb").read_bytes()
    assert after == names.raw.replace(b"[orchard.int_(3)", b"[orchard.int64(3)")
    assert git(repo, "-c", "core.quotePath=false", "status", "--porcelain") == f' M "{names.path}"\n'
    assert (first.returncode, second.returncode) == (0, 0)
    assert outcomes(second) == {names.path: "fresh", "healthy.ipynb": "fresh"}
    assert artifacts(second)[names.path]["findings"] == []
    assert (repo / names.path).read_bytes() == after


def test_a_healthy_notebook_stays_byte_identical_under_every_policy_for_outputs(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    odd = orchard.HEALTHY.raw.replace(b"\n", b"\r\n").replace(b' "nbformat"', b'\t"nbformat"').rstrip()
    policies = ("keep", "changed", "refresh", "clear")
    config = json.dumps({"roots": [{"path": policy, "outputs": policy} for policy in policies]}).encode()
    files = {f"{policy}/healthy.ipynb": odd for policy in policies}
    repo = checkout(tmp_path / "repo", {**files, ".github/mendloop.yml": config})

    done = machine.mendloop("repair", ".", "--python", environment.python, "--write", "--json", cwd=repo)

    assert outcomes(done) == dict.fromkeys(files, "fresh")
    assert {path: (repo / path).read_bytes() for path in files} == files
    assert git(repo, "status", "--porcelain") == ""


def test_a_file_that_changed_while_the_run_went_on_is_not_overwritten(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    stale = notebook("import time, orchard\ntime.sleep(0.5)", "print(orchard.int_(3))", path="a.ipynb")
    repo = checkout(tmp_path / "repo", {"a.ipynb": stale.raw, "b.ipynb": orchard.DEPRECATED.raw})
    theirs = stale.raw.replace(b"print(", b"display(")
    process = machine.start("repair", ".", "--python", environment.python, "--write", "--json", cwd=repo)
    assert process.stderr is not None

    line = next(line for line in process.stderr if "a.ipynb: execute" in line)
    (repo / "a.ipynb").write_bytes(theirs)
    stdout, stderr = process.communicate(timeout=120)

    assert "not written: a.ipynb has changed since it was read; nothing was written to it" in stderr, line
    assert process.returncode == 3
    assert (repo / "a.ipynb").read_bytes() == theirs
    assert json.loads(stdout)["totals"]["repaired"] == 2
    assert (repo / "b.ipynb").read_bytes() == orchard.DEPRECATED.raw.replace(b"tally", b"total"), "others are written"


def test_without_write_nothing_is_written_whatever_else_is_asked_for(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    repo = checkout(tmp_path / "repo", {"a.ipynb": orchard.DEPRECATED.raw})
    (tmp_path / "kept").mkdir()

    done = machine.mendloop(
        "repair", "a.ipynb", "--python", environment.python, "--diff", "--out", tmp_path / "kept", cwd=repo
    )

    assert done.returncode == 0, done.stderr
    assert '+    "print(orchard.total([1, 2]))"' in done.stdout
    assert git(repo, "status", "--porcelain") == ""
    assert [path.name for path in (tmp_path / "kept").glob("*/run.json")] == ["run.json"]
    assert machine.runs() == []
