"""What the tests of the box share: notebooks from cells, boxes, and boxes with one protection off."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.documents.notebook import Notebook, parse
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.limits import MIB, Limits
from workers.sandbox.watching import Breach, Seen, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack

    from workers.contract.domain import Execution
    from workers.sandbox.beside import Tree
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.layout import Descriptors
    from workers.sandbox.program import Program
    from workers.sandbox.unprivileged import Mount

SMALL = Limits(wall_s=20, cell_timeout_s=15, memory_bytes=600 * MIB, pids=64, tmpfs_bytes=64 * MIB, inodes=5000)


def notebook(*sources: str, path: str = "notebook.ipynb", tags: Mapping[int, Sequence[str]] | None = None) -> Notebook:
    """A notebook of these code cells; `tags` by index."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{index}",
            "metadata": {"tags": list((tags or {}).get(index, ()))},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for index, source in enumerate(sources)
    ]
    return parse(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode(), path)


@dataclass(frozen=True)
class Place:
    """An environment and its kernel overlay: all that a box needs."""

    environment: InstalledEnvironment
    overlay: Path

    def box(
        self, limits: Limits = SMALL, workspace: Path | None = None, kind: type[BubblewrapBox] = BubblewrapBox
    ) -> BubblewrapBox:
        return kind(self.environment, self.overlay, workspace, limits)

    async def run(
        self,
        *sources: str,
        limits: Limits = SMALL,
        workspace: Path | None = None,
        path: str = "notebook.ipynb",
        tags: Mapping[int, Sequence[str]] | None = None,
    ) -> Execution:
        return await self.box(limits, workspace).execute(notebook(*sources, path=path, tags=tags))


def printed(execution: Execution, cell: int = 0) -> str:
    """What a cell printed, its error included where there is one."""
    run = next(run for run in execution.cells if run.cell == cell)
    error = "" if run.error is None else f"{run.error.name}: {run.error.message}"
    return "".join(output.text for output in run.outputs if output.kind == "stream") + error


def told(execution: Execution, cell: int = 0) -> Any:
    """The JSON that a cell printed."""
    assert execution.status == "passed", (execution.error, execution.reason)
    return json.loads(printed(execution, cell))


def without(options: tuple[str, ...], name: str, values: int = 0) -> tuple[str, ...]:
    """The options less every `name` and the values after it."""
    kept: list[str] = []
    rest = list(options)
    while rest:
        option = rest.pop(0)
        if option == name:
            del rest[:values]
        else:
            kept.append(option)
    return tuple(kept)


class BlindWatch(Watch):
    """A broken watch: it looks, and sees nothing."""

    def over(self) -> Breach:
        return ""

    def seen(self) -> Seen:
        return Seen()


class Unwatched(BubblewrapBox):
    """A broken box: nobody looks at it."""

    def _program(self, script: tuple[str, ...], stack: ExitStack, tree: Tree | None) -> Program:
        return replace(super()._program(script, stack, tree), watch=BlindWatch)


class SharedNetwork(BubblewrapBox):
    """A broken box: it has the host's network."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return (*super()._options(mounts, fds), "--share-net")


class NoSeccomp(BubblewrapBox):
    """A broken box: every system call is allowed."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return without(super()._options(mounts, fds), "--seccomp", 1)


class SharedProcesses(BubblewrapBox):
    """A broken box: it has the host's processes."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        others = ("--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-cgroup")
        return (*without(super()._options(mounts, fds), "--unshare-all"), *others)


class UnsizedDisks(BubblewrapBox):
    """A broken box: what it writes is bounded by the machine's memory."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return without(super()._options(mounts, fds), "--size", 1)


class WritableRoot(BubblewrapBox):
    """A broken box: `/` and `/dev` stay as bubblewrap made them."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return without(super()._options(mounts, fds), "--remount-ro", 1)


class HostFiles(BubblewrapBox):
    """A broken box: it shows the host's /etc."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        options = super()._options(mounts, fds)
        kept = without(without(options, "--perms", 1), "--ro-bind-data", 2)
        at = kept.index("--remount-ro")
        return (*kept[:at], "--ro-bind", "/etc", "/etc", *kept[at:])


class HandedEnvironment(BubblewrapBox):
    """A broken box: bubblewrap is started with the worker's environment."""

    def _program(self, script: tuple[str, ...], stack: ExitStack, tree: Tree | None) -> Program:
        return replace(super()._program(script, stack, tree), env=dict(os.environ))


def host_processes(marker: str) -> list[int]:
    """Processes of this machine with `marker` on their command line."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if marker.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
    return found
