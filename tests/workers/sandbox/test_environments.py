from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.tiny_wheels import only, write_wheel
from workers.contract.errors import EnvironmentBuildError
from workers.environments.listed import from_requirements
from workers.sandbox.environments import InstalledEnvironment, from_interpreter, standard_library
from workers.sandbox.interpreter import inspect_interpreter, our_own
from workers.sandbox.layers import layer

if TYPE_CHECKING:
    from workers.protocols import Environment

REAL_PYTHON = Path(sys.executable).resolve()
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"


def as_protocol(environment: InstalledEnvironment) -> Environment:
    """Accepted by the type checker because it is one."""
    return environment


def script(path: Path, text: str) -> Path:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def make_venv(home: Path, *options: str) -> Path:
    """Its site-packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", *options, home], check=True)
    return home / f"lib/python{MINOR}/site-packages"


def run(environment: InstalledEnvironment, code: str) -> str:
    command = [environment.python, "-I", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, env={}).stdout.strip()


async def test_the_running_virtual_environment_is_described_without_being_changed() -> None:
    environment = as_protocol(await from_interpreter(Path(sys.executable)))

    assert environment.python == Path(sys.executable)
    assert environment.python_version == sys.version_info[:3]
    assert "pytest" in environment.packages
    assert len(environment.digest) == 64


async def test_everything_the_interpreter_needs_lies_under_its_mounts() -> None:
    environment = await from_interpreter(Path(sys.executable))

    code = "import sys, json; print(json.dumps([sys.prefix, sys.base_prefix, *sys.path[:2], json.__file__]))"
    seen = [Path(path) for path in json.loads(run(environment, code))]
    for path in [*seen, REAL_PYTHON, *environment.site_packages]:
        assert any(path.is_relative_to(mount) for mount in environment.mounts), path
    assert Path("/") not in environment.mounts
    assert environment.prefix == seen[0]
    assert environment.base_prefix == seen[1]


async def test_packages_of_the_base_are_seen_only_where_the_environment_sees_them(tmp_path: Path) -> None:
    for name, option in (("closed", []), ("open", ["--system-site-packages"])):
        make_venv(tmp_path / name, *option)

    closed = await from_interpreter(tmp_path / "closed/bin/python")
    opened = await from_interpreter(tmp_path / "open/bin/python")

    assert closed.packages == {}
    assert closed.site_packages == (tmp_path / f"closed/lib/python{MINOR}/site-packages",)
    assert len(opened.site_packages) > 1


async def test_looking_at_an_environment_runs_none_of_its_start_up_files(tmp_path: Path) -> None:
    site = make_venv(tmp_path / "venv")
    marker = tmp_path / "ran"
    (site / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n")
    (site / "sitecustomize.py").write_text(f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n")

    environment = await from_interpreter(tmp_path / "venv/bin/python")

    assert not marker.exists()
    run(environment, "pass")
    assert marker.exists(), "the marker would have shown it"


async def test_broken_metadata_is_passed_over(tmp_path: Path) -> None:
    site = make_venv(tmp_path / "venv")
    (site / "empty-1.0.dist-info").mkdir()
    (site / "Good_Name-2.0.dist-info").mkdir()
    (site / "Good_Name-2.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: Good_Name\nVersion: 2.0\n")

    environment = await from_interpreter(tmp_path / "venv/bin/python")

    assert environment.packages == {"good-name": "2.0"}


async def test_an_interpreter_that_cannot_be_used_is_refused_by_name_and_with_a_way_out(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    odd = {
        "implementation": "pypy",
        "version": [3, 10, 1],
        "executable": "",
        "base_prefix": "/x",
        "platform": "",
        "site_packages": [],
    }
    old = {**odd, "implementation": "cpython", "version": [3, 6, 15]}
    cases = {
        tmp_path / "missing": "is not there",
        tmp_path: "is no file",
        plain: "not executable",
        script(tmp_path / "two", "echo 'Unknown option: -I' >&2; exit 2"): "Unknown option: -I",
        script(tmp_path / "chatty", "echo hello"): "no CPython",
        script(tmp_path / "number", "echo 7"): "no CPython",
        script(tmp_path / "pypy", f"echo '{str(odd).replace(chr(39), chr(34))}'"): "pypy 3.10.1",
        script(tmp_path / "old", f"echo '{str(old).replace(chr(39), chr(34))}'"): "cpython 3.6.15",
    }

    for python, words in cases.items():
        with pytest.raises(EnvironmentBuildError) as refused:
            await from_interpreter(python)
        assert str(python) in str(refused.value)
        assert words in str(refused.value)
        assert "Name a CPython 3.7 or later" in str(refused.value)


async def test_requirements_become_an_environment_once_and_then_come_from_the_cache(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "tiny-base", "1.0", {"tiny_base.py": "VALUE = 1\n"})
    write_wheel(tmp_path / "wheels", "tiny-app", "2.0", {"tiny_app.py": "import tiny_base\n"}, ("tiny-base>=1",))
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("Tiny_App==2.0  # the app\n")

    first = await from_requirements(wanted, cache=tmp_path / "cache", environ=only(tmp_path / "wheels"))
    started = time.monotonic()
    again = await from_requirements(("tiny-app==2.0",), cache=tmp_path / "cache", environ=only(tmp_path / "wheels"))
    seconds = time.monotonic() - started

    assert first.packages == {"tiny-app": "2.0", "tiny-base": "1.0"}
    assert run(first, "import tiny_app; print(tiny_app.tiny_base.VALUE)") == "1"
    assert again.python == first.python
    assert again.digest == first.digest
    assert seconds < 0.3
    assert as_protocol(first).python_version == sys.version_info[:3]


async def test_other_requirements_or_another_index_are_another_environment(tmp_path: Path) -> None:
    for index, value in (("one", 1), ("two", 2)):
        write_wheel(tmp_path / index, "tiny-base", "1.0", {"tiny_base.py": f"VALUE = {value}\n"})
    cache = tmp_path / "cache"

    one = await from_requirements(("tiny-base",), cache=cache, environ=only(tmp_path / "one"))
    two = await from_requirements(("tiny-base",), cache=cache, environ=only(tmp_path / "two"))
    pinned = await from_requirements(("tiny-base==1.0",), cache=cache, environ=only(tmp_path / "one"))

    assert one.python == pinned.python != two.python
    assert run(two, "import tiny_base; print(tiny_base.VALUE)") == "2"
    assert one.digest == pinned.digest


async def test_callers_at_the_same_time_share_one_build(tmp_path: Path) -> None:
    built: list[Path] = []

    async def build(folder: Path) -> None:
        built.append(folder)
        await asyncio.sleep(0.2)
        (folder / "content").write_text("whole")

    folders = await asyncio.gather(*(layer(tmp_path / "cache/key", build) for _ in range(5)))

    assert built == [tmp_path / "cache/key"]
    assert {(folder / "content").read_text() for folder in folders} == {"whole"}


async def test_a_build_that_was_killed_or_failed_leaves_nothing_that_is_used(tmp_path: Path) -> None:
    target = tmp_path / "cache/key"
    target.mkdir(parents=True)
    (target / "half").write_text("left by a killed builder")

    async def fail(folder: Path) -> None:
        (folder / "half").write_text("again")
        raise EnvironmentBuildError("no")

    async def build(folder: Path) -> None:
        (folder / "content").write_text("whole")

    with pytest.raises(EnvironmentBuildError):
        await layer(target, fail)
    assert not target.exists()
    await layer(target, build)

    assert {path.name for path in target.iterdir()} == {"content", "done"}


async def test_a_waiting_caller_can_be_cancelled_while_another_builds(tmp_path: Path) -> None:
    ready = asyncio.Event()

    async def slow(folder: Path) -> None:
        await ready.wait()

    builder = asyncio.create_task(layer(tmp_path / "key", slow))
    await asyncio.sleep(0.1)
    waiter = asyncio.create_task(layer(tmp_path / "key", slow))
    await asyncio.sleep(0.1)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    ready.set()

    assert await builder == tmp_path / "key"


async def test_what_cannot_be_resolved_is_refused_in_the_resolvers_own_words(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "tiny-base", "1.0", {"tiny_base.py": ""})

    with pytest.raises(EnvironmentBuildError) as refused:
        await from_requirements(("tiny-base==7.0",), cache=tmp_path / "cache", environ=only(tmp_path / "wheels"))

    assert "tiny-base==7.0" in str(refused.value)
    assert MINOR in str(refused.value)
    assert len(str(refused.value)) < 4000
    assert not list((tmp_path / "cache/environments").glob("*/venv"))


async def test_a_source_distribution_is_never_built(tmp_path: Path) -> None:
    marker, project = tmp_path / "ran", tmp_path / "tiny-source-1.0"
    project.mkdir()
    (project / "setup.py").write_text(
        f"open({str(marker)!r}, 'w')\nfrom setuptools import setup\nsetup(name='tiny-source', version='1.0')\n"
    )
    (project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tiny-source\nVersion: 1.0\n")
    (tmp_path / "wheels").mkdir()
    with tarfile.open(tmp_path / "wheels/tiny-source-1.0.tar.gz", "w:gz") as archive:
        archive.add(project, project.name)

    with pytest.raises(EnvironmentBuildError, match="tiny-source"):
        await from_requirements(("tiny-source",), cache=tmp_path / "cache", environ=only(tmp_path / "wheels"))

    assert not marker.exists()


async def test_a_wheels_start_up_files_do_not_run_while_its_environment_is_built(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    touch = f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n"
    write_wheel(tmp_path / "wheels", "tiny-evil", "1.0", {"evil.pth": touch, "sitecustomize.py": touch})

    environment = await from_requirements(("tiny-evil",), cache=tmp_path / "cache", environ=only(tmp_path / "wheels"))
    await from_requirements(("tiny-evil",), cache=tmp_path / "cache", environ=only(tmp_path / "wheels"))

    assert not marker.exists()
    run(environment, "pass")
    assert marker.exists(), "the marker would have shown it"


async def test_a_wheel_that_does_not_compile_is_installed_all_the_same(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "tiny-broken", "1.0", {"tiny_broken.py": "print 1\n"})

    environment = await from_requirements(("tiny-broken",), cache=tmp_path / "cache", environ=only(tmp_path / "wheels"))

    assert environment.packages == {"tiny-broken": "1.0"}


async def test_settings_of_a_project_or_home_do_not_reach_the_installer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path / "wheels", "tiny-base", "1.0", {"tiny_base.py": ""})
    project = tmp_path / "project"
    (project / ".config/uv").mkdir(parents=True)
    for path in (project / "uv.toml", project / ".config/uv/uv.toml"):
        path.write_text("this is no configuration\n")
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(project))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(project / ".config"))

    environment = await from_requirements(("tiny-base",), cache=tmp_path / "cache", environ=only(tmp_path / "wheels"))

    assert environment.packages == {"tiny-base": "1.0"}
    assert {path.name for path in project.iterdir()} == {"uv.toml", ".config"}


async def test_without_a_choice_there_is_the_standard_library_and_nothing_else(tmp_path: Path) -> None:
    environment = await standard_library(cache=tmp_path)

    assert environment.packages == {}
    assert environment.description.endswith("with the standard library only")
    assert run(environment, "import json; print(1)") == "1"
    with pytest.raises(subprocess.CalledProcessError):
        run(environment, "import pytest")


async def test_a_bare_name_is_never_a_program_of_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "my-python"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin")

    with pytest.raises(EnvironmentBuildError, match="is not there"):
        await from_interpreter(Path("my-python"))

    assert not (tmp_path / "started").exists()


async def test_an_interpreter_is_found_by_its_bare_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my-python").symlink_to(REAL_PYTHON)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin")

    environment = await from_interpreter(Path("my-python"))

    assert environment.python_version == sys.version_info[:3]


async def test_our_own_interpreter_is_known_as_it_would_describe_itself() -> None:
    assert await our_own() == await inspect_interpreter(Path(sys.executable))
