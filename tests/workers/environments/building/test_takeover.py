from __future__ import annotations

import os
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from workers.environments.errors import Tampered, TooBig
from workers.environments.takeover import Most, take_over

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST = Most(1_000_000, 50)


def linked(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")


def linked_folder(folder: Path) -> None:
    (folder / "link").symlink_to(folder.parent)


def piped(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def listening(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "s"))


def twice(folder: Path) -> None:
    (folder / "one").write_text("")
    os.link(folder / "one", folder / "other")


@pytest.mark.parametrize("hostile", [linked, linked_folder, piped, listening, twice])
def test_what_is_no_plain_file_is_refused(hostile: Callable[[Path], None], tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "deep").mkdir(parents=True)
    hostile(place / "deep")

    with pytest.raises(Tampered):
        take_over(place, MOST)


def test_a_twin_that_copies_what_is_there_is_led_out_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    place = tmp_path / "place"
    place.mkdir()
    (place / "link").symlink_to(tmp_path / "secret")

    shutil.copytree(place, tmp_path / "copied")

    assert (tmp_path / "copied/link").read_text() == "secret", "the twin would have handed it out"
    with pytest.raises(Tampered):
        take_over(place, MOST)


def test_plain_files_become_ours_and_nobody_elses_to_write(tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "package").mkdir(parents=True)
    for name, mode in (("plain", 0o666), ("program", 0o4777)):
        (place / "package" / name).write_text("x")
        (place / "package" / name).chmod(mode)
    (place / "package").chmod(0o2777)
    if os.geteuid() == 0:
        os.chown(place / "package/plain", 61_000, 61_000)

    take_over(place, MOST)

    found = {path.name: path.stat() for path in place.rglob("*")}
    assert {name: status.st_mode & 0o7777 for name, status in found.items()} == {
        "package": 0o755,
        "plain": 0o644,
        "program": 0o755,
    }
    assert {status.st_uid for status in found.values()} == {os.geteuid()}


def test_more_files_bytes_or_depth_than_may_be_is_too_big(tmp_path: Path) -> None:
    many, big, deep = (tmp_path / name for name in ("many", "big", "deep"))
    many.mkdir()
    for number in range(60):
        (many / str(number)).touch()
    big.mkdir()
    with (big / "file").open("wb") as file:
        file.truncate(2_000_000)
    deep.joinpath(*["d"] * 70).mkdir(parents=True)

    for place in (many, big, deep):
        with pytest.raises(TooBig):
            take_over(place, Most(1_000_000, 50) if place != deep else Most(1_000_000, 500))
