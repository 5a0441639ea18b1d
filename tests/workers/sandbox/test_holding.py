"""What a process may take for granted about the next box, and when it has to look again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import holding
from workers.sandbox.holding import Holding, Surroundings
from workers.sandbox.limits import Limits
from workers.sandbox.opening import open_box
from workers.sandbox.overlay import kernel_overlay

if TYPE_CHECKING:
    from workers.sandbox.environments import InstalledEnvironment


def surroundings(environment: InstalledEnvironment, folder: Path) -> Surroundings:
    return Surroundings.now(environment, folder, Limits(), programs=str(folder))


def program(folder: Path, text: str) -> None:
    (folder / "bwrap").write_text(text)
    (folder / "bwrap").chmod(0o755)


def test_what_held_is_taken_for_granted_for_some_minutes_and_no_longer(
    environment: InstalledEnvironment, tmp_path: Path
) -> None:
    now = 1000.0
    held = Holding(clock=lambda: now)
    there = surroundings(environment, tmp_path)

    assert there not in held
    held.add(there)

    assert surroundings(environment, tmp_path) in held
    now += holding.HOLDS_S
    assert there not in held


def test_any_difference_means_another_look(environment: InstalledEnvironment, tmp_path: Path) -> None:
    program(tmp_path, "#!/bin/sh\n")
    held = Holding()
    there = surroundings(environment, tmp_path)
    held.add(there)

    others = [
        replace(there, limits=Limits(pids=7)),
        replace(there, overlay=tmp_path / "other"),
        replace(there, environment=replace(environment, digest="0" * 64)),
        replace(there, environment=replace(environment, mounts=(tmp_path,))),
    ]
    program(tmp_path, "#!/bin/sh\n# another\n")

    assert [each for each in (*others, surroundings(environment, tmp_path)) if each in held] == []


def test_only_so_many_are_remembered(environment: InstalledEnvironment, tmp_path: Path) -> None:
    held = Holding()
    made = [
        replace(surroundings(environment, tmp_path), limits=Limits(pids=1 + number))
        for number in range(holding.KEPT + 1)
    ]

    for each in made:
        held.add(each)

    assert made[0] not in held
    assert made[-1] in held


async def test_a_box_that_does_not_hold_is_refused_every_time_and_one_that_holds_is_remembered(
    environment: InstalledEnvironment, shared: Path
) -> None:
    cache, held = shared / "mendloop", Holding()
    await open_box("bubblewrap", environment=environment, cache=cache, held=held)
    hopeless = replace(environment, python=Path("/bin/false"))

    for _ in range(2):
        with pytest.raises(SandboxUnavailableError):
            await open_box("bubblewrap", environment=hopeless, cache=cache, held=held)

    overlay = await kernel_overlay(environment, cache)
    assert Surroundings.now(environment, overlay, Limits()) in held
    assert Surroundings.now(hopeless, overlay, Limits()) not in held
