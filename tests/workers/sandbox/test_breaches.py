"""Which limit a run is named after: what was seen from outside goes first, and words count where they can be true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox.guestcall import Reply
from workers.sandbox.limits import Limits
from workers.sandbox.reading import Ran, execution
from workers.sandbox.watching import Seen

RAN = Ran(cells=(0,), skipped=frozenset(), environment="e", boxed=True)
LIMITS = Limits(cell_timeout_s=10, pids=40, cpu_s=60)
FINE: dict[str, Any] = {
    "event": "cell",
    "cell": 0,
    "status": "ok",
    "seconds": 0.1,
    "outputs": [],
    "warnings": [],
    "error": None,
    "expected": False,
}


def failed(name: str, message: str, traceback: str = "", stream: str = "") -> dict[str, Any]:
    error: dict[str, Any] = {"name": name, "message": message, "traceback": traceback, "line": 1, "frames": []}
    output: dict[str, Any] = {"kind": "stream", "name": "stderr", "text": stream, "mime": [], "truncated": False}
    return {**FINE, "status": "error", "error": error, "outputs": [output] if stream else []}


def reply(
    cell: dict[str, Any], *, ended: str = "", reason: str = "", seen: Seen | None = None, seconds: float = 1
) -> Reply:
    lines = ({"event": "started"}, {"event": "ready"}, {"event": "begin", "cell": 0}, cell)
    seen = seen or Seen()
    return Reply(
        lines=(*lines, {"event": "done", "ended": ended, "reason": reason}),
        done=True,
        ended=seen.breach,
        stderr="",
        seconds=seconds,
        seen=seen,
        limits=LIMITS,
    )


def test_a_box_that_says_all_is_well_is_not_believed_where_something_else_was_seen() -> None:
    seen = Seen(breach="memory", reason="more memory than 4096 MiB")
    lying = reply(FINE, seen=seen)

    run, trusting = execution(lying, RAN), execution(replace(lying, ended="", seen=Seen()), RAN)

    assert (run.status, run.ended, run.reason) == ("failed", "memory", "more memory than 4096 MiB")
    assert trusting.status == "passed"


def test_a_breach_that_was_seen_is_named_whatever_error_the_code_made_of_it() -> None:
    broken = failed("BrokenProcessPool", "A process in the process pool was terminated abruptly")

    run = execution(reply(broken, seen=Seen(breach="memory", reason="seen")), RAN)

    assert (run.ended, run.error.name if run.error else "") == ("memory", "BrokenProcessPool")


def test_an_end_that_the_driver_only_saw_is_told_as_it_was_seen_outside() -> None:
    killed = failed("Killed", "the kernel was ended by SIGKILL")

    run = execution(reply(killed, ended="killed", seen=Seen(breach="memory", reason="seen outside")), RAN)

    assert run.error is not None
    assert (run.ended, run.error.message) == ("memory", "seen outside")


def test_a_machine_without_memory_says_nothing_about_the_artifact() -> None:
    with pytest.raises(SandboxUnavailableError, match="ran out of memory"):
        execution(reply(failed("Killed", ""), ended="killed", seen=Seen(starved=True)), RAN)


CLAIMS = {
    "a timeout that no clock saw": ("timeout", 1.0, Seen(), "killed"),
    "a timeout of a cell": ("timeout", 10.1, Seen(), "timeout"),
    "a timeout of the processor": ("timeout", 1.0, Seen(cpu_s=59.0), "timeout"),
    "memory that nobody saw": ("memory", 1.0, Seen(), "killed"),
    "a full disk that nobody saw": ("disk", 1.0, Seen(), "killed"),
    "a dead kernel": ("kernel_died", 1.0, Seen(), "kernel_died"),
}


@pytest.mark.parametrize(("claim", "seconds", "seen", "ended"), CLAIMS.values(), ids=CLAIMS.keys())
def test_the_drivers_word_counts_as_far_as_clocks_outside_allow(
    claim: str, seconds: float, seen: Seen, ended: str
) -> None:
    run = execution(reply(failed("Killed", "x"), ended=claim, reason="x", seen=seen, seconds=seconds), RAN)

    assert (run.status, run.ended) == ("failed", ended)


FULL, MANY = Seen(disk_share=0.9), Seen(tasks=39)
WORDS = {
    "memory": (failed("MemoryError", ""), Seen(), "memory"),
    "memory of arrow": (failed("ArrowMemoryError", "malloc of size 9 failed"), Seen(), "memory"),
    "memory of torch": (failed("RuntimeError", "DefaultCPUAllocator: can't allocate memory"), Seen(), "memory"),
    "memory of a card": (failed("OutOfMemoryError", "CUDA out of memory"), Seen(), ""),
    "memory, in the chain": (
        failed(
            "ValueError", "cannot load", "MemoryError: \n\nThe above exception was the direct cause of\nValueError: x"
        ),
        Seen(),
        "memory",
    ),
    "memory, of a child": (failed("CalledProcessError", "exit 1", stream="Traceback\nMemoryError\n"), Seen(), "memory"),
    "memory, printed by the way": (failed("ValueError", "x", stream="MemoryError\n"), Seen(), ""),
    "a full disk": (failed("OSError", "[Errno 28] No space left on device"), FULL, "disk"),
    "a full disk that was not full": (failed("OSError", "[Errno 28] No space left on device"), Seen(), ""),
    "a quota": (failed("OSError", "[Errno 122] Disk quota exceeded"), FULL, "disk"),
    "sqlite": (failed("OperationalError", "database or disk is full"), FULL, "disk"),
    "a file too large": (failed("OSError", "[Errno 27] File too large"), Seen(), "disk"),
    "threads": (failed("RuntimeError", "can't start new thread"), Seen(), "pids"),
    "forks": (failed("BlockingIOError", "[Errno 11] Resource temporarily unavailable"), MANY, "pids"),
    "forks, refused": (failed("BlockingIOError", "[Errno 11]"), Seen(refused=1), "pids"),
    "forks, by the traceback": (failed("BlockingIOError", "[Errno 11]", "os.fork()"), Seen(), "pids"),
    "a socket": (failed("BlockingIOError", "[Errno 11] Resource temporarily unavailable", "a.recv(1)"), Seen(), ""),
    "anything else": (failed("KeyError", "'x'"), Seen(disk_share=1.0, tasks=39, refused=3), ""),
}


@pytest.mark.parametrize(("cell", "seen", "ended"), WORDS.values(), ids=WORDS.keys())
def test_words_name_a_limit_where_they_can_be_true(cell: dict[str, Any], seen: Seen, ended: str) -> None:
    assert execution(reply(cell, seen=seen), RAN).ended == ended


def test_a_kernel_that_died_of_a_refused_request_says_so_in_its_last_words() -> None:
    died = failed("KernelDied", "the kernel was ended by SIGABRT. memory allocation of 99 bytes failed")

    assert execution(reply(died, ended="kernel_died", reason="x"), RAN).ended == "memory"


def test_an_expected_error_names_nothing() -> None:
    expected = {**failed("MemoryError", ""), "expected": True}

    run = execution(reply(expected), RAN)

    assert (run.status, run.ended) == ("passed", "")
