"""Make a wheel of a source distribution or of a repository's files, by the rules of PEP 517, in a box and nowhere else.

`building.py read SOURCE FOLDER` prints `pyproject.toml`. `building.py needs SOURCE FOLDER BACKEND PATHS` prints what the backend
wants beside what is declared, as JSON on the last line. `building.py build SOURCE FOLDER BACKEND PATHS OUT` leaves the wheel in
OUT. SOURCE is a directory with one archive in it, FOLDER the place of the project in what it holds (`-`: the one folder at
its top), BACKEND as in `build-system.build-backend`, PATHS its `backend-path` as JSON.
"""

import importlib
import json
import os
import sys
import tarfile
import zipfile

_UNPACKED = "/repository/source"
_MOST = 1 << 20


def main(mode, source, folder, *rest):
    """Do one of the three."""
    project = _unpacked(source, folder)
    os.chdir(project)
    if mode == "read":
        _read()
        return
    backend = _backend(rest[0], json.loads(rest[1]), project)
    if mode == "needs":
        asked = getattr(backend, "get_requires_for_build_wheel", None)
        needs = list(asked(None)) if asked else []
        sys.stdout.flush()
        print("\n" + json.dumps([str(one) for one in needs]), flush=True)
    else:
        backend.build_wheel(rest[2], None)


def _unpacked(source, folder):
    (archive,) = os.listdir(source)
    os.makedirs(_UNPACKED, exist_ok=True)
    path = os.path.join(source, archive)
    if archive.endswith(".zip"):
        with zipfile.ZipFile(path) as opened:
            opened.extractall(_UNPACKED)
    else:
        with tarfile.open(path) as opened:
            if hasattr(tarfile, "data_filter"):
                opened.extractall(_UNPACKED, filter="data")
            else:
                opened.extractall(_UNPACKED)
    if folder != "-":
        return os.path.join(_UNPACKED, folder)
    inside = [os.path.join(_UNPACKED, name) for name in os.listdir(_UNPACKED)]
    return next((path for path in inside if os.path.isdir(path)), _UNPACKED)


def _read():
    if os.path.exists("pyproject.toml"):
        with open("pyproject.toml", "rb") as file:
            sys.stdout.buffer.write(file.read(_MOST))


def _backend(name, paths, project):
    # The directory of this script: its names must hide nobody's modules.
    sys.path.pop(0)
    sys.path[:0] = [os.path.join(project, path) for path in paths]
    module, _, attributes = name.partition(":")
    found = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        found = getattr(found, attribute)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
