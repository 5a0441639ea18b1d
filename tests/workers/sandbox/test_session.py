"""How the driver speaks with a kernel: a kernel of the test's own listens, and writes down what it is asked and when."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

GUEST = Path(__file__).parents[3] / "workers" / "sandbox" / "guest"
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x18\x05READY\x0bSocket-Type\x00\x00\x00\x02XX"


@pytest.fixture
def session() -> Iterator[Any]:
    """The driver's own module, as it is imported inside."""
    before = set(sys.modules)
    sys.path.insert(0, str(GUEST))
    import session as module  # noqa: PLC0415 - the guest's  # pyright: ignore[reportMissingImports]

    yield module
    sys.path.remove(str(GUEST))
    for name in set(sys.modules) - before:
        del sys.modules[name]


class Kernel:
    """Greets, reads requests, and answers each after a while. What it says on iopub before `hears` is lost, as with zmq."""

    def __init__(self, place: str, hears: int, after_s: float) -> None:
        self.log = ""
        self.asked: list[str] = []
        self.early: list[str] = []
        self._hears, self._after_s = hears, after_s
        self._listening = [self._listen(f"{place}-{number}") for number in (1, 2)]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.ready, writing = socket.socketpair()
        writing.send(b"1")
        self._writing = writing

    def close(self) -> None:
        for each in (*self._listening, self.ready, self._writing):
            each.close()
        self._thread.join(5)

    def poll(self) -> int | None:
        return None

    def kill(self) -> None:
        pass

    @staticmethod
    def _listen(path: str) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        listening.listen()
        return listening

    def _serve(self) -> None:
        shell, iopub = [self._greeted(listening.accept()[0]) for listening in self._listening]
        while (name := self._request(shell)) is not None:
            self.asked.append(name)
            time.sleep(self._after_s)
            early = _there(shell)
            if early:
                self.early.append(early)
                return
            shell.sendall(message(name))
            if len(self.asked) >= self._hears:
                iopub.sendall(message(name))

    @staticmethod
    def _greeted(link: socket.socket) -> socket.socket:
        link.sendall(GREETING + READY)
        seen = b""
        while len(seen) < 64 + 2 or len(seen) < 66 + seen[65]:
            seen += link.recv(66 + (seen[65] if len(seen) > 65 else 0) - len(seen))
        return link

    @staticmethod
    def _request(shell: socket.socket) -> str | None:
        """The id of the next request; None when nobody asks any more."""
        bodies: list[bytes] = []
        more = True
        while more:
            head = shell.recv(2, socket.MSG_WAITALL)
            if len(head) < 2:
                return None
            more, size = bool(head[0] & 1), head[1]
            if head[0] & 2:
                size = int.from_bytes(head[1:] + shell.recv(7, socket.MSG_WAITALL), "big")
            bodies.append(shell.recv(size, socket.MSG_WAITALL) if size else b"")
        return str(json.loads(bodies[2])["msg_id"])


def _there(link: socket.socket) -> str:
    """What has come already."""
    try:
        return link.recv(1 << 16, socket.MSG_DONTWAIT).decode(errors="replace")
    except BlockingIOError:
        return ""


def message(parent: str) -> bytes:
    """A message of a kernel about that request."""
    parts = [b"<IDS|MSG>", b"", b'{"msg_type": "x"}', json.dumps({"msg_id": parent}).encode(), b"{}", b"{}"]
    flags = [1] * 5 + [0]
    return b"".join(bytes([flag, len(part)]) + part for flag, part in zip(flags, parts, strict=True))


def greeted(session: Any, hears: int, after_s: float, *, eager: bool = False) -> Kernel:
    """A kernel that was greeted by a session, which is gone again. An eager one takes every answer as given."""
    Path("log").touch()
    kernel = Kernel("k", hears, after_s)
    kernel.log = "log"
    made = session.Session(kernel, "k", "key")
    made._shell, made._iopub = (
        session.zmtp.Link(f"k-{number}", kind, 5, 1 << 20) for number, kind in ((1, "DEALER"), (2, "SUB"))
    )
    if eager:
        told = made._told

        def taken_as_given(link: object, name: str) -> bool:
            return link is made._shell or bool(told(link, name))

        made._told = taken_as_given
    try:
        # The eager one is left without an answer: its kernel has seen enough.
        with suppress(session.RunEndedError, OSError) if eager else nullcontext():
            made._greet(time.monotonic() + (1 if eager else 5))
    finally:
        made._shell._socket.close()
        made._iopub._socket.close()
        kernel.close()
    return kernel


@pytest.mark.parametrize(("hears", "after_s"), [(1, 0.0), (1, 0.2), (3, 0.0), (2, 0.2)])
def test_a_kernel_is_asked_again_only_when_it_has_answered(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hears: int, after_s: float
) -> None:
    monkeypatch.chdir(tmp_path)

    kernel = greeted(session, hears, after_s)

    assert kernel.asked == [f"hello:{number}" for number in range(1, len(kernel.asked) + 1)]
    assert len(kernel.asked) >= hears
    assert kernel.early == []


def test_a_session_that_does_not_wait_for_answers_is_caught(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert greeted(session, 1, 0.4, eager=True).early != []
