from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.environments.building.conftest import asking
from tests.workers.environments.building.hostile import raw_wheel
from tests.workers.sandbox.tiny_wheels import write_wheel
from workers.contract.errors import EnvironmentBuildError
from workers.environments import composing
from workers.environments.errors import BuildFailed, TooBig
from workers.environments.supplying import supply

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.environments.supplier import Supplier
    from workers.sandbox.interpreter import Interpreter


def outside(tmp_path: Path) -> set[str]:
    """Everything beside the cache and the wheels."""
    return {str(path) for path in tmp_path.rglob("*") if path.relative_to(tmp_path).parts[0] not in ("cache", "wheels")}


def run(*command: object) -> str:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True, env={}).stdout


async def test_start_up_files_of_a_wheel_run_nowhere_while_it_is_installed(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    # It would also show in the box, as a file that every installation after it has.
    touch = f"import pathlib, sys; pathlib.Path({str(marker)!r}).touch(); pathlib.Path(sys.prefix, 'ran').touch()\n"
    write_wheel(wheels, "tiny-evil", "1.0", {"evil.pth": touch, "sitecustomize.py": touch, "usercustomize.py": touch})
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})

    first = await supply(asking("tiny-evil"), python, supplier())
    second = await supply(asking("tiny-evil", "tiny-base"), python, supplier())

    assert not marker.exists()
    assert not list(tmp_path.glob("cache/**/ran"))
    run(first.environment.python, "-c", "")
    assert marker.exists(), "the marker would have shown it"
    assert second.environment.packages == {"tiny-base": "1.0", "tiny-evil": "1.0"}


async def test_a_program_called_git_stays_in_the_environment_that_asked_for_it(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    entry_points = "[console_scripts]\ngit = tiny_evil:main\n"
    files = {
        "tiny_evil.py": "def main():\n    print('evil')\n",
        "tiny_evil-1.0.dist-info/entry_points.txt": entry_points,
    }
    write_wheel(wheels, "tiny-evil", "1.0", files)
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})

    environment = (await supply(asking("tiny-evil"), python, supplier())).environment
    next_one = (await supply(asking("tiny-base"), python, supplier())).environment

    programs = environment.prefix / "bin"
    assert run(programs / "git") == "evil\n"
    assert f"{programs}/python" in (programs / "git").read_text()[:400]
    assert not (next_one.prefix / "bin/git").exists()


@pytest.mark.parametrize("where", ["scripts/python", "data/bin/python", "data/pyvenv.cfg"])
async def test_no_wheel_replaces_the_interpreter_of_its_environment(
    where: str, wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    write_wheel(wheels, "tiny-evil", "1.0", {f"tiny_evil-1.0.data/{where}": "#!python\nhome = /nowhere\n"})

    try:
        environment = (await supply(asking("tiny-evil"), python, supplier())).environment
    except BuildFailed:
        # The installer's own answer to it.
        return

    assert (environment.prefix / "bin/python").resolve() == python.bare.resolve()
    assert "nowhere" not in (environment.prefix / "pyvenv.cfg").read_text()


def test_what_is_ours_comes_first_whatever_a_piece_has(python: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "piece/bin").mkdir(parents=True)
    for name in ("bin/python", "bin/python3", "pyvenv.cfg"):
        (tmp_path / "piece" / name).write_text("home = /nowhere\n")

    twice = composing.compose(tmp_path / "venv", [tmp_path / "piece"], python)

    assert (tmp_path / "venv/bin/python").readlink() == python.bare
    assert "nowhere" not in (tmp_path / "venv/pyvenv.cfg").read_text()
    assert set(twice) == {"bin/python", "bin/python3", "./pyvenv.cfg"}


ENTRIES = {
    "up": {"../../../../../../escaped.py": "x"},
    "deep": {"tiny_evil/../../../../../../../../escaped.py": "x"},
    "absolute": {"/tmp/mendloop-escaped.py": "x"},
    "data": {"tiny_evil-1.0.data/data/../../../../../escaped.py": "x"},
    "scripts": {"tiny_evil-1.0.data/scripts/../../../../escaped.py": "#!python\n"},
}


@pytest.mark.parametrize("entries", ENTRIES.values(), ids=ENTRIES)
async def test_entries_that_lead_out_of_a_wheel_write_nothing_outside(
    entries: dict[str, str], wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    raw_wheel(wheels, "tiny-evil", entries)
    before = outside(tmp_path)

    try:
        found = await supply(asking("tiny-evil"), python, supplier())
    except EnvironmentBuildError:
        found = None

    assert outside(tmp_path) == before
    assert not Path("/tmp/mendloop-escaped.py").exists()
    escaped = [
        path
        for path in tmp_path.rglob("*escaped.py")
        if found is None or not path.is_relative_to(found.environment.prefix)
    ]
    assert [path for path in escaped if "/pieces/" not in str(path)] == []


async def test_a_record_that_names_files_outside_changes_none_of_them(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    raw_wheel(wheels, "tiny-evil", {"tiny_evil.py": ""}, record=f"../../../../../../../../../..{mine},,\n{mine},,\n")

    with suppress(EnvironmentBuildError):
        await supply(asking("tiny-evil"), python, supplier())

    assert mine.read_text() == "mine"


async def test_a_link_in_a_wheel_never_becomes_one(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    raw_wheel(
        wheels, "tiny-evil", {"tiny_evil/__init__.py": ""}, links={"tiny_evil/link": str(secret), "tiny_evil/up": ".."}
    )

    try:
        found = await supply(asking("tiny-evil"), python, supplier())
    except EnvironmentBuildError:
        return

    site = found.environment.site_packages[0]
    assert [path for path in site.rglob("*") if path.is_symlink()] == []
    assert all(path.read_text() != "secret" for path in site.rglob("link"))


async def test_a_hundred_thousand_files_are_refused_from_the_archives_own_table(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    write_wheel(wheels, "tiny-many", "1.0", {f"t/{number}": "" for number in range(61_000)})

    with pytest.raises(TooBig):
        await supply(asking("tiny-many"), python, supplier())

    assert not list(tmp_path.glob("cache/tenants/*/pieces/*"))


async def test_of_two_wheels_with_the_same_file_the_same_one_has_it_always(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    write_wheel(wheels, "tiny-a", "1.0", {"shared.py": "WHO = 'a'\n"})
    write_wheel(wheels, "tiny-b", "1.0", {"shared.py": "WHO = 'b'\n", "shared/__init__.py": ""})

    for order in (("tiny-a", "tiny-b"), ("tiny-b", "tiny-a")):
        environment = (await supply(asking(*order), python, supplier("-".join(order)))).environment
        assert (environment.site_packages[0] / "shared.py").read_text() == "WHO = 'a'\n"


def test_a_link_among_pieces_leads_nothing_of_the_next_one_elsewhere(python: Interpreter, tmp_path: Path) -> None:
    inside = f"lib/python{python.version[0]}.{python.version[1]}/site-packages"
    for name in ("one", "two"):
        (tmp_path / name / inside).mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "one" / inside / "package").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "two" / inside / "package").mkdir()
    (tmp_path / "two" / inside / "package/module.py").write_text("")

    composing.compose(tmp_path / "venv", [tmp_path / "one", tmp_path / "two"], python)

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "venv" / inside / "package/module.py").is_file()
    assert not (tmp_path / "venv" / inside / "package").is_symlink()
