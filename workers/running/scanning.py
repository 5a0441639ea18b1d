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

from workers.contract.domain import Execution
from workers.contract.errors import DocumentError
from workers.documents.notebook import DEFAULT_LIMITS
from workers.documents.sketch import sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from workers.contract.domain import Finding
    from workers.protocols import Document, Review

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
    """One file that was looked at."""

    path: str
    findings: tuple[Finding, ...] = ()
    error: str = ""
    """Why it could not be read; empty where it was."""


class _Work:
    """What forked processes inherit: set before they start, never sent."""

    items: Sequence[Any] = ()
    do: Callable[[Any], Any] | None = None


def detect(
    files: Sequence[tuple[Path, str]], review: Review, *, workers: int | None = None
) -> Generator[Seen, None, None]:
    """What `review` finds in the notebooks at these paths, in their order; each is read where it is looked at.

    The pairs are (file, what readers know it as). A file that cannot be read is told of, and ends nothing.
    """
    return ordered(files, lambda pair: _look(pair[0], pair[1], review), workers=workers)


def reviewed(
    documents: Sequence[Document], review: Review, *, workers: int | None = None
) -> Generator[tuple[Finding, ...], None, None]:
    """What `review` finds in documents that are at hand, in their order."""
    return ordered(documents, lambda document: _now(review, document), workers=workers)


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


def _look(file: Path, shown: str, review: Review) -> Seen:
    try:
        document = sketch(_read(file), shown)
    except (DocumentError, OSError) as error:
        return Seen(path=shown, error=str(error))
    return Seen(path=shown, findings=_now(review, document))


def _read(file: Path) -> bytes:
    """At most a byte more than what is read at all, so that a large file is refused and not held."""
    with file.open("rb") as opened:
        return opened.read(DEFAULT_LIMITS.size_bytes + 1)


def _now(review: Review, document: Document) -> tuple[Finding, ...]:
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
