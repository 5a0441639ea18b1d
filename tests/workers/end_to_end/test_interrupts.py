"""Whenever a run is interrupted, it ends soon and in order, and no process of a box is left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.end_to_end.machine import COMMAND, checkout

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment

WATCHING = """
import ctypes, json, os, pathlib, signal, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1)  # whoever loses its parent below becomes our child
started = time.monotonic()
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
time.sleep(float(sys.argv[1]))
process.send_signal(signal.SIGINT)
told = time.monotonic()
stdout, _ = process.communicate(timeout=90)  # longer than any machine is busy
seconds = time.monotonic() - told
time.sleep(0.2)
left = []
for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
    try:
        state, parent = path.read_text().rpartition(")")[2].split()[:2]
        if int(parent) == os.getpid() and state != "Z":
            left.append(path.parent.joinpath("cmdline").read_bytes().replace(b"\\0", b" ").decode()[:200])
    except OSError:
        continue
print(json.dumps({"status": process.returncode, "seconds": seconds, "left": left, "stdout": stdout}))
"""


@pytest.mark.parametrize("after_s", [0.2, 0.5, 0.7, 0.9, 1.1, 1.3, 1.6, 2.0])
def test_it_ends_with_130_and_nothing_is_left(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path, after_s: float
) -> None:
    stale = notebook("import collections", "print(collections.Mapping)", "import time; time.sleep(0.2)")
    repo = checkout(tmp_path / "repo", {f"{name}.ipynb": stale.raw for name in "abcdef"})
    arguments = [str(COMMAND), "repair", ".", "--python", str(environment.python), "--json"]

    watched = subprocess.run(
        [sys.executable, "-c", WATCHING, str(after_s), *arguments],
        cwd=repo,
        env=machine.environ(),
        capture_output=True,
        text=True,
        timeout=150,
        check=True,
    )

    ended = json.loads(watched.stdout)
    # One that comes before anybody listens ends the interpreter, and one that comes too late ends nothing.
    assert ended["status"] in {130, 1, -signal.SIGINT}, ended
    assert ended["left"] == []
    assert ended["seconds"] < 30
    if ended["stdout"]:
        assert len(json.loads(ended["stdout"])["artifacts"]) == 6
