"""`doctor`, and what a person at a terminal sees."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import select
import subprocess
from typing import TYPE_CHECKING

from tests.workers import orchard
from tests.workers.end_to_end.machine import COMMAND, checkout
from workers.sandbox.probe import probe

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|9[0-7])(?:;\d+)*m")


def on_a_terminal(machine: Machine, *arguments: str | Path, cwd: Path, **variables: str) -> tuple[int, str]:
    """The exit code, and all that a terminal of 120 columns was sent."""
    ours, theirs = pty.openpty()
    environ = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", **variables}
    process = subprocess.Popen(
        [str(COMMAND), *map(str, arguments)],
        cwd=cwd,
        env={name: value for name, value in machine.environ(**environ).items() if value},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        return process.wait(timeout=0.01), read_all(ours)
    except subprocess.TimeoutExpired:
        shown = read_all(ours)
        return process.wait(timeout=60), shown
    finally:
        os.close(ours)


def read_all(terminal: int) -> str:
    """What comes until the other side is closed; a minute of silence is too much."""
    shown = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            # Linux says so when nobody holds the other side any more.
            break
        if not read:
            break
        shown += read
    return shown.decode()


def test_doctor_prints_everything_it_looked_at_and_finds_nothing_missing(machine: Machine, tmp_path: Path) -> None:
    done = machine.mendloop("doctor", cwd=tmp_path)

    assert done.returncode == 0, done.stdout
    for looked_at in asyncio.run(probe()):
        (row,) = [line for line in done.stdout.splitlines() if line.startswith(f"│ {looked_at.name} ")]
        assert row.split("│")[2].strip() == "ok"
    assert done.stdout.splitlines()[-1] == "Artifacts can be run here."
    assert "\x1b" not in done.stdout


def test_colour_is_for_terminals_and_for_those_who_want_it(machine: Machine, tmp_path: Path) -> None:
    code, coloured = on_a_terminal(machine, "doctor", cwd=tmp_path, NO_COLOR="")
    _, plain = on_a_terminal(machine, "doctor", cwd=tmp_path, NO_COLOR="1")

    assert code == 0
    assert COLOUR.search(coloured)
    assert not COLOUR.search(plain)
    assert "Artifacts can be run here." in plain


def test_a_run_on_a_terminal_shows_its_progress_and_then_the_table(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    repo = checkout(tmp_path / "repo", {"chain.ipynb": orchard.CHAIN.raw})

    code, shown = on_a_terminal(machine, "repair", ".", "--python", environment.python, cwd=repo, NO_COLOR="")

    assert code == 0, shown
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert re.search(r"chain\.ipynb +execute +\d+\.\d (of \d+\.\d )?s", text)
    assert re.search(r"\d done · \d+ s", text)
    assert re.search(r"│ chain\.ipynb +│ repaired +│ failed → passed +│ executed +│ 2 ", text)
    assert "\x1b[?25h" in shown, "the cursor is given back"
    assert "Traceback" not in text
