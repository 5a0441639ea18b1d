"""Environments that artifacts run in: the owner's own, one built from requirements, or the bare standard library."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.sandbox.installer import installer
from workers.sandbox.interpreter import Interpreter, inspect_interpreter, our_own, packages
from workers.sandbox.layers import key, layer

if TYPE_CHECKING:
    from collections.abc import Mapping

WHEELS_ONLY = ("--no-build", "--link-mode", "hardlink", "--no-compile-bytecode")
"""Nothing of a stranger's is built, so nothing of theirs runs at installation."""


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class InstalledEnvironment:
    """An interpreter and its packages as they lie on this machine."""

    python: Path
    python_version: tuple[int, int, int]
    packages: Mapping[str, str] = field(hash=False)
    digest: str
    prefix: Path
    """The virtual environment, or where the interpreter is installed."""
    base_prefix: Path
    """Where the real interpreter is installed."""
    site_packages: tuple[Path, ...]
    mounts: tuple[Path, ...]
    """Directories a box has to show, read-only and at the same paths, for the environment to work."""
    platform: str
    """As the interpreter's `sysconfig.get_platform()` says it."""
    description: str
    """For a reader: what this is and where it came from."""


async def from_interpreter(python: Path) -> InstalledEnvironment:
    """The environment that `python` belongs to, used as it is and never changed.

    Packages installed in place from a checkout (`pip install -e`) are not visible in a box: their files lie outside.

    Raises:
        EnvironmentBuildError: `python` is not there, does not start, or is no CPython 3.7 or later.
    """
    return await _environment(await inspect_interpreter(python), f"the environment of {python}")


async def standard_library(*, cache: Path, python: Path | None = None) -> InstalledEnvironment:
    """This Python with nothing installed.

    Raises:
        EnvironmentBuildError: `python` cannot be used.
    """
    base = await (our_own() if python is None else inspect_interpreter(python))
    uv = installer(cache, {})

    async def build(folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="mendloop-install-") as empty:
            at = ("--python", str(base.bare), str(folder / "venv"))
            await uv.run("venv", "--no-project", *at, cwd=Path(empty))

    folder = await layer(cache / "environments" / key("bare", base.version, base.base_prefix, base.platform), build)
    home = folder / "venv"
    major, minor, _ = base.version
    site = home / "lib" / f"python{major}.{minor}" / "site-packages"
    inside = replace(base, python=home / "bin" / "python", prefix=home, site_packages=(site,))
    return await _environment(inside, f"Python {_dotted(base.version)} with the standard library only")


async def _environment(interpreter: Interpreter, description: str) -> InstalledEnvironment:
    installed = await asyncio.to_thread(packages, interpreter.site_packages)
    return InstalledEnvironment(
        python=interpreter.python,
        python_version=interpreter.version,
        packages=MappingProxyType(installed),
        digest=digest_of(interpreter, installed),
        prefix=interpreter.prefix,
        base_prefix=interpreter.base_prefix,
        site_packages=interpreter.site_packages,
        mounts=interpreter.mounts,
        platform=interpreter.platform,
        description=description,
    )


def digest_of(interpreter: Interpreter, installed: Mapping[str, str]) -> str:
    """Of an interpreter's version and platform and the packages (normalised name -> version, by name) it has."""
    lines = [
        f"python {_dotted(interpreter.version)} {interpreter.platform}",
        *(f"{n}=={v}" for n, v in installed.items()),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
