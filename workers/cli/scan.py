"""`mendloop scan`: what is stale, found without running anything of the artifacts."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rich.text import Text

from workers import stages
from workers.cli import notes, session, terminal
from workers.cli.sarif import sarif
from workers.contract.errors import EnvironmentBuildError
from workers.contract.report import count, finding_json, outcome_name, reason
from workers.running.environments import Unusable, box_limits, environment_for, refuse_mistakes
from workers.running.version import version
from workers.sandbox.opening import open_box
from workers.workspace import inventory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.cli.sarif import Scanned
    from workers.cli.session import Asked
    from workers.contract.domain import Finding
    from workers.protocols import Document
    from workers.running.prepared import Prepared
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
    scanned = asyncio.run(_scanned(opened, options))
    if options.as_sarif:
        _print_json(opened.redactor.mask_all(sarif(scanned, version())))
    elif options.as_json:
        _print_json(opened.redactor.mask_all(_result(opened, scanned)))
    else:
        _print(opened, scanned)
    session.tell([notes.not_judged(opened)], opened.redactor)
    if any(outcome_name(report.outcome) == "errored" for report in opened.unread):
        return 3
    return int(any(_counting(opened, document, findings) for document, findings in scanned))


async def _scanned(opened: Prepared, options: Options) -> list[Scanned]:
    found: dict[str, Scanned] = {}
    unusable: list[Unusable] = []
    for root, documents in opened.groups():
        try:
            seen = await _group(opened, root, documents, options)
        except EnvironmentBuildError as error:
            unusable.append(Unusable(root=root, error=error, repo=opened.repo))
            if not unusable[-1].theirs:
                raise
            seen = [unusable[-1].report(document).findings for document in documents]
        found |= {document.path: (document, each) for document, each in zip(documents, seen, strict=True)}
    refuse_mistakes(unusable, len(opened.groups()))
    return [found[document.path] for document in opened.documents]


async def _group(
    opened: Prepared, root: Root, documents: tuple[Document, ...], options: Options
) -> Sequence[Sequence[Finding]]:
    cache = session.cache()
    environment = await environment_for(root, cache=cache, index=os.environ)
    resolve = None
    if options.resolve:
        limits = box_limits(root.settings)
        box = await open_box(
            options.sandbox, environment=environment, cache=cache, workspace=opened.repo, limits=limits
        )
        resolve = box.resolve
    return await stages.scan_all(
        documents, settings=root.settings, environment=environment, resolve=resolve, workspace=opened.repo
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


def _print(opened: Prepared, scanned: list[Scanned]) -> None:
    console = terminal.output()
    if opened.documents:
        console.print(terminal.inventory(inventory(opened.documents)))
    for document, findings in scanned:
        for line in terminal.findings(document.path, findings):
            console.print(Text(opened.redactor.mask(line.plain)), soft_wrap=True)
    for report in opened.unread:
        line = (
            f"{terminal.plain(report.artifact.path)}: {outcome_name(report.outcome)}. {terminal.plain(reason(report))}"
        )
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    total = sum(len(findings) for _, findings in scanned)
    counting = sum(len(_counting(opened, document, findings)) for document, findings in scanned)
    read = count(len(opened.documents), "artifact")
    console.print(f"{count(total, 'finding')} in {read}, {counting} of them count", highlight=False)
