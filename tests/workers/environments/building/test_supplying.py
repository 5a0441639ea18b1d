from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.environments.building.conftest import asking
from tests.workers.environments.building.local_index import serving
from tests.workers.sandbox.tiny_wheels import write_wheel
from workers.contract.errors import EnvironmentBuildError
from workers.environments.errors import (
    IndexRefused,
    IndexUnreachable,
    NoWheel,
    Tampered,
    TooBig,
    Unsatisfiable,
    is_weather,
)
from workers.environments.evicting import size_bytes
from workers.environments.pieces import watched
from workers.environments.supplying import supply
from workers.environments.takeover import Most
from workers.environments.words import Asked, Decision, OwnPackage
from workers.sandbox import tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.workers.environments.building.local_index import LocalIndex
    from workers.environments.supplier import Supplier
    from workers.sandbox.interpreter import Interpreter


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path) -> Iterator[None]:
    before = (sorted(tree.below(os.getpid())), Path("/proc/self/mountinfo").read_text())
    yield
    assert (sorted(tree.below(os.getpid())), Path("/proc/self/mountinfo").read_text()) == before
    assert not list(tmp_path.glob("cache/tenants/*/staging/*"))


def run(python: Path, code: str) -> str:
    command = [python, "-I", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, env={}).stdout.strip()


def two_wheels(folder: Path) -> None:
    write_wheel(folder, "tiny-base", "1.0", {"tiny_base.py": "VALUE = 1\n"})
    write_wheel(folder, "tiny-app", "2.0", {"tiny_app.py": "import tiny_base\n"}, ("tiny-base>=1",))


async def test_what_is_asked_for_is_resolved_locked_by_hash_and_there(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)

    found = await supply(asking("Tiny_App"), python, supplier())

    assert found.built
    assert [(each.name, each.version) for each in found.locked] == [("tiny-app", "2.0"), ("tiny-base", "1.0")]
    assert all(len(each.sha256) == 64 for each in found.locked)
    assert found.environment.packages == {"tiny-app": "2.0", "tiny-base": "1.0"}
    assert run(found.environment.python, "import tiny_app; print(tiny_app.tiny_base.VALUE)") == "1"
    site = found.environment.site_packages[0]
    assert list(site.glob("__pycache__/tiny_app.*.pyc"))
    assert (site / "tiny_app.py").stat().st_mode & 0o777 == 0o644


async def test_the_same_question_again_starts_no_program_and_asks_no_index(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)
    first = await supply(asking("tiny-app"), python, supplier())
    asked = len(index.log)

    # A program could not be started: there is none at the place where they are looked for.
    again = await supply(asking("tiny-app"), python, replace(supplier(), programs="/nonexistent"))

    assert not again.built
    assert again.environment == first.environment
    assert again.locked == first.locked
    assert again.resolved_at == first.resolved_at
    assert len(index.log) == asked


async def test_yesterdays_resolution_is_made_again_and_an_equal_lock_is_the_same_layer(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)
    first = await supply(asking("tiny-app"), python, supplier())

    again = await supply(asking("tiny-app"), python, supplier(fresh_s=0.0))
    write_wheel(wheels, "tiny-base", "1.5", {"tiny_base.py": "VALUE = 15\n"})
    moved = await supply(asking("tiny-app"), python, supplier(fresh_s=0.0))

    assert again.built
    assert again.environment == first.environment
    assert moved.environment.packages["tiny-base"] == "1.5"
    assert run(first.environment.python, "import tiny_base; print(tiny_base.VALUE)") == "1"
    shared = (moved.environment.site_packages[0] / "tiny_app.py").stat().st_ino
    assert (first.environment.site_packages[0] / "tiny_app.py").stat().st_ino == shared


async def test_constraints_hold_and_bring_nothing_by_themselves(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)
    write_wheel(wheels, "tiny-base", "3.0", {"tiny_base.py": ""})
    write_wheel(wheels, "tiny-other", "1.0", {"tiny_other.py": ""})
    held = tuple(Asked(requirement=each, origin="lock") for each in ("tiny-base<2", "tiny-other==1.0"))

    found = await supply(asking("tiny-app", constraints=held), python, supplier())

    assert found.environment.packages == {"tiny-app": "2.0", "tiny-base": "1.0"}


