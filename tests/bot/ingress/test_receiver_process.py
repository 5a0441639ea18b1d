"""The web process as a whole: crashes, crowds, memory, and Redis away."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from tests.bot.ingress.senders import (
    SECRET,
    Receiver,
    exchange,
    free_port,
    head,
    headers,
    make_ledger,
    push,
    received,
    receiver,
    request,
    rows,
    send_all,
    status,
)

if TYPE_CHECKING:
    from pathlib import Path

MB = 1 << 20
KILLS = int(os.environ.get("MENDLOOP_KILLS", "3"))
"""How often a receiver is killed between commit and answer."""


@pytest.mark.parametrize("secret", [None, "", "   "])
def test_w6_without_a_webhook_secret_no_port_is_opened(tmp_path: Path, secret: str | None) -> None:
    port = free_port()
    given = {} if secret is None else {"MENDLOOP_WEBHOOK_SECRET": secret}
    environment = {"PATH": os.environ["PATH"], "MENDLOOP_STATE_DIR": str(tmp_path), "MENDLOOP_PORT": str(port)} | given

    ended = subprocess.run(
        [sys.executable, "-m", "bot.web"], env=environment, capture_output=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert b"MENDLOOP_WEBHOOK_SECRET" in ended.stderr
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


@pytest.mark.parametrize("processes", [1, 4])
def test_w11_the_same_delivery_a_hundred_times_at_once_is_one_row(tmp_path: Path, processes: int) -> None:
    ledger = make_ledger(tmp_path / "ledger.sqlite3")
    with ExitStack() as stack:
        running = [stack.enter_context(receiver(tmp_path / str(n), ledger=ledger)) for n in range(processes)]
        same = request(push(1), guid="one-and-the-same")
        answers = asyncio.run(send_all([each.port for each in running], [same] * 100, 100))

    assert len(answers) == 100
    assert {code for code, _ in answers} == {200, 202}
    assert sum(code == 202 for code, _ in answers) == 1
    assert rows(ledger) == 1


def test_a_thousand_deliveries_at_a_hundred_connections_are_stored_while_redis_is_away(tmp_path: Path) -> None:
    requests = [request(push(number, padding=6000)) for number in range(1000)]
    with receiver(tmp_path, MENDLOOP_REDIS_URL=f"unix://{tmp_path / 'nobody.sock'}") as web:
        answers = asyncio.run(send_all([web.port], requests, 100))

        assert [code for code, _ in answers] == [202] * 1000
        assert web.rows() == 1000
    # Generous: the machine may be busy. GitHub gives up after ten.
    assert sorted(seconds for _, seconds in answers)[989] < 8


@pytest.mark.parametrize("round_", range(KILLS))
def test_w25_a_receiver_killed_between_commit_and_answer_leaves_one_row_after_redelivery(
    tmp_path: Path, round_: int
) -> None:
    with receiver(tmp_path, MENDLOOP_KILL_AT="ingress.stored") as dying:
        sent = request(push(round_), guid="redelivered")
        unanswered = exchange(dying.port, sent)
        assert dying.process is not None
        assert dying.process.wait(20) == -signal.SIGKILL
        stored = dying.rows()
        dying.variables.clear()
        dying.start()
        again = dying.send(push(round_), guid="redelivered")

    assert (unanswered, stored, again, rows(dying.ledger)) == (b"", 1, 200, 1)


def test_w24_while_the_ledger_is_locked_nothing_is_acknowledged(tmp_path: Path) -> None:
    with receiver(tmp_path) as web:
        assert web.send(push(1)) == 202
        holder = sqlite3.connect(web.ledger, isolation_level=None)
        holder.execute("begin immediate")
        answers = asyncio.run(send_all([web.port], [request(push(number)) for number in range(2, 12)], 10))
        ready = status(exchange(web.port, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        holder.execute("rollback")
        holder.close()
        after = web.send(push(12))

    assert {code for code, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < 20
    assert ready == 503
    assert after == 202
    # The locked ones may have been stored after all, never the other way round.
    assert rows(web.ledger) >= 2


def chunked(megabytes: int) -> list[bytes]:
    """A chunked body of so many megabytes, signed by nobody."""
    start = head(headers(b"") | {"Transfer-Encoding": "chunked"}, length=None)
    return [start, *[f"{MB:x}\r\n".encode() + b"x" * MB + b"\r\n"] * megabytes]


def test_w17_bodies_beyond_the_cap_are_cut_and_memory_stays_bounded(tmp_path: Path) -> None:
    exact = push(1)[:-2] + b"x" * (25 * MB - len(push(1))) + b'"}'
    with receiver(tmp_path) as web:
        web.send(push(0))
        before = web.peak_bytes()
        accepted = web.send(exact)
        announced = exchange(web.port, head(headers(b"x"), length=25 * MB + 1))
        taken = 0
        with socket.create_connection(("127.0.0.1", web.port), timeout=20) as connection:
            with suppress(OSError):
                for piece in chunked(300):
                    connection.sendall(piece)
                    taken += 1
            endless = received(connection)
        peak = web.peak_bytes()
        after = web.send(push(2))

    assert len(exact) == 25 * MB
    assert (accepted, status(announced), after) == (202, 413, 202)
    # Who is cut off while sending may not get to read why.
    assert status(endless) in {0, 413}
    assert taken < 60
    assert peak - before < 64 * MB


def test_w19_a_crowd_of_slow_senders_holds_nobody_up(tmp_path: Path) -> None:
    slow = [b"", b"POST /webhook HTTP/1.1\r\nX-Slow: ", head(headers(push(1)), length=500) + b"{"]
    with receiver(tmp_path, module="tests.bot.ingress.brisk") as web, ExitStack() as stack:
        crowd: list[socket.socket] = []
        for number in range(500):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=5))
            with suppress(OSError):
                connection.sendall(slow[number % 3])
            crowd.append(connection)
        authentic: list[tuple[int, float]] = []
        for number in range(20):
            started = time.monotonic()
            authentic.append((web.send(push(number)), time.monotonic() - started))
        until = time.monotonic() + 25
        while any(_open(connection) for connection in crowd) and time.monotonic() < until:
            time.sleep(0.1)
        still_open = sum(_open(connection) for connection in crowd)

    assert [code for code, _ in authentic] == [202] * 20
    # Milliseconds; a busy machine may take longer, but not as long as GitHub waits.
    assert sorted(seconds for _, seconds in authentic)[10] < 5
    assert still_open == 0


def _open(connection: socket.socket) -> bool:
    connection.setblocking(False)  # noqa: FBT003 - the library's own signature
    try:
        return bool(connection.recv(4096))
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_sigterm_answers_what_is_under_way_and_ends_cleanly(tmp_path: Path) -> None:
    with receiver(tmp_path) as web:
        assert web.send(push(1)) == 202
        assert web.stop() in {0, -signal.SIGTERM}
        assert web.rows() == 1
        assert SECRET not in web.log.read_text()
        assert "Traceback" not in web.log.read_text()


def test_w7_deliveries_signed_with_the_old_secret_are_taken_while_it_is_configured(tmp_path: Path) -> None:
    with receiver(tmp_path, MENDLOOP_WEBHOOK_SECRET_OLD="the secret before") as web:
        old = web.send(push(1), secret="the secret before")
        new = web.send(push(2))
    with receiver(tmp_path, ledger=web.ledger) as web:
        refused = web.send(push(3), secret="the secret before")

    assert (old, new, refused) == (202, 202, 401)


def test_the_receivers_do_not_share_more_than_the_ledger(tmp_path: Path) -> None:
    """A broken ledger path is said before a port is open."""
    broken = Receiver(tmp_path, tmp_path / "missing" / "ledger.sqlite3", free_port())
    with pytest.raises(AssertionError, match="the ledger"):
        broken.start()
    assert broken.process is not None
    assert broken.process.returncode == 3
