from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from workers.contract.errors import SandboxUnavailableError
from workers.protocols import Box, Question
from workers.sandbox.limits import Limits
from workers.sandbox.local import LocalBox
from workers.sandbox.opening import open_box, refuse_unless_it_holds
from workers.sandbox.probe import ProbeResult

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place


@pytest.fixture
def box(place: Place, tmp_path: Path) -> LocalBox:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return LocalBox(environment=place.environment, overlay=place.overlay, workspace=workspace, limits=Limits(wall_s=60))


async def test_a_run_without_a_box_says_so_and_tells_what_each_cell_did(box: LocalBox) -> None:
    run = await box.execute(notebook("x = 20", "print(x + 1)", "1 / 0", "print('never')"))

    assert [cell.status for cell in run.cells] == ["ok", "ok", "error", "not_run"]
    assert run.cells[1].outputs[0].text == "21\n"
    assert run.error is not None
    assert run.error.name == "ZeroDivisionError"
    assert run.boxed is False
    assert box.name == "none"


async def test_files_beside_the_artifact_are_there_and_stay_as_they_are(box: LocalBox) -> None:
    workspace = box.workspace or Path()
    (workspace / "notebooks").mkdir()
    (workspace / "notebooks/data.csv").write_text("a,b\n")
    (workspace / "notebooks/neighbour.py").write_text("VALUE = 7\n")

    run = await box.execute(
        notebook(
            "import neighbour; print(neighbour.VALUE, open('data.csv').read().strip())",
            "open('data.csv', 'w').write('changed'); open('new.txt', 'w').write('new')",
            path="notebooks/a.ipynb",
        )
    )

    assert run.status == "passed"
    assert run.cells[0].outputs[0].text == "7 a,b\n"
    assert (workspace / "notebooks/data.csv").read_text() == "a,b\n"
    assert {path.name for path in (workspace / "notebooks").iterdir()} == {"data.csv", "neighbour.py"}


async def test_no_variable_of_the_users_is_handed_on(box: LocalBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_TOKEN", "canary-77f1")

    run = await box.execute(notebook("import os; print(sorted(os.environ.items()))"))

    assert run.status == "passed"
    assert "canary-77f1" not in run.cells[0].outputs[0].text


async def test_the_clock_ends_it_and_everything_it_started(box: LocalBox, tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    code = f"while True:\n    open({str(beat)!r}, 'a').write('.')\n    __import__('time').sleep(0.05)"
    child = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {code!r}])"
    hurried = LocalBox(
        environment=box.environment, overlay=box.overlay, workspace=None, limits=Limits(wall_s=60, cell_timeout_s=2)
    )

    run = await hurried.execute(notebook(child, "while True: pass"))
    await asyncio.sleep(0.3)
    size = beat.stat().st_size
    await asyncio.sleep(0.5)

    assert run.ended == "timeout"
    assert run.cells[1].status == "error"
    assert size > 0
    assert beat.stat().st_size == size


async def test_nothing_is_left_in_the_temporary_directory(box: LocalBox) -> None:
    before = leftovers()

    await box.execute(notebook("open('x', 'w').write('x')"))

    assert leftovers() <= before


async def test_questions_are_answered_in_order(box: LocalBox) -> None:
    questions = [
        Question(name="json.dumps", keywords=("indnet",)),
        Question(name="json.gone"),
        Question(name="nowhere"),
    ]

    first, second, third = await box.resolve(questions)

    # `json.dumps` takes **kw, so no keyword is provably wrong.
    assert [first.status, second.status, third.status] == ["undecided", "absent", "unimportable"]
    assert [first.question, second.question, third.question] == questions


async def test_the_settings_are_part_of_the_digest(box: LocalBox) -> None:
    other = LocalBox(environment=box.environment, overlay=box.overlay, workspace=None, limits=Limits(wall_s=61))

    assert other.digest != box.digest


async def test_a_box_is_opened_as_it_was_asked_for(place: Place) -> None:
    environment, cache = place.environment, place.overlay.parents[2]

    none: Box = await open_box("none", environment=environment, cache=cache)
    boxed: Box = await open_box("bubblewrap", environment=environment, cache=cache)

    assert (none.name, boxed.name) == ("none", "bubblewrap")
    run = await boxed.execute(notebook("import sys; print(sys.version_info[:2])"))
    assert run.boxed
    assert run.cells[0].outputs[0].text == f"{sys.version_info[:2]}\n"
    answered = await boxed.resolve([Question(name="json.gone"), Question(name="json.dumps")])
    assert [answer.status for answer in answered] == ["absent", "exists"]


def test_a_box_that_does_not_hold_is_refused_with_the_reason_and_the_way_out() -> None:
    good = ProbeResult(name="bubblewrap", ok=True, seen="0.8")
    bad = ProbeResult(name="AF_VSOCK refused", ok=False, seen="vsock: ", remedy="Report it.")

    refuse_unless_it_holds([good])
    for results in ([], [bad], [good, bad]):
        with pytest.raises(SandboxUnavailableError) as refused:
            refuse_unless_it_holds(results)
        assert not results or "AF_VSOCK refused, vsock: . Report it." in str(refused.value)


def leftovers() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob(f"mendloop-box-{os.getpid()}-*")}
