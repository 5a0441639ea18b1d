from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from workers.contract import logs
from workers.contract.redact import redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "canary-of-the-logs"


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What was logged, line by line."""
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("web", redactor({"MENDLOOP_WEBHOOK_SECRET": SECRET}), stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def test_a_line_is_an_object_with_the_ids_that_are_bound(logged: Callable[[], list[dict[str, Any]]]) -> None:
    with structlog.contextvars.bound_contextvars(job=7, repository=3):
        structlog.get_logger().info("phase", phase="publish.commit_made")
        logging.getLogger("a.library").warning("careful %s", "now")

    ours, theirs = logged()
    assert (ours["process"], ours["event"], ours["job"], ours["phase"]) == ("web", "phase", 7, "publish.commit_made")
    assert (theirs["event"], theirs["logger"], theirs["job"], theirs["level"]) == (
        "careful now",
        "a.library",
        7,
        "warning",
    )
    assert ours["timestamp"].endswith("Z")


def test_no_secret_is_logged_however_deep_it_lies(logged: Callable[[], list[dict[str, Any]]]) -> None:
    log = structlog.get_logger()
    deep = {"a": [Path(SECRET), {"b": (SECRET, SECRET.encode())}], SECRET.encode(): 1}

    log.info(SECRET, text=SECRET, deep=deep, error=ValueError(SECRET), raw=SECRET.encode())
    try:
        int(SECRET)
    except ValueError:
        log.exception("failed")
        logging.getLogger("a.library").exception("failed %s", SECRET)

    assert len(logged()) == 3
    assert SECRET not in json.dumps(logged())
    assert "ValueError" in logged()[1]["exception"]


def test_a_line_stays_one_line(logged: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().info("two\nlines\r\n{}", value="\u2028\x00\ud800")

    (line,) = logged()
    assert line["event"] == "two\nlines\r\n{}"


def test_arq_does_not_log_arguments(logged: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("arq.worker").info("0.00s -> ring(7)")

    assert logged() == []


def test_f233_a_log_that_cannot_be_written_is_nobodys_trouble() -> None:
    full = Path("/dev/full").open("w", buffering=1, encoding="utf-8")  # noqa: SIM115  # closing it fails, too
    stream = logs.Unfailing(full)

    for _ in range(3):
        stream.write("line\n")
        stream.flush()

    with pytest.raises(OSError, match="No space left"):
        full.close()
