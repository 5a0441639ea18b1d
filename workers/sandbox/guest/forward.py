"""The one way out of a box that may reach something: a port on `lo` whose connections go on through a unix socket.

The box has no network but `lo`; what listens on the other end of the socket stands outside and decides what passes. Bytes are
carried as they are, in both directions, each closed by itself. One thread for all of it: a box may not have many.
"""

import os
import selectors
import socket
import threading
import time

WAY_OUT = "/opt/mendloop/way-out/out"
PORT = 3128
_CHUNK_BYTES = 1 << 16
_HELD_BYTES = 1 << 18
_CONNECTIONS = 200
_BACKLOG = 128
_CONNECT_S = 5.0
_PAUSE_S = 0.02


def serve(socket_path, port=0, connections=_CONNECTIONS):
    """Listen on `port` of 127.0.0.1, by default a free one, from now on, in a daemon thread; the port.

    Of more than `connections` at a time the others wait.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", port))
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    threading.Thread(target=_Forwarder(listener, socket_path, connections).run, name="forward", daemon=True).start()
    return listener.getsockname()[1]


def serve_where_there_is_a_way():
    """Where this box is shown a way out, carry what comes to the port that programs are told of; else do nothing."""
    if os.path.exists(WAY_OUT):
        serve(WAY_OUT, PORT)


class _End:
    """One side of a connection: what is still to be written to it, and what is over."""

    def __init__(self, sock):
        sock.setblocking(False)
        self.socket, self.other = sock, None
        self.pending = bytearray()
        self.read_over = self.write_over = False

    @property
    def wants(self):
        """What to wait for; 0 for nothing."""
        reading = not self.read_over and len(self.other.pending) < _HELD_BYTES
        return (selectors.EVENT_READ if reading else 0) | (selectors.EVENT_WRITE if self.pending else 0)

    def lost(self):
        """Nobody reads or writes there any more: what it was sent is dropped, what it had sent still goes on."""
        self.pending.clear()
        self.read_over = self.write_over = self.other.read_over = True


class _Forwarder:
    def __init__(self, listener, socket_path, connections):
        self._listener, self._path, self._most = listener, socket_path, 2 * connections
        self._selector = selectors.DefaultSelector()
        self._ends = set()
        self._selector.register(listener, selectors.EVENT_READ)

    def run(self):
        while True:
            for key, events in self._selector.select():
                if key.data is None:
                    self._accept()
                elif key.data in self._ends:
                    self._move(key.data, events)
            self._room()

    def _accept(self):
        try:
            near = self._listener.accept()[0]
        except OSError:
            # No descriptor is free: whoever waits keeps waiting.
            time.sleep(_PAUSE_S)
            return
        far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Blocks no longer than the other side's queue is full: it accepts at once.
            far.settimeout(_CONNECT_S)
            far.connect(self._path)
        except OSError:
            near.close()
            far.close()
            return
        first, second = _End(near), _End(far)
        first.other, second.other = second, first
        self._ends.update((first, second))
        self._wait(first)
        self._wait(second)

    def _move(self, end, events):
        if events & selectors.EVENT_READ:
            self._read(end)
        for each in (end, end.other):
            self._write(each)
        if end.read_over and end.other.read_over and not end.pending and not end.other.pending:
            self._close(end)
            return
        self._wait(end)
        self._wait(end.other)

    def _read(self, end):
        try:
            chunk = end.socket.recv(_CHUNK_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            end.lost()
            return
        end.other.pending += chunk
        end.read_over |= not chunk

    def _write(self, end):
        """As much as can be written now; then the end of the stream, once."""
        try:
            if end.pending:
                del end.pending[: end.socket.send(end.pending)]
            if not end.pending and end.other.read_over and not end.write_over:
                end.write_over = True
                end.socket.shutdown(socket.SHUT_WR)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            end.lost()

    def _wait(self, end):
        wanted, known = end.wants, end.socket in self._selector.get_map()
        if wanted and known:
            self._selector.modify(end.socket, wanted, end)
        elif wanted:
            self._selector.register(end.socket, wanted, end)
        elif known:
            self._selector.unregister(end.socket)

    def _close(self, end):
        for each in (end, end.other):
            if each.socket in self._selector.get_map():
                self._selector.unregister(each.socket)
            self._ends.discard(each)
            each.socket.close()

    def _room(self):
        """No more connections at a time than the box may hold open; the rest wait in the listener's queue."""
        full, listening = len(self._ends) >= self._most, self._listener in self._selector.get_map()
        if full and listening:
            self._selector.unregister(self._listener)
        elif not full and not listening:
            self._selector.register(self._listener, selectors.EVENT_READ)
