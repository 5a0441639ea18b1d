"""`mendloop repair` as a person types it. Without a box, so that it runs wherever the tests do; about 4 s a run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from tests.builders import notebook
from tests.workers.cli.commands import ROOT, command, environ, mendloop

SCHEMA = json.loads((ROOT / "docs" / "result.schema.json").read_text())
STALE = notebook("import collections", "print(collections.Mapping)", path="docs/ä b.ipynb")
FRESH = notebook("print(1)", outputs={0: [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]})


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    (made / "docs").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", made], check=True, timeout=60)
    (made / STALE.path).write_bytes(STALE.raw)
    (made / "fresh.ipynb").write_bytes(FRESH.raw)
    (made / "broken.ipynb").write_bytes(b"{")
    return made


def repair(repo: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    flags = ("--sandbox", "none", "--python", sys.executable, "--out", repo.parent / "runs")
    return mendloop("repair", *arguments, *flags, cwd=repo)


def contents(repo: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in repo.rglob("*.ipynb")}


def test_a_run_keeps_the_contract_and_leaves_the_working_tree_alone(repo: Path) -> None:
    before = contents(repo)

    done = repair(repo, ".", "--json")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    jsonschema.validate(result, SCHEMA)
    of = {artifact["path"]: artifact for artifact in result["artifacts"]}
    assert {path: artifact["outcome"] for path, artifact in of.items()} == {
        "broken.ipynb": "skipped",
        STALE.path: "repaired",
        "fresh.ipynb": "fresh",
    }
    assert contents(repo) == before
    assert of[STALE.path]["changed_cells"] == [1]
    run_dir = Path(result["run_dir"])
    assert (run_dir / "run.json").is_file()
    assert (run_dir / of[STALE.path]["record"]).is_file()
    for patch in (run_dir / of[STALE.path]["patch"], run_dir / "deliverable" / "patch.diff"):
        subprocess.run(["git", "apply", "--check", patch], cwd=repo, check=True, timeout=60)
    assert "collections.abc.Mapping" in (run_dir / "deliverable" / "pull_request.md").read_text()
    assert f"{STALE.path}: execute" in done.stderr


def test_only_write_changes_files_and_only_those_that_were_repaired(repo: Path) -> None:
    (repo / STALE.path).chmod(0o664)
    before = contents(repo)

    done = repair(repo, ".", "--write", "--diff")

    after = contents(repo)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in after if after[path] != before[path]} == {"ä b.ipynb"}
    assert after[repo / STALE.path] == STALE.raw.replace(b"collections.Mapping", b"collections.abc.Mapping")
    assert (repo / STALE.path).stat().st_mode & 0o777 == 0o664
    assert '+    "print(collections.abc.Mapping)"' in done.stdout
    assert "1 fresh, 1 repaired, 1 skipped" in done.stdout


def test_a_stale_notebook_that_cannot_be_mended_ends_with_1_and_says_what_would_unlock_it(repo: Path) -> None:
    (repo / "data.ipynb").write_bytes(notebook("open('missing.csv')").raw)

    done = repair(repo, "data.ipynb", "--json")

    (artifact,) = json.loads(done.stdout)["artifacts"]
    assert (done.returncode, artifact["outcome"], artifact["patch"]) == (1, "unrepaired", None)
    assert artifact["head"]["status"] == "not_run"
    assert artifact["base"]["error_class"] == "FileNotFoundError"
    assert "To unlock: " in artifact["remaining_delta"][0]["reason"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_with_130_tells_what_it_knows_and_leaves_no_process(
    repo: Path, tmp_path: Path, number: signal.Signals
) -> None:
    pid_file = tmp_path / "pid"
    code = f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(120)"
    (repo / "slow.ipynb").write_bytes(notebook(code).raw)
    flags = ("--sandbox", "none", "--python", sys.executable, "--out", tmp_path / "runs", "--json")
    process = subprocess.Popen(
        command("repair", "slow.ipynb", *flags), cwd=repo, env=environ(), stdout=subprocess.PIPE, text=True
    )
    wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")

    process.send_signal(number)
    stdout, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    (artifact,) = json.loads(stdout)["artifacts"]
    assert (artifact["outcome"], artifact["stop_reason"]) == ("unrepaired", "cancelled")
    jsonschema.validate(json.loads(stdout), SCHEMA)
    assert [path.name for path in (tmp_path / "runs").glob("*/run.json")] == ["run.json"]
    wait_until(lambda: not alive(int(pid_file.read_text())))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)
