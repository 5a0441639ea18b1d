"""One commit comes as plain files, with a token nobody sees, from where it was asked and nowhere else."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.workers.fetching.rig import TOKEN, Host, serving
from workers.fetching import Caps, FetchError, Snapshot, Source, fetch_snapshot

GO_ON = threading.Event()


def fetch(host: Host, into: Path, sha: str, *, caps: Caps | None = None, token: str = TOKEN) -> Snapshot:
    source = Source(git_url=host.url, repository="octo/demo", sha=sha)
    return fetch_snapshot(source, token, into, caps or Caps(), GO_ON)


def test_the_files_of_the_commit_stand_in_the_folder_and_nothing_of_git_does(host: Host, into: Path) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}", "docs/run.sh": b"true\n"})

    snapshot = fetch(host, into, sha)

    assert (snapshot.folder / "a.ipynb").read_bytes() == b"{}"
    assert (snapshot.folder / "docs/run.sh").read_bytes() == b"true\n"
    assert snapshot.files == 2
    assert snapshot.sha == sha
    assert not list(into.rglob("*.git"))
    assert not (into / "git").exists()


def test_g96_links_are_left_out_and_named(host: Host, into: Path) -> None:
    links = {
        "passwd": "/etc/passwd",
        "environ": "/proc/self/environ",
        "loop": "loop",
        "up": "..",
        "config": ".git/config",
    }
    sha = host.repository("octo/demo", {"a.ipynb": b"{}"}, links)

    snapshot = fetch(host, into, sha)

    assert sorted(snapshot.left_out) == sorted(links)
    assert [entry.name for entry in snapshot.folder.iterdir()] == ["a.ipynb"]
    assert all(stat.S_ISREG(entry.lstat().st_mode) for entry in snapshot.folder.iterdir())


def test_a_commit_that_is_not_the_newest_can_be_had(host: Host, into: Path) -> None:
    first = host.repository("octo/demo", {"a.ipynb": b"{}"})
    work = host.root / "octo/demo.work"
    (work / "a.ipynb").write_bytes(b"[]")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, "commit", "-qam", "second"], cwd=work, check=True)
    subprocess.run(["git", "push", "-q", str(host.root / "octo/demo.git"), "main"], cwd=work, check=True)

    snapshot = fetch(host, into, first)

    assert (snapshot.folder / "a.ipynb").read_bytes() == b"{}"


def test_g88_the_token_is_in_no_argument_no_environment_and_no_file(host: Host, into: Path) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}"})
    host.silent_s = 0.15
    seen: list[str] = []
    over = threading.Event()
    watcher = threading.Thread(target=_spy, args=(seen, over, into))
    watcher.start()

    try:
        fetch(host, into, sha)
    finally:
        over.set()
        watcher.join()

    assert seen, "the spy saw no git process: the test proves nothing"
    assert not [text for text in seen if TOKEN in text]
    assert not [place for place in into.rglob("*") if place.is_file() and TOKEN.encode() in place.read_bytes()]


def _spy(seen: list[str], over: threading.Event, into: Path) -> None:
    """What every process tells of itself in /proc, git's among them."""
    me = str(os.getpid())
    while not over.is_set():
        for process in Path("/proc").glob("[0-9]*"):
            if process.name == me:
                continue
            try:
                said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            if str(into).encode() in said:
                seen.append(said.decode(errors="replace"))
        time.sleep(0.005)


def test_a_token_that_the_host_refuses_is_access_that_ended(host: Host, into: Path) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}"})

    with pytest.raises(FetchError) as caught:
        fetch(host, into, sha, token="ghs_another")

    assert caught.value.theirs
    assert "ghs_another" not in str(caught.value)


def test_a_commit_that_is_not_there_is_said(host: Host, into: Path) -> None:
    host.repository("octo/demo", {"a.ipynb": b"{}"})

    with pytest.raises(FetchError, match="git fetch failed"):
        fetch(host, into, "0123456789" * 4)


