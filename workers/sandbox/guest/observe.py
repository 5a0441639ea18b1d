"""What a kernel tells beyond the protocol: warnings as they were raised, the frames of an exception, and reaching for the network.

Lives inside the kernel and changes nothing there: every original is still called, with the same arguments.
"""

import sys
import traceback
import warnings

import reaching

_FRAMES = 15
_TEXT_CHARACTERS = 4000
_TRACEBACK_CHARACTERS = 12000


class Observer:
    """Sends what it sees among the kernel's own messages, so that it stands in order with them."""

    def __init__(self, kernel):
        """Watch this kernel from now on."""
        self._kernel, self._shell = kernel, kernel.shell
        self._places = {}
        self._outer = (None, "")
        self._cache = self._shell.compile.cache
        self._show_warning = warnings.showwarning
        self._shell.compile.cache = self._on_cache
        self._shell.events.register("post_run_cell", self._on_end)
        warnings.showwarning = self._on_warning
        reaching.watch(self._on_attempt)

    def _cell(self):
        """Index of the cell that runs, from the request that the driver made for it."""
        name = self._parent().get("header", {}).get("msg_id", "")
        return int(name[5:]) if name.startswith("cell:") else None

    def _parent(self):
        return self._kernel.get_parent("shell") or {}

    def _on_cache(self, *args, **kwargs):
        filename = self._cache(*args, **kwargs)
        source = kwargs.get("raw_code") or args[0]
        cell = self._cell()
        if self._outer[0] != cell:
            self._outer = (cell, source)
        # A cell magic runs its body as a cell of its own, and IPython drops the empty lines that a cell starts with: find
        # where in the real one the code stands.
        start = max(0, self._outer[1].find(source.strip()))
        self._places[filename] = (cell, self._outer[1].count("\n", 0, start))
        return filename

    def _place(self, filename, line):
        """(cell, line in it) for code of a cell, (None, line) for any other file."""
        if filename == "<timed exec>":
            outer = self._outer[1].split("\n")
            magic = next((at for at, text in enumerate(outer, 1) if text.startswith("%%")), 0)
            return self._outer[0], line + magic
        cell, before = self._places.get(filename, (None, 0))
        return cell, (line or 0) + before

    def _on_warning(self, message, category, filename, lineno, file=None, line=None):
        try:
            self._send("mendloop_warning", self._warning(message, category, filename, lineno))
        except Exception:
            # Not being able to tell must not change what the cell does.
            self._missed = True
        return self._show_warning(message, category, filename, lineno, file, line)

    def _warning(self, message, category, filename, lineno):
        cell, line = self._warned_at(filename, lineno)
        where = "" if cell == self._cell() else "cell:%d" % cell if cell is not None else filename
        text = str(message)[:_TEXT_CHARACTERS]
        return {
            "category": category.__name__,
            "message": text,
            "line": None if cell is None else line,
            "filename": where,
        }

    def _warned_at(self, filename, lineno):
        """As `_place`; before Python 3.8 a cell's warning names the program, and the frame at that line is the cell's."""
        frame = sys._getframe() if filename == sys.argv[0] else None
        while frame is not None:
            if frame.f_lineno == lineno and frame.f_code.co_filename in self._places:
                return self._place(frame.f_code.co_filename, lineno)
            frame = frame.f_back
        return self._place(filename, lineno)

    def _on_end(self, result):
        raised = result.error_before_exec or result.error_in_exec
        if raised is not None:
            try:
                self._send("mendloop_error", self._failure(raised))
            except Exception:
                self._missed = True

    def _failure(self, raised):
        frames = [self._frame(frame, line) for frame, line in traceback.walk_tb(raised.__traceback__)]
        first = next((at for at, frame in enumerate(frames) if frame[0].startswith("cell:")), 0)
        frames = frames[first:]
        if len(frames) > 2 * _FRAMES:
            frames = frames[:_FRAMES] + frames[-_FRAMES:]
        here = "cell:%s" % self._cell()
        line = next((line for file, line, _ in reversed(frames) if file == here), None)
        if isinstance(raised, SyntaxError) and self._place(raised.filename, raised.lineno)[0] == self._cell():
            line = self._place(raised.filename, raised.lineno)[1]
        text = "".join(traceback.format_exception(type(raised), raised, raised.__traceback__))
        return {
            "name": type(raised).__name__,
            "frames": frames,
            "line": line,
            "traceback": text[-_TRACEBACK_CHARACTERS:],
        }

    def _frame(self, frame, line):
        code = frame.f_code
        cell, line = self._place(code.co_filename, line)
        return [code.co_filename if cell is None else "cell:%d" % cell, line, code.co_name]

    def _on_attempt(self, host, port):
        self._kernel.session.send(
            self._kernel.iopub_socket, "mendloop_attempt", {"host": host, "port": port}, parent=self._parent()
        )

    def _send(self, kind, content):
        # Never flushing what cells print: it would come in another order than it does for everybody else.
        self._kernel.session.send(self._kernel.iopub_socket, kind, content, parent=self._parent())
