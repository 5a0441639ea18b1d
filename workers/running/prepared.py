"""A repository made ready to be mended: its settings, its artifacts read, and why others are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Report
from workers.documents import notebook
from workers.sandbox.limits import MIB
from workers.workspace import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workers.contract.redact import Redactor
    from workers.protocols import Document
    from workers.settings import Plan, Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A repository and what is to be judged in it."""

    repo: Path
    """Its folder, absolute and without links."""
    plan: Plan
    documents: tuple[Document, ...]
    """Artifacts that were read, by path."""
    unread: tuple[Report, ...]
    """Artifacts that are not judged, and why."""
    redactor: Redactor
    """Masks whatever leaves as text."""

    def groups(self) -> list[tuple[Root, tuple[Document, ...]]]:
        """The documents by the root that holds them; a root without any is left out."""
        by_root = [
            (root, tuple(d for d in self.documents if self.plan.root_for(d.path) is root)) for root in self.plan.roots
        ]
        return [(root, documents) for root, documents in by_root if documents]


def prepare(  # noqa: PLR0913, PLR0917 - the parts of a repository
    repo: Path,
    plan: Plan,
    paths: Sequence[str],
    redactor: Redactor,
    unread: Sequence[Report] = (),
    read: Callable[[bytes, str], Document] = notebook.parse,
) -> Prepared:
    """Read the artifacts at `paths` (as `workspace.discover` tells them). Never raises for what is in a file.

    `unread` are reports about other artifacts, that the caller knows of already; `read` is as `workspace.load` takes it.
    """
    loaded = [opened(repo, plan, path, read) for path in paths]
    return Prepared(
        repo=repo,
        plan=plan,
        documents=tuple(each for each in loaded if not isinstance(each, Report)),
        unread=(*unread, *(each for each in loaded if isinstance(each, Report))),
        redactor=redactor,
    )


def opened(
    repo: Path, plan: Plan, path: str, read: Callable[[bytes, str], Document] = notebook.parse
) -> Document | Report:
    """The artifact at `path`, read as `workspace.load` reads it and no larger than its root allows."""
    return load(repo, path, plan.root_for(path).settings.file_mb * MIB, read)
