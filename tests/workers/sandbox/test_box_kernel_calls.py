"""What the kernel of the machine is asked from inside a box, and refuses."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tests.workers.sandbox.boxes import NoSeccomp, SharedNetwork, SharedProcesses, WritableRoot, notebook, told
from workers.sandbox import seccomp

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place
    from workers.sandbox.bubblewrap import BubblewrapBox

CALLS = """
import ctypes, errno, json, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    # In a child: a call that works must not take the kernel with it.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
        os.write(writing, errno.errorcode.get(ctypes.get_errno(), "works").encode() if result == -1 else b"works")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        said = file.read().decode()
    os.waitpid(child, 0)
    return said
null = ctypes.create_string_buffer(256)
at = ctypes.addressof(null)
print(json.dumps({
    "ptrace": call(101, 0, 0, 0, 0),
    "process_vm_readv": call(310, os.getpid(), at, 0, at, 0, 0),
    "unshare user": call(272, 0x10000000),
    "unshare mount": call(272, 0x20000),
    "setns": call(308, 0, 0),
    "clone with a new user namespace": call(56, 0x10000000 | 17, 0, 0, 0, 0),
    "clone with a new network namespace": call(56, 0x40000000 | 17, 0, 0, 0, 0),
    "clone3": call(435, at, 64),
    "mount": call(165, at, at, at, 0, 0),
    "umount2": call(166, at, 0),
    "pivot_root": call(155, at, at),
    "chroot": call(161, at),
    "open_tree": call(428, 0, at, 0),
    "move_mount": call(429, 0, at, 0, at, 0),
    "fsopen": call(430, at, 0),
    "mount_setattr": call(442, 0, at, 0, at, 32),
    "open_by_handle_at": call(304, 0, at, 0),
    "bpf": call(321, 0, at, 0),
    "perf_event_open": call(298, at, 0, -1, -1, 0),
    "userfaultfd": call(323, 1),
    "io_uring_setup": call(425, 1, at),
    "add_key": call(248, at, at, at, 0, -3),
    "keyctl": call(250, 0, -3, 0, 0, 0),
    "kexec_load": call(246, 0, 0, 0, 0),
    "init_module": call(175, at, 0, at),
    "reboot": call(169, 0, 0, 0, 0),
    "settimeofday": call(164, at, 0),
    "TIOCSTI": call(16, 0, 0x5412, at),
    "TIOCSTI with rubbish in the upper half": call(16, 0, 0x100005412, at),
    "TIOCLINUX": call(16, 0, 0x541C, at),
}))
"""

SOCKETS = """
import errno, json, socket
def made(family, kind=socket.SOCK_STREAM):
    try:
        socket.socket(family, kind).close()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "made"
print(json.dumps({str(family): made(family) for family in range(46)}))
"""

NETWORK = """
import json, os, socket
def reached(address, family=socket.AF_INET):
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as made:
            made.connect((address, 53))
            return True
    except OSError:
        return False
print(json.dumps({
    "interfaces": [name for _, name in socket.if_nameindex()],
    "reached": [address for address in ("1.1.1.1", "192.168.0.1", "169.254.169.254") if reached(address)],
    "by IPv6": reached("2606:4700:4700::1111", socket.AF_INET6),
}))
"""

NAMESPACES = """
import json, os
names = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
print(json.dumps({name: os.readlink("/proc/self/ns/" + name) for name in names}))
"""

POWERS = """
import json, re
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
def writable(path):
    try:
        open(path, "a").close()
    except OSError:
        return False
    return True
