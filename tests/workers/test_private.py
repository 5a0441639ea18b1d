"""A job's folder is its own, and goes when the job or its process does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from workers.private import private_folder, sweep

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys, time
from pathlib import Path
from workers.private import private_folder
with private_folder(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("x")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_the_folder_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with private_folder(tmp_path / "work") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.parent.stat().st_mode & 0o777 == 0o700

    assert not list((tmp_path / "work").iterdir())


def test_the_folder_of_a_killed_process_is_swept_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    parent = tmp_path / "work"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(parent)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder:
        holder.stdout.readline()
        _age(parent)

        assert sweep(parent) == 0

        holder.send_signal(signal.SIGKILL)
        holder.wait()

    assert sweep(parent) == 1
    assert not list(parent.iterdir())


def test_a_folder_made_just_now_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()

    assert sweep(tmp_path) == 0


def _age(parent: Path) -> None:
    for outer in parent.iterdir():
        os.utime(outer, (0, 0))
