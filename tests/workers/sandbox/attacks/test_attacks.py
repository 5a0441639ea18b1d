"""Every attack is tried inside a real box, and holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.sandbox.attacks.cases import SEEN, Case
from tests.workers.sandbox.attacks.launchers import answered, as_command, fails, judged, plainly
from tests.workers.sandbox.boxes import notebook, printed
from tests.workers.sandbox.runtimes import BOXES

if TYPE_CHECKING:
    from tests.workers.sandbox.attacks.ground import Ground


@pytest.mark.parametrize("case", SEEN, ids=[f"{case.number}-{case.holds}".replace(" ", "-") for case in SEEN])
def test_the_case_holds_in_the_box(case: Case, seen: dict[str, Any], grounds: Ground) -> None:
    assert judged(case, seen, grounds), answered(case, seen)


async def test_every_case_holds_for_an_owners_command(grounds: Ground) -> None:
    seen = await as_command(grounds.place.box(grounds.limits, grounds.workspace), grounds)

    assert fails(seen, grounds) == []


@pytest.mark.parametrize("kind", BOXES.values(), ids=BOXES.keys())
async def test_x161_every_case_holds_in_the_box_of_an_oci_runtime(grounds: Ground, kind: Any) -> None:
    seen = await as_command(grounds.place.box(grounds.limits, grounds.workspace, kind=kind), grounds)

    assert fails(seen, grounds) == []


def test_x170_a_plain_process_fails_at_least_twenty_cases(grounds: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")

    failed = fails(plainly(grounds), grounds)

    assert len(failed) >= 20
    assert len({case.number for case in failed}) >= 10


def test_a_probe_that_saw_nothing_has_shown_nothing(grounds: Ground) -> None:
    silent: dict[str, Any] = {}
    broken = {case.probe.partition(":")[0]: {"failed": "it broke"} for case in SEEN}

    assert len(fails(silent, grounds)) == len(fails(broken, grounds)) == len(SEEN)


async def test_x168_a_notebook_that_turns_its_clock_back_does_not_change_how_long_it_took(grounds: Ground) -> None:
    run = await grounds.place.box(grounds.limits).execute(
        notebook(
            "import time\nlater = time.monotonic\n"
            "time.time = time.monotonic = time.perf_counter = lambda: 0.0\n"
            "__import__('subprocess').run(['sleep', '0.3'])\nprint(time.time())"
        )
    )

    assert printed(run) == "0.0\n"
    assert 0.3 < run.seconds < grounds.limits.wall_s
    assert run.cells[0].seconds > 0.2


async def test_r127_magics_run_in_the_box_alone(grounds: Ground) -> None:
    marker = f"/tmp/magic-{os.getpid()}-{grounds.token[-8:]}"
    run = await grounds.place.box(grounds.limits).execute(
        notebook(
            f"!echo shell > {marker}",
            f"%%bash\necho bash >> {marker}",
            f"get_ipython().system('echo system >> {marker}')",
            "%%writefile file.py\nopen(MARKER, 'a').write('run')".replace("MARKER", repr(marker)),
            "%run file.py",
            "%load_ext autoreload\n%cd /\n%env X=1",
            f"print(open({marker!r}).read().split())",
        )
    )

    assert printed(run, 6) == "['shell', 'bash', 'system', 'run']\n"
    assert not Path(marker).exists()
