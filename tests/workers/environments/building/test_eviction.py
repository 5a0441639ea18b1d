from __future__ import annotations

import fcntl
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.workers.environments.building.conftest import asking
from tests.workers.sandbox.tiny_wheels import write_wheel
from workers.environments.evicting import YOUNG_S, make_room, make_room_at_times, size_bytes
from workers.environments.leasing import claim, lease
from workers.environments.staging import staged
from workers.environments.supplying import supply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workers.environments.supplier import Supplier
    from workers.sandbox.interpreter import Interpreter

NOW = 2_000_000_000.0


def kept(cache: Path, where: str, used: float, size: int = 100_000, *, like: Path | None = None) -> Path:
    """A directory as the cache has it, with one file in it, last used at `used`."""
    folder = cache / where
    folder.mkdir(parents=True)
    if like is None:
        (folder / "file").write_bytes(b"x" * size)
    else:
        os.link(like / "file", folder / "file")
    (folder / "done").touch()
    os.utime(folder, (used, used))
    return folder


def test_what_was_used_longest_ago_goes_first_and_no_more_than_is_needed(tmp_path: Path) -> None:
    old = kept(tmp_path, "tenants/t/environments/old", NOW - 3000)
    new = kept(tmp_path, "tenants/t/environments/new", NOW - 1000)

    removed = make_room(tmp_path, 150_000, now=NOW)

    assert removed == (old,)
    assert not old.exists()
    assert new.exists()
    assert size_bytes(tmp_path) < 150_000


def test_nothing_is_removed_while_there_is_room(tmp_path: Path) -> None:
    folder = kept(tmp_path, "tenants/t/environments/one", 1.0)

    assert make_room(tmp_path, 1_000_000, now=NOW) == ()
    assert folder.exists()


def test_an_environment_in_use_is_never_removed(tmp_path: Path) -> None:
    used, idle = (kept(tmp_path, f"tenants/t/environments/{name}", NOW - 9000 + at) for at, name in enumerate("ab"))
    held = lease(used)
    assert held is not None
    os.utime(used, (1, 1))

    removed = make_room(tmp_path, 0, now=NOW)
    assert removed == (idle,)
    held.close()

    assert make_room(tmp_path, 0, now=NOW) == (used,)


def test_files_with_two_names_count_once_and_are_freed_with_the_last(tmp_path: Path) -> None:
    piece = kept(tmp_path, "tenants/t/pieces/p", NOW - 2 * YOUNG_S)
    environment = kept(tmp_path, "tenants/t/environments/e", NOW - 3 * YOUNG_S, like=piece)
    other = kept(tmp_path, "tenants/t/environments/o", NOW - YOUNG_S)

    assert size_bytes(tmp_path) < 250_000
    removed = make_room(tmp_path, 150_000, now=NOW)

    assert removed == (environment, piece)
    assert other.exists()


def test_what_may_be_on_its_way_into_an_environment_is_let_be(tmp_path: Path) -> None:
    young = kept(tmp_path, "tenants/t/pieces/young", NOW - 10)
    old = kept(tmp_path, "tenants/t/built/old", NOW - 2 * YOUNG_S)
    (tmp_path / "store/ab").mkdir(parents=True)
    wheel = tmp_path / "store/ab/abc"
    wheel.write_bytes(b"x" * 50_000)
    os.utime(wheel, (1, 1))

    assert set(make_room(tmp_path, 0, now=NOW)) == {old, wheel}
    assert young.exists()


def test_a_lease_is_on_what_is_there_whole(tmp_path: Path) -> None:
    folder = kept(tmp_path, "layer", 1.0)
    assert lease(tmp_path / "nothing") is None
    with lease(folder) or pytest.fail("it is whole"):
        assert claim(folder) is None
    (folder / "done").unlink()

    assert lease(folder) is None
    assert claim(folder) is not None
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path)
    assert lease(folder) is None


def test_a_lease_that_nobody_holds_any_more_is_none(tmp_path: Path) -> None:
    folder = kept(tmp_path, "layer", 1.0)

    assert lease(folder) is not None

    assert claim(folder) is not None


def test_counting_everything_is_left_to_whoever_comes_first_for_a_while(tmp_path: Path) -> None:
    first, second = (kept(tmp_path, f"tenants/t/environments/{name}", 1.0) for name in "ab")

    assert set(make_room_at_times(tmp_path, 0)) == {first, second}
    third = kept(tmp_path, "tenants/t/environments/c", 1.0)
    assert make_room_at_times(tmp_path, 0) == ()
    os.utime(tmp_path / "room", (1, 1))
    with (tmp_path / "room").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert make_room_at_times(tmp_path, 0) == ()

    assert make_room_at_times(tmp_path, 0) == (third,)


async def test_a_removed_environment_is_made_again_from_what_is_still_there(
    wheels: Path, python: Interpreter, supplier: Callable[..., Supplier], tmp_path: Path
) -> None:
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": "VALUE = 1\n"})
    environment = (await supply(asking("tiny-base"), python, supplier())).environment
    place = environment.prefix
    make_room(tmp_path / "cache", 0)
    assert place.exists(), "somebody has it still"
    del environment
    make_room(tmp_path / "cache", 0)
    assert not place.exists()

    again = await supply(asking("tiny-base"), python, supplier())

    assert again.built
    assert again.environment.prefix == place
    assert again.environment.python.exists()


async def test_places_of_the_dead_are_swept_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    dead = tmp_path / "build-dead"
    dead.mkdir()
    (dead / "half").touch()

    async with staged(tmp_path) as first:
        async with staged(tmp_path) as second:
            assert first.is_dir()
            assert second.is_dir()
        assert not second.exists()
        assert not dead.exists()

    assert list(tmp_path.iterdir()) == []