async def test_nothing_that_was_published_later_than_the_day_is_taken(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    for version, day in (
        ("1.0", "2020-05-01T10:00:00Z"),
        ("2.0", "2020-05-02T23:59:59Z"),
        ("3.0", "2020-05-03T00:00:00Z"),
    ):
        path = write_wheel(wheels, "tiny-base", version, {"tiny_base.py": ""})
        index.uploaded[path.name] = day
    write_wheel(wheels, "tiny-undated", "1.0", {"tiny_undated.py": ""})

    found = await supply(asking("tiny-base", as_of=date(2020, 5, 2)), python, supplier())
    undated = await supply(asking("tiny-undated", as_of=date(2020, 5, 2)), python, supplier())
    with pytest.raises(Unsatisfiable, match="until 2020-04-01"):
        await supply(asking("tiny-base", as_of=date(2020, 4, 1)), python, supplier())

    assert found.environment.packages == {"tiny-base": "2.0"}
    assert found.notes == ()
    assert "does not say when" in undated.notes[0]


async def test_what_cannot_be_is_said_in_the_resolvers_words_with_the_packages(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)
    write_wheel(wheels, "tiny-new", "1.0", {"tiny_new.py": ""}, ("tiny-base>=7",))

    with pytest.raises(Unsatisfiable) as refused:
        await supply(asking("tiny-app", "tiny-new"), python, supplier())
    with pytest.raises(Unsatisfiable, match="no-such-thing was not found"):
        await supply(asking("no-such-thing"), python, supplier())

    assert "tiny-base>=7" in str(refused.value)
    assert {"tiny-new", "tiny-base"} <= set(refused.value.packages)
    assert not isinstance(refused.value, NoWheel)
    assert not is_weather(refused.value)
    assert "127.0.0.1" not in str(refused.value)


async def test_a_package_for_another_interpreter_only_has_no_wheel(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    made = write_wheel(wheels, "tiny-old", "1.0", {"tiny_old.py": ""})
    made.rename(wheels / "tiny_old-1.0-cp27-cp27m-win32.whl")

    with pytest.raises(NoWheel) as refused:
        await supply(asking("tiny-old"), python, supplier())

    assert refused.value.packages == ("tiny-old",)


async def test_an_index_that_does_not_answer_is_weather_and_nobody_elses_fault(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)
    index.statuses["/simple/tiny-app/"] = 503
    nobody = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"}

    for settings in (index.settings, nobody):
        with pytest.raises(IndexUnreachable) as refused:
            await supply(asking("tiny-app"), python, supplier(settings=settings))
        assert is_weather(refused.value)


async def test_an_index_that_is_too_slow_is_weather(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)
    index.delay_s = 1.0

    with pytest.raises(IndexUnreachable):
        await supply(asking("tiny-app"), python, supplier(settings={**index.settings, "UV_HTTP_TIMEOUT": "0.1"}))


async def test_a_file_that_is_not_what_its_index_says_is_never_unpacked(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    two_wheels(wheels)
    index.hashes["tiny_base-1.0-py3-none-any.whl"] = "0" * 64

    with pytest.raises(Tampered, match=r"tiny_base-1\.0"):
        await supply(asking("tiny-app"), python, supplier())

    assert not list(tmp_path.glob("cache/tenants/*/pieces/*"))
    assert not list(tmp_path.glob("cache/store/*/" + "0" * 64))


async def test_hashes_of_a_declaration_decide_which_files_may_be_taken(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)
    found = await supply(asking("tiny-base"), python, supplier())
    right, wrong = f"sha256:{found.locked[0].sha256}", f"sha256:{'1' * 64}"

    for hashes in ((right,), (right, wrong)):
        one = Asked(requirement="tiny-base==1.0", origin="x", hashes=hashes)
        assert (await supply(Decision(source="x", asked=(one,)), python, supplier())).locked == found.locked
    with pytest.raises(NoWheel, match="hashes allow"):
        await supply(asking(f"tiny-base==1.0 --hash={wrong}"), python, supplier())


async def test_an_index_that_leads_elsewhere_is_refused_and_nobody_is_asked_there(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    two_wheels(wheels)
    (tmp_path / "sink").mkdir()
    with serving(tmp_path / "sink") as sink:
        elsewhere = f"http://127.0.0.1:{sink.port}/files/x"
        index.redirects["/simple/tiny-base/"] = elsewhere
        with pytest.raises(IndexRefused):
            await supply(asking("tiny-base"), python, supplier())
        index.redirects.clear()
        index.links["tiny_base-1.0-py3-none-any.whl"] = f"http://127.0.0.1:{sink.port}/tiny_base-1.0-py3-none-any.whl"
        with pytest.raises(IndexRefused):
            await supply(asking("tiny-base"), python, supplier())

        assert sink.log == []


async def test_what_is_too_big_is_refused_before_it_is_downloaded_or_unpacked(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    write_wheel(wheels, "tiny-big", "1.0", {"tiny_big.py": "#" * 300_000})
    write_wheel(wheels, "tiny-many", "1.0", {f"tiny_many/f{number}.py": "" for number in range(120)})

    with pytest.raises(TooBig):
        await supply(asking("tiny-big"), python, supplier(max_bytes=200_000))
    with pytest.raises(TooBig):
        await supply(asking("tiny-many"), python, supplier(max_files=100))

    assert not list(tmp_path.glob("cache/tenants/*/pieces/*"))
    assert not list(tmp_path.glob("cache/tenants/*/environments/*/venv"))


async def test_callers_at_the_same_time_share_one_build(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)

    found = await asyncio.gather(*(supply(asking("tiny-app"), python, supplier()) for _ in range(4)))

    assert sorted(each.built for each in found).count(True) >= 1
    assert len({each.environment for each in found}) == 1
    assert index.log.count("/simple/tiny-app/") == 1


ANOTHER = """
import asyncio, json, sys
from pathlib import Path
from workers.environments.supplier import Supplier
from workers.environments.supplying import supply
from workers.environments.takeover import Most
from workers.environments.words import Asked, Decision
from workers.sandbox.interpreter import our_own

async def main(cache, url):
    decision = Decision(source="x", asked=(Asked(requirement="tiny-app", origin="x"),))
    supplier = Supplier(cache=Path(cache), tenant="one", index={"UV_DEFAULT_INDEX": url})
    found = await supply(decision, await our_own(), supplier)
    print(found.environment.prefix)

asyncio.run(main(*sys.argv[1:]))
"""


def another(cache: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ANOTHER, str(cache), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_two_processes_share_one_build(wheels: Path, index: LocalIndex, tmp_path: Path) -> None:
    two_wheels(wheels)

    processes = [another(tmp_path / "cache", index.url) for _ in range(2)]
    prefixes = {process.communicate(timeout=60)[0] for process in processes}

    assert len(prefixes) == 1
    assert prefixes != {""}
    assert index.log.count("/simple/tiny-app/") == 1


@pytest.mark.parametrize("moment", ["staging/*/index/socket", "staging/*/build/0", "environments/*/venv/bin"])
async def test_what_a_killed_builder_leaves_is_never_used(
    moment: str,
    wheels: Path,
    index: LocalIndex,
    python: Interpreter,
    supplier: Callable[..., Supplier],
    tmp_path: Path,
) -> None:
    two_wheels(wheels)
    process = another(tmp_path / "cache", index.url)
    deadline = time.monotonic() + 60
    while process.poll() is None and not list(tmp_path.glob(f"cache/tenants/*/{moment}")):
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    process.communicate()

    found = await supply(asking("tiny-app"), python, supplier())

    assert run(found.environment.python, "import tiny_app; print(tiny_app.tiny_base.VALUE)") == "1"


async def test_tenants_share_downloads_and_nothing_that_was_unpacked(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    two_wheels(wheels)
    first = await supply(asking("tiny-app"), python, supplier("one"))
    # Tenant one's files are spoiled, whoever did it.
    for path in tmp_path.glob("cache/tenants/*/pieces/*/lib/python*/site-packages/tiny_base.py"):
        path.write_text("VALUE = 'spoiled'\n")

    second = await supply(asking("tiny-app"), python, supplier("two"))

    assert run(first.environment.python, "import tiny_base; print(tiny_base.VALUE)") == "spoiled"
    assert run(second.environment.python, "import tiny_base; print(tiny_base.VALUE)") == "1"
    assert len([path for path in index.log if path.endswith("tiny_base-1.0-py3-none-any.whl")]) >= 1
    assert not inodes(first.environment.prefix) & inodes(second.environment.prefix)


def inodes(folder: Path) -> set[int]:
    return {
        path.stat().st_ino
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_size
    }


async def test_environments_share_their_files_on_the_disk(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    write_wheel(wheels, "tiny-big", "1.0", {"tiny_big.py": "#" * 1_000_000})
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})

    await supply(asking("tiny-big"), python, supplier())
    before = size_bytes(tmp_path / "cache/tenants")
    await supply(asking("tiny-big", "tiny-base"), python, supplier())

    assert size_bytes(tmp_path / "cache/tenants") - before < 300_000


async def test_the_repositorys_own_package_is_known_by_name_and_imported_from_its_files(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)
    own = OwnPackage(name="mine", folder=".", packages=("src/mine", "tool.py", "../outside"), version="3.1")

    found = await supply(asking("tiny-base", own=own), python, supplier())
    other = await supply(asking("tiny-base"), python, supplier())

    assert found.own_paths == ("src", ".")
    assert found.environment.packages == {"mine": "3.1", "tiny-base": "1.0"}
    code = "import importlib.metadata as m; print(m.version('mine'))"
    assert run(found.environment.python, code) == "3.1"
    assert not list(found.environment.site_packages[0].glob("*.pth"))
    assert other.environment.prefix != found.environment.prefix


async def test_a_local_folder_serves_without_any_network(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    two_wheels(wheels)

    found = await supply(
        asking("tiny-app"), python, supplier(settings={"UV_FIND_LINKS": str(wheels), "UV_OFFLINE": "1"})
    )

    assert found.environment.packages == {"tiny-app": "2.0", "tiny-base": "1.0"}


async def test_nothing_asked_for_is_the_bare_interpreter(
    index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    found = await supply(Decision(source="nothing"), python, supplier())

    assert found.locked == ()
    assert run(found.environment.python, "import json; print(1)") == "1"
    assert index.log == []


@pytest.mark.parametrize(
    "requirement",
    [
        "tiny-base @ http://127.0.0.1:{port}/tiny_base-1.0-py3-none-any.whl",
        "tiny-base @ git+https://127.0.0.1:{port}/x.git",
        "tiny-base @ file:///etc/passwd",
        "--index-url http://127.0.0.1:{port}/simple",
        "-r /proc/self/environ",
        "tiny-base --extra-index-url http://127.0.0.1:{port}/simple",
        "./tiny-base",
    ],
)
async def test_x157_an_address_a_path_or_an_option_is_refused_and_asked_of_nobody(
    requirement: str, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    with pytest.raises(EnvironmentBuildError):
        await supply(asking(requirement.format(port=index.port)), python, supplier())

    assert index.log == []


async def test_an_address_in_the_metadata_of_a_wheel_is_asked_of_nobody(
    wheels: Path, index: LocalIndex, python: Interpreter, supplier: Callable[..., Supplier]
) -> None:
    address = f"tiny-other @ http://127.0.0.1:{index.port}/elsewhere/tiny_other-1.0-py3-none-any.whl"
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""}, (address,))

    with pytest.raises(EnvironmentBuildError):
        await supply(asking("tiny-base"), python, supplier())

    assert not [path for path in index.log if "elsewhere" in path]


async def test_what_an_archive_hides_is_seen_while_it_is_unpacked(tmp_path: Path) -> None:
    async def unpacking(size: int) -> None:
        async with watched(tmp_path, Most(100_000, 1000)):
            (tmp_path / "grows").write_bytes(b"x" * size)
            await asyncio.sleep(20 if size > 100_000 else 0)

    await unpacking(1_000)
    with pytest.raises(TooBig):
        await unpacking(1_000_000)
