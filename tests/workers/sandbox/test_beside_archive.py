from __future__ import annotations

import os
import socket
import tarfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from workers.sandbox.beside import Tree, pack
from workers.sandbox.limits import Limits

HERE = PurePosixPath()


def names(tree: Tree) -> list[str]:
    with Path(f"/proc/self/fd/{tree.fd}").open("rb") as file, tarfile.open(fileobj=file) as tar:
        found = tar.getnames()
    tree.close()
    return sorted(found)


def test_plain_files_are_packed_and_what_no_artifact_reads_is_not(tmp_path: Path) -> None:
    for name in (
        "a.py",
        "deep/er/b.csv",
        ".git/config",
        "node_modules/x.js",
        "env/pyvenv.cfg",
        "env/lib/x.py",
        "d/__pycache__/c.pyc",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)

    tree = pack(tmp_path, HERE, Limits())

    assert tree.left_out == ()
    assert names(tree) == ["a.py", "d", "deep", "deep/er", "deep/er/b.csv"]


def test_links_that_lead_out_are_left_out_and_named(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    (root / "sub").mkdir(parents=True)
    (root / "real").write_text("x")
    (tmp_path / "secret").write_text("s")
    (root / "sub" / "inside").symlink_to("../real")
    (root / "out").symlink_to("../secret")
    (root / "absolute").symlink_to("/etc/passwd")
    (root / "absolute-inside").symlink_to(root / "real")
    (root / "folder-out").symlink_to("..")
    (root / "loop").symlink_to("loop")

    tree = pack(root, HERE, Limits())

    assert set(tree.left_out) == {"out", "absolute", "absolute-inside", "folder-out", "loop"}
    assert names(tree) == ["real", "sub", "sub/inside"]


def test_special_files_are_left_out_without_waiting_for_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "socket"))

    tree = pack(tmp_path, HERE, Limits())

    assert set(tree.left_out) == {"pipe", "socket"}
    assert names(tree) == []


def test_the_directory_of_the_artifact_comes_first_when_there_is_not_room_for_all(tmp_path: Path) -> None:
    for name in ("aaa/big", "docs/needed", "zzz/small"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x" * 600)

    tree = pack(tmp_path, PurePosixPath("docs"), Limits(copy_bytes=1000))

    assert tree.left_out == ("aaa/big", "zzz/small")
    assert "docs/needed" in names(tree)


@pytest.mark.parametrize("limits", [Limits(copy_files=1), Limits(copy_file_bytes=1)])
def test_a_limit_leaves_out_and_never_fails(tmp_path: Path, limits: Limits) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("xx")

    tree = pack(tmp_path, HERE, limits)

    assert "b" in tree.left_out
    tree.close()


def test_the_archive_cannot_be_changed_by_who_is_handed_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")

    tree = pack(tmp_path, HERE, replace(Limits()))

    with pytest.raises(PermissionError):
        os.write(tree.fd, b"x")
    with pytest.raises(PermissionError):
        os.truncate(tree.fd, 0)
    tree.close()


def test_names_of_any_bytes_survive(tmp_path: Path) -> None:
    for name in (b"new\nline", b"invalid-\xff", "\u202eright".encode()):
        (tmp_path / os.fsdecode(name)).write_text("x")

    tree = pack(tmp_path, HERE, Limits())

    assert len(names(tree)) == 3
