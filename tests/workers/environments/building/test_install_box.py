from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from workers.contract.errors import SandboxUnavailableError
from workers.environments.errors import TooBig, TookTooLong
from workers.environments.install_box import InstallBox, Stage, install_box
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.environments.building.local_index import LocalIndex
    from workers.sandbox.interpreter import Interpreter
    from workers.sandbox.layout import Descriptors

LOOK = """
import json, os, socket, sys
def attempt(action):
    try:
        return str(action())
    except OSError as error:
        return "refused"
port, shown, out, secret = sys.argv[1:]
print(json.dumps({
    "network": attempt(lambda: socket.create_connection(("127.0.0.1", int(port)), timeout=2).close()),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "write what is shown": attempt(lambda: open(shown + "/file", "w").write("spoiled")),
    "remove what is shown": attempt(lambda: os.unlink(shown + "/file")),
    "link what is shown": attempt(lambda: os.link(shown + "/file", out + "/link")),
    "write what is ours": attempt(lambda: open(out + "/mine", "w").write("x")),
    "write uv": attempt(lambda: open("/opt/mendloop/tools/uv", "ab").close()),
    "host file": attempt(lambda: open(secret).read()),
    "variables": sorted(os.environ),
    "user": os.getuid(),
}))
"""
HELD = {
    "network": "refused",
    "interfaces": ["lo"],
    "write what is shown": "refused",
    "remove what is shown": "refused",
    "link what is shown": "refused",
    "write what is ours": "1",
    "write uv": "refused",
    "host file": "refused",
}


class SharedNetwork(InstallBox):
    """A broken box: it has the machine's network."""

    def _options(self, read: tuple[Mount, ...], write: tuple[Mount, ...], fds: Descriptors) -> tuple[str, ...]:
        return (*super()._options(read, write, fds), "--share-net")


class WritableWheels(InstallBox):
    """A broken box: what is shown can be written to."""

    def _options(self, read: tuple[Mount, ...], write: tuple[Mount, ...], fds: Descriptors) -> tuple[str, ...]:
        return super()._options((), (*read, *write), fds)


@pytest.fixture
async def box(python: Interpreter, tmp_path: Path) -> InstallBox:
    return await install_box(python, tmp_path / "cache")


async def look(box: InstallBox, tmp_path: Path, port: int) -> dict[str, Any]:
    shown, out = tmp_path / "shown", tmp_path / "out"
    for folder in (shown, out):
        folder.mkdir()
    (shown / "file").write_text("whole")
    # Whose it is protects it from nobody here: only how it is shown does.
    for path in (shown, shown / "file"):
        path.chmod(0o777)
    (tmp_path / "secret").write_text("secret")
    arguments = (str(port), "/opt/shown", "/opt/out", str(tmp_path / "secret"))
    (ran,) = await box.run(
        [Stage(commands=((box.python, "-I", "-c", LOOK, *arguments),))],
        read=[Mount(shown, "/opt/shown")],
        write=[Mount(out, "/opt/out")],
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def twin(kind: type[InstallBox], box: InstallBox) -> InstallBox:
    return kind(interpreter=box.interpreter, tools=box.tools)


async def test_the_box_reaches_nothing_and_writes_only_where_it_is_to(
    box: InstallBox, tmp_path: Path, index: LocalIndex
) -> None:
    seen = await look(box, tmp_path, index.port)

    assert {name: seen[name] for name in HELD} == HELD
    assert seen["user"] == 1000
    assert not {name for name in seen["variables"] if "TOKEN" in name or name.startswith("PIP")}
    assert (tmp_path / "shown/file").read_text() == "whole"


@pytest.mark.parametrize("kind", [SharedNetwork, WritableWheels])
async def test_a_broken_box_is_caught(
    kind: type[InstallBox], box: InstallBox, tmp_path: Path, index: LocalIndex
) -> None:
    seen = await look(twin(kind, box), tmp_path, index.port)

    assert {name: seen[name] for name in HELD} != HELD


async def test_a_stage_that_fails_ends_those_after_it_unless_it_is_not_needed(box: InstallBox) -> None:
    fails, works = (box.python, "-c", "raise SystemExit(3)"), (box.python, "-c", "print(1)")

    needed = await box.run([Stage(commands=(works, fails)), Stage(commands=(works,))])
    spared = await box.run([Stage(commands=(fails,), needed=False), Stage(commands=(works,))])

    assert [(each.stage, each.returncode) for each in needed] == [(0, 0), (0, 3)]
    assert [(each.stage, each.returncode) for each in spared] == [(0, 3), (1, 0)]


async def test_a_command_or_a_box_that_takes_too_long_is_ended(box: InstallBox) -> None:
    sleeps = (box.python, "-c", "import time; time.sleep(60)")

    (ran,) = await box.run([Stage(commands=(sleeps,), timeout_s=0.2)])
    with pytest.raises(TookTooLong):
        await replace(box, limits=replace(box.limits, wall_s=1.0)).run([Stage(commands=(sleeps,))])

    assert ran.returncode == -9


async def test_a_box_that_fills_its_disk_or_floods_is_too_big(box: InstallBox) -> None:
    fills = (box.python, "-c", "open('/tmp/x', 'wb').write(b'x' * (64 << 20)); import time; time.sleep(5)")
    small = replace(box, limits=replace(box.limits, tmpfs_bytes=32 << 20, memory_bytes=256 << 20))
    eats = (box.python, "-c", "x = b'x' * (600 << 20); import time; time.sleep(5)")

    (ran,) = await replace(small, limits=replace(small.limits, wall_s=4.0, inodes=10_000)).run(
        [Stage(commands=(fills,))]
    )
    with pytest.raises(TooBig):
        await small.run([Stage(commands=(eats,))])

    assert "No space left" in ran.stderr


async def test_without_bubblewrap_there_is_no_box(box: InstallBox) -> None:
    with pytest.raises(SandboxUnavailableError):
        await replace(box, programs="/nonexistent").run([Stage(commands=(("true",),))])
