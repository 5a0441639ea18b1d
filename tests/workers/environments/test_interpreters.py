from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from workers.environments.interpreters import Chosen, NoInterpreter, available, choose, satisfies
from workers.environments.words import Decision
from workers.sandbox.interpreter import Interpreter, our_own

NOTHING = Decision(source="nothing")


def interpreters(*versions: tuple[int, int, int]) -> list[Interpreter]:
    return [
        Interpreter(
            python=Path(f"/python{version[1]}"),
            version=version,
            prefix=Path(f"/{version[1]}"),
            base_prefix=Path(f"/{version[1]}"),
            site_packages=(),
            platform="linux-x86_64",
        )
        for version in versions
    ]


HERE = interpreters((3, 11, 7), (3, 8, 18), (3, 13, 0), (3, 10, 13))


def chosen(decision: Decision) -> tuple[int, int, int]:
    found = choose(decision, HERE)
    assert isinstance(found, Chosen)
    return found.interpreter.version


def test_where_nothing_is_said_our_own_is_taken() -> None:
    assert chosen(NOTHING) == (3, 11, 7)


def test_what_is_declared_holds_and_the_newest_of_those_is_taken() -> None:
    assert chosen(replace(NOTHING, python=">=3.9")) == (3, 13, 0)
    assert chosen(replace(NOTHING, python=">=3.7,<3.11")) == (3, 10, 13)
    assert chosen(replace(NOTHING, python="==3.8.*")) == (3, 8, 18)


def test_what_is_preferred_is_taken_where_it_can_be_had() -> None:
    assert chosen(replace(NOTHING, python_preferred="==3.8.*")) == (3, 8, 18)
    assert chosen(replace(NOTHING, python_preferred="==3.6.*")) == (3, 11, 7)
    assert chosen(replace(NOTHING, python=">=3.9", python_preferred="==3.8.*")) == (3, 13, 0)


def test_where_none_satisfies_the_reason_names_what_is_wanted_and_what_is_here() -> None:
    found = choose(replace(NOTHING, python="==3.6.*", python_origin="runtime.txt"), HERE)

    assert isinstance(found, NoInterpreter)
    assert found.why == (
        "No interpreter here satisfies ==3.6.* (runtime.txt); here are 3.13.0, 3.11.7, 3.10.13, 3.8.18."
    )
    assert found.nearest
    assert found.nearest.version == (3, 8, 18)


def test_a_machine_without_interpreters_is_a_reason_too() -> None:
    found = choose(NOTHING, [])

    assert isinstance(found, NoInterpreter)
    assert found.nearest is None


def test_a_specifier_that_is_none_holds_nothing_back() -> None:
    assert satisfies((3, 11, 0), "odd")
    assert not satisfies((3, 11, 0), "<3.11")


async def test_our_own_comes_first_and_each_installation_once(tmp_path: Path) -> None:
    own = await our_own()
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / f"python3.{sys.version_info[1]}").symlink_to(own.bare)
    (folder / "python3.99").write_text("#!/bin/sh\nexit 1\n")
    (folder / "python3.99").chmod(0o755)
    (folder / "python3.98").write_text("not executable")
    other = folder / "python3.60"
    told = '{"implementation":"cpython","version":[3,60,1],"executable":"","base_prefix":"/usr","platform":"x","site_packages":[]}'
    other.write_text(f"#!/bin/sh\necho '{told}'\n")
    other.chmod(0o755)

    found = await available({"PATH": f"{folder}:relative:", "HOME": str(tmp_path)})

    assert [each.version for each in found] == [own.version, (3, 60, 1)]
    assert found[0].python == own.python


async def test_interpreters_that_other_tools_keep_are_found(tmp_path: Path) -> None:
    own = await our_own()
    for place in ("pyenv/versions/3.50.1/bin", "uv/cpython-3.51/bin"):
        (tmp_path / place).mkdir(parents=True)
    told = '{"implementation":"cpython","version":[3,%d,1],"executable":"","base_prefix":"%s","platform":"x","site_packages":[]}'
    for number, place in ((50, "pyenv/versions/3.50.1"), (51, "uv/cpython-3.51")):
        program = tmp_path / place / "bin" / f"python3.{number}"
        program.write_text(f"#!/bin/sh\necho '{told % (number, tmp_path / place)}'\n")
        program.chmod(0o755)

    found = await available(
        {"HOME": "/", "PYENV_ROOT": str(tmp_path / "pyenv"), "UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv"), "PATH": ""}
    )

    assert [each.version for each in found] == [own.version, (3, 50, 1), (3, 51, 1)]
