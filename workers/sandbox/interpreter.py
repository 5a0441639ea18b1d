"""An interpreter, looked at from outside: what it is, where it lives, what is installed beside it.

Of the environment only the bare interpreter runs here (`-I -S`: no site, no `.pth`, no sitecustomize); layout and packages are
read from files.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import site
import sys
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from workers.contract import children
from workers.contract.errors import EnvironmentBuildError

OLDEST = (3, 7)
_TIMEOUT_S = 20.0
_CHOICE = "Name a CPython 3.7 or later, for example .venv/bin/python."

# Python 3.4 syntax, so that an interpreter that is too old can still say so.
_ASK = """
import json, site, sys, sysconfig
print(json.dumps({
    "implementation": sys.implementation.name, "version": list(sys.version_info[:3]), "executable": sys.executable,
    "base_prefix": sys.base_prefix, "platform": sysconfig.get_platform(),
    "site_packages": site.getsitepackages([sys.base_prefix]),
}))
"""
_FIELDS = ("implementation", "version", "executable", "base_prefix", "platform", "site_packages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A CPython and its place on this machine."""

    python: Path
    """As it has to be started: inside a virtual environment the link in its `bin`, never what the link points at."""
    version: tuple[int, int, int]
    prefix: Path
    """The virtual environment, or where the interpreter is installed."""
    base_prefix: Path
    """Where the interpreter itself is installed."""
    site_packages: tuple[Path, ...]
    platform: str
    """As `sysconfig.get_platform()` says it."""

    @property
    def bare(self) -> Path:
        """The interpreter outside any virtual environment."""
        major, minor, _ = self.version
        installed = self.base_prefix / "bin" / f"python{major}.{minor}"
        return installed if installed.is_file() else self.python.resolve()

    @property
    def mounts(self) -> tuple[Path, ...]:
        """Every directory that has to be visible at the same path for the interpreter to run; none inside another."""
        wanted = [self.prefix, self.base_prefix, *self.site_packages, *_hops(self.python)]
        wanted += [path.resolve() for path in wanted]
        kept: list[Path] = []
        for path in sorted({path for path in wanted if path.is_dir()}, key=lambda path: len(path.parts)):
            if not any(path.is_relative_to(other) for other in kept):
                kept.append(path)
        return tuple(kept)


async def inspect_interpreter(python: Path) -> Interpreter:
    """What `python` is.

    Raises:
        EnvironmentBuildError: it is not there, does not start, or is no CPython 3.7 or later.
    """
    found = _found(python)
    told = await _asked(found)
    if told["implementation"] != "cpython" or tuple(told["version"][:2]) < OLDEST:
        what = f"{told['implementation']} {'.'.join(map(str, told['version']))}"
        raise EnvironmentBuildError(f"The interpreter {str(python)!r} is {what}. {_CHOICE}")
    # What a launcher script such as pyenv's starts is the interpreter, not the script.
    started = Path(told["executable"] or found)
    return await asyncio.to_thread(_located, started, told)


async def our_own() -> Interpreter:
    """The interpreter that runs this; nobody has to be started to ask.

    Raises:
        EnvironmentBuildError: it cannot be used.
    """
    told = {
        "version": sys.version_info[:3],
        "base_prefix": sys.base_prefix,
        "platform": sysconfig.get_platform(),
        "site_packages": site.getsitepackages([sys.base_prefix]),
    }
    return await asyncio.to_thread(_located, Path(sys.executable), told)


def packages(site_packages: tuple[Path, ...]) -> dict[str, str]:
    """Normalised name -> version of what is installed there; where a name occurs twice, the one that is imported."""
    found: dict[str, str] = {}
    for distribution in distributions(path=[str(path) for path in site_packages]):
        # Left-overs of broken installations have neither.
        name, version = distribution.metadata["Name"], distribution.metadata["Version"]
        if name and version:
            found.setdefault(canonicalize_name(name), version)
    return dict(sorted(found.items()))


def _found(python: Path) -> Path:
    """The file, absolute but with its links kept: a bare name is looked up on PATH, never in the current directory."""
    bare = python.name == str(python)
    found = shutil.which(str(python)) if bare else str(python)
    path = Path(found or python).absolute()
    if found is None or not path.is_file():
        raise EnvironmentBuildError(f"The interpreter {str(python)!r} is not there or is no file. {_CHOICE}")
    if not os.access(path, os.X_OK):
        raise EnvironmentBuildError(f"The interpreter {str(python)!r} is not executable. {_CHOICE}")
    return path


async def _asked(python: Path) -> dict[str, Any]:
    stdout, stderr = await _run(python)
    try:
        told = json.loads(stdout)
        return {name: told[name] for name in _FIELDS}
    except (ValueError, TypeError, KeyError) as error:
        said = stderr.decode(errors="replace").strip()[:300]
        raise EnvironmentBuildError(f"{str(python)!r} is no CPython 3.7 or later: {said!r}. {_CHOICE}") from error


async def _run(python: Path) -> tuple[bytes, bytes]:
    try:
        process = await children.start(
            *(python, "-I", "-S", "-c", _ASK),
            cwd="/",
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise EnvironmentBuildError(f"{str(python)!r} does not start: {error.strerror}. {_CHOICE}") from error
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await process.communicate()
    except TimeoutError as error:
        raise EnvironmentBuildError(f"{str(python)!r} said nothing within {_TIMEOUT_S:g} s. {_CHOICE}") from error
    finally:
        # A launcher script may have started something of its own.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _located(python: Path, told: dict[str, Any]) -> Interpreter:
    base_prefix = Path(told["base_prefix"])
    home = _virtual_environment(python)
    major, minor, micro = told["version"]
    base_packages = [Path(path) for path in told["site_packages"]]
    own = base_packages if home is None else [home / "lib" / f"python{major}.{minor}" / "site-packages"]
    if home is not None and _sees_base(home):
        own += base_packages
    if Path("/") in {base_prefix, home}:
        raise EnvironmentBuildError(f"The interpreter {str(python)!r} has the whole machine as its prefix. {_CHOICE}")
    return Interpreter(
        python=python,
        version=(major, minor, micro),
        prefix=home or base_prefix,
        base_prefix=base_prefix,
        site_packages=tuple(path for path in own if path.is_dir()),
        platform=told["platform"],
    )


def _virtual_environment(python: Path) -> Path | None:
    """As `site` finds it: a `pyvenv.cfg` beside the executable or one directory up."""
    return next((home for home in (python.parent, python.parent.parent) if (home / "pyvenv.cfg").is_file()), None)


def _sees_base(home: Path) -> bool:
    for line in (home / "pyvenv.cfg").read_text("utf-8", errors="replace").splitlines():
        name, _, value = line.partition("=")
        if name.strip().lower() == "include-system-site-packages":
            return value.strip().lower() == "true"
    return False


def _hops(python: Path) -> list[Path]:
    """The `bin` directories that the links from `python` to the real executable pass through."""
    hops: list[Path] = []
    path = python
    for _ in range(40):
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
        # Only a bin: a link through somebody's home is no reason to show the home.
        if path.parent.name == "bin":
            hops.append(path.parent)
    return hops
