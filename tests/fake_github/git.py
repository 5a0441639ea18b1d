"""One bare repository, driven by git's plumbing: every object, ref and merge here is git's own."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ZEROS = "0" * 40
TIMEOUT_S = 60
CONFIG = """
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
[http]
\treceivepack = true
[gc]
\tauto = 0
"""
"""GitHub serves partial clones and any commit that is there; who may push is asked before git is."""
SHA = re.compile(r"[0-9a-f]{40}\Z")


class GitRefusedError(Exception):
    """git said no; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """An author or a committer."""

    name: str
    email: str
    at: int
    """Seconds since 1970, told in UTC."""

    def line(self) -> str:
        return f"{self.name} <{self.email}> {self.at} +0000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit object, read."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str
    signature: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree; `sha` None removes the path."""

    path: str
    sha: str | None
    mode: str = "100644"
    kind: str = "blob"
    size: int | None = None


class Git:
    """Refs are whole names (`refs/heads/main`); `revision` is anything git resolves."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index = path / "fake-index"
        self.commit = lru_cache(4096)(self._commit)
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
            "GIT_DIR": str(path),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LC_ALL": "C",
        }

    @classmethod
    def init(cls, path: Path, default_branch: str) -> Git:
        """An empty repository."""
        git = cls(path)
        git.run("init", "-q", "--bare", f"--initial-branch={default_branch}", str(path))
        with (path / "config").open("a") as config:
            config.write(CONFIG)
        return git

    def run(self, *command: str, stdin: bytes | None = None, ok: tuple[int, ...] = (0,), **environment: str) -> bytes:
        """Standard output; another exit code than those of `ok` raises `GitRefusedError`."""
        done = subprocess.run(
            ["git", *command],
            input=b"" if stdin is None else stdin,
            capture_output=True,
            env=self._environment | environment,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode not in ok:
            raise GitRefusedError(
                done.stderr.decode(errors="replace").strip() or f"git {command[0]}: {done.returncode}"
            )
        return done.stdout

    def text(self, *command: str) -> str:
        """Standard output without the newline at its end."""
        return self.run(*command).decode(errors="surrogateescape").rstrip("\n")

    # Objects

    def blob(self, content: bytes) -> str:
        return self.run("hash-object", "-w", "--stdin", stdin=content).decode().strip()

    def kind(self, sha: str) -> str | None:
        """blob, tree, commit, tag; None: no such object."""
        if not SHA.match(sha):
            return None
        kind = self.run("cat-file", "-t", sha, ok=(0, 1, 128)).decode().strip()
        return kind or None

    def content(self, sha: str) -> bytes:
        return self.run("cat-file", "blob", sha)

    def tree(self, revision: str, *, recursive: bool = False, under: str = "") -> list[Entry]:
        """Lines of a tree; raises where `under` is no folder."""
        options = ["-r", "-t"] if recursive else []
        lines = self.run("ls-tree", "-l", "-z", *options, f"{revision}:{under}" if under else revision)
        return [_entry(line) for line in lines.decode(errors="surrogateescape").split("\0") if line]

    def write_tree(self, base: str | None, entries: list[Entry]) -> str:
        """The tree `base` with the entries set; raises on an object that is not there."""
        with tempfile.TemporaryDirectory(dir=self.path) as folder:
            index = str(Path(folder) / "index")
            self.run("read-tree", base or "--empty", GIT_INDEX_FILE=index)
            self.run(
                "update-index",
                "--replace",
                "-z",
                "--index-info",
                stdin=b"".join(map(_index_line, entries)),
                GIT_INDEX_FILE=index,
            )
            return self.run("write-tree", GIT_INDEX_FILE=index).decode().strip()

    def write_commit(
        self,
        tree: str,
        parents: list[str],
        message: str,
        author: Signature,
        committer: Signature,
        *,
        signed: str | None = None,
    ) -> str:
        """A commit object; `signed` is its gpgsig header's text."""
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {author.line()}", f"committer {committer.line()}"]
        lines += ["gpgsig " + signed.replace("\n", "\n ")] if signed else []
        content = "\n".join(lines) + "\n\n" + message
        return self.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=content.encode()).decode().strip()

    def _commit(self, sha: str) -> Commit:
        head, _, message = self.run("cat-file", "commit", sha).decode(errors="replace").partition("\n\n")
        signature = re.search(r"^gpgsig (.*(?:\n .*)*)", head, re.MULTILINE)
        fields = re.findall(r"^(tree|parent|author|committer) (.*)$", head, re.MULTILINE)
        return Commit(
            sha=sha,
            tree=dict(fields)["tree"],
            parents=tuple(value for key, value in fields if key == "parent"),
            author=_signature(dict(fields)["author"]),
            committer=_signature(dict(fields)["committer"]),
            message=message,
            signature=signature[1].replace("\n ", "\n") if signature else None,
        )

    # Refs

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """ref -> sha, sorted."""
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)", prefix.rstrip("/") or "refs").split("\n")
        return dict(line.split(" ", 1) for line in lines if line)  # pyright: ignore[reportReturnType]

    def sha(self, revision: str) -> str | None:
        """The object a revision names; None: nothing."""
        if not revision or revision.startswith("-"):
            return None
        return (
            self.run("rev-parse", "-q", "--verify", "--end-of-options", revision, ok=(0, 1, 128)).decode().strip()
            or None
        )

    def commit_sha(self, revision: str) -> str | None:
        """The commit of a branch, a tag, or an id; None: nothing."""
        for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            if found := self.sha(f"{name}^{{commit}}"):
                return found
        return None

    def update_ref(self, ref: str, new: str, old: str) -> None:
        """Compare and swap: `old` is the value before (zeros: none); `new` zeros deletes."""
        command = ["update-ref", "-d", ref, old] if new == ZEROS else ["update-ref", ref, new, old]
        self.run(*command)

    def update_refs(self, moves: list[tuple[str, str, str]]) -> None:
        """(ref, new, old) of several refs, all or none."""
        lines = [
            f"delete {ref}\0{old}\0" if new == ZEROS else f"update {ref}\0{new}\0{old}\0" for ref, new, old in moves
        ]
        self.run("update-ref", "-z", "--stdin", stdin="".join(lines).encode())

    # History

    def contains(self, ancestor: str, descendant: str) -> bool:
        """Whether `descendant` has `ancestor` in its history (or is it)."""
        try:
            self.run("merge-base", "--is-ancestor", ancestor, descendant)
        except GitRefusedError:
            return False
        return True

    def merge_base(self, one: str, other: str) -> str | None:
        return self.run("merge-base", one, other, ok=(0, 1)).decode().strip() or None

    def log(self, *revisions: str, limit: int = 250, path: str | None = None) -> list[str]:
        """Newest first."""
        command = ["rev-list", f"--max-count={limit}", *revisions, "--", *([path] if path else [])]
        return self.text(*command).split()

    def merge(self, base: str, head: str) -> str | None:
        """The tree of both; None: they conflict."""
        out = self.run(
            "merge-tree", "--write-tree", "--no-messages", "--allow-unrelated-histories", base, head, ok=(0, 1)
        )
        lines = out.decode(errors="replace").split("\n")
        return lines[0] if len(lines) <= 2 else None

    def fetch(self, other: Git, source: str, target: str) -> None:
        """Copy what `source` of the other repository needs, under the name `target`."""
        self.run("fetch", "-q", "--no-tags", str(other.path), f"+{source}:{target}")


def _entry(line: str) -> Entry:
    facts, _, path = line.partition("\t")
    mode, kind, sha, size = facts.split()
    return Entry(path, sha, mode, kind, None if size == "-" else int(size))


def _index_line(entry: Entry) -> bytes:
    mode = "0" if entry.sha is None else entry.mode
    return f"{mode} {entry.sha or ZEROS}\t{entry.path}\0".encode(errors="surrogateescape")


def _signature(line: str) -> Signature:
    found = re.match(r"(.*?) ?<(.*?)> (\d+)", line)
    if found is None:
        return Signature(name=line, email="", at=0)
    return Signature(name=found[1], email=found[2], at=int(found[3]))
