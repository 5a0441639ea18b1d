"""What an artifact runs with beyond what its repository declares, and what of the declaration could not be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workers.attempts import UNDECLARED
from workers.contract.domain import Cause, Finding, IssueType, Rung, Severity, Staleness, finding_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.environments.words import Asked, Decision
    from workers.protocols import Document, Environment

MISSING = "environment/missing"
REFUSED = "environment/refused"


def find(document: Document, decision: Decision, environment: Environment) -> Iterator[Finding]:
    """Set-up gaps of an artifact whose environment was decided on from what the repository declares."""
    for each in decision.undeclared:
        yield _undeclared(document, each, environment)
    for gone in decision.missing:
        yield _finding(document, MISSING, gone.name, f"`{gone.name}` ({gone.origin}) was not supplied: {gone.why}", "")
    for line in decision.refused:
        yield _finding(document, REFUSED, line.text, f"`{line.text}` ({line.origin}) was not followed: {line.why}", "")


def _undeclared(document: Document, asked: Asked, environment: Environment) -> Finding:
    name = canonicalize_name(Requirement(asked.requirement).name)
    version = environment.packages.get(name)
    pin = f"{name}=={version}" if version else name
    message = f"`{name}` is needed ({asked.origin}) and nothing declares it; it ran with {pin}"
    return _finding(document, UNDECLARED, name, message, f"Declare it, for example as `{pin}`.")


def _finding(document: Document, rule: str, subject: str, message: str, fix: str) -> Finding:
    return Finding(
        id=finding_id(rule, subject),
        artifact=document.path,
        place=None,
        issue_type=IssueType.SETUP_GAP,
        severity=Severity.MEDIUM if rule == UNDECLARED else Severity.LOW,
        staleness=Staleness.READER,
        rung=Rung.E4,
        cause=Cause.ENVIRONMENT,
        rule=rule,
        message=message,
        fix=fix,
        evidence=message,
        unlock=fix,
    )
