"""The judgement: of how the base ends in two environments, on which side the fault is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workers.contract.domain import Cause
from workers.contract.faults import Side
from workers.running.faults.decisions import Kind

if TYPE_CHECKING:
    from workers.running.faults.endings import Ending, Failed
    from workers.settings import FixPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAtFault:
    """It fails in both environments."""

    alike: bool
    """The same cell with the same class of error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """It ran with the versions of its date: the environment moved under the code. Both mends are legitimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinAtFault:
    """It runs with today's versions and not with those that the declaration holds: the artifact is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagesAtFault:
    """One package uses what another no longer has, and with the versions of its date it runs: the artifact is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOurs:
    """What it wants is no matter of code or versions."""

    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """The comparison says nothing."""

    why: str


Judgement = CodeAtFault | Moved | PinAtFault | PackagesAtFault | NotOurs | Undecided


class Course(StrEnum):
    """What follows."""

    MEND = "mend"
    """Repair the code."""
    PIN = "pin"
    """Suggest versions, edit nothing."""
    ASK = "ask"
    """Say both, edit nothing, leave it to a person."""
    LEAVE = "leave"
    """Edit nothing: no mend here is ours to make."""


def judge(kind: Kind, declared: Failed, other: Ending) -> Judgement:
    """`declared` is how the base fails where it is judged, `other` how it ends in the environment of that kind."""
    match other.status:
        case "unseen":
            return Undecided(why=other.words)
        case "passed" if kind is Kind.TODAY:
            return PinAtFault()
        case "passed":
            return Moved() if declared.cause is Cause.CODE else PackagesAtFault()
        case "failed":
            return _fails_in_both(declared, other)


def _fails_in_both(declared: Failed, other: Failed) -> Judgement:
    if declared.same(other) and declared.cause is not Cause.CODE:
        return NotOurs(cause=declared.cause)
    if declared.cause is Cause.CODE and other.cause is Cause.CODE:
        return CodeAtFault(alike=declared.same(other))
    if other.cell == declared.cell and other.cause in {Cause.DATA, Cause.SECRET, Cause.UPSTREAM}:
        # Other versions say of the same cell what it really lacks.
        return NotOurs(cause=other.cause)
    return Undecided(why=f"there it ends otherwise: {other.words}")


def side(judgement: Judgement) -> Side:
    """The side in a word."""
    match judgement:
        case CodeAtFault():
            return Side.CODE
        case Moved():
            return Side.EITHER
        case PinAtFault():
            return Side.PIN
        case PackagesAtFault():
            return Side.UPSTREAM
        case NotOurs(cause=Cause.ENVIRONMENT) | Undecided():
            return Side.UNKNOWN
        case NotOurs():
            return Side.DATA


def course(judgement: Judgement, fix: FixPolicy) -> Course:
    """What the owner's policy makes of it. The code of an artifact that is right is never edited."""
    match judgement:
        case PinAtFault() | PackagesAtFault():
            return Course.PIN
        case NotOurs():
            return Course.LEAVE
        case Moved():
            return {"code": Course.MEND, "env": Course.PIN, "ask": Course.ASK}[fix]
        case CodeAtFault():
            # No versions mend it, so that there is nothing to ask.
            return Course.LEAVE if fix == "env" else Course.MEND
        case Undecided():
            return {"code": Course.MEND, "env": Course.LEAVE, "ask": Course.ASK}[fix]


def cause(judgement: Judgement, fix: FixPolicy) -> Cause | None:
    """What the finding of the failure is put down to; None leaves what the review said."""
    match judgement:
        case PackagesAtFault():
            return Cause.UPSTREAM
        case PinAtFault():
            return Cause.ENVIRONMENT
        case Moved():
            return Cause.CODE if fix == "code" else Cause.ENVIRONMENT
        case CodeAtFault():
            return Cause.CODE
        case NotOurs(cause=found):
            return found
        case Undecided():
            return None
