"""Start a real ipykernel in which nothing of the repository runs before its first cell does.

`python kernel.py CONNECTION_FILE DIRECTORY OVERLAY READY_FD`: the process starts in an empty directory; the artifact's own is
entered, and put back on `sys.path`, once the kernel is complete.
"""

import os
import sys


def main(connection_file, directory, overlay, ready):
    """Start and serve until killed."""
    # The directory of this script: its names must hide nobody's modules.
    guest = sys.path.pop(0)
    # What is on PYTHONPATH is for what the cells start, not for them.
    for path in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        sys.path.remove(path)
    sys.path.append(overlay)
    # What a kernel usually has there; before Python 3.8 a warning in a cell is said to come from this file.
    sys.argv = ["ipykernel_launcher.py", "-f", connection_file]
    app = _started(connection_file)
    sys.path.insert(0, guest)
    from observe import Observer

    sys.path.remove(guest)
    Observer(app.kernel)
    app.shell.register_magic_function(_pip(app.shell), "line", "pip")
    os.chdir(directory)
    os.environ["PWD"] = directory
    sys.path.insert(0, "")
    os.write(ready, b"1")
    os.close(ready)
    app.start()


def _started(connection_file):
    # A fifth of the time to start goes to a debugger that nobody attaches.
    sys.modules["debugpy"] = None
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    config = Config()
    # No history file, no colours, no directory of anybody's on the path while things are still being imported.
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    config.IPKernelApp.ignore_cwd = True
    app = IPKernelApp.instance(config=config)
    app.initialize(["-f", connection_file])
    del sys.modules["debugpy"]
    if "" in sys.path:
        sys.path.remove("")
    return app


def _pip(shell):
    def pip(line):
        """Say what is installed; there is no network here."""
        shell.system("pip " + line)

    return pip


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
