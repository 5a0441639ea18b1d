"""Before what a cell showed leaves the box's reader: secrets in it are told by their kind, and no canary goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workers.contract import leaks
from workers.contract.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.canaries import Canaries
    from workers.contract.domain import CellError, CellRun, NetworkAttempt


def looked_through(run: CellRun, canaries: Canaries | None) -> CellRun:
    """The cell's run with `leaks`, and without canaries in any text. Whole outputs that hold a secret do not leave."""
    raw: dict[str, Any] = json.loads(run.raw) if run.raw else {}
    in_raw = leaks.in_outputs(raw.get("outputs", []), canaries)
    kinds = [kind for text in _texts(run) for kind in leaks.in_text(text, canaries)] + list(in_raw)
    stolen = tuple(_seen(attempt, canaries) for attempt in run.attempts)
    if not kinds and stolen == run.attempts:
        return run
    return _without(
        replace(run, leaks=tuple(dict.fromkeys(kinds)), attempts=stolen, raw="" if in_raw else run.raw), canaries
    )


def unless_secret(text: str, canaries: Canaries | None) -> str:
    """A text that would go into a notebook; empty where a secret is in it."""
    return "" if leaks.in_text(text, canaries) else text


def _texts(run: CellRun) -> Iterator[str]:
    yield from (output.text for output in run.outputs)
    yield from (warning.message for warning in run.warnings)
    if run.error is not None:
        yield run.error.message
        yield run.error.traceback


def _seen(attempt: NetworkAttempt, canaries: Canaries | None) -> NetworkAttempt:
    """A name may be asked for only to tell whoever answers for it."""
    stolen = canaries is not None and canaries.in_name(attempt.host)
    return replace(attempt, kind="stolen", host=MASK) if stolen else attempt


def _without(run: CellRun, canaries: Canaries | None) -> CellRun:
    if leaks.CANARY not in run.leaks:
        return run
    return replace(
        run,
        outputs=tuple(replace(output, text=leaks.masked(output.text, canaries)) for output in run.outputs),
        warnings=tuple(replace(each, message=leaks.masked(each.message, canaries)) for each in run.warnings),
        error=None if run.error is None else _error(run.error, canaries),
    )


def _error(error: CellError, canaries: Canaries | None) -> CellError:
    return replace(
        error, message=leaks.masked(error.message, canaries), traceback=leaks.masked(error.traceback, canaries)
    )
