import os
from pathlib import Path

import pytest

from workers.contract import paths
from workers.contract.errors import ConfigError, DocumentError


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = tmp_path / "repo"
    (repo / "docs").mkdir(parents=True)
    (repo / ".github").mkdir()
    for name in ("a.ipynb", "docs/b.ipynb", ".github/c.ipynb", "setup.py"):
        (repo / name).write_bytes(b"{}")
    (tmp_path / "outside.ipynb").write_bytes(b"secret")
    (repo / "out.ipynb").symlink_to(tmp_path / "outside.ipynb")
    (repo / "in.ipynb").symlink_to("a.ipynb")
    (repo / "up").symlink_to(tmp_path)
    (repo / "loop.ipynb").symlink_to("loop.ipynb")
    (repo / "env.ipynb").symlink_to("/proc/self/environ")
    return repo


def test_a_plain_path_inside_is_contained_and_writable(repo: Path) -> None:
    assert paths.contained(repo, "docs/b.ipynb") == repo / "docs/b.ipynb"
    assert paths.writable(repo, "docs/b.ipynb") == repo / "docs/b.ipynb"


NOT_INSIDE = ["", ".", "..", "../outside.ipynb", "docs/../../outside.ipynb", "/etc/passwd", "a\0b", "a\\b.ipynb"]
LINKS_OUT = ["out.ipynb", "up/outside.ipynb", "env.ipynb", "loop.ipynb"]


@pytest.mark.parametrize("path", NOT_INSIDE + LINKS_OUT)
def test_a_path_that_leads_out_is_refused(repo: Path, path: str) -> None:
    with pytest.raises(ConfigError):
        paths.contained(repo, path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("setup.py", "not a notebook or page"),
        (".github/c.ipynb", "protected"),
        ("in.ipynb", "not a regular file"),
        ("missing.ipynb", "not a regular file"),
    ],
)
def test_a_repair_writes_artifacts_only(repo: Path, path: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        paths.writable(repo, path)


def test_reading_is_bounded_before_the_bytes_are_read(repo: Path) -> None:
    with (repo / "sparse.ipynb").open("wb") as file:
        file.truncate(1 << 40)

    assert paths.read_bounded(repo, "a.ipynb", 2) == b"{}"
    with pytest.raises(DocumentError, match=r"1048576\.0 MB, more than the 1 MB allowed") as caught:
        paths.read_bounded(repo, "sparse.ipynb", 1 << 20)
    assert caught.value.code == "too-large"


def test_what_is_no_regular_file_is_named_and_does_not_hang(repo: Path) -> None:
    os.mkfifo(repo / "fifo.ipynb")

    for path, code in (("fifo.ipynb", "not-a-file"), ("docs", "not-a-file"), ("missing.ipynb", "unreadable")):
        with pytest.raises(DocumentError) as caught:
            paths.read_bounded(repo, path, 100)
        assert caught.value.code == code


def test_a_file_is_written_whole_or_not_at_all(repo: Path) -> None:
    place = repo / "a.ipynb"

    paths.write_atomically(place, b"new", mode=0o640)
    with pytest.raises(FileNotFoundError):
        paths.write_atomically(repo / "missing" / "a.ipynb", b"new")
    (repo / "folder.ipynb").mkdir()
    with pytest.raises(OSError, match="directory"):
        paths.write_atomically(repo / "folder.ipynb", b"new")

    assert place.read_bytes() == b"new"
    assert place.stat().st_mode & 0o777 == 0o640
    assert not list(repo.glob(".*.tmp"))
