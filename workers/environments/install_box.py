"""The box that the installer works in: no network, nothing of the machine but an interpreter, and what it is handed.

The same box that artifacts run in (`workers/sandbox/`), with uv in it. What it may write on the machine's disk is one
directory made for it (`staging`), and nothing is believed that lies there when it has ended.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError
from uv import find_uv_bin

from workers.contract.errors import SandboxUnavailableError
from workers.environments.errors import NoRoom, TooBig, TookTooLong, words
from workers.sandbox import cgroups, guestcall, seccomp, unprivileged
from workers.sandbox.layers import key, layer
from workers.sandbox.layout import DISKS, GUEST, Descriptors, System, arguments
from workers.sandbox.limits import GIB, MIB, Limits
from workers.sandbox.program import Program
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.sandbox.interpreter import Interpreter

TOOLS = "/opt/mendloop/tools"
UV = f"{TOOLS}/uv"
SOCKET = "/opt/mendloop/index/socket"
LIMITS = Limits(
    wall_s=900.0, cpu_s=3600, memory_bytes=4 * GIB, tmpfs_bytes=2 * GIB, file_bytes=4 * GIB, output_bytes_cell=MIB
)

_GUEST = Path(unprivileged.__file__).parent / "guest"
_PROGRAM = "installing.py"
_FILES = {"passwd": b"reader:x:1000:1000::/tmp/home:/bin/sh\n", "group": b"reader:x:1000:\n"}
_ENVIRONMENT = {
    "UV_NO_CONFIG": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_NO_PROGRESS": "1",
    "UV_CACHE_DIR": "/tmp/uv",  # noqa: S108 - inside the box
    # The other end of the socket waits and tries again; what it cannot get is not to be had.
    "UV_HTTP_TIMEOUT": "900",
    "UV_HTTP_RETRIES": "0",
    "UV_CONCURRENT_DOWNLOADS": "16",
    "NO_COLOR": "1",
}
_BREACHES = {"memory": "memory", "pids": "processes", "disk": "room for what it unpacks", "output": "words"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Commands that do not wait for one another. `{index}` in an argument is where the index is reached."""

    commands: tuple[tuple[str, ...], ...]
    timeout_s: float = 600.0
    """For each of them."""
    needed: bool = True
    """False: what fails here ends nothing."""
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended."""

    stage: int
    command: int
    returncode: int
    stdout: str
    stderr: str


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    stage: NonNegativeInt
    command: NonNegativeInt
    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallBox:
    """Runs the installer's commands with one interpreter, each time in a fresh box."""

    interpreter: Interpreter
    tools: Path
    """A directory with uv in it and nothing else."""
    limits: Limits = LIMITS
    programs: str = unprivileged.PROGRAMS

    @property
    def python(self) -> str:
        """The interpreter, as the box sees it."""
        return str(self.interpreter.bare)

    async def run(
        self,
        stages: Sequence[Stage],
        *,
        files: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        read: Sequence[Mount] = (),
        write: Sequence[Mount] = (),
    ) -> tuple[Ran, ...]:
        """Run the stages in order, with `files` (name -> text) in the working directory, which is empty otherwise.

        `read` and `write` are further directories of the machine. What is in a `write` one belongs to the box's user while
        the box runs; `takeover` makes it ours.

        Raises:
            TookTooLong: it was still at work when its time was up.
            TooBig: it went over a limit of the box.
            SandboxUnavailableError: no box could be started.
        """
        request = {
            "socket": SOCKET if any(mount.target == str(Path(SOCKET).parent) for mount in read) else None,
            "files": dict(files or {}),
            "env": {**_ENVIRONMENT, **(env or {})},
            "output_bytes": self.limits.output_bytes_cell,
            "stages": [_told(stage) for stage in stages],
        }
        uid = unprivileged.new_uid()
        if uid is not None:
            for mount in write:
                await asyncio.to_thread(os.chown, mount.source, uid, uid)
        with ExitStack() as stack:
            program = self._program(stack, uid, tuple(read), tuple(write))
            reply = await guestcall.call(program, request, self.limits)
        return _read(reply, stages)

    def _program(self, stack: ExitStack, uid: int | None, read: tuple[Mount, ...], write: tuple[Mount, ...]) -> Program:
        own = (Mount(self.tools, TOOLS), Mount(_GUEST, GUEST))
        system = (Mount(path, str(path)) for path in self._places() if not path.is_relative_to("/usr"))
        shown = (*system, *own, *read)
        start = unprivileged.start((*shown, *write), uid, self.programs)
        fds = Descriptors(
            seccomp=_memory(seccomp.program(), stack),
            files=tuple((name, _memory(content, stack)) for name, content in _FILES.items()),
        )
        options = self._options(start.mounts[: len(shown)], start.mounts[len(shown) :], fds)
        args = _memory("\0".join(options).encode() + b"\0", stack)
        group = stack.enter_context(cgroups.found().group(self.limits))
        bwrap = (unprivileged.tool("bwrap", "bubblewrap", self.programs), "--args", str(args), "--")
        bounds = unprivileged.bounds(self.limits, self.programs, spaces=4)
        inside = (*bounds, self.python, "-I", "-S", f"{GUEST}/{_PROGRAM}")
        return Program(
            argv=(*cgroups.entering(group), *start.prefix, *bwrap, *inside),
            env={},
            cwd=Path("/"),
            pass_fds=(args, fds.seccomp, *(fd for _, fd in fds.files)),
            boxed=True,
            disks=DISKS,
            group=group,
        )

    def _options(self, read: tuple[Mount, ...], write: tuple[Mount, ...], fds: Descriptors) -> tuple[str, ...]:
        programs = self.interpreter.bare.parent
        return arguments(read, System.of_host(), self.limits, fds, programs, writable=write)

    def _places(self) -> tuple[Path, ...]:
        """Where the bare interpreter lies; no virtual environment, whose packages are nothing to an installation."""
        found = {
            self.interpreter.base_prefix,
            self.interpreter.base_prefix.resolve(),
            self.interpreter.bare.resolve().parent.parent,
        }
        return tuple(
            path for path in sorted(found) if not any(path != each and path.is_relative_to(each) for each in found)
        )


