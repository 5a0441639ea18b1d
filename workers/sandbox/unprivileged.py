"""Started by root, a box gives that up first: bubblewrap runs as a user that owns nothing.

What lies under a directory closed to that user (a clone in root's home, an interpreter beside it) is bound to a staging
place while still root, in a mount namespace of its own: no mount of it is ever seen outside, and none is left.
"""

from __future__ import annotations

import itertools
import os
import shutil
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract.errors import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.sandbox.limits import Limits

PROGRAMS = "/usr/bin:/bin:/usr/sbin:/sbin"

FIRST_UID = 61_000
UIDS = 1_000
"""User numbers that Debian gives to nobody; a different one per box, so that its processes are counted apart."""

_STAGES = ("/media", "/mnt", "/srv", "/opt", "/var/tmp")  # noqa: S108 - covered in a private namespace, never written

_SCRIPT = """
set -e
stage=$1; shift
mount -t tmpfs -o mode=755,size=64k stage "$stage"
number=0
while [ "$1" != -- ]; do
    mkdir "$stage/$number"
    mount --bind "$1" "$stage/$number"
    number=$((number + 1)); shift
done
shift
exec "$@"
"""
_STARTED = itertools.count()


def new_uid() -> int | None:
    """A user for one box, another one for the next; None where we are no root and stay who we are."""
    return None if os.geteuid() != 0 else FIRST_UID + (31 * os.getpid() + next(_STARTED)) % UIDS


def bounds(limits: Limits, programs: str = PROGRAMS, *, spaces: int = 1) -> tuple[str, ...]:
    """What goes before a program so that the kernel itself keeps it, and what it starts, within bounds.

    A process may map `spaces` times what a box may map.

    Raises:
        SandboxUnavailableError: util-linux is not installed.
    """
    return (
        tool("prlimit", "util-linux", programs),
        f"--as={spaces * limits.address_bytes}",
        f"--nproc={limits.pids}",
        f"--fsize={limits.file_bytes}",
        f"--nofile={limits.nofile}",
        # The watch counts all processes of the box, and names what it ends; this is for where the watch is late.
        f"--cpu={limits.cpu_s + 1}:{limits.cpu_s + 2}",
        "--core=0",
        "--",
    )


@dataclass(frozen=True, slots=True)
class Mount:
    """A directory of the host that is shown inside, read-only."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True)
class Start:
    """How to start bubblewrap."""

    prefix: tuple[str, ...]
    """What goes before its own command line."""
    mounts: tuple[Mount, ...]
    """The same mounts, from where it finds them."""


def start(mounts: Sequence[Mount], uid: int | None, programs: str = PROGRAMS) -> Start:
    """Start as user `uid` (None: as the user we are) with these mounts within reach.

    Raises:
        SandboxUnavailableError: util-linux is not installed.
    """
    if uid is None:
        return Start((), tuple(mounts))
    number = str(uid)
    drop = (
        tool("setpriv", "util-linux", programs),
        "--reuid",
        number,
        "--regid",
        number,
        "--clear-groups",
        "--no-new-privs",
    )
    closed = [mount.source for mount in mounts if not open_to_all(mount.source)]
    if not closed:
        return Start(drop, tuple(mounts))
    stage = stage_for(closed)
    staged = {source: stage / str(index) for index, source in enumerate(closed)}
    unshare = (
        tool("unshare", "util-linux", programs),
        "--mount",
        "--propagation",
        "private",
        "--",
        "/bin/sh",
        "-c",
        _SCRIPT,
        "sh",
    )
    return Start(
        (*unshare, str(stage), *map(str, closed), "--", *drop),
        tuple(replace(mount, source=staged.get(mount.source, mount.source)) for mount in mounts),
    )


def tool(name: str, package: str, programs: str = PROGRAMS) -> str:
    """Where a program is.

    Raises:
        SandboxUnavailableError: it is not installed.
    """
    if found := shutil.which(name, path=programs):
        return found
    raise SandboxUnavailableError(f"{name} is missing; install it: apt-get install {package}")


def open_to_all(path: Path) -> bool:
    """True when any user can reach the directory and list it."""
    return _grants(path, stat.S_IROTH | stat.S_IXOTH) and all(_grants(parent, stat.S_IXOTH) for parent in path.parents)


def _grants(path: Path, bits: int) -> bool:
    return path.stat().st_mode & bits == bits


def stage_for(sources: Sequence[Path]) -> Path:
    """An existing directory that may be covered: nothing of `sources` is in it.

    Raises:
        SandboxUnavailableError: there is none.
    """
    for stage in map(Path, _STAGES):
        if stage.is_dir() and not any(source.is_relative_to(stage) for source in sources):
            return stage
    raise SandboxUnavailableError(f"None of {', '.join(_STAGES)} can be used to prepare a box as root; create one.")
