from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bot.supervisor import Program, supervise

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

LONG_S = 60.0
PATH = {"PATH": os.environ["PATH"]}


def shell(name: str, script: str, folder: Path, **more: Any) -> Program:
    return Program(
        name=name, command=("/bin/sh", "-c", script), environment=more.pop("environment", PATH), folder=folder, **more
    )


@asynccontextmanager
async def supervising(*programs: Program, **options: Any) -> AsyncGenerator[asyncio.Event]:
    stop = asyncio.Event()
    given: dict[str, Any] = {"grace_s": LONG_S, "pauses_s": (0.01, 0.05)} | options
    task = asyncio.create_task(supervise(programs, stop, **given))
    try:
        async with asyncio.timeout(LONG_S):
            yield stop
            stop.set()
            await task
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], Any]) -> Any:
    """What the condition comes to, as soon as it is something; TimeoutError where it never is."""
    async with asyncio.timeout(LONG_S):
        while not (found := condition()):  # noqa: ASYNC110  # another process makes it true
            await asyncio.sleep(0.01)
        return found


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123  # a line
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_a_process_that_ends_is_started_again(tmp_path: Path) -> None:
    async with supervising(shell("one", "echo run >> log; exit 3", tmp_path)):
        assert await until(lambda: len(lines(tmp_path / "log")) >= 3)


async def test_a_process_gets_its_own_environment_and_nothing_of_ours(tmp_path: Path) -> None:
    only = {"PATH": os.environ["PATH"], "ONLY": "this"}

    async with supervising(
        shell(
            "one", "tr '\\0' '\\n' < /proc/self/environ > env.new; mv env.new env; sleep 60", tmp_path, environment=only
        )
    ):
        found = await until(lambda: lines(tmp_path / "env"))

    assert {line.partition("=")[0] for line in found} - {"PWD", "OLDPWD", "_", "SHLVL"} == {"PATH", "ONLY"}


async def test_told_to_stop_it_asks_politely_and_waits(tmp_path: Path) -> None:
    script = "trap 'sleep 0.2; echo done > end; exit 0' TERM; echo up > up; while :; do sleep 0.02; done"

    async with supervising(shell("one", script, tmp_path)):
        assert await until(lambda: lines(tmp_path / "up"))

    assert lines(tmp_path / "end") == ["done"]


async def test_who_does_not_listen_is_killed_with_all_its_children(tmp_path: Path) -> None:
    script = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 600' & echo $! $$ > pids.new; mv pids.new pids; while :; do sleep 0.05; done"

    async with supervising(shell("deaf", script, tmp_path), grace_s=0.1):
        found = await until(lambda: lines(tmp_path / "pids"))

    for pid in map(int, found[0].split()):
        assert await until(lambda pid=pid: not alive(pid))


async def test_children_of_a_process_that_died_are_killed_too(tmp_path: Path) -> None:
    script = "[ -e pid ] && exec sleep 600; sleep 600 & echo $! > pid; exit 1"

    async with supervising(shell("one", script, tmp_path)):
        found = await until(lambda: lines(tmp_path / "pid"))
        assert await until(lambda: not alive(int(found[0])))


async def test_a_neighbour_is_not_disturbed(tmp_path: Path) -> None:
    steady = shell("steady", "echo $$ >> steady; exec sleep 600", tmp_path)

    async with supervising(steady, shell("restless", "echo x >> restless; exit 1", tmp_path)):
        assert await until(lambda: len(lines(tmp_path / "restless")) >= 3)
        assert len(lines(tmp_path / "steady")) == 1


async def test_a_program_starts_when_the_one_before_is_ready(tmp_path: Path) -> None:
    ready: list[bool] = []

    async def is_ready() -> bool:
        ready.append((tmp_path / "second").exists())
        return len(ready) >= 3

    told: list[str] = []
    first = shell("first", "exec sleep 600", tmp_path, ready=is_ready)
    async with supervising(
        first, shell("second", "touch second; exec sleep 600", tmp_path), on_ready=lambda: told.append("ready")
    ):
        assert await until(lambda: (tmp_path / "second").exists() and told)

    assert ready == [False, False, False]
    assert told == ["ready"]


async def test_a_program_that_is_not_there_is_tried_again_and_holds_up_nobody(tmp_path: Path) -> None:
    missing = Program(name="missing", command=(str(tmp_path / "program"),), environment=PATH, folder=tmp_path)

    async with supervising(missing, shell("other", "touch other; exec sleep 600", tmp_path)):
        assert await until((tmp_path / "other").exists)
        (tmp_path / "program").write_text("#!/bin/sh\ntouch there\nexec sleep 600\n")
        (tmp_path / "program").chmod(0o755)
        assert await until((tmp_path / "there").exists)


async def test_told_to_stop_while_something_gets_ready_it_stops(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    async with supervising(shell("one", "echo $$ > pid.new; mv pid.new pid; exec sleep 600", tmp_path, ready=never)):
        found = await until(lambda: lines(tmp_path / "pid"))
        assert alive(int(found[0]))

    assert not alive(int(found[0]))


ORPHANS = """
import asyncio, pathlib, sys
from bot.supervisor import Program, supervise
folder = pathlib.Path(sys.argv[1])
one = Program(name="one", command=("/bin/sh", "-c", "echo $$ > pid; exec sleep 600"), environment={"PATH": sys.argv[2]}, folder=folder)
asyncio.run(supervise([one], asyncio.Event()))
"""


async def test_processes_end_when_their_supervisor_is_killed_outright(tmp_path: Path) -> None:
    supervisor = subprocess.Popen(  # noqa: ASYNC220  # at once, it is only started
        [sys.executable, "-c", ORPHANS, tmp_path, os.environ["PATH"]],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        found = await until(lambda: lines(tmp_path / "pid"))
    finally:
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()

    assert await until(lambda: not alive(int(found[0])))


async def test_pauses_grow_while_a_process_keeps_ending(tmp_path: Path) -> None:
    async with supervising(shell("one", "date +%s%N >> log", tmp_path), pauses_s=(0.05, 0.4)):
        assert await until(lambda: len(lines(tmp_path / "log")) >= 5)

    times = [int(line) / 1e9 for line in lines(tmp_path / "log")]
    assert times[4] - times[0] >= 0.05 + 0.1 + 0.2 + 0.4
    assert time.time() > times[-1]
