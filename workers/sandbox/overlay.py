"""The kernel layer: what it takes to start a kernel, laid behind an environment's own packages, never installed into them."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract.errors import EnvironmentBuildError
from workers.sandbox.bytecode import compile_bytecode
from workers.sandbox.environments import WHEELS_ONLY, InstalledEnvironment
from workers.sandbox.installer import Installer, installer
from workers.sandbox.layers import key, layer

if TYPE_CHECKING:
    from collections.abc import Mapping

_KERNEL = "ipykernel>=5"
_UNSOLVABLE = "No solution found"
"""uv's words for requirements that contradict each other, as against an index that cannot be reached."""

SHARED = frozenset(
    (
        *(
            "appnope",
            "asttokens",
            "backcall",
            "colorama",
            "comm",
            "debugpy",
            "decorator",
            "entrypoints",
            "exceptiongroup",
        ),
        *(
            "executing",
            "importlib-metadata",
            "ipykernel",
            "ipython",
            "ipython-genutils",
            "ipython-pygments-lexers",
            "jedi",
        ),
        *("jupyter-client", "jupyter-core", "matplotlib-inline", "nest-asyncio", "nest-asyncio2", "packaging", "parso"),
        *("pexpect", "pickleshare", "platformdirs", "prompt-toolkit", "psutil", "ptyprocess", "pure-eval", "pygments"),
        *("python-dateutil", "pyzmq", "setuptools", "six", "stack-data", "tornado", "traitlets", "typing-extensions"),
        *("tzdata", "wcwidth", "zipp"),
    )
)
"""What a kernel brings, over all Python versions. Where an environment has one of these, its version is imported."""


async def kernel_overlay(
    environment: InstalledEnvironment, cache: Path, environ: Mapping[str, str] | None = None
) -> Path:
    """A directory for the end of `sys.path` that makes a kernel of the environment's interpreter.

    Built once per Python minor and per set of versions that the environment itself has of what a kernel needs: the
    environment's own packages come first on `sys.path`, so the rest of the layer is resolved to fit them. Where no layer
    fits (an old version without wheels, pins that contradict each other) it is resolved freely instead: what the
    environment lacks is then there, and whether the mixture starts is seen in the box.

    Raises:
        EnvironmentBuildError: no kernel can be had for this interpreter, in uv's own words.
    """
    uv = installer(cache, environ)
    pins = tuple(f"{name}=={version}" for name, version in environment.packages.items() if name in SHARED)
    # Resolved: what an environment that no layer fits has of its own is a link to the free one.
    return await asyncio.to_thread((await _layer(environment, pins, uv) / "lib").resolve)


async def _layer(environment: InstalledEnvironment, pins: tuple[str, ...], uv: Installer) -> Path:
    async def build(folder: Path) -> None:
        try:
            await _install(environment, pins, uv, folder / "lib")
        except EnvironmentBuildError as error:
            if not pins or _UNSOLVABLE not in str(error):
                raise
            # uv makes its target before it finds that nothing fits.
            await asyncio.to_thread(shutil.rmtree, folder / "lib", ignore_errors=True)
            (folder / "lib").symlink_to(await _layer(environment, (), uv) / "lib")

    name = key("kernel", environment.python_version[:2], environment.platform, pins, uv.settings)
    return await layer(uv.cache / "kernels" / name, build)


async def _install(environment: InstalledEnvironment, pins: tuple[str, ...], uv: Installer, target: Path) -> None:
    version = ".".join(map(str, environment.python_version))
    with tempfile.TemporaryDirectory(prefix="mendloop-kernel-") as empty:
        where = Path(empty)
        (where / "kernel.in").write_text(_KERNEL + "\n", encoding="utf-8")
        (where / "pins.in").write_text("\n".join(pins) + "\n", encoding="utf-8")
        try:
            await uv.run(
                # Our own interpreter and the other's version: uv starts what it is given, and the environment's would run the
                # `.pth` files of a stranger's wheels.
                *("pip", "install", "--python", sys.executable, "--python-version", version, "--target", str(target)),
                *(*WHEELS_ONLY, "--requirements", "kernel.in", "--constraints", "pins.in"),
                cwd=where,
            )
        except EnvironmentBuildError as error:
            raise EnvironmentBuildError(f"No kernel can be installed for Python {version}: {error}") from error
    await compile_bytecode(environment.python, target)
