"""The loop: review, repair, validate, until it passes or there is a reason to stop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from workers.budget import Budget, Meter
from workers.contract.domain import Errored, Report, StopReason
from workers.contract.errors import MendloopError
from workers.mending import Mending
from workers.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.protocols import Document
    from workers.steps import Stages

log = structlog.get_logger()


async def loop(mending: Mending) -> StopReason:
    """Mend one artifact; the reason it ended with. What was learned is in `mending`."""
    if not await mending.look():
        return StopReason.PASSED
    for number in mending.iterations():
        if mending.over_budget():
            return StopReason.BUDGET
        repair = await mending.propose(number)
        if repair is None or await mending.flaky():
            return StopReason.NEEDS_HUMAN
        validation = await mending.attempt(number, repair)
        if validation.passed:
            return StopReason.PASSED
        if mending.seen_before(validation):
            return StopReason.NO_PROGRESS
    return StopReason.MAX_ITERATIONS


async def mend(
    document: Document,
    stages: Stages,
    *,
    budget: Budget | None = None,
    watch: Watch | None = None,
) -> Report:
    """Mend one artifact. Never raises for what happens to it: an operational error is an outcome.

    When `watch.cancelled` is set, what runs is stopped and the report tells what was known by then.
    """
    watch = watch or Watch()
    mending = Mending(document=document, stages=stages, meter=Meter(budget=budget or Budget()), watch=watch)
    try:
        stop = await _until_cancelled(mending, watch.cancelled)
        report = mending.report(mending.outcome(stop))
    except MendloopError as error:
        report = mending.report(Errored(reason=str(error)))
    except Exception as error:
        # The task boundary: a bug in one artifact's mending must not lose another's result.
        log.exception("mending_failed", artifact=document.path)
        report = mending.report(Errored(reason=f"{type(error).__name__}: {error}"))
    watch.phase(document.path, "done", 0)
    watch.finished(report)
    return report


async def _until_cancelled(mending: Mending, cancelled: asyncio.Event | None) -> StopReason:
    if cancelled is not None and cancelled.is_set():
        return StopReason.CANCELLED
    work = asyncio.create_task(loop(mending))
    signal = asyncio.create_task(cancelled.wait() if cancelled else asyncio.Event().wait())
    try:
        await asyncio.wait({work, signal}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        return StopReason.CANCELLED
    finally:
        for task in (work, signal):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def mend_all(
    documents: Sequence[Document],
    stages: Stages,
    *,
    jobs: int,
    budget: Budget | None = None,
    watch: Watch | None = None,
) -> tuple[Report, ...]:
    """Mend artifacts concurrently, at most `jobs` at once; reports come in the order of the documents."""
    slots = asyncio.Semaphore(jobs)

    async def one(document: Document) -> Report:
        async with slots:
            return await mend(document, stages, budget=budget, watch=watch)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(document)) for document in documents]
    return tuple(task.result() for task in tasks)
