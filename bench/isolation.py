"""Does anything of one execution reach another? Many runs in random order, through every path that ships, each as it is alone.

    python -m bench.isolation [--runs N] [--jobs N] [--seed N] [--python PATH]

Every notebook changes something (module state, seeds, variables, files, the working directory, threads, display ids) and
prints what it finds of all the others' changes. First each runs alone, cold; then N runs, the notebooks and the paths (cold
and waiting) drawn at random, some at the same time. Outputs must be the same, byte by byte.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.runners import boxes, notebook
from workers.documents.notebook import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.contract.domain import Execution
    from workers.protocols import Box, Document

RESULTS = Path(__file__).parent / "results" / "isolation.json"
PATHS = ("cold", "waiting")

LOOK = """\
import json, math, os, random, sys, threading, warnings
again = random.Random(99)
[again.random() for _ in range(5)]
print(json.dumps({
    "seeded": random.random() == again.random(), "module": getattr(math, "left", None), "path": "/left" in sys.path,
    "variables": sorted(os.environ), "modules": sorted(name for name in sys.modules if name.startswith("left")),
    "files": [sorted(os.listdir(at)) for at in (".", "/tmp", "/dev/shm", os.environ["HOME"])],
    "beside": open("/repository/beside.txt").read(), "here": os.getcwd(), "threads": threading.active_count(),
    "filters": len(warnings.filters), "names": sorted(name for name in dir() if not name.startswith("_")),
    "count": get_ipython().execution_count, "hash": hash("left"), "depth": sys.getrecursionlimit(),
}, sort_keys=True))
"""

LEAVES: Mapping[str, str] = {
    "module state": "math.left = 'left'; sys.modules['left_behind'] = math",
    "seeds": "random.seed(99); state = [random.random() for _ in range(5)]",
    "variables": "os.environ['LEFT'] = 'left'; os.environ['PYTHONHASHSEED'] = '5'; os.environ.pop('TZ', None)",
    "files": "[open(os.path.join(at, 'left'), 'w').write('left') for at in ('.', '/tmp', '/dev/shm', os.environ['HOME'])]",
    "a file beside": "open('beside.txt', 'w').write('left')",
    "directory and path": "os.chdir('/tmp'); sys.path.append('/left')",
    "threads": "threading.Thread(target=threading.Event().wait, args=(60,), daemon=True).start()",
    "filters and hooks": "warnings.simplefilter('error'); sys.excepthook = print; sys.setrecursionlimit(100_000)",
    "builtins": "import builtins; builtins.left = 1; print = None",
    "an error": "raise RuntimeError('left')",
    "a shell": "get_ipython().run_line_magic('cd', '/tmp'); get_ipython().set_next_input('left')",
    "a child": "import subprocess; child = subprocess.Popen(['sleep', '60'])",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A run that was not as it is alone."""

    run: int
    notebook: str
    path: str
    alone: str
    seen: str


def documents() -> dict[str, Document]:
    """Each looks, leaves something, and looks again."""
    return {
        name: parse(notebook([LOOK, leaves, LOOK, "41 + 1"]), f"{name.replace(' ', '-')}.ipynb")
        for name, leaves in LEAVES.items()
    }


def beside(folder: Path) -> None:
    """The file that lies beside every notebook."""
    (folder / "beside.txt").write_text("beside")


def shown(run: Execution) -> str:
    """Everything that a run showed, as text."""
    cells = [
        (each.cell, each.status, each.outputs, each.warnings, each.error and each.error.message) for each in run.cells
    ]
    return repr((run.status, run.ended, cells))


def drawn(names: Sequence[str], runs: int, seed: int) -> list[tuple[str, str]]:
    """(notebook, path) of each run."""
    dice = random.Random(seed)  # noqa: S311 - the same order when asked for again
    return [(dice.choice(names), dice.choice(PATHS)) for _ in range(runs)]


async def alone(box: Box, notebooks: Mapping[str, Document]) -> dict[str, str]:
    """What each shows when nothing ran before it in any box of this process but other such runs, one at a time, cold."""
    return {name: shown(await box.execute(document)) for name, document in notebooks.items()}


async def measured(python: Path, runs: int, jobs: int, seed: int) -> tuple[list[Leak], Counter[str]]:
    """The leaks, and how many runs went which path."""
    notebooks, leaks, paths, slots = documents(), list[Leak](), Counter[str](), asyncio.Semaphore(jobs)
    with tempfile.TemporaryDirectory(prefix="mendloop-isolation-") as temporary:
        beside(Path(temporary))
        async with boxes(python, Path(temporary)) as (waited, waiting), boxes(python, Path(temporary)) as (cold, _):
            expected = await alone(cold, notebooks)

            async def one(number: int, name: str, path: str) -> None:
                async with slots:
                    if path == "waiting":
                        waited.ahead(jobs)
                        await waiting.settled()
                    seen = shown(await (waited if path == "waiting" else cold).execute(notebooks[name]))
                paths[path] += 1
                if seen != expected[name]:
                    leaks.append(Leak(run=number, notebook=name, path=path, alone=expected[name], seen=seen))

            async with asyncio.TaskGroup() as group:
                for number, (name, path) in enumerate(drawn(list(notebooks), runs, seed)):
                    group.create_task(one(number, name, path))
    return leaks, paths


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description="Many runs in random order, each as it is alone.")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    arguments = parser.parse_args()
    started = time.monotonic()
    leaks, paths = asyncio.run(measured(arguments.python, arguments.runs, arguments.jobs, arguments.seed))
    for leak in leaks[:10]:
        print(f"run {leak.run}, {leak.notebook}, {leak.path}:\n  alone {leak.alone[:2000]}\n  seen  {leak.seen[:2000]}")
    seconds = time.monotonic() - started
    print(f"{arguments.runs} runs {dict(paths)} in {seconds:.0f} s: {len(leaks)} were not as alone")
    kept = {"runs": arguments.runs, "paths": paths, "seconds": seconds, "leaks": [asdict(leak) for leak in leaks]}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if leaks:
        sys.exit(1)


if __name__ == "__main__":
    main()
