"""Wheels and source distributions of a stranger's making: every trick that an archive can try."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def raw_wheel(
    folder: Path, name: str, entries: Mapping[str, str], *, record: str = "", links: Mapping[str, str] | None = None
) -> Path:
    """A wheel with exactly these entries beside what makes it one; `links` are symbolic links (path -> target)."""
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    path = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in entries.items():
            archive.writestr(inside, text)
        for inside, target in (links or {}).items():
            entry = zipfile.ZipInfo(inside)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, target)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        rows = "".join(f"{inside},,\n" for inside in (*entries, *(links or {}), f"{info}/METADATA", f"{info}/WHEEL"))
        archive.writestr(f"{info}/RECORD", f"{rows}{record}{info}/RECORD,,\n")
    return path


def sdist(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """A source distribution with these files at its top."""
    path = folder / f"{name}-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for inside, text in files.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{inside}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


BACKEND = '''
"""A build backend that lies in the project itself and needs nothing."""
import json, os, socket, zipfile
from pathlib import Path

def attempt(action):
    try:
        return str(action())
    except BaseException as error:
        return "refused: " + type(error).__name__

def get_requires_for_build_wheel(settings=None):
    return []

def probes():
    told = json.loads(Path("probes.json").read_text())
    return {
        "host file": attempt(lambda: Path(told["secret"]).read_text()),
        "write a layer": attempt(lambda: [p.write_text("x") for p in Path(told["cache"]).rglob("tiny_base.py")]),
        "network": attempt(lambda: socket.create_connection(("127.0.0.1", told["port"]), timeout=2)),
        "sockets": attempt(lambda: os.listdir("/opt/mendloop/index")),
        "uv": attempt(lambda: [p.name for p in Path("/opt/mendloop").iterdir()]),
    }

def build_wheel(out, settings=None, metadata=None):
    name = "%s-1.0-py3-none-any.whl" % NAME
    info = "%s-1.0.dist-info" % NAME
    with zipfile.ZipFile(os.path.join(out, name), "w") as archive:
        archive.writestr(NAME + ".py", "SEEN = %r\\n" % (probes(),))
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: %s\\nVersion: 1.0\\n" % NAME)
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "/RECORD", "")
    extra()
    return name

def extra():
    pass
'''
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
