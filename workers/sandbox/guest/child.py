"""Start the kernel's process, with as few imports as that takes: everything else is imported while it starts."""

import os
import stat
import sys


class Child:
    """A kernel's process."""

    def __init__(self, runtime, overlay, has_pip, place, key):
        """Start it in an empty directory. `place` is what its sockets' names begin with, `key` what signs its messages."""
        here = os.path.dirname(os.path.abspath(__file__))
        self.log = os.path.join(runtime, "log")
        empty, connection = os.path.join(runtime, "empty"), os.path.join(runtime, "c.json")
        os.mkdir(empty)
        _write(connection, _CONNECTION % (place, key))
        environment = _environment(runtime, overlay, has_pip, os.path.join(here, "offline_pip.py"))
        self.ready, writing = os.pipe()
        os.set_inheritable(writing, True)
        command = [sys.executable, os.path.join(here, "kernel.py"), connection, overlay, str(writing)]
        self._code = None
        self.pid = os.fork()
        if not self.pid:
            _become(command, environment, empty, self.log)
        os.close(writing)

    def poll(self):
        """The exit status, negative for the signal that ended it; None while it lives."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return self._code

    def kill(self):
        """End it; what it started dies with the box."""
        if self.poll() is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
            self._code = -9


_CONNECTION = (
    '{"transport": "ipc", "ip": "%s", "key": "%s", "signature_scheme": "hmac-sha256", "kernel_name": "python3",'
    ' "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5}'
)


def _become(command, environment, directory, log):
    """Never returns. Python ignores SIGPIPE from its own start on, so there is no signal to put back for a kernel."""
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(null, 0)
        os.dup2(words, 1)
        os.dup2(words, 2)
        os.chdir(directory)
        os.execve(command[0], command, environment)
    finally:
        os._exit(127)


def _environment(runtime, overlay, has_pip, source):
    """The kernel's variables: ours, with a `pip` for a place without network before everything else on the search path.

    Where the environment has no pip of its own, `python -m pip` finds it too.
    """
    programs = os.path.join(runtime, "bin")
    os.mkdir(programs)
    for name in ("pip", "pip3"):
        path = os.path.join(programs, name)
        _write(path, '#!/bin/sh\nexec "%s" "%s" "%s" "$@"\n' % (sys.executable, source, overlay))
        os.chmod(path, stat.S_IRWXU)
    values = dict(os.environ, PATH=programs + os.pathsep + os.environ.get("PATH", ""))
    if not has_pip:
        modules = os.path.join(runtime, "modules")
        os.mkdir(modules)
        _write(os.path.join(modules, "pip.py"), _PIP % (source, overlay))
        values["PYTHONPATH"] = modules
    return values


_PIP = """import os, sys
if __name__ == '__main__':
    os.execv(sys.executable, [sys.executable, %r, %r] + sys.argv[1:])
"""


def _write(path, text):
    with open(path, "w") as file:
        file.write(text)
