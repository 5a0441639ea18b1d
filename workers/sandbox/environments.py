"""Environments that artifacts run in: the owner's own, one built from requirements, or the bare standard library."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.contract.errors import EnvironmentBuildError
from workers.sandbox import requirements as requirements_file
from workers.sandbox.bytecode import compile_bytecode
from workers.sandbox.installer import Installer, installer
from workers.sandbox.interpreter import Interpreter, inspect_interpreter, our_own, packages
from workers.sandbox.layers import key, layer

if TYPE_CHECKING:
    from collections.abc import Mapping

WHEELS_ONLY = ("--no-build", "--link-mode", "hardlink", "--no-compile-bytecode")
"""Nothing of a stranger's is built, so nothing of theirs runs at installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


async def from_requirements(
    requirements: Path | tuple[str, ...],
    *,
    cache: Path,
    python: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> InstalledEnvironment:
    """A fresh environment with these requirements, built once and kept in `cache` by content.

    The key is the requirements, the interpreter and the index settings in `environ` (by default this process's). What an
    unpinned requirement resolved to therefore stays until the cache is removed: runs can be repeated.

    Raises:
        EnvironmentBuildError: a line is no plain requirement, or uv cannot satisfy them, in its own words.
    """
    if isinstance(requirements, Path):
        wanted, origin = await asyncio.to_thread(requirements_file.read, requirements), requirements.name
    else:
        wanted, origin = requirements_file.normalised(requirements), "the requirements"
    return await _from_lines(wanted, origin, await _base(python), installer(cache, environ))


async def standard_library(*, cache: Path, python: Path | None = None) -> InstalledEnvironment:
    """What an artifact runs in when nobody says otherwise: this Python with nothing installed.

    A requirements file that happens to lie in the repository is not used unasked: it may be for something else.
    """
    base = await _base(python)
    built = await _from_lines((), "no requirements", base, installer(cache, {}))
    return replace(built, description=f"Python {_dotted(base.version)} with the standard library only")


async def _base(python: Path | None) -> Interpreter:
    return await (our_own() if python is None else inspect_interpreter(python))


async def _from_lines(lines: tuple[str, ...], origin: str, base: Interpreter, uv: Installer) -> InstalledEnvironment:
    name = key("environment", sorted(lines), base.version, base.base_prefix, base.platform, uv.settings)

    async def build(folder: Path) -> None:
        await _install(lines, origin, base, uv, folder / "venv")

    folder = await layer(uv.cache / "environments" / name, build)
    home = folder / "venv"
    installed = replace(
        base,
        python=home / "bin" / "python",
        prefix=home,
        site_packages=(home / "lib" / f"python{base.version[0]}.{base.version[1]}" / "site-packages",),
    )
    return await _environment(installed, f"Python {_dotted(base.version)} with {origin}")


async def _install(lines: tuple[str, ...], origin: str, base: Interpreter, uv: Installer, home: Path) -> None:
    """Fill a fresh virtual environment in one go.

    Never twice into the same one: before installing, uv starts the environment's interpreter, which would then run the
    `.pth` files that a stranger's wheel brought the first time, on the host. A fresh one holds none.
    """
    with tempfile.TemporaryDirectory(prefix="mendloop-install-") as empty:
        where = Path(empty)
        await uv.run("venv", "--no-project", "--python", str(base.bare), str(home), cwd=where)
        if not lines:
            return
        (where / "requirements.in").write_text("\n".join(lines) + "\n", encoding="utf-8")
        into = ("--python", str(home / "bin" / "python"))
        try:
            await uv.run("pip", "install", *into, *WHEELS_ONLY, "--requirements", "requirements.in", cwd=where)
        except EnvironmentBuildError as error:
            what = f"{origin} cannot be installed for Python {_dotted(base.version)}"
            raise EnvironmentBuildError(f"{what}: {error}") from error
    await compile_bytecode(home / "bin" / "python", home / "lib")


async def _environment(interpreter: Interpreter, description: str) -> InstalledEnvironment:
    installed = await asyncio.to_thread(packages, interpreter.site_packages)
    return InstalledEnvironment(
        python=interpreter.python,
        python_version=interpreter.version,
        packages=MappingProxyType(installed),
        digest=_digest(interpreter, installed),
        prefix=interpreter.prefix,
        base_prefix=interpreter.base_prefix,
        site_packages=interpreter.site_packages,
        mounts=interpreter.mounts,
        platform=interpreter.platform,
        description=description,
    )


def _digest(interpreter: Interpreter, installed: dict[str, str]) -> str:
    lines = [
        f"python {_dotted(interpreter.version)} {interpreter.platform}",
        *(f"{n}=={v}" for n, v in installed.items()),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
