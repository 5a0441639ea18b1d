"""Are our outputs nbclient's? Runs every notebook of a corpus with both, and compares output by output.

    python -m bench.equality CORPUS [--pythons DIR] [--cache DIR] [--environments now,n124] [--only p008-after,p230-before] [--most N]

CORPUS is as in `bench.corpus`: both sides of every pair that can be run, in the environments it was run in, and the cookbook.
A notebook that fails has to fail at the same cell, by the same error, with the same outputs before.
Ours runs in a box. nbclient stands outside; the kernel that it drives stands in a plain bubblewrap without network, with this
machine read-only, the same variables and the same kernel layer. Texts are compared after addresses, times, temporary names and
random ids are put alike, and a cell put in front seeds the random generators. Where a cell differs nbclient runs the notebook once more: what differs from itself proves nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from bench.alike import alike, by_stream, lines_apart
from bench.confirm import Beside
from bench.corpus import build
from workers.cli.session import cache
from workers.documents.notebook import parse
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.environments import from_interpreter
from workers.sandbox.fixed import Fixed
from workers.sandbox.limits import MIB, Limits
from workers.sandbox.overlay import kernel_overlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.domain import Execution

RESULTS = Path(__file__).parent / "results" / "equality.json"
LIMITS = Limits(wall_s=600, cell_timeout_s=600, output_bytes_cell=8 * MIB, output_bytes_total=64 * MIB)
Outputs = list[dict[str, Any]]
STARTS = (
    "import sys; sys.path.append({overlay!r}); sys.argv[0] = 'ipykernel_launcher.py'; "
    "from ipykernel.kernelapp import launch_new_instance as go; go()"
)
"""A kernel of ours behind an environment's packages. Before Python 3.8 a warning in a cell is said to come from that file."""
SEEDS = """\
import random
random.seed(0)
try:
    import numpy
except ImportError:
    pass
else:
    numpy.random.seed(0)
    del numpy
del random
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One cell whose outputs are not the same."""

    cell: int
    reason: str
    """Where nbclient differs from itself, that; else empty: then it is ours to mend."""
    shown: tuple[str, ...]
    """The first lines that differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of one notebook."""

    name: str
    environment: str
    ending: tuple[str, str]
    """Ours, nbclient's."""
    cells: int
    """Code cells that both ran."""
    differences: tuple[Difference, ...]

    @property
    def verdict(self) -> str:
        """`equal`, `explained` or `DIFFERS`."""
        if self.ending[0] != self.ending[1] or any(not each.reason for each in self.differences):
            return "DIFFERS"
        return "explained" if self.differences else "equal"


def listed(corpus: Path, environments: set[str], only: set[str]) -> list[tuple[str, str, Path]]:
    """(name, environment, file) of what was run before: both sides of every pair, and the cookbook in each environment."""
    found: list[tuple[str, str, Path]] = []
    for pair in json.loads((corpus / "manifest.json").read_text())["pairs"]:
        known = pair["executable_offline"]
        runs = known.get("runs") or ([[known["env"], ""]] if "env" in known else [])
        for environment, _ in runs:
            if pair["format"] == "ipynb":
                found += [(f"{pair['id']}-{side}", environment, corpus / pair[side]) for side in ("after", "before")]
    for path in sorted((corpus / "cookbook").rglob("*.ipynb")):
        found += [(path.stem, environment, path) for environment in sorted(environments)]
    return [each for each in found if each[1] in environments and (not only or each[0] in only)]


async def ours(folder: Path, python: Path) -> tuple[str, dict[int, Outputs]]:
    """How it ended in a box, and the outputs of every cell."""
    environment = await from_interpreter(python)
    box = BubblewrapBox(environment, await kernel_overlay(environment, cache()), folder, LIMITS, raw=True)
    run = await box.execute(parse((folder / "notebook.ipynb").read_bytes(), "notebook.ipynb"))
    return ending(run), {each.cell: json.loads(each.raw)["outputs"] for each in run.cells if each.raw}


def ending(run: Execution) -> str:
    """As it is compared: passed, or where and by what it failed."""
    if run.status == "passed":
        return "passed"
    return f"failed at {run.failed_cell} {run.error.name if run.error else run.ended}"


async def theirs(folder: Path, python: Path) -> tuple[str, dict[int, Outputs]]:
    """How it ended with nbclient, and the outputs of every cell."""
    overlay = await kernel_overlay(await from_interpreter(python), cache())
    content = cast("Any", nbformat.read(folder / "notebook.ipynb", as_version=4))  # pyright: ignore[reportUnknownMemberType]
    ran: list[int] = []
    with tempfile.TemporaryDirectory(prefix="eq-") as sockets:
        manager = Beside(transport="ipc", ip=f"{sockets}/k", connection_file=f"{sockets}/c.json")
        manager.command = [*apart(folder, Path(sockets)), str(python), "-c", STARTS.format(overlay=str(overlay))]
        client = NotebookClient(
            content,
            km=manager,
            timeout=600,
            resources={"metadata": {"path": str(folder)}},
            on_cell_execute=lambda cell_index, **_: ran.append(cell_index),  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType, reportUnknownArgumentType]  # it has no types
        )
        try:
            await client.async_execute(env=variables(python))
            ended = "passed"
        except CellExecutionError as error:
            ended = f"failed at {failed(content)} {error.ename}"
        except (CellTimeoutError, DeadKernelError) as error:
            ended = f"failed at {failed(content)} {type(error).__name__}"
        finally:
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)  # pyright: ignore[reportUnknownMemberType]
    return ended, {at: content.cells[at]["outputs"] for at in ran}