import sys
tried = ["/new", "/dev/new", "/etc/passwd", "/usr/new", "/proc/sys/kernel/hostname", "/opt/new", sys.prefix + "/new", json.__file__]
print(json.dumps({
    "capabilities": {name: value for name, value in status.items() if name.startswith("Cap")},
    "no new privileges": status["NoNewPrivs"], "seccomp": status["Seccomp"], "user": status["Uid"].split()[0],
    "groups": status["Groups"].split(), "writable": [path for path in tried if writable(path)],
}))
"""


async def calls_that_work(box: BubblewrapBox) -> list[str]:
    answers = told(await box.execute(notebook(CALLS)))
    refused = {name: "ENOSYS" if name == "clone3" else "EPERM" for name in answers}
    return [name for name, answer in answers.items() if answer != refused[name]]


async def sockets_that_work(box: BubblewrapBox) -> set[int]:
    answers = told(await box.execute(notebook(SOCKETS)))
    return {int(family) for family, answer in answers.items() if answer != "EAFNOSUPPORT"}


async def ways_out(box: BubblewrapBox) -> list[str]:
    seen = told(await box.execute(notebook(NETWORK)))
    return [*(name for name in seen["interfaces"] if name != "lo"), *seen["reached"]]


def own_namespace(name: str) -> str:
    return str(Path("/proc/self/ns", name).readlink())


async def shared_namespaces(box: BubblewrapBox) -> list[str]:
    inside = told(await box.execute(notebook(NAMESPACES)))
    return [name for name, namespace in inside.items() if namespace == own_namespace(name)]


async def writable_places(box: BubblewrapBox) -> list[str]:
    return told(await box.execute(notebook(POWERS)))["writable"]


async def test_x145_no_side_door_of_the_kernel_opens(place: Place) -> None:
    assert await calls_that_work(place.box()) == []


async def test_x145_the_probes_notice_a_box_without_a_filter(place: Place) -> None:
    open_doors = await calls_that_work(place.box(kind=NoSeccomp))

    # Some are closed twice: without the filter they still fail, in another way or for want of a capability.
    assert {"ptrace", "clone3", "TIOCSTI"} <= set(open_doors)


async def test_x145_only_four_families_of_sockets_exist(place: Place) -> None:
    assert await sockets_that_work(place.box()) <= {int(family) for family in seccomp.FAMILIES}
    assert int(socket.AF_VSOCK) in await sockets_that_work(place.box(kind=NoSeccomp))


async def test_x137_there_is_no_network(place: Place) -> None:
    assert await ways_out(place.box()) == []


async def test_x136_no_namespace_is_the_hosts(place: Place) -> None:
    assert await shared_namespaces(place.box()) == []


async def test_x136_the_probe_notices_what_is_shared(place: Place) -> None:
    assert await shared_namespaces(place.box(kind=SharedNetwork)) == ["net"]
    assert await shared_namespaces(place.box(kind=SharedProcesses)) == ["pid"]


async def test_x145_a_box_is_nobody_and_owns_nothing(place: Place) -> None:
    powers = told(await place.run(POWERS))

    assert set(powers["capabilities"].values()) == {"0000000000000000"}
    assert (powers["no new privileges"], powers["seccomp"], powers["user"]) == ("1", "2", "1000")
    assert powers["writable"] == []


async def test_x140_the_probe_notices_a_root_that_can_be_written(place: Place) -> None:
    assert {"/new", "/dev/new"} <= set(await writable_places(place.box(kind=WritableRoot)))


async def test_x146_a_box_has_no_terminal(place: Place) -> None:
    run = await place.run("import os\nos.open('/dev/tty', os.O_RDWR)", "")

    assert run.error is not None
    assert run.error.name == "OSError"
    assert os_error(run.error.message) == errno.ENXIO


async def test_x146_escape_sequences_do_not_leave_the_box(place: Place) -> None:
    run = await place.run(
        r"print('\x1b]0;title\x07\x1b[31mred\x1b[0m \x1b]52;c;bHM=\x07done')", r"raise ValueError('\x1b[2Jgone')"
    )

    assert run.cells[0].outputs[0].text == "red done\n"
    assert run.error is not None
    assert "\x1b" not in repr(run)
    assert run.error.message == "gone"


async def test_what_notebooks_do_every_day_works_under_the_filter(place: Place) -> None:
    run = await place.run(
        "import threading; t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()",
        "import subprocess; print(subprocess.run(['sh', '-c', 'echo child'], capture_output=True, text=True).stdout)",
        "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as pool: print(pool.map(abs, [-1, -2]))",
        "import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))",
        "import asyncio; await asyncio.sleep(0.01); print('awaited')",
        "import tempfile; f = tempfile.TemporaryFile(); f.write(b'1'); print(open('here', 'w').write('12'))",
        "import sqlite3, ssl, ctypes, getpass, os; print(getpass.getuser(), os.path.expanduser('~'))",
    )

    assert run.status == "passed", run.error


def os_error(message: str) -> int:
    return int(message.partition("[Errno ")[2].partition("]")[0])
