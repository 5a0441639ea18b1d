"""The owner's own commands as checks. They run in the box; what runs them is wired from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from workers.contract.domain import Case
from workers.validate.excerpts import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.protocols import Change, Completed, Document

PLACEHOLDER = "{artifact}"
"""Stands for the artifact's path, relative to the repository's root, in a command's arguments."""


class Runner(Protocol):
    """Runs a command in a box that holds the head beside the files of the repository; a box does."""

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        """Run without a shell, at the repository's root.

        Raises:
            TimeoutError: it took too long.
            SandboxUnavailableError: no box could be started.
        """
        ...


class CommandCheck:
    """One command of the owner: exit code 0 accepts."""

    def __init__(self, command: Sequence[str], runner: Runner) -> None:
        self._command = tuple(command)
        self._runner = runner

    @property
    def name(self) -> str:
        """`command: ` and the program."""
        return f"command: {self._command[0]}"

    async def check(self, change: Change) -> Case:
        """Run it on the head; a failing command is a veto.

        The base is asked too then: the owner is to see whether the repair broke it or nobody has mended it yet.
        """
        try:
            head = await self._run(change.head)
            before = None if head.returncode == 0 else await self._run(change.base)
        except TimeoutError:
            return self._case(passed=False, evidence="it took too long")
        evidence = f"exit code {head.returncode}\n{masked(head.output)}".strip()
        if before is None:
            return self._case(passed=True, evidence=evidence)
        also = "the unchanged artifact passes it" if before.returncode == 0 else "the unchanged artifact fails it too"
        return self._case(passed=False, evidence=f"{also}; {evidence}")

    async def _run(self, document: Document) -> Completed:
        return await self._runner.run([word.replace(PLACEHOLDER, document.path) for word in self._command], document)

    def _case(self, *, passed: bool, evidence: str) -> Case:
        feedback = "" if passed else f"Make `{' '.join(self._command)[:200]}` succeed."
        return Case(name=self.name, passed=passed, veto=True, evidence=evidence, feedback=feedback)
