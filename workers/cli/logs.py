"""Logs of a command: one line per event on standard error, masked. Standard output is for results alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

    from workers.contract.redact import Redactor


def configure(redactor: Redactor) -> None:
    """Send this process's logs to standard error, without secrets."""

    def masked(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: redactor.mask_all(value) for key, value in event.items()}

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            masked,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
