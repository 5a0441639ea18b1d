"""A box that only answers questions: the real resolver, asked of the tests' own interpreter and a folder of modules."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.environments import environment
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox.resolving import RESOLVER, answers, request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workers.contract.domain import Execution
    from workers.protocols import Answer, Completed, Document, Environment, Question


@dataclass(frozen=True, slots=True)
class Asking:
    """Answers about the modules in `folder` and the standard library; runs nothing."""

    folder: Path

    @property
    def name(self) -> str:
        return "none"

    @property
    def environment(self) -> Environment:
        return environment()

    async def execute(self, document: Document) -> Execution:
        raise SandboxUnavailableError("this box runs nothing")

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        raise SandboxUnavailableError("this box runs nothing")

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(RESOLVER)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        asked = json.dumps(request(questions, [str(self.folder)])).encode()
        out, err = await asyncio.wait_for(process.communicate(asked), timeout=60)
        return answers(questions, [json.loads(line) for line in out.splitlines()], err.decode())


def library(folder: Path, modules: Mapping[str, str]) -> Asking:
    """A box with these modules: path -> source."""
    for path, source in modules.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(textwrap.dedent(source))
    return Asking(folder)


SHELF = {
    "shelf/__init__.py": """
        import warnings
        from shelf import shapes

        str_ = str
        inf = float("inf")

        GONE = {
            "unicode_": "`shelf.unicode_` was removed in the Shelf 2.0 release. Use `shelf.str_` instead.",
            "nowhere": "`shelf.nowhere` was removed in the Shelf 2.0 release. Use `shelf.never` instead.",
            "int": "module 'shelf' has no attribute 'int'.\\n`shelf.int` was a deprecated alias for the builtin `int`. "
            "To avoid this error in existing code, use `int` by itself.",
            "choice": "`shelf.choice` was removed in the Shelf 2.0 release. Use `shelf.a` or `shelf.b` instead.",
        }

        def __getattr__(name):
            if name in GONE:
                raise AttributeError(GONE[name])
            if name == "Inf":
                warnings.warn("`shelf.Inf` is deprecated. Use `shelf.inf` instead.", DeprecationWarning, stacklevel=2)
                return inf
            raise AttributeError("module 'shelf' has no attribute '%s'" % name)

        def write(table, lineterminator="", sep=","):
            return table

        def read(path, *, density=False):
            return path

        def add(first, second): return first

        def add_up(first, second): return first

        def turned(second, first): return first

        class Table:
            def __init__(self, rows=()):
                self.rows = rows
        """,
    "shelf/shapes.py": """
        def circle(size): return size
        """,
    "broken/__init__.py": """
        import not_installed_anywhere
        """,
}
"""A library that talks about its own changes the way real ones do."""
