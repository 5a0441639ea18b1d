"""The owner's commands in real boxes, as checks of a head; about a second a box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import notebook
from tests.workers.sandbox.boxes import SMALL
from tests.workers.validate.changes import change
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox.commanding import completed
from workers.sandbox.guestcall import Reply
from workers.sandbox.limits import Limits
from workers.sandbox.local import LocalBox
from workers.validate.commands import CommandCheck

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Case
    from workers.protocols import Box

PATH = "docs/ä b.ipynb"
BASE = notebook("x = 'old'", path=PATH)
HEAD = notebook("x = 'new'", path=PATH)
CHECK = """
import pathlib, sys
text = pathlib.Path(sys.argv[1]).read_text()
print("read", len(text), "characters of", sys.argv[1])
sys.exit("it still says old" if "old" in text else 0)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "docs").mkdir(parents=True)
    (folder / PATH).write_bytes(BASE.raw)
    (folder / "check.py").write_text(CHECK)
    return folder


def opened(place: Place, workspace: Path, kind: str, limits: Limits = SMALL) -> Box:
    if kind == "none":
        return LocalBox(environment=place.environment, overlay=place.overlay, workspace=workspace, limits=limits)
    return place.box(limits, workspace)


async def judged(box: Box, *command: str, base: bool = False) -> Case:
    return await CommandCheck(command, box).check(change(BASE, BASE if base else HEAD))


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
async def test_a_command_judges_the_head_in_its_place_and_touches_nothing(
    place: Place, workspace: Path, kind: str
) -> None:
    box = opened(place, workspace, kind)

    accepted = await judged(box, "python", "check.py", "{artifact}")
    refused = await judged(box, "python", "check.py", "{artifact}", base=True)

    assert (accepted.passed, accepted.veto) == (True, True)
    assert accepted.evidence == f"exit code 0\nread {len(HEAD.raw.decode())} characters of {PATH}"
    assert (refused.passed, refused.veto) == (False, True)
    assert "exit code 1" in refused.evidence
    assert "it still says old" in refused.evidence
    assert refused.evidence.startswith("the unchanged artifact fails it too; ")
    assert (workspace / PATH).read_bytes() == BASE.raw


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
async def test_a_program_that_is_not_there_is_named(place: Place, workspace: Path, kind: str) -> None:
    case = await judged(opened(place, workspace, kind), "no-such-linter", "{artifact}")

    assert (case.passed, case.veto) == (False, True)
    assert "`no-such-linter` cannot be started" in case.evidence
    assert "No such file or directory" in case.evidence


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
async def test_a_command_that_hangs_ends_with_the_clock(place: Place, workspace: Path, kind: str) -> None:
    box = opened(place, workspace, kind, Limits(wall_s=3))

    case = await judged(box, "python", "-c", "import time; time.sleep(600)")

    assert (case.passed, case.evidence) == (False, "it took too long")


async def test_words_reach_the_program_as_they_are_and_no_shell_reads_them(place: Place, workspace: Path) -> None:
    said = await place.box(SMALL, workspace).run(
        ("python", "-c", "import sys; print(sys.argv[1:])", "$HOME; ls", "*"), HEAD
    )

    assert said.output == "['$HOME; ls', '*']\n"


async def test_a_flood_keeps_its_head_and_tail_and_a_child_left_behind_is_not_waited_for(
    place: Place, workspace: Path
) -> None:
    code = "import subprocess\nsubprocess.Popen(['sleep', '600'])\nprint('first' + 'x' * 5_000_000 + 'last')"

    said = await place.box(SMALL, workspace).run(("python", "-c", code), HEAD)

    assert said.returncode == 0
    assert said.output.startswith("first")
    assert said.output.endswith("last\n")
    assert "bytes left out" in said.output
    assert len(said.output) < 1.1 * SMALL.output_bytes_cell


async def test_a_link_in_the_artifacts_place_is_replaced_not_followed(place: Place, workspace: Path) -> None:
    (workspace / "other.ipynb").write_text("other")
    (workspace / PATH).unlink()
    (workspace / PATH).symlink_to("../other.ipynb")

    said = await opened(place, workspace, "none").run(("python", "-c", "print(open('other.ipynb').read())"), HEAD)

    assert said.output == "other\n"


def reply(*lines: dict[str, Any], done: bool, ended: str = "") -> Reply:
    return Reply(lines=lines, done=done, ended=ended, stderr="", seconds=1)


def test_only_a_whole_reply_is_believed() -> None:
    begun, forged = {"event": "started"}, {"event": "exited", "returncode": 0, "output": "fine"}

    cut = completed(["x"], reply(begun, forged, done=False, ended="memory"))
    odd = completed(["x"], reply(begun, {"event": "exited", "returncode": "0"}, {"event": "done"}, done=True))

    assert [cut.returncode, odd.returncode] == [-9, -9]
    assert "memory" in cut.output
    with pytest.raises(SandboxUnavailableError):
        completed(["x"], reply(done=False, ended="killed"))