def apart(folder: Path, sockets: Path) -> list[str]:
    """A command that runs another one with nothing writable but the notebook's folder and its sockets, and no network."""
    readable = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--dir", "/tmp/home")  # noqa: S108 - its own
    writable = [part for path in (folder, sockets) for part in ("--bind", str(path), str(path))]
    return ["bwrap", *readable, *writable, "--unshare-net", "--die-with-parent", "--"]


def variables(python: Path) -> dict[str, str]:
    """As in a box of ours."""
    home = {"HOME": "/tmp/home", "TMPDIR": "/tmp", "MPLCONFIGDIR": "/tmp/home/.matplotlib", "USER": "reader"}  # noqa: S108 - in its own
    path = f"{python.parent}:/usr/local/bin:/usr/bin:/bin"
    return {"PATH": path, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", **home, **Fixed().variables}


def failed(content: Any) -> int:
    """Index of the last cell that raised."""
    raised = [
        at
        for at, cell in enumerate(content.cells)
        if any(output["output_type"] == "error" for output in cell.get("outputs", ()))
    ]
    return raised[-1] if raised else -1


async def compared(name: str, environment: str, file: Path, python: Path) -> Row:
    """Run with both, and compare."""
    with tempfile.TemporaryDirectory(prefix="mendloop-equality-") as temporary:
        folders = [fresh(Path(temporary, str(number)), file) for number in range(3)]
        (ended, mine), (expected, others) = await ours(folders[0], python), await theirs(folders[1], python)
        roots = ("/repository", *map(str, folders))
        both = sorted(mine.keys() & others.keys())
        odd = [cell for cell in both if alike(mine[cell], roots) != alike(others[cell], roots)]
        again = (await theirs(folders[2], python))[1] if odd else {}
    return Row(
        name=name,
        environment=environment,
        ending=(ended, expected),
        cells=len(both),
        differences=tuple(difference(cell, mine[cell], others[cell], again.get(cell), roots) for cell in odd),
    )


def fresh(folder: Path, file: Path) -> Path:
    """A copy of what lies beside the notebook; itself under one name, with a first cell that has it draw the same numbers."""
    shutil.copytree(file.parent, folder)
    content = json.loads(file.read_bytes())
    seed: dict[str, object] = {"cell_type": "code", "metadata": {}, "outputs": []}
    if "cells" in content:
        seed |= {"execution_count": None, "source": SEEDS} | ({"id": "seeds"} if "id" in content["cells"][0] else {})
        content["cells"].insert(0, seed)
    else:
        seed |= {"prompt_number": None, "input": SEEDS, "language": "python", "collapsed": False}
        content["worksheets"][0]["cells"].insert(0, seed)
    (folder / "notebook.ipynb").write_text(json.dumps(content), encoding="utf-8")
    return folder


def difference(cell: int, mine: Outputs, expected: Outputs, again: Outputs | None, roots: Sequence[str]) -> Difference:
    """Why a cell is not the same."""
    reason = ""
    if again is not None and alike(again, roots) != alike(expected, roots):
        reason = "differs between two runs of nbclient as well"
    elif by_stream(mine, roots) == by_stream(expected, roots):
        reason = "the same, in another order: a kernel sends what waits in its two streams five times a second"
    return Difference(cell=cell, reason=reason, shown=lines_apart(alike(mine, roots), alike(expected, roots)))


async def measured(arguments: argparse.Namespace) -> list[Row]:
    """Every notebook, one after the other."""
    rows: list[Row] = []
    pythons: dict[str, Path] = {}
    only = {name for name in str(arguments.only).split(",") if name}
    for name, environment, file in listed(arguments.corpus, set(arguments.environments.split(",")), only)[
        : arguments.most
    ]:
        if environment not in pythons:
            pythons[environment], _ = build(environment, arguments.corpus, arguments.pythons, arguments.cache)
        row = await compared(name, environment, file, pythons[environment])
        rows.append(row)
        print(f"{row.verdict:9} {name} ({environment}): {row.cells} cells, {' | '.join(row.ending)}", flush=True)
        for each in row.differences:
            print(f"    cell {each.cell}: {each.reason or 'OURS'}", *each.shown, sep="\n        ", flush=True)
    return rows


def main() -> None:
    """Compare, print, keep."""
    parser = argparse.ArgumentParser(description="Compare our outputs with nbclient's.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pythons", type=Path, default=Path.home() / ".pyenv" / "versions")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "mendloop" / "corpus")
    parser.add_argument("--environments", default="now,n124,p10,old")
    parser.add_argument("--only", default="")
    parser.add_argument("--most", type=int)
    rows = asyncio.run(measured(parser.parse_args()))
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("equal", "explained", "DIFFERS")}
    print(f"{len(rows)} notebooks, {sum(row.cells for row in rows)} cells: {counts}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    if counts["DIFFERS"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
