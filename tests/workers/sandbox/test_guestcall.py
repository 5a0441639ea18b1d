from __future__ import annotations

import asyncio
import os
import sys
import uuid
from dataclasses import replace

import pytest

from tests.workers.sandbox.boxes import host_processes
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import tree
from workers.sandbox.guestcall import Reply, call
from workers.sandbox.limits import MIB, Limits
from workers.sandbox.program import Program

LIMITS = Limits(wall_s=5, memory_bytes=300 * MIB, pids=20, output_bytes_cell=1000, output_bytes_total=10_000)
DONE = 'print(\'{"event": "done"}\', flush=True)\n'


async def said(code: str, limits: Limits = LIMITS) -> Reply:
    """What a program of ours says to the request `{"a": 1}`, unboxed."""
    return await call(Program(argv=(sys.executable, "-c", code), env={"KEPT": "yes"}), {"a": 1}, limits)


async def test_a_program_reads_the_request_and_answers_line_by_line() -> None:
    reply = await said("import json, os, sys\nprint(json.dumps([json.load(sys.stdin), dict(os.environ)][0]))\n" + DONE)

    assert (reply.done, reply.ended) == (True, "")
    assert reply.lines == ({"a": 1}, {"event": "done"})


async def test_a_program_gets_exactly_the_environment_it_is_given() -> None:
    reply = await said("import json, os\nprint(json.dumps(dict(os.environ)))\n" + DONE)

    assert set(reply.lines[0]) - {"LC_CTYPE"} == {"KEPT"}


FAILURES = {
    "no done line": ("print('{}')", "killed"),
    "nothing": ("", "killed"),
    "crash after words": ('print(\'{"event": "cell"}\', flush=True)\nimport os\nos._exit(0)', "killed"),
    "not JSON": ("print('{}\\nnot json')\n" + DONE, "killed"),
    "not an object": ("print('[1]')\n" + DONE, "killed"),
    "nesting": ("print('[' * 100_000)\n" + DONE, "killed"),
    "not UTF-8": ("import sys\nsys.stdout.buffer.write(b'\\xff\\n')\n" + DONE, "killed"),
    "half a line": ('import sys\nsys.stdout.write(\'{"event": "done"}\')', "killed"),
    "a line without end": ("while True: print('x' * 9999, end='')", "output"),
    "lines without end": ("while True: print('{}')", "output"),
    "silence": ("import time\ntime.sleep(60)", "timeout"),
    "closed output": ("import os, time\nos.close(1)\ntime.sleep(60)", "killed"),
    "memory": ("x = bytearray(b'x') * 500_000_000\nimport time\ntime.sleep(60)", "memory"),
    "threads": (
        "import threading, time\nfor _ in range(30): threading.Thread(target=time.sleep, args=(60,)).start()",
        "pids",
    ),
}


@pytest.mark.parametrize(("code", "ended"), FAILURES.values(), ids=FAILURES.keys())
async def test_whatever_is_not_done_has_failed_and_says_how(code: str, ended: str) -> None:
    reply = await said(code, replace(LIMITS, wall_s=1.5) if ended == "timeout" else LIMITS)

    assert (reply.done, reply.ended) == (False, ended)
    assert list(tree.below(os.getpid())) == []


async def test_errors_are_kept_to_their_end() -> None:
    reply = await said("import sys\nsys.stderr.write('x' * 1_000_000 + 'the end')")

    assert len(reply.stderr) < 10_000
    assert reply.stderr.endswith("the end")


async def test_a_program_that_does_not_read_its_request_is_no_trouble() -> None:
    reply = await call(Program(argv=(sys.executable, "-c", DONE), env={}), {"much": "x" * 1_000_000}, LIMITS)

    assert reply.done


async def test_what_is_started_and_forgotten_is_ended_with_the_program() -> None:
    marker = f"forgotten-{uuid.uuid4().hex}"
    reply = await said(f"import subprocess\nsubprocess.Popen(['sh', '-c', 'sleep 60; true', {marker!r}])\n" + DONE)

    assert reply.done
    assert host_processes(marker) == []


async def test_a_program_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(SandboxUnavailableError, match="/no/such/program cannot be started"):
        await call(Program(argv=("/no/such/program",), env={}), {}, LIMITS)


async def test_cancelling_ends_the_program() -> None:
    running = asyncio.create_task(said("import time\ntime.sleep(60)"))
    await asyncio.sleep(0.3)
    assert list(tree.below(os.getpid())) != []

    running.cancel()
    await asyncio.wait({running})

    assert list(tree.below(os.getpid())) == []
