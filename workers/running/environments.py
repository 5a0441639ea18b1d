"""What a root's artifacts run in, and what their reports say when it cannot be had."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract.domain import (
    Cause,
    Errored,
    Finding,
    IssueType,
    Report,
    Rung,
    Severity,
    Staleness,
    StopReason,
    Unrepaired,
    finding_id,
)
from workers.contract.errors import EnvironmentBuildError
from workers.contract.markdown import capped
from workers.environments.errors import is_weather
from workers.sandbox import environments
from workers.sandbox.limits import MIB, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.protocols import Document
    from workers.running.habitats import Habitat
    from workers.sandbox.environments import InstalledEnvironment
    from workers.settings import Root, Settings

RULE = "environment/unusable"
WORDS_CHARS = 2000
_PLACE = re.compile(r"Using (?:CPython|Python) [^\n]*\n")
_VERSION = re.compile(r"python(3(\.\d{1,2})?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A root whose environment or box cannot be had."""

    root: Root
    error: Exception
    repo: Path
    habitat: Habitat | None = None

    @property
    def declared(self) -> bool:
        """Whether it was to be made of what the repository declares."""
        return self.habitat is not None and self.habitat.decision is not None

    @property
    def theirs(self) -> bool:
        """Whether the owner can mend it: what they named or declare cannot be used, and it is not the weather's doing."""
        named = self.root.python is not None or self.root.requirements is not None or self.declared
        return named and isinstance(self.error, EnvironmentBuildError) and not is_weather(self.error)

    def report(self, document: Document) -> Report:
        """How an artifact of the root ends: nothing was learned about it."""
        if not self.theirs:
            return Report(artifact=document.artifact, outcome=Errored(reason=self._words()))
        found = _finding(document, self.root, self._words())
        return Report(
            artifact=document.artifact,
            outcome=Unrepaired(remaining=(found,), reason=StopReason.NEEDS_HUMAN),
            findings=(found,),
            note="it was not run: the environment it is to run in cannot be had",
        )

    def _words(self) -> str:
        """What the resolver said, without where on this machine that was."""
        return _PLACE.sub("", str(self.error).replace(f"{self.repo}/", ""))


def refuse_mistakes(unusable: Sequence[Unusable], habitats: int) -> None:
    """For a person at a command line: a mistake by which no artifact at all can be run ends the command.

    That is an environment that was typed, or an interpreter that is not there. Where another root can be run, or the
    requirements that stand in the repository are at fault, findings say so instead.

    `habitats` is how many environments are wanted.

    Raises:
        EnvironmentBuildError: of the first root.
    """
    mistakes = [each for each in unusable if each.theirs and (each.root.typed or each.root.python is not None)]
    if mistakes and len(mistakes) == habitats:
        raise mistakes[0].error


def _finding(document: Document, root: Root, words: str) -> Finding:
    named = "interpreter" if root.python is not None else "requirements"
    said = capped(words, WORDS_CHARS)
    return Finding(
        id=finding_id(RULE, named),
        artifact=document.path,
        place=None,
        issue_type=IssueType.SETUP_GAP,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=Rung.E3,
        cause=Cause.ENVIRONMENT,
        rule=RULE,
        message=f"The {named} of this artifact cannot be used: {said}",
        evidence=said,
        unlock=f"Change the {named} so that an environment can be made of them."
        if named == "requirements"
        else "Name an interpreter that is there.",
    )


async def environment_for(root: Root, *, cache: Path, index: Mapping[str, str]) -> InstalledEnvironment:
    """The environment that a root's artifacts run in.

    `index` holds the variables that say where packages come from, as `listed.from_requirements` reads them.

    Raises:
        EnvironmentBuildError: the interpreter or the requirements cannot be used.
    """
    if root.requirements is not None:
        from workers.environments import listed  # noqa: PLC0415 - loaded only where one is to be built

        return await listed.from_requirements(root.requirements, cache=cache, environ=index)
    if root.python is not None:
        return await environments.from_interpreter(_interpreter(root.python))
    return await environments.standard_library(cache=cache)


def refuse_programs(root: Root) -> None:
    """Let a root name an interpreter by its version alone: on a machine that is not the owner's, nothing else of it is theirs.

    Raises:
        EnvironmentBuildError: it names a program, which would be started outside any box.
    """
    if root.python is not None and not root.typed and not _VERSION.fullmatch(root.python):
        raise EnvironmentBuildError(
            f"`python` is {root.python!r}; here it may name a version such as python3.12 and no program of the machine."
        )


def _interpreter(name: str) -> Path:
    """A bare name as it is, to be looked up on PATH; anything else as an absolute path, so that the two stay apart."""
    return Path(name).expanduser().absolute() if "/" in name else Path(name)


def box_limits(settings: Settings) -> Limits:
    """The bounds of a box."""
    return Limits(
        wall_s=settings.timeout_s,
        cell_timeout_s=settings.cell_timeout_s,
        # Wall time is the bound meant; every core may be busy until then.
        cpu_s=max(1, int(settings.timeout_s) * (os.cpu_count() or 1)),
        memory_bytes=settings.memory_mb * MIB,
        tmpfs_bytes=settings.disk_mb * MIB,
        file_bytes=settings.disk_mb * MIB,
        output_bytes_total=settings.output_mb * MIB,
    )
