"""No box: `--sandbox none` runs an artifact as the user who typed it. For one's own files only; the evidence says so."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workers.sandbox import commanding, resolving
from workers.sandbox.beside import pack
from workers.sandbox.guestcall import Program, call
from workers.sandbox.reading import execution
from workers.sandbox.request import ran, run_request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from workers.contract.domain import Execution
    from workers.protocols import Answer, Completed, Document, Question
    from workers.sandbox.beside import Tree
    from workers.sandbox.environments import InstalledEnvironment
    from workers.sandbox.limits import Limits

_DRIVER = Path(__file__).parent / "guest" / "driver.py"
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class _Place:
    """Temporary directories of one run, gone with it."""

    work: Path
    """Where the copy of the repository's files stands."""
    runtime: Path
    """Short, for sockets."""
    home: Path


@dataclass(frozen=True, slots=True, kw_only=True)
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
    raw: bool = False
    """Runs hand out whole outputs (`CellRun.raw`)."""

    @property
    def name(self) -> str:
        """`none`."""
        return "none"

    @property
    def digest(self) -> str:
        """Of the environment and the settings, in hex."""
        return hashlib.sha256(f"none {self.environment.digest} {self.limits.digest}".encode()).hexdigest()

    async def execute(self, document: Document) -> Execution:
        """Run the code cells in order in a copy of the files.

        Raises:
            SandboxUnavailableError: the driver could not be started.
        """
        async with self._place() as place, self._files(PurePosixPath(document.path).parent) as tree:
            request = run_request(
                document,
                self.limits,
                root=str(place.work),
                runtime=str(place.runtime),
                overlay=str(self.overlay),
                tree_fd=None if tree is None else tree.fd,
                raw=self.raw,
            )
            reply = await call(self._program(place, str(_DRIVER), tree=tree), request, self.limits)
        return execution(reply, ran(document, self.digest, boxed=False, left_out=tree.left_out if tree else ()))

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
                "LANG": "C.UTF-8",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONHASHSEED": "0",
                "PYTHONNOUSERSITE": "1",
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
        tree = None if self.workspace is None else await asyncio.to_thread(pack, self.workspace, first, self.limits)
        try:
            yield tree
        finally:
            if tree is not None:
                tree.close()
