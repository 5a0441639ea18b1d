import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workers.contract.patch import NO_NEWLINE, patch

GIT_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}

LINE = st.sampled_from(
    [b"", b"a", b"b", b" ", b"\t", b"-- a", b"++ b", b"@@ -1 +1 @@", b"\\ No newline", b"\xff\xfe", "ä".encode()]
)
ENDING = st.sampled_from([b"\n", b"\r\n", b"\n\n"])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Lines with any endings; the last may have none."""
    lines = draw(st.lists(st.tuples(LINE, ENDING), max_size=25))
    return b"".join(line + ending for line, ending in lines) + draw(LINE)


NAMES = [
    "a.ipynb",
    "sub/a b.ipynb",
    'quo"te.ipynb',
    "back\\slash.ipynb",
    "ünï/ç🙂.ipynb",
    "tab\tname.ipynb",
    "-dash.ipynb",
    "a b/ü c.ipynb",
]


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-c", "core.autocrlf=false", *arguments]
    return subprocess.run(
        command, cwd=folder, input=stdin, capture_output=True, check=False, env=GIT_ENVIRONMENT, timeout=60
    )


def applied(folder: Path, name: str, before: bytes, diff: bytes) -> bytes:
    """What real git makes of `before`; it checks first, as a reader would."""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(before)
    for arguments in (["apply", "--check", "-"], ["apply", "-"]):
        done = git(folder, *arguments, stdin=diff)
        assert done.returncode == 0, done.stderr
    return place.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("repo")
    assert git(made, "init", "-q").returncode == 0
    return made


@given(before=contents(), after=contents(), name=st.sampled_from(NAMES))
@example(before=b"a", after=b"a\n", name="a.ipynb")
@example(before=b"a\n", after=b"a", name="a.ipynb")
@example(before=b"a\r\n", after=b"a\n", name="a.ipynb")
@example(before=b"", after=b"a", name="a.ipynb")
@settings(max_examples=60, deadline=None)
def test_git_applies_the_patch_and_gets_the_new_bytes(folder: Path, before: bytes, after: bytes, name: str) -> None:
    # An emptied file would be a deletion for git, and no repair empties one.
    if before == after or not after:
        return

    assert applied(folder, name, before, patch(name, before, after)) == after


def test_one_line_of_a_long_file_is_one_small_hunk_and_quickly_found() -> None:
    lines = [b'   "output_type": "stream",\n'] * 60_000
    changed = [*lines[:30_000], b'    "np.bool_"\n', *lines[30_001:]]

    diff = patch("a.ipynb", b"".join(lines), b"".join(changed))

    assert diff.count(b"@@ ") == 1
    assert len(diff.splitlines()) == 3 + 1 + 3 + 2 + 3


def test_two_changes_far_apart_in_a_long_file_are_two_hunks(folder: Path) -> None:
    lines = [f'    "line {number}",\n'.encode() if number % 3 else b"   ],\n" for number in range(20_000)]
    changed = list(lines)
    changed[10] = b"first\n"
    changed[19_000] = b"second\n"

    diff = patch("long.ipynb", b"".join(lines), b"".join(changed))

    assert sum(line.startswith(b"@@ ") for line in diff.splitlines()) == 2
    assert applied(folder, "long.ipynb", b"".join(lines), diff) == b"".join(changed)


def test_equal_bytes_make_no_patch() -> None:
    assert patch("a.ipynb", b"a\n", b"a\n") == b""


def test_the_patches_of_several_files_apply_as_one(folder: Path) -> None:
    before, after = b"one\ntwo", b"one\n2\r\n"
    for name in NAMES:
        place = folder / "many" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(before)

    done = git(folder, "apply", "-", stdin=b"".join(patch(f"many/{name}", before, after) for name in NAMES))

    assert done.returncode == 0, done.stderr
    assert {(folder / "many" / name).read_bytes() for name in NAMES} == {after}


def without_the_mark(name: str, before: bytes, after: bytes) -> bytes:
    return patch(name, before, after).replace(NO_NEWLINE, b"")


def with_lines_split_at_any_ending(name: str, before: bytes, after: bytes) -> bytes:
    return b"\n".join(patch(name, before, after).splitlines()) + b"\n"


def without_quotes(name: str, before: bytes, after: bytes) -> bytes:
    body = patch(name, before, after).split(b"\n@@ ", 1)[1]
    return f"--- a/{name}\n+++ b/{name}\n".encode() + b"@@ " + body


@pytest.mark.parametrize("twin", [without_the_mark, with_lines_split_at_any_ending, without_quotes])
def test_a_patch_made_wrongly_is_caught_by_git(folder: Path, twin: Callable[[str, bytes, bytes], bytes]) -> None:
    name, before, after = "tab\tbroken.ipynb", b"a\r\nb", b"a\r\nc"
    (folder / name).write_bytes(before)

    done = git(folder, "apply", "-", stdin=twin(name, before, after))

    assert done.returncode != 0 or (folder / name).read_bytes() != after
