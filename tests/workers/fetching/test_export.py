"""Names that mean something else to some file system never reach ours."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

import git
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.fetching.export import Caps, export, is_plain

if TYPE_CHECKING:
    from pathlib import Path

GO_ON = threading.Event()


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../x", "/etc/x", ".git/config", ".GIT/config", "a/.git/x", ".git./x", ".git /x", "git~1/x", "a\\b", "a\nb", "a\0b",
     "", "x" * 256, "a/\u202ecod.ipynb", "."],
)  # fmt: skip
def test_a_name_with_another_meaning_is_refused(path: str) -> None:
    assert not is_plain(path)


@pytest.mark.parametrize(
    "path", ["a.ipynb", "docs/a b.ipynb", ".github/x.yml", ".gitignore", "å/é.ipynb", "..a/b", "a.git/b"]
)
def test_an_ordinary_name_is_taken(path: str) -> None:
    assert is_plain(path)


@given(st.text(max_size=60))
def test_a_plain_name_stays_below_its_folder(path: str) -> None:
    if not is_plain(path):
        return

    parts = path.split("/")

    assert ".." not in parts
    assert not path.startswith("/")
    assert ".git" not in [part.lower() for part in parts]


def test_a_tree_with_a_hostile_name_gives_the_rest(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    blob = _git(bare, "hash-object", "-w", "--stdin", given=b"x")
    rows = f"100644 blob {blob}\ta.ipynb\n100755 blob {blob}\trun\n160000 commit {'1' * 40}\tsub\n100644 blob {blob}\ta\\b\n"
    tree = _git(bare, "mktree", "--missing", given=rows.encode())
    commit = _git(bare, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit-tree", tree, "-m", "m")

    snapshot = export(git.Repo(bare).commit(commit), tmp_path / "tree", Caps())

    assert sorted(entry.name for entry in snapshot.folder.iterdir()) == ["a.ipynb", "run"]
    assert sorted(snapshot.left_out) == ["a\\b", "sub"]
    assert (snapshot.folder / "run").stat().st_mode & 0o777 == 0o700


def _git(bare: Path, *words: str, given: bytes = b"") -> str:
    return (
        subprocess.run(["git", *words], cwd=bare, input=given, check=True, capture_output=True).stdout.decode().strip()
    )
