"""One kernel from start to end: a process, two sockets, and a clock for each cell."""

import json
import os
import select
import signal
import subprocess
import sys
import time

import wire

_POLL_MS = 50
_LAST_WORDS_S = 0.2
_IDLE_S = 2.0
_MESSAGE_BYTES = 64 << 20
_LOG_CHARACTERS = 3000


class RunEndedError(Exception):
    """The run is over, and why: a name of `Execution.ended` and a sentence."""


class Session:
    """A kernel that is being started from the moment this exists."""

    def __init__(self, request, key, environment):
        """Start the process; meanwhile there is other work to do."""
        runtime = request["runtime"]
        self._key, self._place = key, os.path.join(runtime, "k")
        self._log = os.path.join(runtime, "log")
        empty, connection_file = os.path.join(runtime, "empty"), os.path.join(runtime, "c.json")
        os.mkdir(empty)
        with open(connection_file, "w") as file:
            json.dump(wire.connection(self._place, key), file)
        self._ready, writing = os.pipe()
        here = os.path.dirname(os.path.abspath(__file__))
        command = [sys.executable, os.path.join(here, "kernel.py"), connection_file, request["cwd"]]
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [*command, request["overlay"], str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=empty,
                env=environment,
                pass_fds=[writing],
            )
        os.close(writing)

    def connect(self, timeout_s):
        """Wait until the kernel is complete, and listen to it."""
        import zmq

        if not select.select([self._ready], [], [], timeout_s)[0] or not os.read(self._ready, 1):
            self._process.kill()
            self._process.wait()
            raise RunEndedError("kernel_died", "the kernel did not start: " + self._last_log())
        # What a kernel says while it starts explains no later death.
        os.truncate(self._log, 0)
        context = zmq.Context()
        self._shell, self._iopub = context.socket(zmq.DEALER), context.socket(zmq.SUB)
        for socket, channel in ((self._shell, "shell"), (self._iopub, "iopub")):
            socket.linger = 0
            socket.reconnect_ivl = 5
            socket.maxmsgsize = _MESSAGE_BYTES
            socket.connect(wire.address(self._place, channel))
        self._iopub.setsockopt(zmq.SUBSCRIBE, b"")
        self._poller = zmq.Poller()
        for socket in (self._shell, self._iopub):
            self._poller.register(socket, zmq.POLLIN)
        self._greet(time.monotonic() + timeout_s)

    def _greet(self, deadline):
        """Ask until the answer is also heard on iopub: what is published before that is lost."""
        number = 0
        while time.monotonic() < deadline:
            number += 1
            self._shell.send_multipart(wire.request(self._key, "hello:%d" % number, "kernel_info_request", {}))
            until = time.monotonic() + 0.02 * number
            while time.monotonic() < until:
                ready = dict(self._poller.poll(5))
                if self._shell in ready:
                    self._shell.recv_multipart()
                if self._iopub in ready:
                    self._iopub.recv_multipart()
                    return
            self._alive()
        raise RunEndedError("kernel_died", "the kernel started and does not answer: " + self._last_log())

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
        self._shell.send_multipart(wire.request(self._key, name, "execute_request", content))
        deadline, reply, idle, replied = time.monotonic() + timeout_s, None, False, 0.0
        while reply is None or not idle:
            ready = dict(self._poller.poll(_POLL_MS))
            if self._shell in ready:
                message = wire.Message(self._shell.recv_multipart())
                if message.parent == name:
                    reply, replied = message.content, time.monotonic()
            if self._iopub in ready:
                idle |= self._heard(name, collected)
            else:
                self._over(deadline, replied)
                if not ready:
                    self._alive(name, collected)
            if time.monotonic() > deadline:
                self._over(deadline, replied)
        return reply

    def _heard(self, name, collected):
        """Feed one message; True when it says that the cell is over."""
        message = wire.Message(self._iopub.recv_multipart())
        if message.parent != name:
            return False
        if message.kind == "status":
            return message.content.get("execution_state") == "idle"
        collected.take(message.kind, message.content)
        if collected.flooded:
            self.kill()
            raise RunEndedError("output", "the cell printed more than a run may")
        return False

    def _over(self, deadline, replied):
        now = time.monotonic()
        if now > deadline:
            self.kill()
            raise RunEndedError("timeout", "the cell ran longer than a cell may")
        if replied and now > replied + _IDLE_S:
            self.kill()
            raise RunEndedError("output", "the cell sent a message that is too large to be read")

    def _alive(self, name=None, collected=None):
        code = self._process.poll()
        if code is None:
            return
        until = time.monotonic() + _LAST_WORDS_S
        while collected is not None and time.monotonic() < until and self._iopub in dict(self._poller.poll(_POLL_MS)):
            self._heard(name, collected)
        raise RunEndedError(*_ending(code, self._last_log()))

    def _last_log(self):
        with open(self._log, "rb") as file:
            file.seek(max(0, os.path.getsize(self._log) - _LOG_CHARACTERS))
            return file.read().decode("utf-8", "replace").strip()

    def kill(self):
        """End the kernel; what it started dies with the box."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


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
