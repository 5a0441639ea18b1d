from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.environments.building.conftest import asking
from tests.workers.environments.building.hostile import BACKEND, PYPROJECT, sdist
from tests.workers.sandbox.tiny_wheels import write_wheel
from workers.environments.errors import BuildFailed, MissingLibrary, NoWheel, Tampered, Unsatisfiable
from workers.environments.supplying import supply
from workers.environments.words import OwnPackage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.workers.environments.building.local_index import LocalIndex
    from workers.environments.supplier import Supplier
    from workers.sandbox.interpreter import Interpreter


def backend(name: str = "tiny_source", more: str = "") -> str:
    return f"NAME = {name!r}\n{BACKEND}\n{more}"


def source(folder: Path, more: str = "", probes: dict[str, Any] | None = None, pyproject: str = PYPROJECT) -> Path:
    told = json.dumps(probes or {"secret": "/nowhere", "cache": "/nowhere", "port": 9})
    files = {"pyproject.toml": pyproject, "backend.py": backend(more=more), "probes.json": told}
    return sdist(folder, "tiny_source", files)


def seen(python: Path) -> dict[str, str]:
    code = "import tiny_source, json; print(json.dumps(tiny_source.SEEN))"
    return json.loads(subprocess.run([python, "-I", "-c", code], capture_output=True, check=True, env={}).stdout)


async def test_a_source_distribution_is_refused_unless_its_owner_allows_builds(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    source(wheels)

    with pytest.raises(NoWheel) as refused:
        await supply(asking("tiny-source"), python, supplier())

    assert refused.value.packages == ("tiny-source",)


async def test_build_code_runs_in_a_box_that_reaches_nothing(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})
    await supply(asking("tiny-base"), python, supplier())
    probes = {"secret": str(secret), "cache": str(tmp_path / "cache"), "port": index.port}
    source(wheels, probes=probes, pyproject=PYPROJECT.replace("requires = []", 'requires = ["tiny-base"]'))
    before = {path: path.read_bytes() for path in tmp_path.glob("cache/tenants/**/*.py")}

    found = await supply(asking("tiny-source", "tiny-base"), python, supplier(allow_builds=True))

    told = seen(found.environment.python)
    kept = told.pop("uv")
    assert told == {
        "host file": "refused: FileNotFoundError",
        "write a layer": "refused: OSError",
        "network": "refused: ConnectionRefusedError",
        "sockets": "refused: FileNotFoundError",
    }
    assert "store" not in kept
    assert {path: path.read_bytes() for path in before} == before
    assert [each.built for each in found.locked] == [False, True]


