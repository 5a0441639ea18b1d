"""No box: `--sandbox none` runs an artifact as the user who typed it. For one's own files only; the evidence says so."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import asynccontextmanager
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from workers.sandbox import commanding, resolving
from workers.sandbox.beside import packed
from workers.sandbox.fixed import OTHERWISE, Fixed
from workers.sandbox.guestcall import Guest, call
from workers.sandbox.program import Program
from workers.sandbox.reading import execution
from workers.sandbox.reducing import reduction
from workers.sandbox.request import driver, ran, run_request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from workers.contract.domain import Execution
    from workers.contract.reduced import ReducedRun
    from workers.protocols import Answer, Completed, Document, Question
    from workers.sandbox.beside import Tree
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.limits import Limits
    from workers.sandbox.promises import Promise

_GUEST = Path(__file__).parent / "guest"
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class _Place:
    """Temporary directories of one run, gone with it."""

    work: Path
    """Where the copy of the repository's files stands."""
    runtime: Path
    """Short, for sockets."""
    home: Path


@dataclass(frozen=True, slots=True)
class LocalBox:
    """The same driver in a copy of the files, with the same clock and the same end; everything else is within reach.

    Nothing is written beside the artifact, and no variable of the user's environment is handed on. But what runs can read
    and write whatever the user can, and has the network.
    """

    environment: InstalledEnvironment
    overlay: Path
    workspace: Path | None
    """The directory whose files are to stand beside the artifact; None for nothing."""
    limits: Limits
    _: KW_ONLY
    raw: bool = False
    """Runs hand out whole outputs (`CellRun.raw`)."""
    paths: tuple[str, ...] = ()
    """Folders of the repository that its own package is imported from."""
    fixed: Fixed = field(default_factory=Fixed)
    """What all runs have alike; the host's name stays the machine's."""
    reduced: tuple[ReducedRun, ...] = ()
    """Artifacts that are not run in full."""

    promises: ClassVar[frozenset[Promise]] = frozenset()
    """Nothing is kept from what runs; `Execution.boxed` is False."""

    @property
    def name(self) -> str:
        """`none`."""
        return "none"

    @property
    def digest(self) -> str:
        """Of the environment and the settings, in hex."""
        return hashlib.sha256(
            f"none {self.environment.digest} {self.limits.digest} {self.fixed.digest} {self.reduced}".encode()
        ).hexdigest()

    async def execute(self, document: Document) -> Execution:
        """Run the code cells in order in a copy of the files.

        Raises:
            SandboxUnavailableError: the driver could not be started.
        """
        reduced = reduction(document, self.reduced)
        async with self._place() as place, self._files(PurePosixPath(document.path).parent) as tree:
            root = str(place.work)
            request = run_request(
                document, self.limits, root=root, tree=tree, raw=self.raw, reduced=reduced, paths=self.paths
            )
            script = driver(self.environment, place=_GUEST, runtime=str(place.runtime), overlay=str(self.overlay))
            guest = await Guest.start(self._program(place, *script), self.limits)
            reply = await guest.answer(request, None if tree is None else tree.fd)
        left_out = tree.left_out if tree else ()
        asked = ran(document, self.digest, boxed=False, left_out=left_out, fixed=self.fixed, reduced=reduced)
        return execution(reply, asked)

    def ahead(self, count: int = 1) -> None:
        """Nothing waits without a box: what waited would stand in the user's own surroundings."""

    def otherwise(self, fixed: Fixed = OTHERWISE) -> LocalBox:
        """The same, with other things alike in all runs."""
        return replace(self, fixed=fixed)

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """Ask the environment, with nothing of the repository in sight.

        Raises:
            SandboxUnavailableError: the resolver could not be started.
        """
        async with self._place() as place:
            program = self._program(place, "-I", str(resolving.RESOLVER))
            reply = await call(program, resolving.request(questions, ()), self.limits)
        return resolving.told(questions, reply)

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        """Run a command in a copy of the files, the document's bytes in their place.

        Raises:
            TimeoutError: it took too long; it and its children are gone.
            SandboxUnavailableError: the interpreter could not be started.
        """
        async with self._place() as place, self._files(PurePosixPath(document.path).parent) as tree:
            tree_fd = None if tree is None else tree.fd
            request = commanding.request(argv, document, self.limits, root=str(place.work), tree_fd=tree_fd)
            reply = await call(self._program(place, str(commanding.COMMANDER), tree=tree), request, self.limits)
        return commanding.completed(argv, reply)

    def _program(self, place: _Place, *arguments: str, tree: Tree | None = None) -> Program:
        return Program(
            argv=(str(self.environment.python), *arguments),
            env={
                "PATH": f"{self.environment.python.parent}:{_PATH}",
                "HOME": str(place.home),
                "TMPDIR": str(place.home),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONNOUSERSITE": "1",
                **self.fixed.variables,
            },
            cwd=place.home,
            pass_fds=() if tree is None else (tree.fd,),
        )

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[_Place]:
        with tempfile.TemporaryDirectory(prefix=f"mendloop-box-{os.getpid()}-", ignore_cleanup_errors=True) as folder:
            place = _Place(Path(folder, "work"), Path(folder, "run"), Path(folder, "home"))
            for path in (place.work, place.runtime, place.home):
                path.mkdir()
            yield place

    @asynccontextmanager
    async def _files(self, first: PurePosixPath) -> AsyncGenerator[Tree | None]:
        tree = None if self.workspace is None else await packed(self.workspace, first, self.limits)
        try:
            yield tree
        finally:
            if tree is not None:
                tree.close()
