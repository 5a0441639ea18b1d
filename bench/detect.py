"""Notebooks a second: `mendloop scan` beside ruff, over the same files.

    python -m bench.detect CORPUS [--notebooks N] [--megabytes M] [--runs N]

The sources are those of CORPUS (as in `bench.corpus`), taken in turn until there are N notebooks; each gets outputs of its own,
made from a seed, so that all together weigh M megabytes and no two files are the same bytes. Both programs are started cold for each
run, without a cache, in turns; the clock runs from their start to their end. Memory is the most that the program and what it
started held at once.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.peak import Peak

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RESULTS = Path(__file__).parent / "results" / "detect.json"
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one program over all notebooks."""

    program: str
    notebooks: int
    bytes: int
    seconds: float
    peak_bytes: int


def sources(corpus: Path) -> Iterator[dict[str, Any]]:
    """Both sides of every pair that is a notebook."""
    for pair in json.loads((corpus / "manifest.json").read_text())["pairs"]:
        if pair["format"] == "ipynb":
            yield from (json.loads((corpus / pair[side]).read_bytes()) for side in ("before", "after"))


def lay_out(corpus: Path, folder: Path, count: int, megabytes: int) -> int:
    """Write the notebooks; how many bytes they are."""
    each = megabytes * MEGABYTE // count
    for number, notebook in enumerate(islice(cycle(list(sources(corpus))), count)):
        path = folder / f"{number:04}.ipynb"
        path.write_text(json.dumps(with_outputs(notebook, number, each), indent=1), encoding="utf-8")
    return sum(path.stat().st_size for path in folder.iterdir())


def with_outputs(notebook: dict[str, Any], number: int, weight: int) -> dict[str, Any]:
    """The notebook with an image in each code cell, so that it weighs about `weight` bytes more."""
    # nbformat 3 has its cells in worksheets.
    held = [cell for sheet in notebook.get("worksheets", [notebook]) for cell in sheet["cells"]]
    cells = [cell for cell in held if cell["cell_type"] == "code"] or held[:1]
    made = random.Random(number)  # noqa: S311 - noise for a picture
    for cell in cells:
        image = base64.b64encode(made.randbytes(weight * 3 // 4 // len(cells))).decode()
        shown = {"png": image} if "worksheets" in notebook else {"data": {"image/png": image}}
        cell["outputs"] = [{"output_type": "display_data", "metadata": {}, **shown}]
    return notebook


async def timed(program: str, command: Sequence[str | Path], folder: Path, count: int, size: int) -> Sample:
    """One cold run."""
    with Peak() as peak:
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        code = await process.wait()
        seconds = time.perf_counter() - started
    if code not in {0, 1}:
        raise RuntimeError(f"{program} ended with {code}")
    return Sample(program=program, notebooks=count, bytes=size, seconds=seconds, peak_bytes=peak.most_bytes)


async def measured(corpus: Path, count: int, megabytes: int, runs: int) -> list[Sample]:
    """Both programs in turns."""
    with tempfile.TemporaryDirectory(prefix="mendloop-bench-") as temporary:
        folder = Path(temporary)
        size = await asyncio.to_thread(lay_out, corpus, folder, count, megabytes)
        ruff: list[str | Path] = [
            Path(sys.executable).parent / "ruff",
            "check",
            "--isolated",
            "--no-cache",
            "--quiet",
            "--select",
            "NPY,PD,UP,AIR",
            ".",
        ]
        programs = {
            "mendloop scan": [Path(sys.executable).parent / "mendloop", "scan", ".", "--json"],
            "ruff check": ruff,
        }
        made: list[Sample] = []
        for _ in range(runs):
            made += [await timed(name, command, folder, count, size) for name, command in programs.items()]
    return made


def table(made: Sequence[Sample]) -> list[str]:
    """Medians, in Markdown."""
    rows = ["| program | notebooks/s | median s | min | max | peak MiB |", "|---|---|---|---|---|---|"]
    for program in dict.fromkeys(one.program for one in made):
        mine = [one for one in made if one.program == program]
        seconds = [one.seconds for one in mine]
        median, peak = statistics.median(seconds), max(one.peak_bytes for one in mine) / 2**20
        rate = mine[0].notebooks / median
        rows.append(f"| {program} | {rate:.0f} | {median:.2f} | {min(seconds):.2f} | {max(seconds):.2f} | {peak:.0f} |")
    return rows


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description="Notebooks a second, beside ruff.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--notebooks", type=int, default=500)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    made = asyncio.run(measured(given.corpus, given.notebooks, given.megabytes, given.runs))
    print("\n".join(table(made)))
    RESULTS.write_text(json.dumps([asdict(one) for one in made], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
