"""A run as `--json` prints it: the contract in docs/result.schema.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.contract.markdown import capped
from workers.contract.report import (
    NOT_RUN,
    NOTHING,
    Delivery,
    base_status,
    cost_usd,
    evidence,
    evidence_level,
    head,
    model_calls,
    outcome_name,
    reason,
    remaining,
    remains,
    stop_reason,
    totals,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.domain import Execution, Finding, Report, Run
    from workers.contract.faults import Fault

SCHEMA = 1
ERROR_CHARS = 1200


def result_json(run: Run, run_dir: str, deliveries: Mapping[str, Delivery]) -> dict[str, Any]:
    """What `--json` prints: the contract in docs/result.schema.json. `deliveries` is keyed by artifact path."""
    artifacts = [_artifact(report, deliveries.get(report.artifact.path, NOTHING)) for report in run.reports]
    return {"schema": SCHEMA, "run_id": run.id, "run_dir": run_dir, "artifacts": artifacts, "totals": totals(run)}


def _artifact(report: Report, delivery: Delivery) -> dict[str, Any]:
    stop = stop_reason(report.outcome)
    run = evidence(report)
    return {
        "path": report.artifact.path,
        "kind": report.artifact.kind,
        "outcome": outcome_name(report.outcome),
        "stop_reason": None if stop is None else stop.value,
        "reason": reason(report),
        "iterations": len(report.records),
        "evidence_level": evidence_level(report).value,
        "until_cell": None if run is None else run.until_cell,
        "executed_cells": 0 if run is None else run.executed_cells,
        "reduced": (run.reduced or None) if run is not None else None,
        "base": _execution(NOT_RUN if report.base is None else report.base.first, base_status(report)),
        "head": _execution(head(report), head(report).status),
        "fault": _fault(report.fault),
        "findings": [finding_json(finding) for finding in report.findings],
        "remaining_delta": [{"id": left.id, "reason": remains(left)} for left in remaining(report.outcome)],
        "changed_cells": list(delivery.changed_cells),
        "patch": delivery.patch,
        "record": delivery.record,
        "model_calls": model_calls(report),
        "cost_usd": cost_usd(report),
        "seconds": round(report.seconds, 3),
    }


def _fault(fault: Fault | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    return {
        "side": fault.side.value,
        "reason": fault.sentence,
        "whole": fault.whole,
        "tried": [{"versions": t.versions, "copy": t.copy, "status": t.status, "words": t.words} for t in fault.tried],
        "pins": [str(pin) for pin in fault.pins],
        "releases": list(fault.releases),
        "left_open": list(fault.left_open),
    }


def _execution(run: Execution, status: str) -> dict[str, Any]:
    error = run.error
    return {
        "status": status,
        "failed_cell": run.failed_cell,
        "error_class": None if error is None else error.name,
        "error": capped(error.message, ERROR_CHARS) if error else (run.reason or None),
        "seconds": round(run.seconds, 3),
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as the contract shows it."""
    place = finding.place
    return {
        "id": finding.id,
        "issue_type": finding.issue_type.value,
        "severity": finding.severity.value,
        "rung": finding.rung.name,
        "class": finding.staleness.value,
        "cause": finding.cause.value,
        "cell": place and place.cell,
        "line": place and place.line,
        "column": place and place.column,
        "file_line": place and place.file_line,
        "rule": finding.rule,
        "message": capped(finding.message, ERROR_CHARS),
        "fix": finding.fix,
    }
