"""What the command says to the shell: 2 for what was typed or configured, 3 for what is ours, 130 when interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tests.builders import notebook
from tests.workers import orchard
from tests.workers.end_to_end.machine import COMMAND, SCHEMA, artifacts, checkout, git, result
from workers.sandbox import tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment

MISTAKES = {
    "a path that is not there": (("nowhere.ipynb",), "nowhere.ipynb cannot be read: No such file or directory"),
    "a date of another calendar": (("a.ipynb", "--date", "20.11.2026"), "`--date` is '20.11.2026'"),
    "an interpreter that is not there": (("a.ipynb", "--python", "/usr/bin/python9"), "/usr/bin/python9"),
    "requirements with options": (
        ("a.ipynb", "--requirements", "options.txt"),
        "line 2 of options.txt",
    ),
    "an unknown key": (
        ("a.ipynb", "--config", "unknown.yml"),
        "unknown.yml:3: unknown key `max_iteration`; did you mean `max_iterations`?",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_what_is_typed_or_configured_ends_with_2_before_anything_runs(
    machine: Machine, tmp_path: Path, mistake: str
) -> None:
    arguments, message = MISTAKES[mistake]
    repo = checkout(
        tmp_path / "repo",
        {
            "a.ipynb": orchard.HEALTHY.raw,
            "options.txt": b"numpy\n--extra-index-url https://packages.example.com\n",
            "unknown.yml": b"jobs: 1\n\nmax_iteration: 2\n",
        },
    )

    done = machine.mendloop("repair", *arguments, "--json", cwd=repo)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "execute" not in done.stderr
    assert machine.runs() == []
    assert git(repo, "status", "--porcelain") == ""


def test_a_machine_without_bubblewrap_ends_with_3_says_what_to_install_and_runs_nothing(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    repo = checkout(tmp_path / "repo", {"a.ipynb": orchard.DEPRECATED.raw})
    typed = [str(COMMAND), "repair", "a.ipynb", "--python", str(environment.python), "--json"]
    (tmp_path / "nothing").touch()

    done = subprocess.run(
        [*without_bubblewrap(tmp_path / "nothing"), *typed],
        cwd=repo,
        env=machine.environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    (artifact,) = artifacts(done).values()
    assert done.returncode == 3
    assert (artifact["outcome"], artifact["stop_reason"]) == ("errored", "operational_error")
    assert "apt-get install bubblewrap" in artifact["reason"]
    assert (artifact["evidence_level"], artifact["base"]["status"]) == ("none", "not_run")
    assert artifact["findings"] == []


def without_bubblewrap(nothing: Path) -> list[str]:
    """Words that start a command on this machine with bubblewrap taken away: a file that does not run stands in its place."""
    places = [path for path in ("/usr/bin/bwrap", "/bin/bwrap", "/usr/sbin/bwrap") if Path(path).exists()]
    assert places, "these tests run in boxes, so they need bubblewrap"
    covered = [word for path in places for word in ("--ro-bind", str(nothing), str(Path(path).resolve()))]
    return [places[0], "--dev-bind", "/", "/", *covered, "--"]


def test_an_interrupt_ends_with_130_in_a_few_seconds_tells_what_is_known_and_leaves_no_process(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    # A duration that no other process of this machine has on its command line.
    duration = f"86400.{uuid.uuid4().int % 10**12:012d}"
    slow = notebook("print(1)", f"import subprocess\nsubprocess.run(['sleep', '{duration}'])")
    repo = checkout(tmp_path / "repo", {"slow.ipynb": slow.raw, "healthy.ipynb": orchard.HEALTHY.raw})
    process = machine.start("repair", ".", "--python", environment.python, "--json", cwd=repo)
    wait_until(lambda: bool(processes_with(duration)))
    below = tree.below(process.pid)

    process.send_signal(signal.SIGINT)
    interrupted = time.monotonic()
    stdout, _ = process.communicate(timeout=60)
    seconds = time.monotonic() - interrupted

    assert process.returncode == 130
    assert seconds < 5
    of = {artifact["path"]: artifact for artifact in json.loads(stdout)["artifacts"]}
    jsonschema.validate(json.loads(stdout), SCHEMA)
    assert (of["slow.ipynb"]["outcome"], of["slow.ipynb"]["stop_reason"]) == ("unrepaired", "cancelled")
    assert (machine.runs()[0] / "run.json").is_file()
    assert below
    wait_until(lambda: not processes_with(duration))
    assert git(repo, "status", "--porcelain") == ""


def processes_with(word: str) -> list[int]:
    """Processes of this machine that have `word` for an argument."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if word.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_what_remains_ends_with_1_and_what_is_skipped_with_0(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    r = {"name": "ir", "language": "R", "display_name": "R"}
    files = {
        "r.ipynb": notebook("1 + 1", kernelspec=r, language_info={"name": "R"}).raw,
        "data.ipynb": notebook("open('rain.csv')").raw,
    }
    repo = checkout(tmp_path / "repo", files)
    flags = ("--python", environment.python, "--json")

    skipped = machine.mendloop("repair", "r.ipynb", *flags, cwd=repo)
    remains = machine.mendloop("repair", ".", *flags, cwd=repo)

    (artifact,) = artifacts(skipped).values()
    assert (skipped.returncode, artifact["outcome"], artifact["stop_reason"]) == (0, "skipped", None)
    assert artifact["reason"] == "its kernel speaks 'r'; only Python is run"
    assert remains.returncode == 1
    assert (result(remains)["totals"]["unrepaired"], result(remains)["totals"]["skipped"]) == (1, 1)
