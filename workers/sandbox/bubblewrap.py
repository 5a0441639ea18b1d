"""The box: bubblewrap with everything unshared, started empty-handed, everything bounded, all gone afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workers.sandbox import beside, commanding, guestcall, reading, resolving, seccomp, unprivileged
from workers.sandbox.layout import DISKS, GUEST, OVERLAY, ROOT, RUNTIME, Descriptors, System, arguments
from workers.sandbox.limits import Limits
from workers.sandbox.request import ran, run_request
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.domain import Execution
    from workers.protocols import Answer, Completed, Document, Question
    from workers.sandbox.environments import InstalledEnvironment

_GUEST = Path(__file__).parent / "guest"
_FILES = {
    "passwd": b"reader:x:1000:1000::/tmp/home:/bin/sh\n",
    "group": b"reader:x:1000:\n",
    "hosts": b"127.0.0.1 localhost\n::1 localhost\n",
}


class BubblewrapBox:
    """Runs artifacts in a fresh box each, in one environment."""

    name = "bubblewrap"

    def __init__(  # noqa: PLR0913 - the parts of a box, each by name
        self,
        environment: InstalledEnvironment,
        kernel_overlay: Path,
        workspace: Path | None = None,
        limits: Limits | None = None,
        *,
        programs: str = unprivileged.PROGRAMS,
        raw: bool = False,
    ) -> None:
        """`workspace` is the repository whose files stand beside an artifact; None: there are none.

        `programs` is where bubblewrap and util-linux are looked for: never on anybody's PATH. `raw` has runs hand out whole
        outputs (`CellRun.raw`).
        """
        self.environment = environment
        self._overlay = kernel_overlay
        self._workspace = workspace
        self._limits = limits or Limits()
        self._programs = programs
        self._raw = raw
        self._started = itertools.count()

    @property
    def digest(self) -> str:
        """Of the environment and of everything else that a run in it depends on."""
        parts = (self.name, self.environment.digest, self._limits.digest, self._overlay.parent.name)
        return hashlib.sha256("\0".join(parts).encode() + seccomp.program()).hexdigest()

    async def execute(self, document: Document) -> Execution:
        """Run the code cells in order in a fresh box. A failing artifact is a value.

        Raises:
            SandboxUnavailableError: the box could not be started; nothing was learned about the artifact.
        """
        with ExitStack() as stack:
            tree = await self._tree(document, stack)
            request = run_request(
                document,
                self._limits,
                root=ROOT,
                runtime=RUNTIME,
                overlay=OVERLAY,
                tree_fd=None if tree is None else tree.fd,
                raw=self._raw,
            )
            program = self._program((f"{GUEST}/driver.py",), stack, tree)
            reply = await guestcall.call(program, request, self._limits)
        return reading.execution(reply, ran(document, self.digest, boxed=True, left_out=tree.left_out if tree else ()))

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """Ask the environment in a box of its own, with nothing of the repository in it.

        Raises:
            SandboxUnavailableError: the box could not be started.
        """
        with ExitStack() as stack:
            program = self._program(("-I", f"{GUEST}/{resolving.RESOLVER.name}"), stack, None)
            reply = await guestcall.call(program, resolving.request(questions, ()), self._limits)
        return resolving.told(questions, reply)

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        """Run a command in a fresh box, the document's bytes in their place among the repository's files.

        Raises:
            TimeoutError: it took too long; it and its children are gone.
            SandboxUnavailableError: the box could not be started.
        """
        with ExitStack() as stack:
            tree = await self._tree(document, stack)
            tree_fd = None if tree is None else tree.fd
            request = commanding.request(argv, document, self._limits, root=ROOT, tree_fd=tree_fd)
            program = self._program((f"{GUEST}/{commanding.COMMANDER.name}",), stack, tree)
            reply = await guestcall.call(program, request, self._limits)
        return commanding.completed(argv, reply)

    async def _tree(self, document: Document, stack: ExitStack) -> beside.Tree | None:
        if self._workspace is None:
            return None
        first = PurePosixPath(document.path).parent
        tree = await asyncio.to_thread(beside.pack, self._workspace, first, self._limits)
        stack.callback(tree.close)
        return tree

    def _program(self, script: tuple[str, ...], stack: ExitStack, tree: beside.Tree | None) -> guestcall.Program:
        """A box that runs `python script` of the environment; its descriptors close with `stack`."""
        bwrap = unprivileged.tool("bwrap", "bubblewrap", self._programs)
        start = unprivileged.start(self._mounts(), self._uid(), self._programs)
        fds = Descriptors(
            seccomp=_memory(seccomp.program(), stack),
            files=tuple((name, _memory(content, stack)) for name, content in _FILES.items()),
        )
        args = _memory("\0".join(self._options(start.mounts, fds)).encode() + b"\0", stack)
        inside = (*self._bounds(), str(self.environment.python), *script)
        return guestcall.Program(
            argv=(*start.prefix, bwrap, "--args", str(args), "--", *inside),
            env={},
            cwd=Path("/"),
            pass_fds=(args, fds.seccomp, *(fd for _, fd in fds.files), *(() if tree is None else (tree.fd,))),
            boxed=True,
            disks=DISKS,
        )

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return arguments(mounts, System.of_host(), self._limits, fds, self.environment.python.parent)

    def _mounts(self) -> tuple[Mount, ...]:
        environment = (Mount(path, str(path)) for path in self.environment.mounts if not path.is_relative_to("/usr"))
        return (*environment, Mount(self._overlay, OVERLAY), Mount(_GUEST, GUEST))

    def _uid(self) -> int | None:
        if os.geteuid() != 0:
            return None
        return unprivileged.FIRST_UID + (31 * os.getpid() + next(self._started)) % unprivileged.UIDS

    def _bounds(self) -> tuple[str, ...]:
        limits = self._limits
        return (
            unprivileged.tool("prlimit", "util-linux", self._programs),
            f"--as={limits.address_bytes}",
            f"--nproc={limits.pids}",
            f"--fsize={limits.file_bytes}",
            f"--nofile={limits.nofile}",
            f"--cpu={limits.cpu_s}:{limits.cpu_s + 1}",
            "--core=0",
            "--",
        )


def _memory(content: bytes, stack: ExitStack) -> int:
    """A descriptor to read `content` from, once."""
    fd = os.memfd_create("box")
    stack.callback(os.close, fd)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
