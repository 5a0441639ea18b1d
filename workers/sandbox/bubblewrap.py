"""The box: bubblewrap with everything unshared, started empty-handed, everything bounded, all gone afterwards."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from copy import copy
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Self

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import admission, beside, cgroups, commanding, guestcall, reading, resolving, seccomp, unprivileged
from workers.sandbox.fixed import OTHERWISE, Fixed
from workers.sandbox.laid_out import LaidOut
from workers.sandbox.layout import DISKS, GUEST, OVERLAY, ROOT, RUNTIME, Descriptors, System, arguments
from workers.sandbox.limits import Limits
from workers.sandbox.program import Program
from workers.sandbox.promises import ALL
from workers.sandbox.reducing import reduction
from workers.sandbox.request import driver, ran, run_request
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.contract.canaries import Canaries
    from workers.contract.domain import Execution
    from workers.contract.reduced import ReducedRun
    from workers.protocols import Answer, Completed, Document, Question
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.promises import Promise
    from workers.sandbox.waiting import WaitingBoxes

_GUEST = Path(__file__).parent / "guest"
_FILES = {
    "passwd": b"reader:x:1000:1000::/tmp/home:/bin/sh\n",
    "group": b"reader:x:1000:\n",
    "hosts": b"127.0.0.1 localhost\n::1 localhost\n",
}


class BubblewrapBox:
    """Runs artifacts in a fresh box each, in one environment."""

    name = "bubblewrap"
    promises: ClassVar[frozenset[Promise]] = ALL
    """Over all boxes of the process: those that run at the same time, and those that wait, have users of their own."""

    def __init__(  # noqa: PLR0913 - the parts of a box, each by name
        self,
        environment: InstalledEnvironment,
        kernel_overlay: Path,
        workspace: Path | None = None,
        limits: Limits | None = None,
        *,
        programs: str = unprivileged.PROGRAMS,
        raw: bool = False,
        waiting: WaitingBoxes | None = None,
        fixed: Fixed | None = None,
        keeper: cgroups.Keeper | None = None,
        canaries: Canaries | None = None,
        reduced: Sequence[ReducedRun] = (),
        paths: Sequence[str] = (),
        gate: admission.Admission | None = None,
    ) -> None:
        """`workspace` is the repository whose files stand beside an artifact; None: there are none.

        `programs` is where bubblewrap and util-linux are looked for: never on anybody's PATH. `raw` has runs hand out whole
        outputs (`CellRun.raw`). `keeper` keeps the limits, by default the best that works here. `waiting` is where boxes
        are started ahead and taken from; without it `ahead` does nothing. `fixed` is what all runs have alike.
        `reduced` says which artifacts are not run in full. `gate` is where boxes wait their turn, by default the machine's.
        `canaries` are laid out inside as bait. `paths` are folders of the repository that its own package is imported from.
        """
        self.environment = environment
        self._overlay = kernel_overlay
        self._workspace = workspace
        self._limits = limits or Limits()
        self._programs = programs
        self._raw = raw
        self._waiting = waiting
        self._fixed = fixed or Fixed()
        self._keeper = keeper or cgroups.found()
        self._laid_out = LaidOut(canaries=canaries)
        self._reduced = tuple(reduced)
        self._paths = tuple(paths)
        self._gate = gate or admission.of_this_machine()

    @property
    def limits_kept_by(self) -> str:
        """`cgroup v2`, `cgroup v1`, or `rlimits and watchdog`."""
        return self._keeper.kept_by

    @property
    def digest(self) -> str:
        """Of the environment and of everything else that a run in it depends on."""
        overlay = self._overlay.parent.name
        reduced = repr(self._reduced)
        parts = (self.name, self.environment.digest, self._limits.digest, overlay, self._fixed.digest, reduced)
        return hashlib.sha256("\0".join(parts).encode() + seccomp.program()).hexdigest()

    async def execute(self, document: Document) -> Execution:
        """Run the code cells in order in a fresh box. A failing artifact is a value.

        Raises:
            SandboxUnavailableError: the box could not be started; nothing was learned about the artifact.
        """
        reduced = reduction(document, self._reduced)
        async with self._gate.admitted(self._limits):
            with ExitStack() as stack:
                tree = await self._tree(document, stack)
                request = run_request(
                    document, self._limits, root=ROOT, tree=tree, raw=self._raw, reduced=reduced, paths=self._paths
                )
                reply = await self._answer(request, None if tree is None else tree.fd)
        left_out = tree.left_out if tree else ()
        asked = ran(
            document,
            self.digest,
            boxed=True,
            left_out=left_out,
            fixed=self._fixed,
            reduced=reduced,
            kept_by=self.limits_kept_by,
            canaries=self._laid_out.canaries,
        )
        return reading.execution(reply, asked)

    def ahead(self, count: int = 1) -> None:
        """Have `count` boxes wait for the next runs, to be called whenever a run is in sight. Costs a run nothing if not."""
        if self._waiting is not None:
            self._waiting.ahead(self.kind, self._begun, count)

    def otherwise(self, fixed: Fixed = OTHERWISE) -> Self:
        """The same box, in which all runs have other things alike: who runs an artifact in both sees what depends on them."""
        other = copy(self)
        other._fixed = fixed  # noqa: SLF001 - a copy of ours
        return other

    def reaching(self, folder: Path) -> Self:
        """The same box with a way out: `folder` holds the socket and the certificate. Started now, never ahead.

        Raises:
            SandboxUnavailableError: this kind of box has none.
        """
        if self.name != BubblewrapBox.name:
            raise SandboxUnavailableError(f"A box of the kind {self.name} has no way to the hosts that were allowed.")
        other = copy(self)
        other._laid_out, other._waiting = replace(self._laid_out, way_out=folder), None  # noqa: SLF001 - a copy of ours
        return other

    async def _answer(self, request: Mapping[str, object], archive: int | None) -> guestcall.Reply:
        """Of a box that waited, if one did and still was good; else of one that is started now."""
        waited = None if self._waiting is None else await self._waiting.take(self.kind)
        if waited is not None:
            reply = await waited.answer(request, archive)
            if any(line.get("event") == "ready" for line in reply.lines):
                return reply
        # Nothing of the artifact ran in one that never got ready.
        return await (await self._begun()).answer(request, archive)

    async def _begun(self) -> guestcall.Guest:
        """A box with a driver in it and a kernel that is being started."""
        with ExitStack() as stack:
            script = driver(self.environment, place=GUEST, runtime=RUNTIME, overlay=OVERLAY)
            program = self._program(script, stack, None)
            return await guestcall.Guest.start(program, self._limits, stack.pop_all())

    @property
    def kind(self) -> str:
        """Everything by which one box may differ from another, as bubblewrap is told it, in hex."""
        files, home = ((name, 0) for name in _FILES), ((path, 0) for path in self._laid_out.files)
        nothing = Descriptors(seccomp=0, files=tuple(files), home=tuple(home))
        parts = (type(self).__qualname__, self.digest, self._programs, *self._options(self._mounts(), nothing))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """Ask the environment in a box of its own, with nothing of the repository in it.

        Raises:
            SandboxUnavailableError: the box could not be started.
        """
        async with self._gate.admitted(self._limits):
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
        async with self._gate.admitted(self._limits):
            with ExitStack() as stack:
                tree = await self._tree(document, stack)
                tree_fd = None if tree is None else tree.fd_inside
                request = commanding.request(argv, document, self._limits, root=ROOT, tree_fd=tree_fd)
                program = self._program((f"{GUEST}/{commanding.COMMANDER.name}",), stack, tree)
                reply = await guestcall.call(program, request, self._limits)
        return commanding.completed(argv, reply)

    async def _tree(self, document: Document, stack: ExitStack) -> beside.Tree | None:
        if self._workspace is None:
            return None
        first = PurePosixPath(document.path).parent
        tree = await beside.packed(self._workspace, first, self._limits)
        stack.callback(tree.close)
        return tree

    def _program(self, script: tuple[str, ...], stack: ExitStack, tree: beside.Tree | None) -> Program:
        """A box that runs `python script` of the environment; its descriptors close with `stack`, and its group is gone."""
        bwrap = unprivileged.tool("bwrap", "bubblewrap", self._programs)
        start = unprivileged.start(self._mounts(), self._uid(), self._programs)
        fds = Descriptors(
            seccomp=_memory(seccomp.program(), stack),
            files=tuple((name, _memory(content, stack)) for name, content in self._files().items()),
            home=tuple((path, _memory(content, stack)) for path, content in self._laid_out.files.items()),
        )
        args = _memory("\0".join(self._options(start.mounts, fds)).encode() + b"\0", stack)
        group = stack.enter_context(self._keeper.group(self._limits))
        inside = (*self._bounds(), str(self.environment.python), *script)
        return Program(
            argv=(*cgroups.entering(group), *start.prefix, bwrap, "--args", str(args), "--", *inside),
            env={},
            cwd=Path("/"),
            pass_fds=(
                args,
                fds.seccomp,
                *(fd for _, fd in (*fds.files, *fds.home)),
                *(() if tree is None else (tree.fd,)),
            ),
            boxed=True,
            disks=DISKS,
            group=group,
        )

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        options = arguments(mounts, System.of_host(), self._limits, fds, self.environment.python.parent)
        named = options.index("--hostname") + 1
        variables = (self._fixed.variables | self._laid_out.variables).items()
        # Later variables win over those of the layout.
        fixed = (part for pair in variables for part in ("--setenv", *pair))
        return (*options[:named], self._fixed.hostname, *options[named + 1 :], *fixed)

    def _mounts(self) -> tuple[Mount, ...]:
        environment = (Mount(path, str(path)) for path in self.environment.mounts if not path.is_relative_to("/usr"))
        return (*environment, Mount(self._overlay, OVERLAY), Mount(_GUEST, GUEST), *self._laid_out.mounts)

    def _files(self) -> dict[str, bytes]:
        # A box that does not know its own name asks the network for it.
        return _FILES | {"hosts": f"127.0.0.1 localhost {self._fixed.hostname}\n::1 localhost\n".encode()}

    def _uid(self) -> int | None:
        return unprivileged.new_uid()

    def _bounds(self) -> tuple[str, ...]:
        return unprivileged.bounds(self._limits, self._programs)


def _memory(content: bytes, stack: ExitStack) -> int:
    """A descriptor to read `content` from, once."""
    fd = os.memfd_create("box")
    stack.callback(os.close, fd)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
