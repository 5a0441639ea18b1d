from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workers.sandbox.guest import forward

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEGABYTE = 1 << 20
serve: Callable[..., int] = forward.serve  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # no types inside


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """A unix socket on which every connection is handled by one function."""
    listeners: list[socket.socket] = []

    def listen(handle: Callable[[socket.socket], None]) -> str:
        path = str(tmp_path / "out")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        listeners.append(listener)
        threading.Thread(target=_accept, args=(listener, handle), daemon=True).start()
        return path

    yield listen
    for listener in listeners:
        listener.close()


def _accept(listener: socket.socket, handle: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            sock = listener.accept()[0]
        except OSError:
            return
        threading.Thread(target=handle, args=(sock,), daemon=True).start()


def _all(sock: socket.socket) -> bytes:
    sock.settimeout(20)
    return b"".join(iter(lambda: sock.recv(MEGABYTE), b""))


def _echo_reversed(sock: socket.socket) -> None:
    """Answers only once it has seen the end of what it is sent."""
    with sock:
        sock.sendall(_all(sock)[::-1])


def test_bytes_go_both_ways_and_each_end_is_told_by_itself(outside: Callable[..., str]) -> None:
    port = serve(outside(_echo_reversed))
    sent = os.urandom(3 * MEGABYTE)

    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        answer = _all(sock)

    assert answer == sent[::-1]


def test_many_connections_at_once_do_not_mix(outside: Callable[..., str]) -> None:
    port = serve(outside(_echo_reversed))
    socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]

    for number, sock in enumerate(socks):
        sock.sendall(b"%d:" % number + b"x" * 70_000)
    for sock in socks:
        sock.shutdown(socket.SHUT_WR)
    answers = [_all(sock) for sock in socks]

    assert answers == [(b"%d:" % number + b"x" * 70_000)[::-1] for number in range(40)]


def test_more_connections_than_may_be_open_wait_for_their_turn(outside: Callable[..., str]) -> None:
    port = serve(outside(_echo_reversed), connections=2)
    socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(6)]

    for sock in socks:
        sock.sendall(b"ab")
        sock.shutdown(socket.SHUT_WR)

    assert [_all(sock) for sock in socks] == [b"ba"] * 6


def test_where_nothing_listens_outside_the_connection_ends_and_the_next_is_still_taken(
    outside: Callable[..., str], tmp_path: Path
) -> None:
    port = serve(str(tmp_path / "out"))

    with socket.create_connection(("127.0.0.1", port)) as sock:
        assert _all(sock) == b""
    outside(_echo_reversed)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"ab")
        sock.shutdown(socket.SHUT_WR)
        assert _all(sock) == b"ba"


def test_an_answer_given_before_the_line_broke_still_arrives(outside: Callable[..., str]) -> None:
    def answer_and_reset(sock: socket.socket) -> None:
        sock.recv(1)
        sock.sendall(b"y" * 200_000)
        sock.close()

    port = serve(outside(answer_and_reset))

    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"a" * 10)
        answer = _all(sock)

    assert answer == b"y" * 200_000


def test_a_program_that_forwards_ends_when_its_work_does(tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(Path(forward.__file__).parent)!r}); import forward; forward.serve('x')"

    done = subprocess.run([sys.executable, "-c", code], timeout=20, cwd=tmp_path, check=False)

    assert done.returncode == 0
