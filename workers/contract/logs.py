"""Logs of a service: one JSON object per line on standard error, with the ids that are bound, without secrets."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

    from workers.contract.redact import Redactor

CHATTY = ("arq", "asyncio", "httpx", "httpcore", "hishel", "sqlalchemy", "alembic", "aiosqlite", "git")
"""Libraries that say more than we want to keep; arq logs the arguments of its jobs."""


class Unfailing:
    """A stream whose troubles are nobody else's: a full disk or a closed pipe loses lines, not work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write if it can be written."""
        with suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if it can be flushed."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure(process: str, redactor: Redactor, stream: TextIO | None = None) -> None:
    """Send every log of this process, libraries' included, to `stream` (standard error), each line with its `process`.

    Ids are bound with `structlog.contextvars.bound_contextvars(job=..., repository=...)`.
    """

    def named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    def masked(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return redactor.mask_all(_plain(event))

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        named,
    ]
    last: list[Processor] = [structlog.processors.format_exc_info, masked, structlog.processors.JSONRenderer()]
    out: Any = Unfailing(stream or sys.stderr)
    structlog.configure(
        processors=[*shared, *last],
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    _libraries(shared, last, out)


def _libraries(shared: list[Processor], last: list[Processor], out: Any) -> None:
    """The standard library's logging in the same form."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _plain(event: EventDict) -> dict[str, Any]:
    """What JSON knows, at every depth, so that nothing is turned into text after it was masked."""
    return json.loads(json.dumps(dict(event), default=_text, skipkeys=True))


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