async def test_a_build_is_kept_for_its_tenant_and_made_again_for_another(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    source(wheels)
    await supply(asking("tiny-source"), python, supplier("one", allow_builds=True))

    await supply(asking("tiny-source"), python, supplier("one", allow_builds=True, fresh_s=0.0))
    await supply(asking("tiny-source"), python, supplier("two", allow_builds=True))

    built = list(tmp_path.glob("cache/tenants/*/built/*/*.whl"))
    assert len(built) == 2
    assert len({path.parts[-4] for path in built}) == 2


async def test_what_a_build_needs_is_there_as_wheels_and_nothing_is_fetched_by_it(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    write_wheel(wheels, "tiny-tool", "1.0", {"tiny_tool.py": "VALUE = 1\n"})
    write_wheel(wheels, "tiny-late", "1.0", {"tiny_late.py": "VALUE = 2\n"})
    needs = "import tiny_tool\ndef get_requires_for_build_wheel(settings=None): return ['tiny-late']\n"
    late = "def extra():\n    import tiny_late\n    assert tiny_late.VALUE == 2\n"
    source(wheels, needs + late, pyproject=PYPROJECT.replace("requires = []", 'requires = ["tiny-tool"]'))

    found = await supply(asking("tiny-source"), python, supplier(allow_builds=True))

    assert found.environment.packages == {"tiny-source": "1.0"}


async def test_a_build_that_fails_says_why_and_whether_a_library_is_missing(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    cases = {
        "raise RuntimeError('no such luck')": (BuildFailed, "no such luck"),
        "print('x.c:1:10: fatal error: mysql.h: No such file or directory'); raise SystemExit(1)": (
            MissingLibrary,
            "mysql.h",
        ),
    }
    for line, (kind, words) in cases.items():
        source(wheels, f"def extra():\n    {line}\n")
        with pytest.raises(kind, match=words):
            await supply(asking("tiny-source"), python, supplier(allow_builds=True))


async def test_a_build_that_leaves_something_else_than_its_wheel_is_refused(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    leave = "def build_wheel(out, settings=None, metadata=None):\n    "
    cases = {
        "os.symlink('/etc/passwd', out + '/tiny_source-1.0-py3-none-any.whl')": Tampered,
        "os.mkfifo(out + '/tiny_source-1.0-py3-none-any.whl')": Tampered,
        "open(out + '/numpy-1.0-py3-none-any.whl', 'w').close()": Tampered,
        "open(out + '/tiny_source-7.0-py3-none-any.whl', 'w').close()": Tampered,
        "[open(out + '/%s' % n, 'w').close() for n in ('a.whl', 'b.whl')]": BuildFailed,
        "pass": BuildFailed,
    }
    for line, kind in cases.items():
        source(wheels, leave + line + "\n")
        with pytest.raises(kind):
            await supply(asking("tiny-source"), python, supplier(allow_builds=True))
    assert not list(tmp_path.glob("cache/tenants/*/built/*/*.whl"))


async def test_build_requirements_are_plain_wheels_whatever_the_project_says(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    sdist(
        wheels, "tiny_nested", {"pyproject.toml": PYPROJECT, "backend.py": backend("tiny_nested"), "probes.json": "{}"}
    )
    cases = {"tiny-nested": Unsatisfiable, "x @ https://example.org/x.whl": Exception, "../other": Exception}
    for requirement, kind in cases.items():
        source(wheels, pyproject=PYPROJECT.replace("requires = []", f'requires = ["{requirement}"]'))
        with pytest.raises(kind):
            await supply(asking("tiny-source"), python, supplier(allow_builds=True))


async def test_a_repositorys_own_package_is_built_from_its_files_where_that_is_allowed(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    (repository / "lib").mkdir(parents=True)
    (repository / "lib/pyproject.toml").write_text(PYPROJECT)
    (repository / "lib/probes.json").write_text(json.dumps({"secret": "/x", "cache": "/x", "port": 9}))
    (repository / "lib/backend.py").write_text(backend())
    own = OwnPackage(name="tiny-source", folder="lib", packages=())

    refused = await supply(asking(own=own), python, supplier())
    built = await supply(asking(own=own), python, supplier(allow_builds=True, repository=repository))
    again = await supply(asking(own=own), python, supplier(allow_builds=True, repository=repository))
    (repository / "lib/backend.py").write_text(backend() + "# another head\n")
    other = await supply(asking(own=own), python, supplier(allow_builds=True, repository=repository))

    assert "must be built" in refused.notes[0]
    assert refused.environment.packages == {}
    assert built.environment.packages == {"tiny-source": "1.0"}
    assert seen(built.environment.python)["network"].startswith("refused")
    assert again.environment == built.environment
    assert other.locked[0].version == "1.0"


async def test_a_legacy_setup_py_is_built_with_setuptools_from_the_index(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    # A backend of that name, so that the test needs no network: found by the rule for projects without a pyproject.toml.
    legacy = (
        "class __legacy__:\n"
        "    @staticmethod\n"
        "    def build_wheel(out, settings=None, metadata=None):\n"
        "        import stand_in\n"
        "        return stand_in.build_wheel(out)\n"
    )
    write_wheel(wheels, "wheel", "1.0", {"wheel.py": ""})
    told = json.dumps({"secret": "/nowhere", "cache": "/nowhere", "port": 9})
    sdist(wheels, "tiny_source", {"setup.py": "raise SystemExit", "probes.json": told})

    with pytest.raises(Unsatisfiable, match="setuptools"):
        await supply(asking("tiny-source"), python, supplier(allow_builds=True))
    modules = {"setuptools/__init__.py": "", "setuptools/build_meta.py": legacy, "stand_in.py": backend()}
    write_wheel(wheels, "setuptools", "70.0", modules)
    found = await supply(asking("tiny-source"), python, supplier(allow_builds=True))

    assert found.environment.packages == {"tiny-source": "1.0"}
