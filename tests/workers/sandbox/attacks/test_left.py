"""After the wildest runs no process, mount, namespace, control group, socket or file is left; and it would be noticed."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, notebook
from tests.workers.sandbox.left import Left, adopting, left
from tests.workers.sandbox.runtimes import BOXES
from workers.sandbox.bubblewrap import BubblewrapBox

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from tests.workers.sandbox.boxes import Place

WILD = """
import os, socket, sys, time
hidden = socket.socket(socket.AF_UNIX); hidden.bind("\\0mendloop-left"); hidden.listen(1)
open("/dev/shm/mendloop-left", "w").write("x")
open("/tmp/mendloop-left", "w").write("x")
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
import signal, threading
threading.Timer(600, print).start()
signal.setitimer(signal.ITIMER_REAL, 600)
"""

ENDINGS = {
    "by itself": ("print('done')", 30),
    "killed": ("import os; os.kill(-1, 9)", 30),
    "timed out": ("time.sleep(99)", 5),
}

KINDS: dict[str, type[BubblewrapBox]] = {"bubblewrap": BubblewrapBox, **BOXES}


@pytest.fixture
def adopted() -> Generator[None]:
    """No stray hides by losing its parent."""
    with adopting():
        yield


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@pytest.mark.usefixtures("adopted")
async def test_x142_nothing_is_left_however_a_run_ends(place: Place, kind: type[BubblewrapBox]) -> None:
    before = left()

    for ending, wall_s in ENDINGS.values():
        await place.box(replace(SMALL, wall_s=wall_s), kind=kind).execute(notebook(WILD, ending))
    cancelled = asyncio.create_task(place.box(kind=kind).execute(notebook(WILD, "time.sleep(99)")))
    await asyncio.sleep(1)
    cancelled.cancel()
    await asyncio.wait({cancelled})

    assert left().more_than(before) == {}


@contextmanager
def a_process() -> Generator[None]:
    """One whose parent is gone."""
    start = "import subprocess, sys; print(subprocess.Popen(['sleep', '60'], stdout=-3, stderr=-3).pid)"
    said = subprocess.run([sys.executable, "-c", start], capture_output=True, check=True, text=True, timeout=20)
    stray = int(said.stdout)
    yield
    os.kill(stray, 9)
    os.waitpid(stray, 0)


@contextmanager
def a_namespace() -> Generator[None]:
    held = os.open("/proc/self/ns/net", os.O_RDONLY)
    yield
    os.close(held)


@contextmanager
def a_memory_file() -> Generator[None]:
    held = os.memfd_create("left")
    yield
    os.close(held)


@contextmanager
def a_socket() -> Generator[None]:
    with socket.socket(socket.AF_UNIX) as hidden:
        hidden.bind(f"\0holder-{os.getpid()}-{time.monotonic_ns()}")
        yield


@contextmanager
def a_file() -> Generator[None]:
    with tempfile.TemporaryDirectory(prefix=f"mendloop-box-{os.getpid()}-"):
        yield


@contextmanager
def a_file_in_shared_memory() -> Generator[None]:
    path = Path(f"/dev/shm/mendloop-{os.getpid()}")
    path.touch()
    yield
    path.unlink()


LEAVES: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "processes": a_process,
    "descriptors": a_namespace,
    "descriptors of memory": a_memory_file,
    "sockets": a_socket,
    "files": a_file,
    "files in shared memory": a_file_in_shared_memory,
}


@pytest.mark.parametrize("kind", LEAVES)
@pytest.mark.usefixtures("adopted")
def test_what_is_left_is_noticed(kind: str) -> None:
    before = left()

    with LEAVES[kind]():
        grown = left().more_than(before)

    assert list(grown) == [kind.partition(" ")[0]]
    assert left().more_than(before) == {}


def test_a_mount_and_a_control_group_that_are_left_are_noticed() -> None:
    before = left()
    after = replace(
        before, mounts=before.mounts | {"0:99 / /media rw"}, groups=before.groups | {"/sys/fs/cgroup/mendloop-1"}
    )

    assert after.more_than(before) == {"mounts": ["0:99 / /media rw"], "groups": ["/sys/fs/cgroup/mendloop-1"]}
    assert Left.more_than(before, before) == {}
