from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox.guestcall import Reply
from workers.sandbox.reading import Ran, execution

if TYPE_CHECKING:
    from workers.contract.domain import Execution

RAN = Ran(cells=(0, 2), skipped=frozenset(), environment="e" * 64, boxed=True)
STARTED = {"event": "started"}
READY = {"event": "ready"}
DONE = {"event": "done", "ended": "", "reason": ""}


def cell(index: int, **values: Any) -> dict[str, Any]:
    fine: dict[str, Any] = {
        "status": "ok",
        "seconds": 0.1,
        "outputs": [],
        "warnings": [],
        "error": None,
        "expected": False,
    }
    return {"event": "cell", "cell": index, **fine, **values}


def error(name: str = "ValueError", message: str = "v") -> dict[str, Any]:
    return {"name": name, "message": message, "traceback": "", "line": 1, "frames": []}


def read(*lines: dict[str, Any], ended: str = "", ran: Ran = RAN) -> Execution:
    done = bool(lines) and lines[-1].get("event") == "done"
    return execution(Reply(lines=lines, done=done, ended=ended, stderr="why", seconds=1.0), ran)


def test_a_run_of_all_cells_that_is_done_has_passed() -> None:
    run = read(STARTED, READY, cell(0), cell(2), DONE)

    assert (run.status, run.ended, run.reason, run.until_cell) == ("passed", "", "", 2)


def test_done_with_a_cell_not_told_of_is_no_pass() -> None:
    assert read(STARTED, READY, cell(0), DONE).status == "failed"


def test_cells_without_a_done_line_are_no_pass() -> None:
    run = read(STARTED, READY, cell(0), cell(2), ended="killed")

    assert (run.status, run.ended) == ("failed", "killed")


def test_cells_that_were_never_asked_for_are_not_believed() -> None:
    run = read(STARTED, READY, cell(0), cell(2), cell(7), DONE)

    assert [one.cell for one in run.cells] == [0, 2]


@pytest.mark.parametrize(
    ("ended", "name"),
    [("timeout", "Timeout"), ("output", "OutputLimit"), ("memory", "Killed"), ("pids", "Killed"), ("killed", "Killed")],
)
def test_the_cell_that_was_running_is_the_one_that_failed(ended: str, name: str) -> None:
    run = read(STARTED, READY, {"event": "begin", "cell": 0}, cell(0), {"event": "begin", "cell": 2}, ended=ended)

    assert (run.status, run.ended, run.failed_cell) == ("failed", ended, 2)
    assert run.error is not None
    assert run.error.name == name
    assert run.reason != ""


@pytest.mark.parametrize(
    ("name", "message", "ended"),
    [
        ("MemoryError", "", "memory"),
        ("_ArrayMemoryError", "Unable to allocate", "memory"),
        ("OSError", "[Errno 27] File too large", "disk"),
        ("OSError", "[Errno 12] Cannot allocate memory", "memory"),
        ("RuntimeError", "can't start new thread", "pids"),
        ("RuntimeError", "something else", ""),
        ("OSError", "[Errno 2] No such file", ""),
    ],
)
def test_an_exception_that_speaks_of_a_limit_names_it(name: str, message: str, ended: str) -> None:
    failing = cell(0, status="error", error=error(name, message))

    assert read(STARTED, READY, failing, DONE).ended == ended


def test_an_expected_error_is_no_failure() -> None:
    run = read(STARTED, READY, cell(0, status="error", error=error(), expected=True), cell(2), DONE)

    assert (run.status, run.error) == ("passed", None)


def test_a_kernel_that_never_came_up_says_nothing_about_the_artifact() -> None:
    run = read(STARTED, {"event": "done", "ended": "kernel_died", "reason": "the kernel did not start: no zmq"})

    assert (run.status, run.reason) == ("not_run", "the kernel did not start: no zmq")


def test_a_box_that_never_spoke_is_unavailable() -> None:
    with pytest.raises(SandboxUnavailableError, match="The box did not start: why"):
        read(ended="killed")


def test_lines_of_a_wrong_shape_are_a_failure_of_the_run() -> None:
    run = read(STARTED, READY, cell(0, seconds="long"), cell(2), DONE)

    assert (run.status, run.ended) == ("failed", "killed")
    assert "seconds" in run.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
LINES = st.dictionaries(
    st.sampled_from(["event", "cell", "status", "error", "ended", "outputs", "warnings", "reason", "expected"]),
    JSON | st.sampled_from(["cell", "begin", "ready", "started", "ok", "error", 0, 2]),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=6))
def test_no_lines_whatever_crash_the_reader_or_make_a_pass(lines: list[dict[str, Any]]) -> None:
    run = (
        read(STARTED, *lines, ended="killed")
        if not lines or lines[-1].get("event") != "done"
        else read(STARTED, *lines)
    )

    assert run.status != "passed" or all(one.status == "ok" or one.expected for one in run.cells)
