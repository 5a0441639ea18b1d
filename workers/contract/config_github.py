"""The part of the owner's configuration that speaks of GitHub: when to wake up, whom to heed, how to publish."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("not a time zone of the IANA database, like Europe/Berlin") from error
    return value


def _clock(value: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError("not a time of day like 02:30")
    return value


def _one_line(value: str) -> str:
    if not re.fullmatch(r"[^<>\x00-\x1f\x7f]{1,100} <[^<>@\s\x00-\x1f]{1,100}@[^<>@\s\x00-\x1f]{1,100}>", value):
        raise ValueError("not a person like `Ada Lovelace <ada@example.org>`")
    return value


Zone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]
Clock = Annotated[str, AfterValidator(_clock)]
Person = Annotated[str, Field(max_length=210), AfterValidator(_one_line)]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Sweep(_Strict):
    """When everything is looked at again, with nobody asking."""

    every: Literal["day", "week", "month", "never"] = "week"
    """How often; once per window."""
    day: Day = "monday"
    """Of the week; of the month it is the first such day."""
    start: Clock = "02:00"
    """Start of the window, in the time zone."""
    hours: int = Field(default=4, ge=1, le=24)
    """Length of the window."""
    timezone: Zone = "UTC"
    """Of the IANA database."""


class Ignore(_Strict):
    """Whom and what to leave alone."""

    authors: tuple[Name, ...] = Field(default=(), max_length=100)
    """Logins whose pushes and pull requests start nothing."""
    titles: tuple[Name, ...] = Field(default=(), max_length=100)
    """Globs over the titles of pull requests that are not judged."""
    labels: tuple[Name, ...] = Field(default=(), max_length=100)
    """Labels of pull requests that are not judged."""


class PullRequests(_Strict):
    """What our pull requests look like and how many there may be."""

    group: Literal["cause", "root", "artifact"] = "cause"
    """What goes into one pull request together."""
    open_limit: int = Field(default=1, ge=1, le=20)
    """Open pull requests for each root that nobody asked for by name; the rest waits."""
    artifact_limit: int = Field(default=20, ge=1, le=100)
    """Artifacts in one pull request; the rest waits."""
    commit_limit: int = Field(default=40, ge=1, le=400)
    """Commits an hour in the repository."""
    labels: tuple[Name, ...] = Field(default=("mendloop",), max_length=20)
    """Put on every pull request."""
    reviewers: tuple[Name, ...] = Field(default=(), max_length=15)
    """Logins, or teams as `team:<slug>`, that are asked for a review; left out, nobody but CODEOWNERS."""
    draft: Literal["auto", "always", "never"] = "auto"
    """`auto`: a draft while something remains."""
    sign_off: bool = False
    """Add a `Signed-off-by` line to every commit."""
    co_author: Person | None = None
    """Add a `Co-authored-by` line to every commit."""
    expire_days: int = Field(default=90, ge=1, le=3650)
    """A pull request that nobody touched for so long is closed, and its branch removed."""
    on_conflict: Literal["rebase", "recreate", "ask"] = "rebase"
    """When the base changed the same artifact: keep our edits of cells it left alone and prove them anew, repair the
    new base from the start, or ask in the pull request."""
    commit_to_author: bool = False
    """The *Repair* button may commit to the pull request's own branch instead of opening another pull request."""
    records_ref: bool = False
    """Keep every run's records under `refs/mendloop/records/<run>`."""


class GitHub(_Strict):
    """When to wake up, whom to heed, how to publish."""

    on_push: bool = True
    """Look at the artifacts that a push to the default branch changed."""
    on_pull_request: bool = True
    """Judge pull requests in a check run. Nothing is pushed to their branches."""
    sweep: Sweep = Sweep()
    """When everything is looked at again, with nobody asking."""
    ignore: Ignore = Ignore()
    """Whom and what to leave alone."""
    pull_requests: PullRequests = PullRequests()
    """What our pull requests look like and how many there may be."""
    commands_per_hour: int = Field(default=3, ge=0, le=1000)
    """Runs that one person may ask for with `/repair` in an hour."""
