"""Where git is led by names, by what a server advertises or by what it sends instead; and a disk that is full."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import git
import httpx
import pytest

from tests.workers.fetching.rig import TOKEN, Host, serving
from workers.fetching import Caps, FetchError, Source, addresses, fetch_snapshot, hardened

if TYPE_CHECKING:
    from collections.abc import Generator

GO_ON = threading.Event()


def test_g86_a_name_that_leads_inside_is_refused_whatever_it_is(into: Path) -> None:
    source = Source(git_url=f"https://{socket.gethostname()}", repository="octo/demo", sha="0" * 40)

    with pytest.raises(FetchError, match=r"leads to|cannot be found"):
        fetch_snapshot(source, TOKEN, into, Caps(seconds=2), GO_ON)


def test_g86_git_goes_to_the_address_that_was_checked_and_asks_no_resolver_again(host: Host, into: Path) -> None:
    # A name that no resolver knows: what git reaches under it, it reaches by the address it was given.
    host.repository("octo/demo", {"a.ipynb": b"{}"})
    url = addresses.clone_url(host.url, "octo/demo").replace("127.0.0.1", "rebound.invalid")
    look = ["ls-remote", "--end-of-options", url]
    reached = {
        pin: subprocess.run(
            ["git", *hardened.options("http", pin), *look],
            env=hardened.environment(into, "http"), capture_output=True, timeout=30, check=False,
        ).stderr
        for pin in (None, f"rebound.invalid:{host.port}:127.0.0.1")
    }  # fmt: skip

    assert b"could not resolve" in reached[None].lower()
    assert host.refused == 1, "the pinned one was reached, and asked who is there"


def test_g88_what_gitpython_starts_sees_no_variable_of_this_process(
    into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://robot:canary@packages.example.org/simple")

    seen, twin = (
        str(git.Git(into).execute(["env"], env=given))
        for given in (hardened.instead(into, "none"), hardened.environment(into, "none"))
    )

    assert "GIT_TERMINAL_PROMPT=0" in seen
    assert "canary" not in seen
    assert "canary" in twin


def test_g94_what_a_server_advertises_to_be_fetched_elsewhere_is_left_there(
    host: Host, into: Path, tmp_path: Path
) -> None:
    sha = host.repository("octo/demo", {"a.ipynb": b"{}", ".lfsconfig": b"[lfs]\n\turl = http://127.0.0.1:1/\n"})
    bare = host.root / "octo/demo.git"
    (tmp_path / "sink").mkdir()
    with serving(tmp_path / "sink") as sink:
        for name, value in (
            ("uploadpack.advertiseBundleURIs", "true"),
            ("bundle.version", "1"),
            ("bundle.mode", "all"),
            ("bundle.first.uri", f"{sink.url}/octo/demo.bundle"),
        ):
            subprocess.run(["git", "config", name, value], cwd=bare, check=True)

        source = Source(git_url=host.url, repository="octo/demo", sha=sha)
        fetch_snapshot(source, TOKEN, into, Caps(), GO_ON)

        assert sink.asked == []
        assert sink.refused == 0
    assert "transfer.bundleURI=false" in hardened.options("https", None)


def test_g104_another_commit_than_the_one_that_was_asked_for_is_refused(host: Host, into: Path) -> None:
    wanted = host.repository("octo/demo", {"a.ipynb": b"{}"})
    other = host.repository("octo/other", {"a.ipynb": b"[]"})
    objects = host.root / "octo/other.git/objects"
    subprocess.run(["cp", "-r", f"{objects}/.", str(host.root / "octo/demo.git/objects")], check=True)

    for name in ("honest", "lied"):
        (into / name).mkdir(mode=0o700)
    with _lying(host, wanted.encode(), other.encode()) as url:
        honest = Source(git_url=url, repository="octo/demo", sha=other)
        assert fetch_snapshot(honest, TOKEN, into / "honest", Caps(), GO_ON).sha == other
        with pytest.raises(FetchError):
            fetch_snapshot(Source(git_url=url, repository="octo/demo", sha=wanted), TOKEN, into / "lied", Caps(), GO_ON)

    assert not (into / "lied" / "tree").exists()


@contextmanager
def _lying(host: Host, wanted: bytes, other: bytes) -> Generator[str]:
    """A host that gives `other` where `wanted` is asked for."""

    class Liar(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).replace(wanted, other)
            fields = {
                name: value for name, value in self.headers.items() if name.lower() not in {"host", "content-length"}
            }
            got = httpx.request(self.command, host.url + self.path, content=body, headers=fields, trust_env=False)
            self.send_response(got.status_code)
            for name in ("Content-Type", "WWW-Authenticate"):
                if name in got.headers:
                    self.send_header(name, got.headers[name])
            self.send_header("Content-Length", str(len(got.content)))
            self.end_headers()
            self.wfile.write(got.content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the library
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


FULL = """
import json, shutil, sys, threading
from pathlib import Path
from workers.fetching import Caps, FetchError, Source, fetch_snapshot

url, sha, token, into = sys.argv[1:]
source = Source(git_url=url, repository="octo/demo", sha=sha)
ended = []
for name, ballast in (("full", int(sys.stdin.read())), ("free", 0)):
    place = Path(into, name)
    place.mkdir(mode=0o700)
    spare = Path(into, "ballast")
    spare.write_bytes(b"x" * ballast)
    try:
        fetch_snapshot(source, token, place, Caps(), threading.Event())
        ended.append("done")
    except FetchError as error:
        ended.append("theirs" if error.theirs else "ours")
    spare.unlink()
    shutil.rmtree(place)
print(json.dumps(ended))
"""
DISK_BYTES = 6 << 20


@pytest.mark.parametrize("room_bytes", [1 << 20, 3 << 20], ids=["in the pack", "in the files"])
def test_f233_a_full_disk_is_our_trouble_and_over_as_soon_as_there_is_room(
    host: Host, into: Path, room_bytes: int
) -> None:
    # Two megabytes that do not get smaller: so much in the pack, and so much again in the files.
    sha = host.repository("octo/demo", {f"{name}.bin": os.urandom(1 << 20) for name in ("a", "b")})
    box = ["bwrap", "--dev-bind", "/", "/", "--size", str(DISK_BYTES), "--tmpfs", str(into)]

    done = subprocess.run(
        [*box, sys.executable, "-c", FULL, host.url, sha, TOKEN, str(into)],
        input=str(DISK_BYTES - room_bytes).encode(), capture_output=True, timeout=120, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip

    assert json.loads(done.stdout) == ["ours", "done"]
