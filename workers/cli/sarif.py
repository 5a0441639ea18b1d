"""Findings as SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from workers.contract.domain import Severity
from workers.contract.report import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.domain import Finding
    from workers.protocols import Document

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}

Scanned = tuple["Document", "Sequence[Finding]"]


def sarif(scanned: Sequence[Scanned], version: str) -> dict[str, Any]:
    """One run with every finding; equal findings of two runs have equal fingerprints."""
    rules = sorted({finding.rule for _, findings in scanned for finding in findings})
    index = {rule: position for position, rule in enumerate(rules)}
    results = [_result(document, finding, index) for document, findings in scanned for finding in findings]
    driver = {"name": "mendloop", "semanticVersion": version, "rules": [{"id": rule} for rule in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(document: Document, finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    place = finding.place
    return {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": " ".join(sentence(part) for part in (finding.message, finding.fix) if part)},
        "locations": [{"physicalLocation": _location(document, finding)}],
        "partialFingerprints": {"mendloopFinding/v1": f"{finding.artifact}:{finding.id}"},
        "properties": {
            "class": finding.staleness.value,
            "issueType": finding.issue_type.value,
            "cause": finding.cause.value,
            "rung": finding.rung.name,
            "cell": place and place.cell,
            "cellLine": place and place.line,
            "cellColumn": place and place.column,
        },
    }


def _location(document: Document, finding: Finding) -> dict[str, Any]:
    uri = {"uri": quote(finding.artifact), "uriBaseId": "%SRCROOT%"}
    if finding.place is None:
        return {"artifactLocation": uri, "region": {"startLine": 1}}
    region = {"startLine": finding.place.file_line}
    column = file_column(document, finding)
    if column is not None:
        region["startColumn"] = column
    return {"artifactLocation": uri, "region": region}


def file_column(document: Document, finding: Finding) -> int | None:
    """The column in the file, from 1, of a place in a cell; None where the line is not written in a known way.

    A notebook holds a line of source as a JSON string, indented and escaped.
    """
    place = finding.place
    if place is None:
        return None
    source = document.cells[place.cell].source.split("\n")
    lines = document.raw.decode("utf-8-sig", errors="replace").split("\n")
    if place.line > len(source) or place.file_line > len(lines):
        return None
    line, written = source[place.line - 1], lines[place.file_line - 1]
    spellings = (_plain, _escaped, _raw) if document.kind == "notebook" else (_raw,)
    for spelled in spellings:
        start = written.find(spelled(line))
        if start >= 0 and line:
            return start + len(spelled(line[: place.column - 1])) + 1
    return None


def _plain(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _raw(text: str) -> str:
    return text
