"""One kernel from its greeting to its end: two sockets, and a clock for each cell."""

import functools
import os
import select
import signal
import time

import wire
import zmtp

_POLL_S = 0.05
_LAST_WORDS_S = 0.2
_IDLE_S = 30.0
_MESSAGE_BYTES = 64 << 20
_LOG_CHARACTERS = 3000


class RunEndedError(Exception):
    """The run is over, and why: a name of `Execution.ended` and a sentence."""


class Session:
    """A kernel whose process was started."""

    def __init__(self, child, place, key):
        """Not connected yet."""
        self._child, self._place, self._key = child, place, key
        self.connected = False

    @property
    def ready(self):
        """A descriptor that can be read from once the kernel is complete, or has ended."""
        return self._child.ready

    def connect(self, timeout_s):
        """Wait until the kernel is complete, listen to it, and greet it."""
        if not select.select([self._child.ready], [], [], timeout_s)[0] or not os.read(self._child.ready, 1):
            self.kill()
            raise RunEndedError("kernel_died", "the kernel did not start: " + self._last_log())
        # What a kernel says while it starts explains no later death.
        os.truncate(self._child.log, 0)
        try:
            self._shell = zmtp.Link(wire.path(self._place, "shell"), "DEALER", timeout_s, _MESSAGE_BYTES)
            self._iopub = zmtp.Link(wire.path(self._place, "iopub"), "SUB", timeout_s, _MESSAGE_BYTES)
            self._iopub.send([b"\x01"])
            self._greet(time.monotonic() + timeout_s)
        except OSError as error:
            raise RunEndedError("kernel_died", "the kernel cannot be reached: %s" % error) from error
        self.connected = True

    def _greet(self, deadline):
        """Ask until the answer is also heard on iopub: what is published before that is lost.

        Never a second request before the answer to the first: ipykernel answers on the socket that it reads from, and does not
        notice what arrives in that moment (zmq tells of a message once, and sending takes the notice away).
        """
        number = 0
        while time.monotonic() < deadline:
            number += 1
            name = "hello:%d" % number
            self._shell.send(wire.request(self._key, name, "kernel_info_request", {}))
            if not self._until(deadline, functools.partial(self._told, self._shell, name)):
                break
            if self._until(time.monotonic() + 0.02 * number, functools.partial(self._told, self._iopub, name)):
                return
        self.alive()
        raise RunEndedError("kernel_died", "the kernel started and does not answer: " + self._last_log())

    def _told(self, link, name):
        """True when something about that request came. What else came is forgotten."""
        return any([wire.Message(frames).parent == name for frames in self._taken(link)])

    def enter(self, directory, paths, timeout_s):
        """Have the kernel go to the artifact's directory, and import from `paths` too."""
        where = {"directory": directory, "paths": paths}
        self._shell.send(wire.request(self._key, "enter", "mendloop_enter", where))
        if not self._until(time.monotonic() + timeout_s, functools.partial(self._told, self._shell, "enter")):
            self.alive()
            raise RunEndedError("kernel_died", "the kernel started and does not go on: " + self._last_log())

    def _until(self, deadline, seen):
        while not seen():
            left = deadline - time.monotonic()
            if left <= 0 or self._iopub.closed or self._shell.closed:
                return False
            self._read(min(left, _POLL_S))
        return True

    def _read(self, timeout_s):
        """Read what the kernel sends, wait for it if there is nothing; True when something came."""
        links = [link for link in (self._shell, self._iopub) if not link.closed]
        ready = select.select(links, [], [], timeout_s)[0]
        for link in ready:
            link.read()
        if not links:
            time.sleep(timeout_s)
        return bool(ready)

    def _taken(self, link):
        taken, link.messages = link.messages, []
        return taken

    def run(self, index, source, collected, timeout_s):
        """The kernel's reply to one cell, its messages fed to `collected`; RunEndedError when it does not come to that."""
        name = "cell:%d" % index
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        try:
            self._shell.send(wire.request(self._key, name, "execute_request", content))
            return self._followed(name, collected, time.monotonic() + timeout_s)
        except OSError as error:
            self._lost(error)
        except zmtp.TooLargeError as error:
            self.kill()
            raise RunEndedError("output", "the cell sent a message that is too large to be read") from error

    def _lost(self, error):
        """The kernel takes nothing more: it is ending, or closed its sockets."""
        until = time.monotonic() + _LAST_WORDS_S
        while time.monotonic() < until:
            self.alive()
            time.sleep(_POLL_S)
        self.kill()
        raise RunEndedError("kernel_died", "the kernel cannot be reached any more: %s" % error)

    def _followed(self, name, collected, deadline):
        reply, idle, replied = None, False, 0.0
        while reply is None or not idle:
            came = self._read(_POLL_S)
            for message in map(wire.Message, self._taken(self._shell)):
                if message.parent == name and message.kind == "execute_reply":
                    reply, replied = message.content, time.monotonic()
            idle |= self._heard(name, collected)
            self._over(deadline, replied)
            if not came or self._iopub.closed:
                self.alive(name, collected)
        return reply

    def _heard(self, name, collected):
        """Feed what was published about that cell; True when it says that the cell is over."""
        idle = False
        for message in map(wire.Message, self._taken(self._iopub)):
            if message.parent != name or idle:
                continue
            if message.kind == "status":
                idle = message.content.get("execution_state") == "idle"
                continue
            for data in collected.take(message.kind, message.content, message.buffers, message.size):
                self._shell.send(wire.request(self._key, name, "comm_msg", data))
            if collected.flooded:
                self.kill()
                raise RunEndedError("output", "the cell printed more than a run may")
        return idle

    def _over(self, deadline, replied):
        now = time.monotonic()
        if now > deadline:
            self.kill()
            raise RunEndedError("timeout", "the cell ran longer than a cell may")
        if replied and now > replied + _IDLE_S and not self._iopub.messages:
            self.kill()
            raise RunEndedError("output", "the cell sent a message that is too large to be read")

    def alive(self, name="", collected=None):
        """Return if the kernel lives; otherwise hear its last words and raise RunEndedError."""
        code = self._child.poll()
        if code is None:
            return
        until = time.monotonic() + _LAST_WORDS_S
        while collected is not None and time.monotonic() < until and not self._iopub.closed:
            self._read(_POLL_S)
            self._heard(name, collected)
        raise RunEndedError(*_ending(code, self._last_log()))

    def _last_log(self):
        with open(self._child.log, "rb") as file:
            file.seek(max(0, os.path.getsize(self._child.log) - _LOG_CHARACTERS))
            return file.read().decode("utf-8", "replace").strip()

    def kill(self):
        """End the kernel."""
        self._child.kill()


def _ending(code, log):
    """(how the run ended, a sentence) for the kernel's exit status."""
    if code >= 0:
        return "kernel_died", "the kernel ended with exit status %d. %s" % (code, log)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "signal %d" % -code
    kinds = {"SIGKILL": "killed", "SIGXCPU": "timeout"}
    return kinds.get(name, "kernel_died"), "the kernel was ended by %s. %s" % (name, log)
