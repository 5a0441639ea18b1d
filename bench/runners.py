"""Notebooks to time, and everybody who runs them: our boxes, and the tools that people use."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from workers.cli.session import cache
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.environments import from_interpreter
from workers.sandbox.limits import Limits
from workers.sandbox.opening import open_box
from workers.sandbox.waiting import Bounds, WaitingBoxes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from workers.protocols import Box, Document

Run = Callable[[], Coroutine[Any, Any, None]]

STANDARD = {
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
NUMERICAL = {
    "table": [
        "import numpy as np, pandas as pd",
        "table = pd.DataFrame({'a': np.arange(1000), 'b': np.arange(1000) % 7})",
        "means = table.groupby('b')['a'].mean()",
        "means.head()",
        "print(table.describe())",
    ],
    "series": [
        "import numpy as np\nimport pandas as pd",
        "days = pd.date_range('2024-01-01', periods=365)",
        "series = pd.Series(np.sin(np.arange(365) / 20), index=days)",
        "series.resample('MS').mean()",
        "print(series.rolling(7).std().max())",
    ],
    "matrix": [
        "import numpy as np\nimport pandas as pd",
        "a = np.arange(10_000, dtype=float).reshape(100, 100) + np.eye(100) * 500",
        "values = np.linalg.eigvals(a)",
        "np.abs(values).max().round(3)",
        "print(pd.DataFrame(a).iloc[:3, :3])",
    ],
}


def notebook(cells: Sequence[str]) -> bytes:
    """A notebook of code cells."""
    listed: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "id": f"c{n}", "metadata": {}, "outputs": [], "source": source}
        for n, source in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": listed, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def command(*words: str | Path, cwd: Path | None = None) -> Run:
    """A runner that starts a program and waits for it."""

    async def run() -> None:
        process = await asyncio.create_subprocess_exec(
            *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd
        )
        if await process.wait():
            raise RuntimeError(f"{words} exited with {process.returncode}")

    return run


def in_process(path: Path, python: Path) -> Run:
    """Nbclient in a process that has imported it already. Its loop is its own: it puts handlers of signals aside."""

    def run() -> None:
        import nbformat  # noqa: PLC0415 - of the bench extra
        from nbclient import NotebookClient  # noqa: PLC0415 - as above

        read = cast("Any", nbformat.read(path, as_version=4))  # pyright: ignore[reportUnknownMemberType]  # it has no types
        client: Any = NotebookClient(read, timeout=120, shutdown_kernel="immediate")
        client.km = client.create_kernel_manager()
        client.km.kernel_spec.argv[0] = str(python)
        client.execute()

    async def in_thread() -> None:
        await asyncio.to_thread(run)

    return in_thread


def boxed(box: Box, document: Document) -> Run:
    """Our box."""

    async def run() -> None:
        execution = await box.execute(document)
        if execution.status != "passed":
            raise RuntimeError(f"{document.path}: {execution}")

    return run


def peers(python: Path, folder: Path, name: str, cells: Sequence[str]) -> dict[str, Run]:
    """Everybody else."""
    path, script, programs = folder / f"{name}.ipynb", folder / f"{name}-bare.py", python.parent
    path.write_bytes(notebook(cells))
    script.write_text("\n".join(cells))
    converted = ("--to", "notebook", "--execute", path, "--output", f"{name}-out.ipynb")
    return {
        "bare": command(python, script),
        "nbconvert --execute": command(programs / "jupyter", "nbconvert", *converted),
        "papermill": command(programs / "papermill", path, folder / f"{name}-pm.ipynb"),
        "pytest --nbmake": command(python, "-m", "pytest", "-q", "--nbmake", path.name, cwd=folder),
        "nbclient, in process": in_process(path, python),
    }


@asynccontextmanager
async def boxes(python: Path, workspace: Path, most: int = 8) -> AsyncGenerator[tuple[BubblewrapBox, WaitingBoxes]]:
    """A box of the interpreter's environment, and the pool that its waiting ones are in."""
    environment = await from_interpreter(python)
    async with WaitingBoxes(Bounds(most=most)) as waiting:
        box = await open_box(
            "bubblewrap",
            environment=environment,
            cache=cache(),
            workspace=workspace,
            limits=Limits(),
            waiting=waiting,
        )
        if not isinstance(box, BubblewrapBox):
            raise TypeError(f"asked for bubblewrap, got {box.name}")
        yield box, waiting


def compiled(python: Path) -> None:
    """Bytecode for everything in the environment, as an installer leaves it: nobody is timed compiling."""
    subprocess.run(
        [python, "-m", "compileall", "-q", "-j", "0", "-x", "/tests?/", python.parent.parent / "lib"],
        check=False,
        env={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        stdout=subprocess.DEVNULL,
    )
