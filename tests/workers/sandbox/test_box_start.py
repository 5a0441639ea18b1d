"""How a box is started, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import notebook, printed, told
from workers.contract.errors import SandboxUnavailableError
from workers.protocols import Question
from workers.sandbox import seccomp, tree, unprivileged
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.layout import Descriptors, System, arguments
from workers.sandbox.limits import Limits
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place

SYSTEM = System((("usr/bin", "/bin"),), ("/lib",))
FDS = Descriptors(seccomp=5, files=(("passwd", 6),))


def test_a_box_is_made_of_these_options() -> None:
    options = arguments((Mount(Path("/a/venv"), "/a/venv"),), SYSTEM, Limits(), FDS, Path("/a/venv/bin"))

    for option in (
        "--unshare-user",
        "--unshare-all",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ):
        assert option in options
    assert "--share-net" not in options
    assert "--bind" not in options
    line = " ".join(options)
    assert "--cap-drop ALL" in line
    assert "--seccomp 5" in line
    assert "--ro-bind /a/venv /a/venv" in line
    assert options.index("--remount-ro") > max(
        at for at, option in enumerate(options) if option in ("--ro-bind", "--tmpfs")
    )
    # Every file system in memory that is written has a size.
    for at, option in enumerate(options):
        assert option != "--tmpfs" or options[at - 2] == "--size"


def test_the_filter_refuses_what_its_table_says() -> None:
    program = seccomp.program()

    assert len(program) % 8 == 0
    assert seccomp.program() is program
    rules = [rule for group in seccomp.GROUPS for rule in group.rules]
    assert len(rules) == len(set(rules))


def test_an_ordinary_user_starts_a_box_directly() -> None:
    mounts = (Mount(Path("/root"), "/root"),)

    assert unprivileged.start(mounts, None) == unprivileged.Start((), mounts)


def test_root_gives_its_power_up_first() -> None:
    open_to_all = Path("/usr/share")

    start = unprivileged.start((Mount(open_to_all, "/x"),), 61_234)

    assert Path(start.prefix[0]).name == "setpriv"
    assert "61234" in start.prefix
    assert "--no-new-privs" in start.prefix
    assert start.mounts == (Mount(open_to_all, "/x"),)


def test_root_stages_what_lies_behind_closed_doors(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "venv").mkdir(parents=True)
    closed.chmod(0o700)

    start = unprivileged.start((Mount(closed / "venv", "/x"), Mount(Path("/usr"), "/y")), 61_234)

    assert Path(start.prefix[0]).name == "unshare"
    assert str(closed / "venv") in start.prefix
    assert start.mounts[0].source.name == "0"
    assert start.mounts[0].target == "/x"
    assert start.mounts[1] == Mount(Path("/usr"), "/y")


def test_the_stage_covers_none_of_what_is_staged() -> None:
    sources = [stage / "x" for stage in (Path("/media"), Path("/mnt"))]

    assert unprivileged.stage_for(sources) in (Path("/srv"), Path("/opt"), Path("/var/tmp"))
    with pytest.raises(SandboxUnavailableError):
        unprivileged.stage_for([Path(stage, "x") for stage in ("/media", "/mnt", "/srv", "/opt", "/var/tmp")])


async def test_x162_without_bubblewrap_nothing_runs_and_the_command_to_install_it_is_named(
    place: Place, tmp_path: Path
) -> None:
    box = BubblewrapBox(place.environment, place.overlay, None, programs=str(tmp_path))

    with pytest.raises(SandboxUnavailableError, match="apt-get install bubblewrap"):
        await box.execute(notebook(f"open({str(tmp_path / 'ran')!r}, 'w')"))
    with pytest.raises(SandboxUnavailableError, match="apt-get install bubblewrap"):
        await box.resolve([])

    assert not (tmp_path / "ran").exists()


async def test_x162_a_box_that_the_machine_forbids_is_unavailable_in_its_own_words(
    place: Place, tmp_path: Path
) -> None:
    for name in ("setpriv", "unshare", "prlimit"):
        (tmp_path / name).symlink_to(unprivileged.tool(name, "util-linux"))
    forbidden = tmp_path / "bwrap"
    forbidden.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    forbidden.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)

    with pytest.raises(SandboxUnavailableError, match="No permissions to create new namespace"):
        await BubblewrapBox(place.environment, place.overlay, None, programs=str(tmp_path)).execute(notebook("1"))


async def test_questions_are_answered_in_a_box(place: Place) -> None:
    questions = [Question(name="json.loads"), Question(name="json.no_such_name"), Question(name="no_such_module.x")]

    answers = await place.box().resolve(questions)

    assert [answer.status for answer in answers] == ["exists", "absent", "unimportable"]
    assert [answer.question for answer in answers] == questions


async def test_what_a_run_depends_on_is_in_its_digest(place: Place) -> None:
    digests = {place.box().digest, place.box(Limits(wall_s=1)).digest, place.box(workspace=Path("/nowhere")).digest}

    assert len(digests) == 2
    assert (await place.run("1")).environment == place.box().digest


async def test_no_process_of_a_box_belongs_to_root(place: Place) -> None:
    box = place.box()
    waiting = asyncio.create_task(box.execute(notebook("import time; time.sleep(1)\nimport os; print(os.getuid())")))
    await asyncio.sleep(0.8)
    owners = {owner(pid) for pid in tree.below(os.getpid())}
    run = await waiting

    assert printed(run) == "1000\n"
    assert owners <= ({os.geteuid()} if os.geteuid() else set(range(61_000, 62_000)))
    assert len(owners) == 1


def owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


async def test_boxes_run_beside_each_other(place: Place) -> None:
    box = place.box()
    cell = "import json, os; print(json.dumps([os.listdir('/repository'), os.path.exists('/tmp/x')])); open('x', 'w'); open('/tmp/x', 'w')"

    runs = await asyncio.gather(*(box.execute(notebook(cell)) for _ in range(4)))

    assert [told(run) for run in runs] == [[[], False]] * 4
