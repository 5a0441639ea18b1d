"""What of the machine can be seen from inside a box."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import HostFiles, SharedProcesses, notebook, printed, told
from workers.sandbox.fixed import Fixed
from workers.sandbox.layout import variables

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place
    from workers.sandbox.bubblewrap import BubblewrapBox

CANARY = "canary-3f1b9c"

ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"

KERNELS_OWN = {
    *("PWD", "TERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER", "MPLBACKEND"),
    *("PYDEVD_USE_FRAME_EVAL", "JPY_SESSION_NAME", "JPY_PARENT_PID"),
}
"""What a shell and ipykernel set for themselves."""

PROCESSES = """
import json, os
def text(path):
    try:
        return open(path, "rb").read().decode(errors="replace")
    except OSError:
        return ""
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
print(json.dumps({pid: text("/proc/%d/cmdline" % pid) + text("/proc/%d/environ" % pid) for pid in pids}))
"""

WALK = """
import json, os
def below(path, depth):
    try:
        names = sorted(os.listdir(path))
    except OSError:
        return []
    found = [os.path.join(path, name) for name in names]
    return found + [one for path in found if depth and os.path.isdir(path) and not os.path.islink(path) for one in below(path, depth - 1)]
print(json.dumps({"/": os.listdir("/"), "/etc": os.listdir("/etc"), "/tmp": below("/tmp", 3), "/repository": below("/repository", 3),
    "/run": os.listdir("/run"), "/dev": sorted(os.listdir("/dev")), "/dev/shm": os.listdir("/dev/shm"),
    "/opt": below("/opt", 1), "shown": {path: os.listdir(path) for path in SHOWN if os.path.isdir(path)},
    "passwd": open("/etc/passwd").read(), "host": os.uname().nodename}))
"""


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret in the environment of the worker."""
    monkeypatch.setenv("MENDLOOP_TEST_SECRET", CANARY)
    return CANARY


def names_at_root() -> list[str]:
    return [path.name for path in Path("/").iterdir()]


async def processes_seen(box: BubblewrapBox) -> dict[str, str]:
    return told(await box.execute(notebook(PROCESSES)))


async def files_of_etc(box: BubblewrapBox) -> set[str]:
    return set(told(await box.execute(notebook("SHOWN = []" + WALK)))["/etc"])


async def test_x136_the_environment_is_an_exact_list(place: Place, canary: str) -> None:
    seen = told(await place.run(ENVIRONMENT))

    ours = {**variables(place.environment.python.parent), **Fixed().variables}
    assert set(seen) - KERNELS_OWN == set(ours) | ({"PYTHONPATH"} & set(seen))
    assert {name: seen[name] for name in ours if name != "PATH"} == {n: v for n, v in ours.items() if n != "PATH"}
    assert canary not in repr(seen)


async def test_x136_no_process_of_the_host_and_no_word_of_it(place: Place, canary: str) -> None:
    seen = await processes_seen(place.box())

    assert len(seen) <= 4
    assert canary not in repr(seen)
    # The command line of the first process names nothing that was bound.
    assert str(place.overlay) not in repr(seen)


async def test_x136_the_probe_notices_processes_of_the_host(place: Place) -> None:
    assert str(os.getpid()) in await processes_seen(place.box(kind=SharedProcesses))


async def test_x137_the_files_of_the_host_are_absent(place: Place) -> None:
    mounts = place.environment.mounts
    shown = sorted({str(parent) for mount in mounts for parent in mount.parents} - {"/"})
    merged = set(names_at_root()) & {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}

    seen = told(await place.run(f"SHOWN = {shown!r}" + WALK))

    above = {mount.parts[1] for mount in mounts}
    assert set(seen["/"]) == {"usr", "etc", "opt", "proc", "dev", "run", "tmp", "repository"} | merged | above
    assert set(seen["/etc"]) <= {"passwd", "group", "hosts", "ld.so.cache", "alternatives", "fonts"}
    assert seen["/run"] == ["kernel"]
    assert seen["/dev/shm"] == []
    assert set(seen["/opt"]) >= {"/opt/mendloop/guest", "/opt/mendloop/kernel"}
    assert seen["passwd"] == "reader:x:1000:1000::/tmp/home:/bin/sh\n"
    assert seen["host"] == "box"
    # On the way to the interpreter there is the interpreter alone: no `.ssh`, no other job's directory.
    for folder, names in seen["shown"].items():
        if folder not in ("/usr", "/tmp", "/opt"):
            assert names == sorted(
                {mount.relative_to(folder).parts[0] for mount in mounts if mount.is_relative_to(folder)}
            )


async def test_x137_the_probe_notices_files_of_the_host(place: Place) -> None:
    assert "shadow" in await files_of_etc(place.box(kind=HostFiles))
    assert "shadow" not in await files_of_etc(place.box())


async def test_x137_famous_places_are_not_there(place: Place) -> None:
    famous = [
        "/etc/shadow",
        "/sys",
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/boot",
        "/var",
        "/mnt",
        "~/.ssh",
    ]

    run = await place.run(f"import os; print([path for path in {famous} if os.path.exists(os.path.expanduser(path))])")

    assert printed(run) == "[]\n"


async def test_x137_of_the_homes_only_the_way_to_the_environment_is_there(place: Place) -> None:
    run = await place.run("import os; print(os.listdir('/home') if os.path.exists('/home') else [])")

    on_the_way = {path.parts[2] for path in place.environment.mounts if path.parts[:2] == ("/", "home")}
    assert set(ast.literal_eval(printed(run))) <= on_the_way


DRIVER = """
import json, os
seen = {}
for name in ("mem", "fd/1", "environ", "maps"):
    try:
        os.close(os.open("/proc/%d/%s" % (os.getppid(), name), os.O_RDWR if name in ("mem", "fd/1") else os.O_RDONLY))
        seen[name] = "opened"
    except OSError as error:
        seen[name] = type(error).__name__
print(json.dumps(seen))
"""


async def test_a_cell_reaches_neither_memory_nor_descriptors_of_the_driver_that_speaks_for_it(place: Place) -> None:
    seen = told(await place.run(DRIVER))

    assert seen == dict.fromkeys(("mem", "fd/1", "environ", "maps"), "PermissionError")
