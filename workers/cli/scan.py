"""`mendloop scan`: what is stale, found without running anything of the artifacts."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from workers.cli import notes, session
from workers.cli.looking import Held, Passing, collected, counting
from workers.contract.report import outcome_name, reason
from workers.contract.result import finding_json

if TYPE_CHECKING:
    from workers.cli.looking import Scanned
    from workers.cli.session import Asked, Begun


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
    begun = session.begin(options.asked)
    scanned = _told(begun, options)
    session.tell([notes.not_judged(begun.prepared(unread=scanned.unread))], begun.redactor)
    if any(outcome_name(report.outcome) == "errored" for report in scanned.unread):
        return 3
    return int(any(counting(begun, seen) for seen in scanned.seen))


def _told(begun: Begun, options: Options) -> Scanned:
    if options.as_sarif:
        return _as_sarif(begun, options)
    looked = Held(begun, options.sandbox) if options.resolve else Passing(begun)
    if options.as_json:
        scanned = collected(looked)
        _print_json(begun, _result(begun, scanned))
        return scanned
    from workers.cli import scan_telling  # noqa: PLC0415 - no machine waits for what tables need

    return scan_telling.as_text(begun, looked)


def _as_sarif(begun: Begun, options: Options) -> Scanned:
    from workers.cli.sarif import sarif  # noqa: PLC0415 - its words are for code scanning alone
    from workers.running.version import version  # noqa: PLC0415 - as above

    # A column in a file is told by its text.
    held = Held(begun, options.sandbox if options.resolve else None)
    scanned = collected(held)
    pairs = [(document, seen.findings) for document, seen in zip(held.prepared.documents, scanned.seen, strict=True)]
    _print_json(begun, sarif(pairs, version()))
    return scanned


def _print_json(begun: Begun, value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(begun.redactor.mask_all(value)) + "\n")


def _result(begun: Begun, scanned: Scanned) -> dict[str, Any]:
    made: list[dict[str, Any]] = [
        {
            "path": seen.item.path,
            "kind": seen.kind,
            "name": seen.item.name,
            "cells": seen.item.cells,
            "code_cells": seen.item.code_cells,
            "language": seen.item.language,
            "findings": [finding_json(finding) for finding in seen.findings],
            "counting": [finding.id for finding in counting(begun, seen)],
        }
        for seen in scanned.seen
    ]
    unread = [
        {"path": r.artifact.path, "kind": r.artifact.kind, "outcome": outcome_name(r.outcome), "reason": reason(r)}
        for r in scanned.unread
    ]
    return {"schema": 1, "artifacts": made, "unread": unread}
