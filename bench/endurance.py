"""Does anything grow? Many executions in a row in one process; memory, descriptors, processes, mounts and disk are looked at.

    python -m bench.endurance [--runs N] [--every N] [--python PATH]

Cold and waiting in turn. After every so many runs a sample is taken; at the end a line is laid through the samples of the
second half, and whatever it would gain over 10,000 runs must stay within what is allowed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from bench.runners import STANDARD, boxes, notebook
from workers.documents.notebook import parse
from workers.sandbox import tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.protocols import Document
    from workers.sandbox.bubblewrap import BubblewrapBox
    from workers.sandbox.waiting import WaitingBoxes

RESULTS = Path(__file__).parent / "results" / "endurance.json"
ALLOWED = {
    "memory_kib": 20_000.0,
    "descriptors": 1.0,
    "processes": 1.0,
    "mounts": 1.0,
    "groups": 1.0,
    "disk_kib": 2_000.0,
}
"""Growth over 10,000 runs."""
OVER = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What there is after so many runs, nothing running and nothing waiting."""

    runs: int
    memory_kib: int
    """Resident, of this process."""
    descriptors: int
    processes: int
    """Below this one."""
    mounts: int
    groups: int
    """Control groups that carry this process's number."""
    disk_kib: int
    """In the temporary folder that this run has for itself."""
    seconds: float
    """Each run since the sample before."""


def sample(runs: int, folder: Path, seconds: float) -> Sample:
    """Look around."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return Sample(
        runs=runs,
        memory_kib=int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        processes=len(list(tree.below(os.getpid()))),
        mounts=len(Path("/proc/self/mountinfo").read_text().splitlines()),
        groups=sum(str(os.getpid()) in path.name for path in Path("/sys/fs/cgroup").glob("**/mendloop*")),
        disk_kib=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024,
        seconds=seconds,
    )


def slope(samples: Sequence[Sample], name: str) -> float:
    """How much more of it a run leaves, by the least squares over the samples."""
    values = [float(getattr(each, name)) for each in samples]
    return statistics.linear_regression([each.runs for each in samples], values).slope


def grown(samples: Sequence[Sample]) -> dict[str, float]:
    """What grows by more than is allowed, and by how much over 10,000 runs. The first half warms up."""
    late = samples[len(samples) // 2 :]
    gains = {name: slope(late, name) * OVER for name in ALLOWED}
    return {name: gain for name, gain in gains.items() if gain > ALLOWED[name]}


async def run(box: BubblewrapBox, waiting: WaitingBoxes, document: Document, *, ahead: bool) -> None:
    """One execution."""
    if ahead:
        box.ahead()
        await waiting.settled()
    execution = await box.execute(document)
    if execution.status != "passed":
        raise RuntimeError(f"{document.path}: {execution}")


async def measured(python: Path, runs: int, every: int) -> list[Sample]:
    """The samples."""
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="mendloop-endurance-") as temporary:
        folder = Path(temporary)
        tempfile.tempdir = str(folder / "temporary")
        (folder / "temporary").mkdir()
        (folder / "repository").mkdir()
        documents = [parse(notebook(cells), f"{name}.ipynb") for name, cells in STANDARD.items()]
        async with boxes(python, folder / "repository") as (box, waiting):
            before = time.monotonic()
            for number in range(1, runs + 1):
                await run(box, waiting, documents[number % 3], ahead=number % 2 == 0)
                if number % every == 0:
                    now = time.monotonic()
                    samples.append(sample(number, folder, (now - before) / every))
                    before = now
                    print(samples[-1], flush=True)
        tempfile.tempdir = None
        shutil.rmtree(folder / "temporary", ignore_errors=True)
    return samples


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description="Does anything grow over many executions?")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    arguments = parser.parse_args()
    samples = asyncio.run(measured(arguments.python, arguments.runs, arguments.every))
    RESULTS.write_text(json.dumps([asdict(each) for each in samples], indent=1) + "\n", encoding="utf-8")
    names = [field.name for field in fields(Sample) if field.name in ALLOWED]
    print({name: round(slope(samples[len(samples) // 2 :], name) * OVER, 1) for name in names}, "over 10,000 runs")
    if found := grown(samples):
        sys.exit(f"grows: {found}")


if __name__ == "__main__":
    main()
