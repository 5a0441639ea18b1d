"""Start a real ipykernel in which nothing of the repository runs before its first cell does.

`python kernel.py CONNECTION_FILE OVERLAY READY_FD`: the process starts in an empty directory and says on READY_FD that the
kernel is complete. The artifact's directory is entered, and put back on `sys.path`, when the driver asks for it.
"""

import gc
import os
import sys
from types import ModuleType


def main(connection_file, overlay, ready):
    """Start and serve until killed."""
    # What is made while a kernel starts stays; looking for rubbish among it is a tenth of the time.
    gc.disable()
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
    # Their names are the repository's to use.
    for name in [name for name, module in sys.modules.items() if _is_ours(module, guest)]:
        del sys.modules[name]
    Observer(app.kernel)
    app.shell.register_magic_function(_pip(app.shell), "line", "pip")
    app.kernel.shell_handlers["mendloop_enter"] = _entrance(app.kernel)
    os.write(ready, b"1")
    os.close(ready)
    gc.enable()
    app.start()


def _started(connection_file):
    sys.modules.update(_UNUSED)
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    config = Config()
    # No history file, no directory of anybody's on the path while things are still being imported.
    config.HistoryManager.enabled = False
    config.IPKernelApp.ignore_cwd = True
    app = IPKernelApp.instance(config=config)
    app.initialize(["-f", connection_file])
    for name, stand_in in _UNUSED.items():
        # From here on they can be had by whoever wants them.
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
    if "" in sys.path:
        sys.path.remove("")
    return app


def _embed(**given):
    """`IPython.embed`, imported when it is called."""
    from IPython.terminal.embed import embed

    return embed(**given)


_TERMINAL = ModuleType("IPython.terminal.embed")
_TERMINAL.embed = _embed
# Half of the time to start an older IPython goes to a debugger that nobody attaches, completions that nobody asks for, and a
# terminal that is not there.
_UNUSED = {"debugpy": None, "jedi": None, _TERMINAL.__name__: _TERMINAL}


def _is_ours(module, guest):
    return (getattr(module, "__file__", None) or "").startswith(guest + os.sep)


def _entrance(kernel):
    """Where the artifact begins: asked for once, by the driver, before the first cell."""

    def enter(stream, ident, parent):
        del kernel.shell_handlers["mendloop_enter"]
        directory, paths = parent["content"]["directory"], parent["content"]["paths"]
        os.chdir(directory)
        os.environ["PWD"] = directory
        sys.path.insert(0, "")
        sys.path.extend(paths)
        kernel.session.send(stream, "mendloop_entered", {}, parent, ident)

    return enter


def _pip(shell):
    def pip(line):
        """Say what is installed; there is no network here."""
        shell.system("pip " + line)

    return pip


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
