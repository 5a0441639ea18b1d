"""Who looks on: progress and hooks may watch or veto, and never crash a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from workers.contract.domain import Record, Repair, Report
    from workers.protocols import Document, Hook, Progress

log = structlog.get_logger()


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
            except Exception as error:  # noqa: BLE001 - as above
                log.warning("hook_failed", artifact=document.path, error=str(error))
                continue
            if sentence:
                return sentence
        return None
