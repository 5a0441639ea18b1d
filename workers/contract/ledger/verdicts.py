"""What becomes of a row when the work on it did not end well: decided from the exception and the tries, nothing done yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from workers.contract.ledger.claims import LostClaimError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.ledger.claims import Claim

MAX_TRIES = 3
FIRST_DELAY_S = 5.0
REASON_CHARS = 500


class PutBack(Exception):  # noqa: N818  # a way to end, as `StopIteration` is; no error
    """Raised by who works on a row: not now. Without `counts` it is the weather's fault, and the try is not one."""

    def __init__(self, delay_s: float, reason: str, *, counts: bool = False) -> None:
        super().__init__(reason)
        self.delay_s = delay_s
        self.reason = reason
        self.counts = counts


@dataclass(frozen=True, slots=True)
class Lost:
    """Somebody else has the row: nothing is written."""


@dataclass(frozen=True, slots=True)
class Later:
    """To be claimed again in a while."""

    delay_s: float
    reason: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Parked:
    """Nobody claims it again before a person looked at it."""

    reason: str


Verdict = Lost | Later | Parked


def before_work(claim: Claim) -> Parked | None:
    """Whether a row is claimed once too often: whoever worked on it never came back to say why."""
    if claim.tries <= MAX_TRIES:
        return None
    last = claim.row["reason"]
    return Parked(
        f"the work on it ended {MAX_TRIES} times without a word; last known reason: {last or 'none'}"[:REASON_CHARS]
    )


def after_failure(error: Exception, tries: int) -> Verdict:
    """What becomes of the row; an exception group is judged by the kindest exception in it."""
    found = tuple(leaves(error))
    if any(isinstance(leaf, LostClaimError) for leaf in found):
        return Lost()
    put_back = next((leaf for leaf in found if isinstance(leaf, PutBack)), None)
    if put_back is not None and not put_back.counts:
        return Later(put_back.delay_s, put_back.reason, counts=False)
    reason = put_back.reason if put_back is not None else in_words(found[0])
    if tries >= MAX_TRIES:
        return Parked(reason)
    delay_s = put_back.delay_s if put_back is not None else FIRST_DELAY_S * 4 ** (tries - 1)
    return Later(delay_s, reason, counts=True)


def leaves(error: Exception) -> Iterator[Exception]:
    """The exceptions in a group, at any depth; an exception that is no group is its own."""
    if isinstance(error, ExceptionGroup):
        for inner in cast("ExceptionGroup[Exception]", error).exceptions:
            yield from leaves(inner)
    else:
        yield error


def in_words(error: Exception) -> str:
    """One line about an exception."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:REASON_CHARS]
