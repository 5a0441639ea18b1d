"""From a notebook to its verdict: our boxes beside the tools that people use, on the same files and the same interpreter.

    python -m bench.execute [--runs N] [--notebooks N] [--python PATH]

Six notebooks of five cells, three of the standard library and three with NumPy and pandas; every runner in turn, N times
after one to warm up; medians are printed, every sample is kept. The peers run unboxed. `box, cold` starts a box for each run;
`box, waiting` takes one that was started ahead; both are asked of a process that runs, as the loop does, and the clock runs
from the request to the verdict, the end of the box included. `bare` is the interpreter running the joined cells. `--python`
is the interpreter of an environment with all of them, as `make bench` builds it of `bench/peers.lock`. Then so many notebooks at 1, 2 and 4
jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.peak import Peak
from bench.runners import NUMERICAL, STANDARD, boxed, boxes, command, compiled, notebook, peers
from workers.documents.notebook import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.runners import Run
    from workers.protocols import Document
    from workers.sandbox.bubblewrap import BubblewrapBox

RESULTS = Path(__file__).parent / "results" / "execute.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one notebook."""

    group: str
    notebook: str
    runner: str
    seconds: float
    load: float
    """Of the machine over the last minute, before the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """So many notebooks, so many at a time."""

    runner: str
    jobs: int
    notebooks: int
    seconds: float
    peak_bytes: int
    """Resident memory of everything below this process, looked at every 50 ms."""
    load: float


async def singly(python: Path, folder: Path, runs: int) -> list[Sample]:
    """Every runner in turn on every notebook."""
    samples: list[Sample] = []
    for group, notebooks in (("standard library", STANDARD), ("numpy and pandas", NUMERICAL)):
        for name, cells in notebooks.items():
            place = folder / name
            place.mkdir()
            runners = peers(python, place, name, cells)
            document = parse(notebook(cells), f"{name}.ipynb")
            async with boxes(python, place) as (box, waiting):
                runners |= {"box, cold": boxed(box, document), "box, waiting": boxed(box, document)}
                for turn in range(runs + 1):
                    for runner, run in runners.items():
                        if runner == "box, waiting":
                            box.ahead()
                            await waiting.settled()
                        load, started = os.getloadavg()[0], time.perf_counter()
                        await run()
                        seconds = time.perf_counter() - started
                        if turn:
                            samples.append(
                                Sample(group=group, notebook=name, runner=runner, seconds=seconds, load=load)
                            )
    return samples


async def together(python: Path, folder: Path, count: int) -> list[Batch]:
    """`count` notebooks of the standard library at 1, 2 and 4 jobs."""
    names = list(STANDARD)
    documents = [parse(notebook(STANDARD[names[n % 3]]), f"{n}.ipynb") for n in range(count)]
    for document in documents:
        (folder / document.path).write_bytes(document.raw)
    batches: list[Batch] = []
    for jobs in (1, 2, 4):
        async with boxes(python, folder) as (box, _):
            batches.append(await batch("box, cold", jobs, [boxed(box, document) for document in documents]))
        async with boxes(python, folder) as (box, waiting):
            box.ahead(jobs)
            await waiting.settled()
            batches.append(
                await batch("box, refilled", jobs, [refilled(box, document, jobs) for document in documents])
            )
        papermill = python.parent / "papermill"
        runs = [command(papermill, folder / each.path, folder / f"out-{each.path}") for each in documents]
        batches.append(await batch("papermill", jobs, runs))
    return batches


def refilled(box: BubblewrapBox, document: Document, jobs: int) -> Run:
    """Our box, and another one started in its place while it runs."""
    run = boxed(box, document)

    async def both() -> None:
        running = asyncio.create_task(run())
        await asyncio.sleep(0)
        box.ahead(jobs)
        await running

    return both


async def batch(runner: str, jobs: int, runs: Sequence[Run]) -> Batch:
    """Run them, so many at a time."""
    slots = asyncio.Semaphore(jobs)

    async def one(run: Run) -> None:
        async with slots:
            await run()

    load = os.getloadavg()[0]
    with Peak() as peak:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for run in runs:
                group.create_task(one(run))
        seconds = time.perf_counter() - started
    return Batch(runner=runner, jobs=jobs, notebooks=len(runs), seconds=seconds, peak_bytes=peak.most_bytes, load=load)


def table(samples: Sequence[Sample]) -> list[str]:
    """Medians over the three notebooks of a group, in Markdown."""
    rows = ["| notebooks | runner | median ms | min | max | times bare |", "|---|---|---|---|---|---|"]
    for group in dict.fromkeys(each.group for each in samples):
        mine = [each for each in samples if each.group == group]
        floor = statistics.median(each.seconds for each in mine if each.runner == "bare")
        for runner in dict.fromkeys(each.runner for each in mine):
            seconds = [each.seconds for each in mine if each.runner == runner]
            median = statistics.median(seconds)
            figures = f"{median * 1e3:.0f} | {min(seconds) * 1e3:.0f} | {max(seconds) * 1e3:.0f} | {median / floor:.1f}"
            rows.append(f"| {group} | {runner} | {figures} |")
    return rows


def batch_table(batches: Sequence[Batch]) -> list[str]:
    """Milliseconds each and peak memory, in Markdown."""
    rows = ["| runner | jobs | ms each | peak MiB |", "|---|---|---|---|"]
    for each in batches:
        ms = each.seconds / each.notebooks * 1e3
        rows.append(f"| {each.runner} | {each.jobs} | {ms:.0f} | {each.peak_bytes / 2**20:.0f} |")
    return rows


async def measured(python: Path, runs: int, count: int) -> None:
    """Measure, print, keep."""
    with tempfile.TemporaryDirectory(prefix="mendloop-bench-") as temporary:
        folder = Path(temporary)
        samples = await singly(python, folder, runs)
        print("\n".join(table(samples)), flush=True)
        (folder / "twenty").mkdir()
        batches = await together(python, folder / "twenty", count)
    print("\n".join(batch_table(batches)))
    RESULTS.parent.mkdir(exist_ok=True)
    kept = {"samples": [asdict(each) for each in samples], "batches": [asdict(each) for each in batches]}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="From a notebook to its verdict, beside other tools.")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--notebooks", type=int, default=20)
    parser.add_argument("--python", type=Path, default=Path.cwd() / ".venv-bench" / "bin" / "python")
    arguments = parser.parse_args()
    compiled(arguments.python)
    asyncio.run(measured(arguments.python, arguments.runs, arguments.notebooks))


if __name__ == "__main__":
    main()
