"""`mendloop scan`: what is stale, found without running anything of the artifacts."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rich.text import Text

from workers import stages
from workers.cli import notes, session, terminal
from workers.cli.sarif import sarif
from workers.contract.errors import EnvironmentBuildError
from workers.contract.report import count, outcome_name, reason
from workers.contract.result import finding_json
from workers.running import scanning
from workers.running.environments import Unusable, box_limits, environment_for, refuse_mistakes
from workers.running.version import version
from workers.sandbox.opening import open_box
from workers.workspace import inventory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from workers.cli.sarif import Scanned
    from workers.cli.session import Asked
    from workers.contract.domain import Finding
    from workers.protocols import Document
    from workers.running.prepared import Prepared
    from workers.sandbox.environments import InstalledEnvironment
    from workers.settings import Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `scan` is told besides what every command is."""

    asked: Asked
    sandbox: Literal["bubblewrap", "oci", "none"]
    resolve: bool
    as_json: bool
    as_sarif: bool


def scan(options: Options) -> int:
    """Run the command; its exit code: 1 when something counts as stale.

    Raises:
        MendloopError: what was typed cannot be used, or `--resolve` finds no box.
    """
    opened = session.start(options.asked)
    console = None if options.as_json or options.as_sarif else _begun(opened)
    scanned: list[Scanned] = []
    for document, findings in _in_order(opened.documents, _scanned(opened, options)):
        scanned.append((document, findings))
        if console:
            _show(console, opened, document, findings)
    if console:
        _end(console, opened, scanned)
    else:
        told = sarif(scanned, version()) if options.as_sarif else _result(opened, scanned)
        _print_json(opened.redactor.mask_all(told))
    session.tell([notes.not_judged(opened)], opened.redactor)
    if any(outcome_name(report.outcome) == "errored" for report in opened.unread):
        return 3
    return int(any(_counting(opened, document, findings) for document, findings in scanned))


def _in_order(documents: Sequence[Document], come: Iterable[Scanned]) -> Iterator[Scanned]:
    """What comes root by root in the order of the documents, each as soon as all before it are there."""
    waiting: dict[str, Scanned] = {}
    wanted = deque(document.path for document in documents)
    for one in come:
        waiting[one[0].path] = one
        while wanted and wanted[0] in waiting:
            yield waiting.pop(wanted.popleft())


def _scanned(opened: Prepared, options: Options) -> Iterator[Scanned]:
    grounds = asyncio.run(_grounds(opened))
    refuse_mistakes([ground for _, _, ground in grounds if isinstance(ground, Unusable)], len(grounds))
    for root, documents, ground in grounds:
        if isinstance(ground, Unusable):
            seen: Iterable[Sequence[Finding]] = [ground.report(document).findings for document in documents]
        else:
            seen = _seen(opened, root, documents, ground, options)
        yield from zip(documents, seen, strict=True)


async def _grounds(opened: Prepared) -> list[tuple[Root, tuple[Document, ...], InstalledEnvironment | Unusable]]:
    """What every root's documents are judged in, or why there is nothing."""
    cache = session.cache()
    grounds: list[tuple[Root, tuple[Document, ...], InstalledEnvironment | Unusable]] = []
    for root, documents in opened.groups():
        try:
            ground: InstalledEnvironment | Unusable = await environment_for(root, cache=cache, index=os.environ)
        except EnvironmentBuildError as error:
            ground = Unusable(root=root, error=error, repo=opened.repo)
            if not ground.theirs:
                raise
        grounds.append((root, documents, ground))
    return grounds


def _seen(
    opened: Prepared, root: Root, documents: tuple[Document, ...], environment: InstalledEnvironment, options: Options
) -> Iterable[Sequence[Finding]]:
    """Findings per document of one root; as they come, where the environment has not to be asked."""
    if options.resolve:
        return asyncio.run(_resolved(opened, root, documents, environment, options))
    # Outside any loop: its threads would forbid to fork.
    return scanning.reviewed(documents, stages.reviewer(root.settings, environment, None, opened.repo))


async def _resolved(
    opened: Prepared, root: Root, documents: tuple[Document, ...], environment: InstalledEnvironment, options: Options
) -> Sequence[Sequence[Finding]]:
    limits = box_limits(root.settings)
    box = await open_box(
        options.sandbox, environment=environment, cache=session.cache(), workspace=opened.repo, limits=limits
    )
    return await stages.scan_all(
        documents, settings=root.settings, environment=environment, resolve=box.resolve, workspace=opened.repo
    )


def _counting(opened: Prepared, document: Document, findings: Sequence[Finding]) -> list[Finding]:
    settings = opened.plan.root_for(document.path).settings
    return [finding for finding in findings if stages.counts(finding, settings)]


def _result(opened: Prepared, scanned: list[Scanned]) -> dict[str, Any]:
    items = inventory(opened.documents)
    artifacts: list[dict[str, Any]] = [
        {
            "path": item.path,
            "kind": document.kind,
            "name": item.name,
            "cells": item.cells,
            "code_cells": item.code_cells,
            "language": item.language,
            "findings": [finding_json(finding) for finding in findings],
            "counting": [finding.id for finding in _counting(opened, document, findings)],
        }
        for item, (document, findings) in zip(items, scanned, strict=True)
    ]
    unread = [
        {"path": r.artifact.path, "kind": r.artifact.kind, "outcome": outcome_name(r.outcome), "reason": reason(r)}
        for r in opened.unread
    ]
    return {"schema": 1, "artifacts": artifacts, "unread": unread}


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _begun(opened: Prepared) -> Console:
    console = terminal.output()
    if opened.documents:
        console.print(terminal.inventory(inventory(opened.documents)))
    return console


def _show(console: Console, opened: Prepared, document: Document, findings: Sequence[Finding]) -> None:
    for line in terminal.findings(document.path, findings):
        console.print(Text(opened.redactor.mask(line.plain)), soft_wrap=True)


def _end(console: Console, opened: Prepared, scanned: list[Scanned]) -> None:
    for report in opened.unread:
        line = (
            f"{terminal.plain(report.artifact.path)}: {outcome_name(report.outcome)}. {terminal.plain(reason(report))}"
        )
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    total = sum(len(findings) for _, findings in scanned)
    counting = sum(len(_counting(opened, document, findings)) for document, findings in scanned)
    read = count(len(opened.documents), "artifact")
    console.print(f"{count(total, 'finding')} in {read}, {counting} of them count", highlight=False)
