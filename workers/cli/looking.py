"""The artifacts of a scan: each read where it is judged, or all of them held for who needs them whole."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from workers.cli import judging
from workers.contract.domain import Report
from workers.documents.notebook import parse
from workers.documents.sketch import sketch
from workers.review.assembling import counts
from workers.running import scanning
from workers.running.prepared import opened
from workers.running.scanning import Seen, told
from workers.workspace import inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from workers.cli.session import Begun
    from workers.contract.domain import Finding
    from workers.protocols import Document
    from workers.running.prepared import Prepared
    from workers.settings import Root
    from workers.workspace import Item


@dataclass(frozen=True, slots=True)
class Scanned:
    """What came of all artifacts."""

    seen: Sequence[Seen]
    unread: Sequence[Report]


@dataclass(frozen=True)
class Passing:
    """Artifacts of which none is kept: what is held does not grow with what they weigh."""

    begun: Begun

    def items(self) -> Sequence[Item]:
        """What can be read; it is read for this alone."""
        return [one.item for one in scanning.detect(self.begun.paths, self._read, _nothing) if isinstance(one, Seen)]

    def seen(self) -> Iterator[Seen | Report]:
        """What is found, in the order of the paths."""
        of_roots = asyncio.run(judging.grounds(self.begun, self._roots()))
        # Outside any loop: its threads would forbid to fork.
        return scanning.detect(self.begun.paths, self._read, judging.judge(self.begun, of_roots))

    def _read(self, path: str) -> Document | Report:
        return opened(self.begun.repo, self.begun.plan, path, sketch)

    def _roots(self) -> Iterable[Root]:
        """Those that hold something to be judged: no environment is made for nothing."""
        found: set[str] = set()
        for path in self.begun.paths:
            at = self.begun.plan.root_for(path).path
            if at not in found and not isinstance(self._read(path), Report):
                found.add(at)
        return [root for root in self.begun.plan.roots if root.path in found]


@dataclass(frozen=True)
class Held:
    """Artifacts that are at hand until the end."""

    begun: Begun
    resolve: Literal["bubblewrap", "oci", "none"] | None
    """The box in which environments are asked about names; None: they are not asked."""

    @cached_property
    def prepared(self) -> Prepared:
        """All of them, read."""
        return self.begun.prepared(sketch if self.resolve is None else parse)

    def items(self) -> Sequence[Item]:
        """What could be read."""
        return inventory(self.prepared.documents)

    def seen(self) -> Iterator[Seen | Report]:
        """What is found, in the order of the paths; then what could not be read."""
        yield from (told(document, findings) for document, findings in self._found())
        yield from self.prepared.unread

    def _found(self) -> Iterable[tuple[Document, Sequence[Finding]]]:
        documents, groups = self.prepared.documents, self.prepared.groups()
        of_roots = asyncio.run(judging.grounds(self.begun, [root for root, _ in groups]))
        if self.resolve is None:
            found = scanning.ordered(documents, judging.judge(self.begun, of_roots))
            return zip(documents, found, strict=True)
        from workers.cli import resolving  # noqa: PLC0415 - loads boxes and all that goes with them

        return resolving.found(self.begun, documents, groups, of_roots, self.resolve)


def collected(looked: Held | Passing, each: Callable[[Seen], None] | None = None) -> Scanned:
    """All that comes; `each` is called with what was read, as it comes."""
    seen: list[Seen] = []
    unread: list[Report] = []
    for one in looked.seen():
        if isinstance(one, Report):
            unread.append(one)
            continue
        seen.append(one)
        if each:
            each(one)
    return Scanned(seen, unread)


def counting(begun: Begun, seen: Seen) -> list[Finding]:
    """Those findings that keep an artifact from being fresh."""
    settings = begun.plan.root_for(seen.item.path).settings
    return [finding for finding in seen.findings if counts(finding, settings)]


def _nothing(_: Document) -> tuple[Finding, ...]:
    return ()