@pytest.mark.parametrize("sha", ["--upload-pack=touch x", "main", "", "0" * 39, "0" * 41, "HEAD", "-x" * 20])
def test_g84_what_is_not_a_full_sha_never_reaches_git(host: Host, into: Path, sha: str) -> None:
    with pytest.raises(FetchError, match="not a commit's full SHA"):
        fetch(host, into, sha)

    assert not list(into.iterdir())


@pytest.mark.parametrize(
    "repository",
    [
        "--upload-pack=touch x/y",
        "octo/..",
        "octo/demo/../../x",
        "octo",
        "octo/de mo",
        "octo/demo%0d%0ahost=evil",
        "a\nb/c",
        "@x/y",
    ],
)
def test_g95_a_name_that_is_no_repositorys_is_refused_before_git(host: Host, into: Path, repository: str) -> None:
    source = Source(git_url=host.url, repository=repository, sha="0" * 40)

    with pytest.raises(FetchError, match="not a repository's name"):
        fetch_snapshot(source, TOKEN, into, Caps(), GO_ON)


@pytest.mark.parametrize(
    "git_url",
    [
        "ext::sh -c true", "file:///srv/git", "ssh://git@127.0.0.1", "git://127.0.0.1", "fd::7", "http://example.org",
        "https://user:secret@127.0.0.1", "https://", "https://127.0.0.1/?a=b", "",
    ],
)  # fmt: skip
def test_g85_only_https_to_the_configured_host_is_spoken(into: Path, git_url: str) -> None:
    source = Source(git_url=git_url, repository="octo/demo", sha="0" * 40)

    with pytest.raises(FetchError) as caught:
        fetch_snapshot(source, TOKEN, into, Caps(), GO_ON)

    assert caught.value.theirs


@pytest.mark.parametrize(
    "host_name",
    ["169.254.169.254", "10.0.0.1", "192.168.1.1", "[fe80::1]", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0"],
)
def test_g86_a_host_that_leads_inside_is_refused(into: Path, host_name: str) -> None:
    source = Source(git_url=f"https://{host_name}", repository="octo/demo", sha="0" * 40)

    with pytest.raises(FetchError) as caught:
        fetch_snapshot(source, TOKEN, into, Caps(seconds=2), GO_ON)

    assert "git fetch" not in str(caught.value)


def test_g86_a_redirect_is_not_followed(host: Host, into: Path, tmp_path: Path) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}"})
    sink_root = tmp_path / "sink"
    sink_root.mkdir()
    with serving(sink_root) as sink:
        host.redirect_to = f"{sink.url}/octo/demo.git/info/refs?service=git-upload-pack"

        with pytest.raises(FetchError):
            fetch(host, into, sha)

        assert not sink.asked
        assert sink.refused == 0


def test_g90_the_machines_own_configuration_hooks_and_helpers_do_nothing(
    host: Host, into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}", ".gitattributes": b"* filter=evil\n", "x.bin": b"1"})
    marker = tmp_path / "marker"
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f'[filter "evil"]\n\tclean = touch {marker}\n\tsmudge = touch {marker}\n\trequired = true\n'
        f"[core]\n\tfsmonitor = touch {marker}\n\thooksPath = {home}\n[credential]\n\thelper = !touch {marker}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'credential.helper=!touch {marker}'")

    fetch(host, into, sha)

    assert not marker.exists()


