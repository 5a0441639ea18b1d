"""Ways to run the probes: in a box as cells or as a command, and as a plain process that nothing holds back."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.workers.sandbox.attacks.cases import SEEN
from tests.workers.sandbox.boxes import notebook, printed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.workers.sandbox.attacks.cases import Case
    from tests.workers.sandbox.attacks.ground import Ground
    from workers.sandbox.bubblewrap import BubblewrapBox

_PROBES = Path(__file__).parent / "probes"
_TELL = """
import base64, json, sys, time, traceback
def tell(names, told):
    seen = {}
    for name in names:
        began = time.monotonic()
        try:
            seen[name] = {"seen": globals()[name](told)}
        except Exception as error:
            seen[name] = {"failed": traceback.format_exc()[-300:]}
        seen[name]["seconds"] = round(time.monotonic() - began, 3)
    print("SEEN" + json.dumps(seen))
"""


def source(told: dict[str, Any], names: Iterable[str]) -> str:
    """One program that tries all these probes and prints what they saw."""
    text = "".join((_PROBES / f"{name}.py").read_text("utf-8") for name in ("surroundings", "kernel"))
    text = text.replace("from __future__ import annotations\n", "")
    # Not as it is: what is looked for must not stand on the command line of who looks for it.
    packed = base64.b64encode(json.dumps(told).encode()).decode()
    return f"{text}{_TELL}tell({list(names)!r}, json.loads(base64.b64decode({packed!r})))\n"


def functions(cases: Iterable[Case] = SEEN) -> list[str]:
    """The probes of these cases, each once."""
    return list(dict.fromkeys(case.probe.partition(":")[0] for case in cases))


async def in_cells(box: BubblewrapBox, ground: Ground) -> dict[str, Any]:
    """Tried by a cell of a notebook."""
    run = await box.execute(notebook(source(ground.told, functions())))
    return _told(printed(run))


async def as_command(box: BubblewrapBox, ground: Ground) -> dict[str, Any]:
    """Tried by a command of the owner's."""
    argv = (str(box.environment.python), "-c", source(ground.told, functions()))
    return _told((await box.run(argv, notebook(""))).output)


def plainly(ground: Ground) -> dict[str, Any]:
    """Tried by a process that inherits everything, as code is run where nobody thought of it."""
    program = source({**ground.told, "root": "."}, functions())
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ground.workspace,
        env={**os.environ, "HOLDER_TOKEN": ground.token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return _told(done.stdout + done.stderr)


def _told(text: str) -> dict[str, Any]:
    line = next((line for line in text.splitlines() if line.startswith("SEEN")), None)
    assert line is not None, text[-2000:]
    return json.loads(line.removeprefix("SEEN"))


def judged(case: Case, seen: dict[str, Any], ground: Ground) -> bool:
    """Whether the case holds; a probe that could not say what it saw has not shown that it does."""
    answer = answered(case, seen)
    try:
        return "seen" in answer and case.judge(answer["seen"], ground)
    except (KeyError, TypeError, IndexError):
        return False


def answered(case: Case, seen: dict[str, Any]) -> dict[str, Any]:
    """What the case's probe said; of a probe with several parts its own."""
    name, _, part = case.probe.partition(":")
    answer = seen.get(name, {})
    if name == "calls" and "seen" in answer:
        return {"seen": dict(answer["seen"].get(part, {}))}
    return answer


def fails(seen: dict[str, Any], ground: Ground) -> list[Case]:
    """The cases that do not hold."""
    return [case for case in SEEN if not judged(case, seen, ground)]