async def install_box(
    interpreter: Interpreter, cache: Path, *, limits: Limits = LIMITS, programs: str = unprivileged.PROGRAMS
) -> InstallBox:
    """A box with the uv that this process has, kept in `cache` beside nothing else that a box would see with it."""
    source = Path(find_uv_bin())
    status = await asyncio.to_thread(source.stat)

    async def build(folder: Path) -> None:
        await asyncio.to_thread(shutil.copyfile, source, folder / "uv")
        await asyncio.to_thread((folder / "uv").chmod, 0o755)

    tools = await layer(cache / "tools" / key("uv", status.st_size, status.st_mtime_ns), build)
    return InstallBox(interpreter=interpreter, tools=tools, limits=limits, programs=programs)


def _told(stage: Stage) -> dict[str, Any]:
    return {
        "commands": [list(command) for command in stage.commands],
        "jobs": os.cpu_count() or 1,
        "timeout_s": stage.timeout_s,
        "needed": stage.needed,
        "env": dict(stage.env),
    }


def _read(reply: guestcall.Reply, stages: Sequence[Stage]) -> tuple[Ran, ...]:
    """What a whole reply says. It came out of a box: numbers and texts are looked at, and nothing else is believed."""
    if not any(line.get("event") == "started" for line in reply.lines):
        raise SandboxUnavailableError(f"The install box did not start: {words(reply.stderr) or reply.ended}")
    if reply.ended == "timeout":
        raise TookTooLong(f"The installer was still working after {reply.seconds:.0f} s and was stopped.")
    if reply.ended in _BREACHES:
        raise TooBig(f"The installer needs more {_BREACHES[reply.ended]} than it may have.")
    if not reply.done:
        if "No space left" in reply.stderr:
            raise NoRoom("This machine's disk is full.")
        raise TookTooLong(f"The installer was ended before it was done ({reply.ended}): {words(reply.stderr)}")
    return tuple(_ran(line, stages) for line in reply.lines if line.get("event") == "ran")


def _ran(line: Mapping[str, Any], stages: Sequence[Stage]) -> Ran:
    try:
        found = _Line.model_validate(line)
    except ValidationError as error:
        raise SandboxUnavailableError("The install box speaks in a way that it never would by itself.") from error
    if found.stage >= len(stages) or found.command >= len(stages[found.stage].commands):
        raise SandboxUnavailableError("The install box speaks of a command that was not given.")
    return Ran(
        stage=found.stage,
        command=found.command,
        returncode=found.returncode,
        stdout=found.stdout,
        stderr=found.stderr,
    )


def _memory(content: bytes, stack: ExitStack) -> int:
    """A descriptor to read `content` from, once."""
    fd = os.memfd_create("box")
    stack.callback(os.close, fd)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
