"""Who looks on: progress and hooks may watch or veto, and never crash a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from workers import plugins
from workers.contract.markdown import capped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.metadata import EntryPoint

    from workers.contract.domain import Record, Repair, Report
    from workers.protocols import Document, Hook, Progress

log = structlog.get_logger()

GROUP = "mendloop.hooks"
"""Each entry point is a class or function that makes a hook when called without arguments."""
TIMEOUT_S = 60.0
"""A hook that thinks longer has no say."""
SENTENCE_CHARS = 400


@dataclass(slots=True, kw_only=True)
class Watch:
    """The reporters and hooks of a run."""

    progress: Sequence[Progress] = ()
    hooks: Sequence[Hook] = ()
    on_record: Callable[[Document, Record], None] | None = None
    """Called with every updated copy and its record; its errors are the run's (a full disk is not to be overlooked)."""

    cancelled: asyncio.Event | None = None
    """Set it to stop the run: what runs is ended, what is known is reported."""

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        """Tell every reporter."""
        for reporter in self.progress:
            try:
                reporter.phase(artifact, phase, iteration)
            except Exception as error:  # noqa: BLE001 - whoever watches must not be able to end the run
                log.warning("progress_failed", artifact=artifact, error=str(error))

    def finished(self, report: Report) -> None:
        """Tell every reporter."""
        for reporter in self.progress:
            try:
                reporter.finished(report)
            except Exception as error:  # noqa: BLE001 - as above
                log.warning("progress_failed", artifact=report.artifact.path, error=str(error))

    async def veto(self, document: Document, repair: Repair) -> str | None:
        """The first veto of a hook."""
        for hook in self.hooks:
            try:
                sentence = await hook.before_attempt(document, repair)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
                log.warning("hook_failed", artifact=document.path, error=str(error))
                continue
            if sentence:
                return sentence
        return None


class Guarded:
    """A hook of another package: what it says carries its name and is bounded, and it is not waited for without end."""

    def __init__(self, name: str, hook: Hook, timeout_s: float = TIMEOUT_S) -> None:
        self._name = name
        self._hook = hook
        self._timeout_s = timeout_s

    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        """Its veto.

        Raises:
            TypeError: it answered with something else than a sentence or None; `Watch` logs what a hook raises.
            TimeoutError: it took too long.
        """
        async with asyncio.timeout(self._timeout_s):
            answer: Any = await self._hook.before_attempt(document, repair)
        if answer is not None and not isinstance(answer, str):
            raise TypeError(f"the hook {self._name} answered with {type(answer).__name__}")
        return f"{self._name}: {capped(answer, SENTENCE_CHARS)}" if answer else None


def installed(found: Iterable[EntryPoint] | None = None) -> tuple[Hook, ...]:
    """Every hook that an installed package brings, by name.

    Raises:
        ConfigError: one cannot be loaded, or is no hook.
    """
    return tuple(Guarded(name, hook) for name, hook in plugins.installed(GROUP, "hook", "before_attempt", found))
