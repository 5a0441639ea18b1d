"""Every limit of a box passed on purpose: what the run is called, how soon, and what the machine noticed of it.

    python -m bench.limits [--kept-by groups|watchdog|both]
    python -m bench.limits --table

Each attempt runs in a real box with small limits. Its first cell tells the time, the second is the attempt: the seconds run from
there to the verdict, the end of the box and of all in it included; for a limit of time what is over it is shown. Free memory
and free disk are those of the machine, before, at the lowest in between, and after. Whoever keeps the limits, the kernel's
groups or a watchdog, the names have to be the same: exit code 1 where one is not the expected one. `--table` measures nothing
and prints the kept figures as docs/limits.md has them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.limits_attempts import ATTEMPTS, LIMITS, Attempt
from workers.cli.session import cache
from workers.documents.notebook import parse
from workers.sandbox import cgroups
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.cgroups import RLIMITS, Keeper
from workers.sandbox.environments import from_interpreter
from workers.sandbox.overlay import kernel_overlay

if TYPE_CHECKING:
    from workers.contract.domain import Execution
    from workers.documents.notebook import Notebook
    from workers.sandbox.environments import InstalledEnvironment

RESULTS = Path(__file__).parent / "results" / "limits.json"
_MIB = 1 << 20
_LOOK_S = 0.02
_SETTLE_S = 0.3
"""The kernel gives the last pages back a moment after the last process is gone."""


@dataclass(frozen=True, slots=True)
class Host:
    """What the machine has free."""

    memory_mib: int
    disk_mib: int

    @staticmethod
    def now() -> Host:
        """At this moment; disk where temporary files lie and where shared memory does, together."""
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
        disk = sum(shutil.disk_usage(place).free for place in ("/", "/tmp", "/dev/shm"))  # noqa: S108 - only looked at
        return Host(available // 1024, disk // _MIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One attempt and what came of it."""

    name: str
    limit: str
    expected: str
    ended: str
    status: str
    reason: str
    seconds: float
    kept_by: str
    before: Host
    lowest_memory_mib: int
    after: Host

    @property
    def as_expected(self) -> bool:
        """Whether the run was called what it should be."""
        return self.status == "failed" and self.ended == self.expected

    @property
    def cells(self) -> tuple[str, ...]:
        """For the table."""
        memory = f"{self.before.memory_mib} / {self.lowest_memory_mib} / {self.after.memory_mib}"
        change = (
            f"{_change(self.before.memory_mib, self.after.memory_mib)}, "
            f"{_change(self.before.disk_mib, self.after.disk_mib)}"
        )
        return (self.name, self.limit, self.ended or self.status, f"{self.seconds:.2f}", memory, change)


def _change(before: int, after: int) -> str:
    return f"{100 * (after - before) / before:+.1f} %"


def _notebook(cell: str) -> Notebook:
    sources = ("import time; print(time.monotonic(), flush=True)", cell, "print('after')")
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for n, source in enumerate(sources)
    ]
    content: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    return parse(json.dumps(content).encode(), "attempt.ipynb")


async def _lowest(found: list[int]) -> None:
    while True:
        found.append(Host.now().memory_mib)
        await asyncio.sleep(_LOOK_S)


async def _attempt(
    attempt: Attempt, environment: InstalledEnvironment, overlay: Path, keeper: Keeper
) -> tuple[Row, Execution]:
    limits = replace(LIMITS, **attempt.limits)
    box = BubblewrapBox(environment, overlay, None, limits, keeper=keeper)
    before, memory = Host.now(), [Host.now().memory_mib]
    looking = asyncio.create_task(_lowest(memory))
    started = time.monotonic()
    run = await box.execute(_notebook(attempt.cell))
    ended = time.monotonic()
    looking.cancel()
    await asyncio.wait({looking})
    await asyncio.sleep(_SETTLE_S)
    told = "".join(output.text for output in run.cells[0].outputs).strip()
    # The clock of the whole run starts with the box, that of a cell with the cell.
    begun = started if "wall_s" in attempt.limits or not told else float(told)
    return (
        Row(
            name=attempt.name,
            limit=attempt.limit,
            expected=attempt.ended,
            ended=run.ended,
            status=run.status,
            reason=run.reason,
            seconds=round(ended - begun - attempt.allowed_s, 3),
            kept_by=keeper.kept_by,
            before=before,
            lowest_memory_mib=min(memory),
            after=Host.now(),
        ),
        run,
    )


async def _measured(keepers: list[Keeper]) -> list[Row]:
    environment = await from_interpreter(Path(sys.executable))
    overlay = await kernel_overlay(environment, cache())
    rows: list[Row] = []
    for keeper in keepers:
        _line(("attempt", "limit", "verdict", "seconds", "free memory MiB: before / lowest / after", "memory, disk"))
        _line(("---",) * 6)
        for attempt in ATTEMPTS:
            row, _ = await _attempt(attempt, environment, overlay, keeper)
            _line(row.cells)
            if not row.as_expected:
                sys.stdout.write(f"  expected {row.expected}, got {row.status} {row.ended}: {row.reason}\n")
            rows.append(row)
        sys.stdout.write(f"\nkept by: {keeper.kept_by}\n\n")
    return rows


def _table(rows: list[dict[str, Any]]) -> None:
    """One line per attempt, the figures of every keeper side by side."""
    keepers = list(dict.fromkeys(row["kept_by"] for row in rows))
    _line(("attempt", "limit", "verdict", *(f"seconds, {keeper}" for keeper in keepers), "memory", "disk"))
    _line(("---",) * (5 + len(keepers)))
    for name in dict.fromkeys(row["name"] for row in rows):
        same = [row for row in rows if row["name"] == name]
        verdicts = dict.fromkeys(row["ended"] or row["status"] for row in same)
        seconds = (f"{row['seconds']:.2f}" for row in same)
        _line((name, same[0]["limit"], ", ".join(verdicts), *seconds, *(_most(same, of) for of in ("memory", "disk"))))


def _most(rows: list[dict[str, Any]], of: str) -> str:
    """The largest change of what the machine has free."""
    pairs = [(row["before"][f"{of}_mib"], row["after"][f"{of}_mib"]) for row in rows]
    return _change(*max(pairs, key=lambda pair: abs(pair[1] - pair[0]) / pair[0]))


def _line(cells: tuple[str, ...]) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def main() -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kept-by", choices=("groups", "watchdog", "both"), default="both")
    parser.add_argument("--table", action="store_true", help="print the kept figures")
    arguments = parser.parse_args()
    if arguments.table:
        _table(json.loads(RESULTS.read_text()))
        return 0
    kept_by: str = arguments.kept_by
    keepers = [cgroups.found()] if kept_by != "watchdog" else []
    keepers += [Keeper(RLIMITS)] if kept_by != "groups" else []
    rows = asyncio.run(_measured(keepers))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return 0 if all(row.as_expected for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
