"""The judgement in words: for the report, and for the findings. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, Staleness
from workers.running.faults.decisions import name_of
from workers.running.faults.judging import (
    CodeAtFault,
    Course,
    Moved,
    NotOurs,
    PackagesAtFault,
    PinAtFault,
    Undecided,
    cause,
    course,
)

if TYPE_CHECKING:
    from workers.contract.domain import Finding
    from workers.contract.faults import Pin
    from workers.environments.words import Decision
    from workers.running.faults.endings import Ending
    from workers.running.faults.judging import Judgement
    from workers.settings import FixPolicy

RULE = "execution/error"
_POLICY = {
    Course.MEND: "The code is what is repaired.",
    Course.PIN: "Versions are suggested; no code is edited.",
    Course.ASK: "Either may be mended; a person has to decide, and no code is edited.",
    Course.LEAVE: "No code is edited.",
}


def sentence(judgement: Judgement, fix: FixPolicy, label: str, head: tuple[Ending, Ending] | None = None) -> str:
    """The side and the reason, what follows by the policy, and how the repaired copy does with either versions."""
    return " ".join(filter(None, [_reason(judgement, label), _POLICY[course(judgement, fix)], _of_head(label, head)]))


def _reason(judgement: Judgement, label: str) -> str:
    match judgement:
        case CodeAtFault(alike=alike):
            how = "fails in the same cell with the same error" if alike else "fails, though in another way,"
            return f"The code is at fault: unchanged it {how} with the declared versions and with those {label}."
        case Moved():
            return (
                f"The environment moved under the code: unchanged it passes with the versions {label} and fails with the "
                "declared ones, which are newer."
            )
        case PinAtFault():
            return f"The declared versions are at fault: unchanged it passes with those {label}. The artifact itself is right."
        case PackagesAtFault():
            return (
                f"Packages that do not fit each other are at fault: unchanged it passes with the versions {label}. "
                "The artifact itself is right."
            )
        case NotOurs(cause=found):
            return _not_ours(found, label)
        case Undecided(why=why):
            return f"On which side the fault is could not be found out: {why}."


def _not_ours(found: Cause, label: str) -> str:
    if found is Cause.ENVIRONMENT:
        return f"Packages do not fit each other, neither in the declared versions nor in those {label}."
    return (
        f"Neither the code nor the versions are at fault: with those {label} it shows that the cause is {found.value}."
    )


def _of_head(label: str, head: tuple[Ending, Ending] | None) -> str:
    if head is None:
        return ""
    match (head[0].status, head[1].status):
        case ("passed", "passed"):
            return f"The repaired copy passes with the declared versions and with those {label}."
        case ("passed", "failed"):
            return f"The repaired copy passes with the declared versions only, not with those {label}."
        case ("failed", "passed"):
            return f"The repaired copy passes with the versions {label} only, not with the declared ones."
        case _:
            return ""


def way_out(judgement: Judgement, fix: FixPolicy, pins: tuple[Pin, ...], decision: Decision | None) -> str:
    """What would mend it, with versions; empty where the judgement has nothing to add."""
    held = "; ".join(_held(pin, decision) for pin in pins)
    match judgement:
        case Moved() if course(judgement, fix) is Course.PIN:
            return held or "versions of the artifact's date"
        case Moved():
            return f"repair the code, or {held or 'hold versions of the date of the artifact'}"
        case PinAtFault():
            return held or "newer versions in the declaration"
        case PackagesAtFault():
            return held or "versions that fit each other"
        case CodeAtFault() if fix == "env":
            return "repair the code: it fails whatever the versions are"
        case CodeAtFault() | NotOurs() | Undecided():
            return ""


def _held(pin: Pin, decision: Decision | None) -> str:
    """One pin as an instruction, with the place where the package is declared."""
    asked = () if decision is None else (*decision.asked, *decision.constraints)
    origin = next((each.origin for each in asked if name_of(each) == pin.name), "")
    if not origin:
        return f"add {pin} to the declaration (it fails with {pin.instead_of})"
    return f"declare {pin} in {origin} (it fails with {pin.instead_of})"


def told(finding: Finding, judgement: Judgement, fix: FixPolicy, way: str) -> Finding:
    """The finding of the failure with its cause and the way out; others that blame the code for it with the cause."""
    found = cause(judgement, fix)
    if finding.staleness is not Staleness.BROKEN or found is None:
        return finding
    if finding.rule != RULE:
        not_the_code = finding.cause is Cause.CODE and found is not Cause.CODE and not isinstance(judgement, NotOurs)
        return replace(finding, cause=found, unlock=way) if not_the_code else finding
    return replace(finding, cause=found, unlock=way or finding.unlock)
