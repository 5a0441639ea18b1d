"""A process with hardly any file descriptors pushes back, stays, and takes deliveries again when the crowd has gone."""

from __future__ import annotations

import resource
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.bot.ingress.senders import Receiver, push, receiver

FEW = 128
CROWD = 400
ESTABLISHED = "01"
"""As the kernel's table of connections writes it; the tenth column is the inode, 0 while nobody accepted."""


def _accepted(port: int) -> int:
    """Connections that a process took: those of which somebody has the descriptor, on the side of this port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == ESTABLISHED and row[9] != "0" for row in rows)


def test_f240_more_connections_than_descriptors_end_no_process_and_lose_no_delivery(tmp_path: Path) -> None:
    with receiver(tmp_path) as web, ExitStack() as crowd:
        assert web.process is not None
        resource.prlimit(web.process.pid, resource.RLIMIT_NOFILE, (FEW, FEW))
        before = web.send(push(0))
        for _ in range(CROWD):
            with suppress(OSError):
                crowd.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=1))
        time.sleep(0.5)
        held = _accepted(web.port)
        crowd.close()
        acknowledged = _sent(web)
        stored, alive = web.rows(), web.process.poll() is None

    assert before == 202
    assert alive
    assert FEW // 2 < held <= FEW, "the crowd took what there was"
    assert acknowledged == 20
    assert stored == 21


def _sent(web: Receiver) -> int:
    """How many of twenty deliveries are acknowledged in time; each is sent again until it is, as reconciliation does."""
    deadline = time.monotonic() + 60
    done = 0
    while done < 20 and time.monotonic() < deadline:
        with suppress(OSError):
            done += web.send(push(done + 1)) == 202
    return done
