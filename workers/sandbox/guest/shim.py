"""Puts the `pip` for a place without network where a cell would look for pip."""

import importlib.util
import os
import stat
import sys


def environment(runtime, overlay):
    """The kernel's environment: ours, with that `pip` before everything else on the search path.

    Where the environment has no pip of its own, `python -m pip` finds it too.
    """
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "offline_pip.py")
    programs = os.path.join(runtime, "bin")
    os.mkdir(programs)
    for name in ("pip", "pip3"):
        path = os.path.join(programs, name)
        with open(path, "w") as file:
            file.write('#!/bin/sh\nexec "%s" "%s" "%s" "$@"\n' % (sys.executable, source, overlay))
        os.chmod(path, stat.S_IRWXU)
    values = dict(os.environ, PATH=programs + os.pathsep + os.environ.get("PATH", ""))
    if importlib.util.find_spec("pip") is None:
        values["PYTHONPATH"] = _module(runtime, source, overlay)
    return values


def _module(runtime, source, overlay):
    modules = os.path.join(runtime, "modules")
    os.mkdir(modules)
    with open(os.path.join(modules, "pip.py"), "w") as file:
        file.write("import os, sys\nif __name__ == '__main__':\n")
        file.write("    os.execv(sys.executable, [sys.executable, %r, %r] + sys.argv[1:])\n" % (source, overlay))
    return modules
