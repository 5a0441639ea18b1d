"""Who keeps a box within its limits: the kernel's groups where we may make them, else limits per process and a watchdog.

Chosen once per process by trying, the best first: version 2 where it is delegated, version 1, `rlimits`. Groups of dead
processes of ours are removed on that occasion.
"""

from __future__ import annotations

import itertools
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import cgroups_v1, cgroups_v2
from workers.sandbox.cgroups_folder import name
from workers.sandbox.counting import Counter, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from workers.sandbox.limits import Limits

KeptBy = Literal["cgroup v2", "cgroup v1", "rlimits and watchdog"]
_SHELL = "/bin/sh"
_ENTER = """
echo 1000 > /proc/self/oom_score_adj
unset PWD
while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 70; shift; done
shift
exec "$@"
"""
"""Whoever is short of memory ends boxes first; what does not get into its group does not start."""
_TRIED_S = 5.0
_TRIED_BYTES = 64 << 20
_TRIED_TASKS = 16


class Group(Counter, Protocol):
    """The processes of one box, bounded and counted by the kernel."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Who writes 0 into `cgroup.procs` of each is in the group."""
        ...

    def bound(self, memory_bytes: int, tasks: int) -> None:
        """Have the kernel hold these bounds."""
        ...

    def kill(self) -> None:
        """SIGKILL whoever is in the group."""
        ...

    def remove(self) -> bool:
        """Kill what is left and remove the group; False when it is still there."""
        ...


@dataclass(slots=True)
class Keeper:
    """Makes a group for each box, or none where the kernel's are not to be had."""

    kept_by: KeptBy
    """For people and receipts."""
    make: Callable[[str], Group] | None = None
    """A new group of that name, without bounds."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _left: list[Group] = field(default_factory=list[Group])
    """Groups whose last process took too long to go."""

    @contextmanager
    def group(self, limits: Limits) -> Generator[Group | None]:
        """A group that holds `limits`, gone afterwards with all that is in it; None where there are no groups.

        Raises:
            SandboxUnavailableError: it could be made when this was tried, and cannot be now.
        """
        if self.make is None:
            yield None
            return
        self._left = [group for group in self._left if not group.remove()]
        made = _bounded(self.make, name(next(self._numbers)), limits)
        try:
            yield made
        finally:
            if not made.remove():
                self._left.append(made)


def _bounded(make: Callable[[str], Group], name: str, limits: Limits) -> Group:
    try:
        made = make(name)
        try:
            made.bound(limits.memory_bytes + limits.disk_bytes, limits.pids)
        except OSError:
            made.remove()
            raise
    except OSError as error:
        raise SandboxUnavailableError(f"No group for a box can be made: {error}") from error
    return made


RLIMITS: KeptBy = "rlimits and watchdog"


def entering(group: Group | None) -> tuple[str, ...]:
    """What goes before a command line so that it runs in the group, and goes first where memory is short."""
    folders = () if group is None else group.folders
    return (_SHELL, "-c", _ENTER, "sh", *map(str, folders), "--")


@cache
def found() -> Keeper:
    """The best keeper that works here."""
    sweep()
    return next(keeper for keeper in _candidates() if keeper.make is None or _works(keeper.make))


def sweep() -> None:
    """Remove the groups of dead processes of ours, with whatever still runs in them."""
    if (parent := cgroups_v2.place()) is not None:
        cgroups_v2.sweep(parent)
    if (parents := cgroups_v1.places()) is not None:
        cgroups_v1.sweep(parents)


def _candidates() -> Iterator[Keeper]:
    if (parent := cgroups_v2.place()) is not None:
        yield Keeper("cgroup v2", lambda name: cgroups_v2.make(parent, name))
    if (parents := cgroups_v1.places()) is not None:
        yield Keeper("cgroup v1", lambda name: cgroups_v1.make(parents, name))
    yield Keeper(RLIMITS)


_tries = itertools.count(1_000_000)


def _works(make: Callable[[str], Group]) -> bool:
    """Whether a group can be made, bounded and entered, and whether it counts."""
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        group = make(name(next(_tries)))
        try:
            group.bound(_TRIED_BYTES, _TRIED_TASKS)
            subprocess.run(  # noqa: S603 - our own words
                (*entering(group), "/bin/sh", "-c", ":"), check=True, timeout=_TRIED_S, env={}, capture_output=True
            )
            return _counts(group.tally())
        finally:
            group.remove()
    return False


def _counts(tally: Tally) -> bool:
    return tally.cpu_s > 0 and tally.tasks == 0
