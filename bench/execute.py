"""Seconds per notebook: our box beside `jupyter nbconvert --execute` and papermill, on the same three notebooks.

    python -m bench.execute [--runs N]

Every runner gets the same files and the same interpreter, in turn, N times after one warm-up; medians are printed. The
peers run unboxed. `box` is one execution in a fresh box, asked of a running worker (the loop's view); `mendloop repair` is
the whole command, start-up, review and records included. `bare` is the interpreter running the joined cells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from workers.cli.session import cache
from workers.documents.notebook import parse
from workers.sandbox.environments import from_interpreter
from workers.sandbox.limits import Limits
from workers.sandbox.opening import open_box

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NOTEBOOKS = {
    "text": [
        "import re",
        "text = 'one two three ' * 50",
        "words = re.findall(r'\\w+', text)",
        "len(words)",
        "print(words[:3])",
    ],
    "numbers": [
        "import math",
        "xs = [n / 10 for n in range(1000)]",
        "ys = [math.sin(x) for x in xs]",
        "sum(ys)",
        "max(ys)",
    ],
    "records": [
        "import csv, io, json",
        "rows = [{'n': n, 'square': n * n} for n in range(200)]",
        "out = io.StringIO(); writer = csv.DictWriter(out, ['n', 'square']); writer.writerows(rows)",
        "json.dumps(rows)[:60]",
        "print(len(out.getvalue()))",
    ],
}


def notebook(cells: list[str]) -> bytes:
    """A notebook of code cells."""
    listed: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "id": f"c{n}", "metadata": {}, "outputs": [], "source": source}
        for n, source in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": listed, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def command(*words: str | Path) -> Callable[[], Awaitable[None]]:
    """A runner that starts a program and waits for it."""

    async def run() -> None:
        process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if await process.wait():
            raise RuntimeError(f"{words} exited with {process.returncode}")

    return run


async def runners(folder: Path, name: str, cells: list[str]) -> dict[str, Callable[[], Awaitable[None]]]:
    """Every runner for one notebook."""
    path = folder / f"{name}.ipynb"
    path.write_bytes(notebook(cells))
    script = folder / f"{name}.py"
    script.write_text("\n".join(cells))
    bin_ = Path(sys.executable).parent
    environment = await from_interpreter(Path(sys.executable))
    box = await open_box("bubblewrap", environment=environment, cache=cache(), workspace=folder, limits=Limits())
    document = parse(path.read_bytes(), path.name)

    async def boxed() -> None:
        execution = await box.execute(document)
        if execution.status != "passed":
            raise RuntimeError(f"{name}: {execution}")

    return {
        "bare": command(sys.executable, script),
        "box": boxed,
        "mendloop repair": command(bin_ / "mendloop", "repair", path, "--repo", folder, "--python", sys.executable),
        "nbconvert --execute": command(
            bin_ / "jupyter", "nbconvert", "--to", "notebook", "--execute", path, "--output", f"{name}-out.ipynb"
        ),
        "papermill": command(bin_ / "papermill", path, folder / f"{name}-pm.ipynb"),
    }


async def measure(runs: int) -> None:
    """Time everything in turn and print the medians."""
    with tempfile.TemporaryDirectory(prefix="mendloop-bench-") as temporary:
        rows: dict[str, list[float]] = {}
        for name, cells in NOTEBOOKS.items():
            folder = Path(temporary) / name
            folder.mkdir()
            by_runner = await runners(folder, name, cells)
            for turn in range(runs + 1):
                for runner, run in by_runner.items():
                    started = time.perf_counter()
                    await run()
                    if turn:
                        rows.setdefault(runner, []).append(time.perf_counter() - started)
    floor = statistics.median(rows["bare"])
    print("| runner | median ms | min | max | times bare |\n|---|---|---|---|---|")
    for runner, seconds in rows.items():
        median = statistics.median(seconds)
        low, high = min(seconds), max(seconds)
        print(f"| {runner} | {median * 1000:.0f} | {low * 1000:.0f} | {high * 1000:.0f} | {median / floor:.1f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    asyncio.run(measure(parser.parse_args().runs))


if __name__ == "__main__":
    main()
