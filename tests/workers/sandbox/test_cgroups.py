"""Groups of the kernel: made, counted, removed, and swept after a process that could not remove its own.

Where this user may make none, the same tests see that none is made and that whatever has no group still runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import cgroups, cgroups_folder
from workers.sandbox.cgroups import RLIMITS, Group, Keeper, entering
from workers.sandbox.cgroups_v1 import Group1
from workers.sandbox.cgroups_v2 import Group2
from workers.sandbox.limits import MIB, Limits

LIMITS = Limits(memory_bytes=60 * MIB, tmpfs_bytes=4 * MIB, pids=20)
FOLDERS = Path("/sys/fs/cgroup")


def entered(group: Group | None, code: str) -> subprocess.CompletedProcess[str]:
    """Python that runs in the group."""
    command = [*entering(group), sys.executable, "-S", "-c", code]
    return subprocess.run(command, capture_output=True, timeout=30, check=False, text=True)


def made_by(pid: int) -> list[Path]:
    return list(FOLDERS.glob(f"**/mendloop-*-{pid}-*"))


def test_a_process_enters_its_group_and_goes_first_where_memory_is_short() -> None:
    keeper = cgroups.found()

    with keeper.group(LIMITS) as group:
        ran = entered(group, "print(open('/proc/self/oom_score_adj').read(), open('/proc/self/cgroup').read())")
        cpu_s = 1.0 if group is None else group.tally().cpu_s

    assert ran.stdout.startswith("1000\n")
    assert ("/mendloop-" in ran.stdout) is (keeper.make is not None)
    assert cpu_s > 0
    assert made_by(os.getpid()) == []


def test_what_is_out_of_memory_is_ended_by_the_kernel_and_counted() -> None:
    keeper = cgroups.found()

    with keeper.group(LIMITS) as group:
        ran = entered(group, "x = bytearray(b'x') * 200_000_000")
        killed = None if group is None else group.tally().killed

    assert (ran.returncode, killed) == ((-9, 1) if keeper.make else (0, None))


def test_processes_that_are_refused_are_counted() -> None:
    keeper = cgroups.found()
    threads = "import threading, time\nfor _ in range(40): threading.Thread(target=time.sleep, args=(0.2,)).start()"

    with keeper.group(LIMITS) as group:
        ran = entered(group, threads)
        refused = None if group is None else group.tally().refused

    assert ("can't start new thread" in ran.stderr) is (keeper.make is not None)
    assert refused is None or refused > 0


def test_whatever_still_runs_in_a_group_ends_with_it() -> None:
    keeper = cgroups.found()

    with keeper.group(LIMITS) as group:
        left = subprocess.Popen([*entering(group), "/bin/sleep", "60"])
        while group is not None and not group.tally().tasks:
            pass
    if keeper.make is None:
        left.kill()

    assert left.wait(10) == -9
    assert made_by(os.getpid()) == []


MAKER = """
import os, subprocess, sys
from workers.sandbox import cgroups
from workers.sandbox.limits import Limits
with cgroups.found().group(Limits()) as group:
    left = subprocess.Popen([*cgroups.entering(group), "/bin/sleep", "60"], stdout=subprocess.DEVNULL)
    while group is not None and not group.tally().tasks: pass
    print(left.pid, flush=True)
    os.kill(os.getpid(), 9)
"""


def test_x143_what_a_killed_worker_left_is_gone_after_the_next_start() -> None:
    here = Path(__file__).parents[3]
    worker = subprocess.Popen([sys.executable, "-c", MAKER], stdout=subprocess.PIPE, env={"PYTHONPATH": str(here)})
    left = int(worker.communicate(timeout=30)[0])
    there = made_by(worker.pid)

    cgroups.sweep()

    assert bool(there) is (cgroups.found().make is not None)
    assert made_by(worker.pid) == []
    if not there:
        os.kill(left, 9)


def test_groups_of_the_living_and_of_others_are_nobodys_to_sweep(tmp_path: Path) -> None:
    mine = cgroups_folder.name(0)
    dead = mine.replace(f"-{os.getpid()}-", "-4194303-")
    elsewhere = "-".join(["mendloop", "1", *dead.split("-")[2:]])
    for place in (tmp_path / "here", tmp_path / "before"):
        for name in (mine, dead, elsewhere, "mendloop-workers", "somebody"):
            (place / name).mkdir(parents=True)

    assert cgroups_folder.left_behind(tmp_path / "here") == (tmp_path / "before" / dead, tmp_path / "here" / dead)


def test_a_group_that_cannot_be_made_any_more_is_no_fault_of_the_artifact() -> None:
    def refused(name: str) -> Group:
        raise PermissionError(name)

    with pytest.raises(SandboxUnavailableError, match="No group"), Keeper("cgroup v1", refused).group(LIMITS):
        pass


def test_without_groups_there_is_none_to_enter() -> None:
    with Keeper(RLIMITS).group(LIMITS) as group:
        assert group is None


def written(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


def test_version_2_is_told_the_bounds_and_asked_for_the_counts(tmp_path: Path) -> None:
    path = written(
        tmp_path / "box",
        memory__stat="anon 7000\nfile 5000\nshmem 1000\n",
        memory__current="14000\n",
        memory__events="low 0\nmax 9\noom 2\noom_kill 3\n",
        memory__swap__max="max\n",
        pids__current="4\n",
        pids__events="max 6\n",
        cpu__stat="usage_usec 1500000\nuser_usec 1\n",
    )

    Group2(path).bound(1000, 20)
    tally = Group2(path).tally()

    bounds = {name: (path / name).read_text() for name in ("memory.max", "pids.max", "memory.swap.max")}
    assert bounds == {"memory.max": "1000", "pids.max": "20", "memory.swap.max": "0"}
    assert (tally.memory_bytes, tally.tasks, tally.cpu_s) == (10_000, 4, 1.5)
    assert (tally.killed, tally.starved, tally.refused, tally.with_disks) == (3, 0, 6, True)


@pytest.mark.parametrize("version", [1, 2])
def test_the_machines_own_want_of_memory_is_not_the_boxs(tmp_path: Path, version: int) -> None:
    path = written(
        tmp_path / "box",
        memory__stat="cache 0\n",
        memory__current="1",
        memory__usage_in_bytes="1",
        memory__events="oom 0\noom_kill 1\n",
        memory__oom_control="oom_kill 1\n",
        memory__limit_in_bytes="1000",
        memory__max_usage_in_bytes="100",
        pids__current="0",
        pids__events="max 0",
        cpuacct__usage="0",
        cpu__stat="usage_usec 0",
    )

    tally = Group2(path).tally() if version == 2 else Group1(path, path, path).tally()

    assert (tally.killed, tally.starved) == (0, 1)
