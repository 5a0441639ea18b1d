"""Run what `bench.corpus --keep DIR --out FILE` left with nbclient, outside any box of ours, and compare the verdicts.

    python -m bench.confirm FILE DIR CACHE [--jobs N]

CACHE is where `bench.corpus` keeps its environments. Every file is run as it stands in DIR: where something was delivered
that is the repaired copy. The kernel is ipykernel from mendloop's own cache, behind the environment's packages. Nothing
protects this machine from the files: for ones that were run in a box before, on a machine that may be lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from workers.cli.session import cache
from workers.sandbox.environments import from_interpreter
from workers.sandbox.overlay import kernel_overlay

STARTS = "import sys; sys.path.append({overlay!r}); from ipykernel.kernelapp import launch_new_instance as go; go()"


class Beside(AsyncKernelManager):
    """A kernel of an environment that has none: ours, behind its packages."""

    command: list[str]

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The command, with this manager's connection file."""
        return [*self.command, "-f", str(self.connection_file), *(extra_arguments or [])]


async def ending(notebook: Path, python: Path) -> str:
    """`passed`, or the first failing cell and its error's class, as `bench.corpus` writes it."""
    overlay = await kernel_overlay(await from_interpreter(python), cache())
    content = cast("Any", nbformat.read(notebook, as_version=4))  # pyright: ignore[reportUnknownMemberType]
    with tempfile.TemporaryDirectory() as home:
        manager = Beside()
        manager.command = [str(python), "-c", STARTS.format(overlay=str(overlay))]
        client = NotebookClient(
            content, km=manager, timeout=600, resources={"metadata": {"path": str(notebook.parent)}}
        )
        environment = {"PATH": os.environ["PATH"], "HOME": home, "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}
        try:
            await client.async_execute(env=environment)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return f"failed at {failed(content)} {getattr(error, 'ename', type(error).__name__)}"
        finally:
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)  # pyright: ignore[reportUnknownMemberType]
    return "passed"


def failed(content: Any) -> int:
    """Index of the cell that raised."""
    for index, cell in enumerate(content.cells):
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return index
    return -1


async def confirm(rows: list[dict[str, Any]], kept: Path, pythons: dict[str, Path], jobs: int) -> int:
    """Print a line a file; the number of those on which the two runners do not agree."""
    slots, differ = asyncio.Semaphore(jobs), 0

    async def one(row: dict[str, Any]) -> None:
        nonlocal differ
        ours = row["head"] if row["outcome"] in {"repaired", "improved"} else row["base"]
        folder = kept / f"{row['name'].replace(' ', '-')}-{row['environment']}"
        async with slots:
            theirs = await ending(folder / "notebook.ipynb", pythons[row["environment"]])
        same = theirs == ours
        differ += not same
        print(
            f"{row['name']} ({row['environment']}): {row['outcome']}: {ours} | nbclient {theirs}{'' if same else ' | DIFFERS'}"
        )
        sys.stdout.flush()

    await asyncio.gather(*map(one, rows))
    return differ


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("kept", type=Path)
    parser.add_argument("environments", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    rows = json.loads(arguments.rows.read_text())
    names = {row["environment"] for row in rows}
    pythons = {name: next(arguments.environments.glob(f"{name}-*")) / "bin" / "python" for name in names}
    differ = asyncio.run(confirm(rows, arguments.kept, pythons, arguments.jobs))
    print(f"{len(rows)} files, {differ} on which the two do not agree")


if __name__ == "__main__":
    main()
