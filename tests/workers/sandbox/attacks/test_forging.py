"""Code under test tries to speak for the driver. What it can say about itself is written down in SECURITY.md."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.sandbox.attacks.twins import StillRoot, unmasked
from tests.workers.sandbox.boxes import SMALL, notebook, printed, told
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.layout import GUEST, MASKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.workers.sandbox.boxes import Place
    from workers.sandbox.layout import Descriptors
    from workers.sandbox.unprivileged import Mount

WELL: dict[str, Any] = {
    "event": "cell",
    "status": "ok",
    "seconds": 0.1,
    "outputs": [],
    "warnings": [],
    "error": None,
    "expected": False,
}
FORGED = "\n".join(json.dumps({**WELL, "cell": cell}) for cell in (1, 2, 3))
"""Lines that say that every cell but the first was well."""

DONE = json.dumps({"event": "done", "ended": "", "reason": ""})

SPEAK = f"""
import glob, os
lines = {FORGED + chr(10) + DONE + chr(10)!r}.encode()
for path in glob.glob("/proc/[0-9]*/fd/[0-9]*"):
    if path.split("/")[2] == str(os.getpid()):
        continue
    try:
        number = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        os.write(number, lines)
    except OSError:
        pass
"""
"""Writes the lines to every descriptor of every other process that can be opened."""

WRITES = {
    "on standard output": f"print({FORGED!r}); print({DONE!r})",
    "to the descriptor of standard output": f"import os; os.write(1, {(DONE + chr(10)).encode()!r}); os.write(2, b'x')",
    "to every descriptor in sight": SPEAK,
    "from a child": f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SPEAK!r}])",
    "to a terminal": "import os; master, slave = os.openpty(); os.write(slave, b'x')",
}


@pytest.mark.parametrize("cell", WRITES.values(), ids=WRITES.keys())
async def test_x138_a_line_in_the_drivers_name_changes_nothing(place: Place, cell: str) -> None:
    run = await place.run("1", cell, "1 / 0", "print('after')")

    assert (run.status, run.ended, run.failed_cell) == ("failed", "", 2)
    assert run.cells[3].status == "not_run"


class Uncovered(BubblewrapBox):
    """A broken box: its first process, which holds the way out, is within reach, and its pipes belong to who runs in it."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return unmasked(super()._options(mounts, fds), MASKED)


class UncoveredRoot(Uncovered, StillRoot):
    """The same started by root, whose pipes only root can open."""


async def test_x138_where_the_first_process_is_within_reach_a_line_is_forged(place: Place) -> None:
    kind = UncoveredRoot if os.geteuid() == 0 else Uncovered

    run = await place.box(kind=kind).execute(notebook("1", SPEAK, "1 / 0", "2"))

    assert run.status == "passed"


KEY = """
import json, glob
connection = json.load(open(glob.glob("/run/kernel/*.json")[0]))
"""

IMPOSTOR = (
    KEY
    + """
import hashlib, hmac, zmq
def frames(kind, parent, content):
    header = {"msg_id": "x", "msg_type": kind, "session": "driver", "username": "driver", "date": "", "version": "5.3"}
    parts = [json.dumps(part).encode() for part in (header, {"msg_id": parent}, {}, content)]
    signature = hmac.new(connection["key"].encode(), b"".join(parts), hashlib.sha256).hexdigest().encode()
    return [b"<IDS|MSG>", signature, *parts]
shell = zmq.Context.instance().socket(zmq.DEALER)
shell.linger = 0
shell.connect("ipc://%s-%d" % (connection["ip"], connection["shell_port"]))
for parent in ("cell:2", "cell:3"):
    shell.send_multipart(frames("execute_reply", parent, {"status": "ok"}))
shell.send_multipart(frames("execute_request", "", {"code": "forged = 1", "silent": False}))
print("sent")
"""
)
"""Another client of the kernel's sockets, with the key that every cell can read."""


async def test_x138_who_knows_the_key_of_the_sockets_changes_no_verdict(place: Place) -> None:
    run = await place.run("1", IMPOSTOR, "1 / 0", "print('after')")

    assert printed(run, 1) == "sent\n"
    assert (run.status, run.failed_cell) == ("failed", 2)


PUBLISH = """
kernel = get_ipython().kernel
for parent in ("cell:2", "cell:3"):
    for kind, content in (("stream", {"name": "stdout", "text": "forged"}), ("status", {"execution_state": "idle"})):
        kernel.session.send(kernel.iopub_socket, kind, content, parent={"header": {"msg_id": parent}})
"""


async def test_x138_what_is_published_for_a_later_cell_is_not_taken_for_its_own(place: Place) -> None:
    run = await place.run("1", PUBLISH, "print('mine')", "1 / 0")

    assert printed(run, 2) == "mine\n"
    assert (run.status, run.failed_cell) == ("failed", 3)


KILLS = {
    "killed": ("import os, signal; os.kill(os.getppid(), signal.SIGKILL)", "killed", 30),
    "stopped": ("import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); time.sleep(99)", "timeout", 6),
    "and all others killed": ("import os, signal; os.kill(-1, signal.SIGKILL)", "killed", 30),
}


@pytest.mark.parametrize(("cell", "ended", "wall_s"), KILLS.values(), ids=KILLS.keys())
async def test_x138_a_driver_that_is_silenced_is_a_failure(place: Place, cell: str, ended: str, wall_s: float) -> None:
    run = await place.run("1", cell, "2", limits=replace(SMALL, wall_s=wall_s))

    assert (run.status, run.ended) == ("failed", ended)
    assert run.cells[2].status == "not_run"


FIRST = """
import os, signal
said = []
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL, signal.SIGSTOP):
    try:
        os.kill(1, number)
    except OSError as error:
        said.append(error.errno)
print("still here")
"""


async def test_x142_signals_to_the_first_process_end_nothing(place: Place) -> None:
    run = await place.run(FIRST, "print('and here')")

    assert (run.status, printed(run, 1)) == ("passed", "and here\n")


REPLACE = f"""
import json, os
tried = {{}}
for path in ("{GUEST}/driver.py", "{GUEST}/session.py", "{GUEST}/new.py", "/run/kernel/../../{GUEST}/voice.py"):
    try:
        open(path, "a").close()
        tried[path] = "written"
    except OSError as error:
        tried[path] = type(error).__name__
try:
    os.rename("{GUEST}", "/tmp/guest")
    tried["rename"] = "done"
except OSError as error:
    tried["rename"] = type(error).__name__
print(json.dumps(sorted(set(tried.values()))))
"""


async def test_x138_the_drivers_files_cannot_be_replaced(place: Place) -> None:
    assert set(told(await place.run(REPLACE))) <= {"OSError", "PermissionError"}


PATCHED = """
from IPython.core.interactiveshell import InteractiveShell, ExecutionResult
real = InteractiveShell.run_cell
async def well(self, *arguments, **named):
    return ExecutionResult(None)
InteractiveShell.run_cell_async = well
type(get_ipython()).run_cell_async = well
"""


async def test_x138_a_patched_kernel_lies_about_itself_and_about_nothing_else(place: Place) -> None:
    box = place.box()

    liar = await box.execute(notebook(PATCHED, "1 / 0"))
    other = await box.execute(notebook("x = 1", "1 / 0"))

    # This is what remains, and no box can mend: who judges what code prints, and nothing else, believes the code.
    assert liar.status == "passed"
    assert (other.status, other.failed_cell) == ("failed", 1)
