"""Fetching one commit: shallow, without large files, tags, submodules or redirects, bounded in time and space."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import git
from git.exc import GitError

from workers.contract.errors import MendloopError
from workers.fetching import addresses, hardened
from workers.fetching.askpass import handing_out
from workers.fetching.export import TooLargeError, export

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

    from workers.fetching.export import Caps, Snapshot

SHA = re.compile(r"[0-9a-f]{40}")
POLL_S = 0.05
MIB = 1 << 20
WORDS_CHARS = 4000
"""Of what git says when it fails."""
FETCHED = "refs/mendloop/fetched"
_OVER = re.compile(r"signal 25|file too large|signal 24", re.IGNORECASE)
"""How git speaks of the bounds it was started with: SIGXFSZ and SIGXCPU."""
_DENIED = re.compile(
    r"authentication failed|403|401|not found|access denied|repository .* not|fsck error", re.IGNORECASE
)


class FetchError(MendloopError):
    """The commit could not be had. `theirs` when trying again will not help: too large, gone, access ended."""

    def __init__(self, message: str, *, theirs: bool) -> None:
        super().__init__(message)
        self.theirs = theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which commit, from where."""

    git_url: str
    """The git host, e.g. https://github.com."""
    repository: str
    """`owner/name`."""
    sha: str
    private_network: bool = False
    """The operator's own git host may have an inside address."""


def fetch_snapshot(source: Source, token: str, into: Path, caps: Caps, cancelled: Event) -> Snapshot:
    """The files of the commit in `into / "tree"`; blocking. `into` is an empty folder of ours, mode 0700.

    The git folder is removed before this returns: what runs the files has nothing that git would ever act on.

    Raises:
        FetchError: it cannot be had.
    """
    if not SHA.fullmatch(source.sha):
        raise FetchError(f"{source.sha!r} is not a commit's full SHA", theirs=True)
    fetching = _Fetching(source=source, into=into, caps=caps, cancelled=cancelled)
    try:
        fetching.prepare()
        fetching.fetch(token)
        return fetching.exported()
    except TooLargeError as error:
        raise FetchError(f"the repository is too large: {error}", theirs=True) from error
    except addresses.AddressError as error:
        raise FetchError(str(error), theirs=True) from error
    except ValueError as error:
        # GitPython's word for a tree whose names would be `.git` to some file system.
        raise FetchError(f"the commit cannot be read: {error}", theirs=True) from error
    except (GitError, OSError) as error:
        raise FetchError(f"the commit could not be read: {error}", theirs=False) from error
    finally:
        shutil.rmtree(fetching.bare, ignore_errors=True)


@dataclass(slots=True, kw_only=True)
class _Fetching:
    source: Source
    into: Path
    caps: Caps
    cancelled: Event

    @property
    def bare(self) -> Path:
        return self.into / "git"

    @property
    def scheme(self) -> str:
        return urlsplit(self.source.git_url).scheme

    def prepare(self) -> None:
        for name in ("home", "template"):
            (self.into / name).mkdir(mode=0o700)
        # An empty template: this machine's own may have hooks.
        git.Repo.init(
            self.bare, bare=True, template=str(self.into / "template"), allow_unsafe_options=True,
            env=hardened.instead(self.into / "home", "none"),
        ).close()  # fmt: skip

    def fetch(self, token: str) -> None:
        words = self._words()
        said = self.into / "said"
        with handing_out(token, self.into) as askpass, said.open("wb") as errors:
            environment = hardened.environment(self.into / "home", self.scheme, askpass)
            process = subprocess.Popen(  # noqa: S603 - our own words; what is foreign stands behind --end-of-options
                words,
                env=environment | {"GIT_DIR": str(self.bare)},
                cwd=self.into,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                self._watch(process)
            finally:
                # The group: the transport is a child of its own and outlives its parent.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode != 0:
            with said.open(errors="replace") as words_of_git:
                why = words_of_git.read(WORDS_CHARS).strip()
            if _OVER.search(why):
                raise TooLargeError(f"its pack has more than {self.caps.pack_bytes // MIB} MB")
            raise FetchError(f"git fetch failed: {why or process.returncode}", theirs=bool(_DENIED.search(why)))

    def _words(self) -> list[str]:
        url = addresses.clone_url(self.source.git_url, self.source.repository)
        pinned = addresses.pinned(url, private=self.source.private_network)
        return [
            *hardened.bounded(self.caps.pack_bytes, int(self.caps.seconds) + 1),
            "git", *hardened.options(self.scheme, pinned),
            "fetch", "--quiet", "--no-tags", "--depth=1", "--no-recurse-submodules", "--no-write-fetch-head",
            "--no-auto-gc", f"--filter=blob:limit={self.caps.file_bytes}",
            "--end-of-options", url, f"{self.source.sha}:{FETCHED}",
        ]  # fmt: skip

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.caps.seconds
        while process.poll() is None:
            if self.cancelled.is_set():
                raise FetchError("the fetch was cancelled", theirs=False)
            if time.monotonic() > deadline:
                raise FetchError(f"the fetch took more than {self.caps.seconds:g} s", theirs=True)
            if _weight(self.into) > self.caps.pack_bytes:
                raise TooLargeError(f"its pack has more than {self.caps.pack_bytes // MIB} MB")
            _wait(process, POLL_S)

    def exported(self) -> Snapshot:
        repo = git.Repo(self.bare)
        # Reading never fetches: a file that was left out stays out.
        repo.git.update_environment(**hardened.instead(self.into / "home", "none") | {"GIT_DIR": str(self.bare)})
        try:
            commit = repo.commit(FETCHED)
            if commit.hexsha != self.source.sha:
                raise FetchError(f"the server answered {commit.hexsha}, not {self.source.sha}", theirs=False)
            return export(commit, self.into / "tree", self.caps)
        finally:
            repo.close()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Until the process ends, or so long."""
    # Not `process.wait`: it sleeps up to 50 ms at a time.
    descriptor = os.pidfd_open(process.pid)
    try:
        ending = select.poll()
        ending.register(descriptor, select.POLLIN)
        ending.poll(seconds * 1000)
    finally:
        os.close(descriptor)


def _weight(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - twenty times a second
    return total
