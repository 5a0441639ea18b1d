from __future__ import annotations

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.tiny_wheels import only, write_wheel
from workers.contract.errors import EnvironmentBuildError
from workers.environments.listed import from_requirements
from workers.sandbox.environments import InstalledEnvironment, standard_library
from workers.sandbox.interpreter import packages
from workers.sandbox.overlay import SHARED, kernel_overlay

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all, so that the kernel is fetched once."""
    return tmp_path_factory.mktemp("cache")


def seen(environment: InstalledEnvironment, overlay: Path) -> dict[str, str]:
    """Where the modules of a kernel come from when the overlay is appended, and that they fit each other."""
    code = f"""
import json, sys
sys.path.append({str(overlay)!r})
import ipykernel.kernelapp, IPython, zmq, traitlets, tornado
print(json.dumps({{name: sys.modules[name].__file__ for name in ("ipykernel", "IPython", "zmq", "traitlets", "tornado")}}))
"""
    command = [environment.python, "-I", "-c", code]
    return json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, env={"HOME": "/nowhere"}).stdout
    )


async def test_a_bare_environment_gets_a_kernel_without_anything_installed_into_it(cache: Path) -> None:
    environment = await standard_library(cache=cache)

    overlay = await kernel_overlay(environment, cache)

    assert all(path.startswith(str(overlay)) for path in seen(environment, overlay).values())
    assert packages(environment.site_packages) == {}


async def test_the_layer_is_built_once_for_all_environments_without_a_kernels_packages(
    cache: Path, tmp_path: Path
) -> None:
    write_wheel(tmp_path, "tiny-base", "1.0", {"tiny_base.py": ""})
    bare = await standard_library(cache=cache)
    other = await from_requirements(("tiny-base",), cache=cache, environ=only(tmp_path))

    overlays = await asyncio.gather(*(kernel_overlay(one, cache) for one in (bare, other, bare)))

    assert len(set(overlays)) == 1


async def test_everything_a_kernel_brings_is_known_as_shared(cache: Path) -> None:
    environment = await standard_library(cache=cache)

    overlay = await kernel_overlay(environment, cache)

    assert set(packages((overlay,))) <= SHARED


async def test_what_the_environment_has_itself_comes_first_and_the_rest_fits_it(cache: Path) -> None:
    environment = await from_requirements(("traitlets<5.13", "tornado<6.4"), cache=cache)

    overlay = await kernel_overlay(environment, cache)

    where = seen(environment, overlay)
    own = {name for name, path in where.items() if path.startswith(str(environment.prefix))}
    assert own == {"traitlets", "tornado"}
    layer = packages((overlay,))
    assert {name: layer[name] for name in layer if name in environment.packages} == {
        name: environment.packages[name] for name in layer if name in environment.packages
    }


async def test_an_environment_that_no_layer_fits_still_gets_what_it_lacks_and_is_not_started(
    cache: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    start_up = {"evil.pth": f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n"}
    write_wheel(tmp_path, "traitlets", "4.0", {"traitlets/__init__.py": "", **start_up})
    environment = await from_requirements(("traitlets==4.0",), cache=cache, environ=only(tmp_path))

    overlay = await kernel_overlay(environment, cache)

    assert overlay == await kernel_overlay(await standard_library(cache=cache), cache)
    assert {"ipykernel", "pyzmq"} <= set(packages((overlay,)))
    assert not marker.exists()


async def test_no_kernel_to_be_had_is_said_in_the_resolvers_own_words(tmp_path: Path) -> None:
    environment = await standard_library(cache=tmp_path)

    with pytest.raises(EnvironmentBuildError) as refused:
        await kernel_overlay(environment, tmp_path, only(tmp_path))

    assert "No kernel can be installed for Python" in str(refused.value)
    assert "ipykernel" in str(refused.value)
    assert not list((tmp_path / "kernels").glob("*/lib"))
