"""Many documents looked at on every core, their findings in order as they come.

The processes are forked: they have the rules, compiled, from their parent, and what each is given is a few numbers. Without fork,
on one core or for a handful of documents all is done here.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from workers.contract.domain import Execution, Report
from workers.workspace import inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from concurrent.futures import Future

    from workers.contract.domain import Finding
    from workers.protocols import Document, Review
    from workers.workspace import Item

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 16
"""Documents that a process is given at a time."""
AHEAD = 3
"""Chunks for each process that are under way or wait to be taken: what bounds the memory for results."""
FEW = 2 * CHUNK
"""Below so many documents starting processes costs more than it saves."""

_GARBAGE = 100_000
"""Objects after which a process looks for cycles: a syntax tree has many objects and none of those."""

NOTHING_RAN = Execution(status="not_run", reason="a scan runs nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One artifact that was looked at: what is told of it, without its text."""

    item: Item
    kind: str
    findings: tuple[Finding, ...]


class _Work:
    """What forked processes inherit: set before they start, never sent."""

    items: Sequence[Any] = ()
    do: Callable[[Any], Any] | None = None


def detect(
    paths: Sequence[str],
    read: Callable[[str], Document | Report],
    judge: Callable[[Document], Sequence[Finding]],
    *,
    workers: int | None = None,
) -> Generator[Seen | Report, None, None]:
    """What `judge` finds in the artifacts at `paths`, in their order; the report of one that `read` could not read.

    Each is read where it is judged and forgotten there, so that memory does not grow with what all of them weigh.
    """

    def look(path: str) -> Seen | Report:
        document = read(path)
        return document if isinstance(document, Report) else told(document, judge(document))

    return ordered(paths, look, workers=workers)


def told(document: Document, findings: Iterable[Finding]) -> Seen:
    """A document and what was found in it."""
    (item,) = inventory([document])
    return Seen(item=item, kind=document.kind, findings=tuple(findings))


def ordered(items: Sequence[T], do: Callable[[T], R], *, workers: int | None = None) -> Generator[R, None, None]:
    """`do` of every item, in order, as they come; at most `AHEAD` chunks a process are held."""
    count = min(workers or cores(), -(-len(items) // CHUNK))
    if count < 2 or len(items) < FEW or not _may_fork():  # noqa: PLR2004 - one process is this one
        yield from map(do, items)
        return
    _Work.items, _Work.do = items, do
    # What is here already is shared as long as nobody counts its references anew.
    gc.freeze()
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(count, mp_context=context, initializer=gc.set_threshold, initargs=(_GARBAGE,)) as pool:
            yield from _in_order(pool, range(0, len(items), CHUNK), AHEAD * count)
    finally:
        gc.unfreeze()
        _Work.items, _Work.do = (), None


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _may_fork() -> bool:
    """A process of several threads that forks may leave a lock behind that nobody opens."""
    return "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1


def _in_order(pool: ProcessPoolExecutor, starts: Sequence[int], ahead: int) -> Generator[Any, None, None]:
    waiting: deque[Future[list[Any]]] = deque()
    try:
        for start in starts:
            waiting.append(pool.submit(_chunk, start))
            if len(waiting) >= ahead:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        # Whoever stops listening, or a chunk that raised, ends the rest.
        for future in waiting:
            future.cancel()


def _chunk(start: int) -> list[Any]:
    do = _Work.do
    return [] if do is None else [do(item) for item in _Work.items[start : start + CHUNK]]


def now(review: Review, document: Document) -> tuple[Finding, ...]:
    """What a review that has nobody to ask comes to. It waits for nothing, so no loop has to be made to wait in."""
    going = review(document, NOTHING_RAN)
    try:
        going.send(None)
    except StopIteration as done:
        return done.value
    going.close()
    return asyncio.run(_waited(review, document))


async def _waited(review: Review, document: Document) -> tuple[Finding, ...]:
    return await review(document, NOTHING_RAN)