def test_g92_pointers_to_large_files_stay_pointers(host: Host, into: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n"
    sha = host.repository("octo/demo", {"data.csv": pointer, ".lfsconfig": b"[lfs]\n\turl = http://127.0.0.1:9\n"})

    snapshot = fetch(host, into, sha)

    assert (snapshot.folder / "data.csv").read_bytes() == pointer


def test_g101_a_file_above_the_cap_is_left_out_without_being_fetched(host: Host, into: Path) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}", "big.bin": os.urandom(300_000)})

    snapshot = fetch(host, into, sha, caps=Caps(file_bytes=100_000))

    assert snapshot.left_out == ("big.bin",)
    assert snapshot.files == 1


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        (Caps(pack_bytes=100_000), "too large"),
        (Caps(total_bytes=100_000), "of files"),
        (Caps(entries=2), "more than 2 files"),
    ],
)
def test_g101_a_repository_above_a_cap_is_too_large(host: Host, into: Path, caps: Caps, words: str) -> None:
    sha = host.repository("octo/demo", {f"{n}.bin": os.urandom(100_000) for n in range(5)})

    with pytest.raises(FetchError) as caught:
        fetch(host, into, sha, caps=caps)

    assert words in str(caught.value)
    assert caught.value.theirs
    assert not (into / "git").exists()


@pytest.mark.parametrize("name", [".GIT", "GIT~1", ".git"])
def test_a_tree_that_writes_git_folders_is_theirs_and_refused(host: Host, into: Path, name: str) -> None:
    host.repository("octo/demo", {"a": b"x"})
    bare = host.root / "octo/demo.git"
    blob = _plumb(bare, "hash-object", "-w", "--stdin", given=b"[core]\n\tfsmonitor = touch /tmp/x\n")
    inner = _plumb(bare, "mktree", given=f"100644 blob {blob}\tconfig\n".encode())
    tree = _plumb(bare, "mktree", given=f"040000 tree {inner}\t{name}\n".encode())
    commit = _plumb(bare, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit-tree", tree, "-m", "m")
    _plumb(bare, "update-ref", "refs/heads/evil", commit)

    with pytest.raises(FetchError) as caught:
        fetch(host, into, commit)

    assert caught.value.theirs
    assert not (into / "tree").exists() or not list((into / "tree").iterdir())


def _plumb(bare: Path, *words: str, given: bytes = b"") -> str:
    return (
        subprocess.run(["git", *words], cwd=bare, input=given, check=True, capture_output=True).stdout.decode().strip()
    )


def test_g102_a_tree_of_a_billion_paths_ends_at_the_cap_of_entries(host: Host, into: Path) -> None:
    host.repository("octo/demo", {"a": b"x"})
    bare = host.root / "octo/demo.git"
    tree = _nested(bare, depth=9)
    commit = _plumb(bare, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit-tree", tree, "-m", "bomb")
    _plumb(bare, "update-ref", "refs/heads/bomb", commit)

    with pytest.raises(FetchError, match="more than 5000 files"):
        fetch(host, into, commit, caps=Caps(entries=5000, seconds=20))


def _nested(bare: Path, depth: int) -> str:
    """A tree of ten trees of ten trees ... of ten files, in ten objects."""
    blob = _plumb(bare, "hash-object", "-w", "--stdin", given=b"x")
    entry = f"100644 blob {blob}"
    for _ in range(depth):
        lines = "".join(f"{entry}\t{n}\n" for n in range(10))
        entry = f"040000 tree {_plumb(bare, 'mktree', given=lines.encode())}"
    return entry.split()[2]


def test_g103_a_host_that_never_answers_is_hung_up_on_and_leaves_no_process(host: Host, into: Path) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}"})
    host.silent_s = 3.0

    with pytest.raises(FetchError, match=r"took more than 0\.3 s"):
        fetch(host, into, sha, caps=Caps(seconds=0.3))

    assert not _processes_about(into)


def test_a_cancelled_fetch_ends_at_once(host: Host, into: Path) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}"})
    host.silent_s = 3.0
    cancelled = threading.Event()
    cancelled.set()
    source = Source(git_url=host.url, repository="octo/demo", sha=sha)

    with pytest.raises(FetchError, match="cancelled"):
        fetch_snapshot(source, TOKEN, into, Caps(), cancelled)

    assert not _processes_about(into)


def _processes_about(folder: Path) -> list[str]:
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in said:
            found.append(process.name)
    return found
