"""What stands around a box while it is attacked: a process that holds a secret, a repository full of traps, and numbers."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyseccomp  # pyright: ignore[reportMissingTypeStubs]  # it has none

from tests.workers.sandbox.boxes import SMALL
from workers.sandbox import seccomp
from workers.sandbox.fixed import Fixed
from workers.sandbox.layout import DISKS, MASKED, OVERLAY, ROOT, variables
from workers.sandbox.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.workers.sandbox.boxes import Place
    from workers.sandbox.limits import Limits

TIGHT = replace(SMALL, tmpfs_bytes=16 * MIB, file_bytes=64 * MIB, nofile=200, cpu_s=30)
"""Small numbers, so that passing one takes no time."""

FAMOUS = (
    *("/etc/shadow", "/etc/machine-id", "/sys", "/var", "/boot", "/mnt", "/srv", "/media", "~/.ssh", "~/.aws"),
    *("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/systemd", "/run/dbus"),
)

HOLDER = """
import os, socket, sys, time
if os.fork(): os._exit(0)  # nobody's child: tests elsewhere count theirs
token = os.environ["HOLDER_TOKEN"]
kept = bytearray(token, "ascii")
with open(sys.argv[1], "w") as file: file.write(token)
hidden = socket.socket(socket.AF_UNIX); hidden.bind("\\0" + sys.argv[2]); hidden.listen(8)
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
sys.stdin.read()
"""
"""Holds a secret in its variables, its memory, a file, and behind two sockets, until its input ends."""


@dataclass(frozen=True)
class Ground:
    """Everything that a judge has to know beside what a probe saw."""

    place: Place
    workspace: Path
    limits: Limits
    told: dict[str, Any]
    """What the probes are told."""
    token: str

    @property
    def variables(self) -> dict[str, str]:
        """What the environment of a box is."""
        return {**variables(self.place.environment.python.parent), **Fixed().variables}


@contextmanager
def ground(place: Place, folder: Path, limits: Limits = TIGHT) -> Generator[Ground]:
    """A ground in an empty `folder`, for as long as the holder lives."""
    with ExitStack() as stack:
        token, abstract = f"holder-{secrets.token_hex(16)}", f"holder-{os.getpid()}-{secrets.token_hex(4)}"
        port = stack.enter_context(_holder(folder / "held", abstract, token))
        workspace = folder / "workspace"
        _traps(workspace, folder / "held")
        told = {
            "overlay": str(place.overlay),
            "file": str(folder / "held"),
            "abstract": abstract,
            "port": port,
            "famous": FAMOUS,
            "masked": MASKED,
            "root": ROOT,
            "calls": calls(),
            "address_bytes": limits.address_bytes,
            "nofile": limits.nofile,
            "disks": _disks(limits),
            "read_only": ["/", "/dev", "/etc", "/usr", "/opt", OVERLAY, "/etc/passwd", *_environment(place)],
        }
        yield Ground(place, workspace, limits, told, token)


@contextmanager
def _holder(held: Path, abstract: str, token: str) -> Generator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(held), abstract],
        env={"HOLDER_TOKEN": token},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            yield int(holder.stdout.readline())
        finally:
            holder.stdin.close()
            assert holder.stdout.read() == b"", "it says nothing more, and has ended"


def _traps(workspace: Path, held: Path) -> None:
    """Links of every kind that lead to the secret, and a `.git` that has it."""
    (workspace / ".git").mkdir(parents=True)
    (workspace / ".git" / "config").write_text(held.read_text())
    (workspace / "data.csv").write_text("a,b\n")
    (workspace / "docs").mkdir()
    for name, target in {
        "absolute": str(held),
        "climbing": f"../{held.name}",
        "docs/climbing": f"../../{held.name}",
        "folder": str(held.parent),
        "machine": "/",
        "variables": "/proc/self/environ",
        "chain": "absolute",
        "itself": "itself",
        "git": ".git/config",
    }.items():
        (workspace / name).symlink_to(target)
    os.mkfifo(workspace / "fifo")
    with socket.socket(socket.AF_UNIX) as left:
        # Bound from inside the folder: its full path may be longer than a socket's name can be.
        at = os.open(workspace, os.O_PATH)
        left.bind(f"/proc/self/fd/{at}/socket")
        os.close(at)


def _environment(place: Place) -> list[str]:
    environment = place.environment
    return [str(environment.prefix), str(environment.base_prefix), *map(str, environment.site_packages), json.__file__]


def _disks(limits: Limits) -> dict[str, int]:
    whole = {ROOT: limits.tmpfs_bytes, "/run": 16 * MIB}
    return {disk: whole.get(disk, limits.tmpfs_bytes // 4) for disk in DISKS}


def calls() -> dict[str, list[tuple[str, int, list[int]]]]:
    """By group: (what is called, its number on this machine, arguments that change nothing)."""
    return {group.name: [row for rule in group.rules for row in _row(rule)] for group in seccomp.GROUPS}


def refusals() -> dict[str, dict[str, int]]:
    """By group: what is called -> the error that refuses it."""
    return {group.name: {_name(rule): rule.errno for rule in group.rules if _row(rule)} for group in seccomp.GROUPS}


def _name(rule: seccomp.Rule) -> str:
    conditions = (f"{argument.compare} {argument.value:#x}" for argument in rule.arguments)
    return " ".join((rule.call, *conditions))


def _row(rule: seccomp.Rule) -> list[tuple[str, int, list[int]]]:
    number = int(pyseccomp.resolve_syscall(pyseccomp.system_arch(), rule.call))  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
    if number < 0:
        return []
    arguments = _harmless(rule.call)
    for argument in rule.arguments:
        arguments[argument.index] = argument.value + (argument.compare == "above")
    return [(_name(rule), number, arguments)]


def _harmless(call: str) -> list[int]:
    """Pointers to nowhere, descriptors that are not open, flags that do not exist."""
    match call:
        case "clone":
            return [0, 0, 0, 0, 0]
        case "socket" | "socketpair":
            return [0, socket.SOCK_STREAM, 0, -1]
        case _:
            return [-1] * 5
