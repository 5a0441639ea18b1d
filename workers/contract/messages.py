"""Jobs, runs, reports and records as JSON and back. Strict: what is not exactly of this version is refused.

The domain knows nothing of JSON. The one thing that JSON needs and the domain does not is a tag on the outcome, since
two outcomes may have the same fields.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract import domain
from workers.contract.domain import Finding, Record, Repair, Report, Run, Validation
from workers.contract.errors import ConfigError
from workers.contract.job import Job

if TYPE_CHECKING:
    from workers.contract.redact import Redactor

SCHEMA = 1
"""Of these messages; raised when a reader of the old one would misunderstand the new one."""

T = TypeVar("T")

_RUN = {"widgets": True, "cells": {"__all__": {"raw"}}}
_VALIDATION = {"head": _RUN}
_RECORD = {"validation": _VALIDATION}
_REPORT = {"base": {"first": _RUN, "second": _RUN}, "records": {"__all__": _RECORD}}
_LEFT_OUT: dict[str, Any] = {
    "run": {"reports": {"__all__": _REPORT}},
    "report": _REPORT,
    "record": _RECORD,
    "validation": _VALIDATION,
}
"""Outputs as they were, which are the copy's: a message says what was seen, bounded and masked."""
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fresh(domain.Fresh):
    type: Literal["fresh"] = "fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repaired(domain.Repaired):
    type: Literal["repaired"] = "repaired"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Improved(domain.Improved):
    type: Literal["improved"] = "improved"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unrepaired(domain.Unrepaired):
    type: Literal["unrepaired"] = "unrepaired"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Skipped(domain.Skipped):
    type: Literal["skipped"] = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errored(domain.Errored):
    type: Literal["errored"] = "errored"


_Tagged = _Fresh | _Repaired | _Improved | _Unrepaired | _Skipped | _Errored
_TAGGED: dict[type[domain.Outcome], type[_Tagged]] = {
    domain.Fresh: _Fresh,
    domain.Repaired: _Repaired,
    domain.Improved: _Improved,
    domain.Unrepaired: _Unrepaired,
    domain.Skipped: _Skipped,
    domain.Errored: _Errored,
}
_PLAIN = {tagged: plain for plain, tagged in _TAGGED.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report(Report):
    outcome: Annotated[_Tagged, Field(discriminator="type")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run(Run):
    reports: tuple[_Report, ...]


class _Message(BaseModel):
    """One value with the version it was written by. Exactly one of the values is there."""

    model_config = _STRICT

    schema_version: Literal[1] = Field(alias="schema")
    job: Job | None = None
    run: _Run | None = None
    report: _Report | None = None
    record: Record | None = None
    finding: Finding | None = None
    repair: Repair | None = None
    validation: Validation | None = None


def job_to_json(job: Job) -> dict[str, Any]:
    """A job as the ledger holds it."""
    return _dump("job", job)


def job_from_json(raw: bytes) -> Job:
    """The job in a row of the ledger.

    Raises:
        ConfigError: as `run_from_json`.
    """
    return _load("job", Job, raw)


def run_to_json(run: Run) -> dict[str, Any]:
    """As `run.json` holds it."""
    tagged = _as(_Run, run, reports=tuple(_tagged_report(report) for report in run.reports))
    return _dump("run", tagged)


def run_from_json(raw: bytes) -> Run:
    """The run in a `run.json`.

    Raises:
        ConfigError: it is not one of this version; the message says where.
    """
    run = _load("run", _Run, raw)
    return _as(Run, run, reports=tuple(_plain_report(report) for report in run.reports))


def masked(run: Run, redactor: Redactor) -> Run:
    """The run with every text in it masked."""
    return run_from_json(encode(redactor.mask_all(run_to_json(run))))


def report_to_json(report: Report) -> dict[str, Any]:
    """One artifact's report."""
    return _dump("report", _tagged_report(report))


def report_from_json(raw: bytes) -> Report:
    """The report in a message.

    Raises:
        ConfigError: as `run_from_json`.
    """
    return _plain_report(_load("report", _Report, raw))


def record_to_json(record: Record) -> dict[str, Any]:
    """As `record.json` holds it."""
    return _dump("record", record)


def record_from_json(raw: bytes) -> Record:
    """The record in a `record.json`.

    Raises:
        ConfigError: as `run_from_json`.
    """
    return _load("record", Record, raw)


def part_to_json(part: Finding | Repair | Validation) -> dict[str, Any]:
    """A finding, a repair or a validation by itself."""
    return _dump(type(part).__name__.lower(), part)


def part_from_json(kind: type[T], raw: bytes) -> T:
    """The part in a message; `kind` is Finding, Repair or Validation.

    Raises:
        ConfigError: as `run_from_json`.
    """
    return _load(kind.__name__.lower(), kind, raw)


def _dump(name: str, value: object) -> dict[str, Any]:
    # The value is known to be right: validating it again would only cost.
    message = _Message.model_construct(_fields_set={"schema_version", name}, schema_version=SCHEMA, **{name: value})
    left_out = {name: _LEFT_OUT[name]} if name in _LEFT_OUT else None
    return message.model_dump(mode="json", by_alias=True, include={"schema_version", name}, exclude=left_out)


def _load(name: str, kind: type[T], raw: bytes) -> T:
    try:
        message = _Message.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigError(f"not a {name} of schema {SCHEMA}: {where or 'the text'}: {first['msg']}") from error
    value = getattr(message, name)
    if not isinstance(value, kind):
        raise ConfigError(f"not a {name} of schema {SCHEMA}: it holds no {name}")
    return value


def _tagged_report(report: Report) -> _Report:
    return _as(_Report, report, outcome=_as(_TAGGED[type(report.outcome)], report.outcome))


def _plain_report(report: _Report) -> Report:
    return _as(Report, report, outcome=_as(_PLAIN[type(report.outcome)], report.outcome))


def _as(kind: type[T], value: Any, **changed: object) -> T:
    """`value` as another dataclass with the same fields, give or take the tag."""
    shared = {field.name for field in fields(cast("Any", kind))} & {field.name for field in fields(value)}
    return kind(**{name: getattr(value, name) for name in shared} | changed)


def encode(value: dict[str, Any]) -> bytes:
    """JSON text as this project stores it: indented, sorted by nothing, UTF-8, one final newline.

    A lone surrogate, which UTF-8 has no word for, becomes a question mark.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="replace") + b"\n"
