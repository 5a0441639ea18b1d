"""`python -m tests.workers.sandbox.attacks`: what every attack sees in a real box of this machine, as a table.

With a backend's name (`bubblewrap`, or an OCI runtime's) as its argument, that one; `plain` for a process without a box.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.workers.sandbox.attacks.cases import ELSEWHERE, SEEN
from tests.workers.sandbox.attacks.ground import ground
from tests.workers.sandbox.attacks.launchers import answered, in_cells, judged, plainly
from tests.workers.sandbox.boxes import Place
from tests.workers.sandbox.runtimes import BOXES
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.environments import from_interpreter
from workers.sandbox.overlay import kernel_overlay

if TYPE_CHECKING:
    from tests.workers.sandbox.attacks.cases import Case
    from tests.workers.sandbox.attacks.ground import Ground

_SHOWN = 60


def main(backend: str = "bubblewrap") -> int:
    """Print the table; 1 when a case does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        place = asyncio.run(_place(Path(folder)))
        with ground(place, Path(folder)) as made:
            seen = _seen(backend, made)
            rows = [(case, judged(case, seen, made), _told(case, seen, made)) for case in SEEN]
    _print("| case | what is true of a box | result | seen |")
    _print("|---|---|---|---|")
    for case, holds, told in rows:
        _print(f"| {case.number} | {case.holds} | {'holds' if holds else 'FAILS'} | {told} |")
    for number, tests in ELSEWHERE.items():
        _print(f"| {number} | {', '.join(f'`{test}`' for test in tests)} | by test | |")
    _print(f"\n{sum(holds for _, holds, _ in rows)} of {len(rows)} hold.")
    return int(not all(holds for _, holds, _ in rows))


async def _place(folder: Path) -> Place:
    environment = await from_interpreter(Path(sys.executable))
    return Place(environment, await kernel_overlay(environment, folder / "cache"))


def _seen(backend: str, made: Ground) -> dict[str, Any]:
    if backend == "plain":
        return plainly(made)
    kind = {"bubblewrap": BubblewrapBox, **BOXES}[backend]
    return asyncio.run(in_cells(made.place.box(made.limits, made.workspace, kind), made))


def _told(case: Case, seen: dict[str, Any], made: Ground) -> str:
    """Short, and the same on every machine: what is the machine's own is not printed."""
    answer = answered(case, seen)
    text = str(answer.get("seen", answer.get("failed", "nothing")))
    text = text.replace(made.token, "the secret").replace(str(made.place.environment.prefix), "...").replace("|", "/")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
