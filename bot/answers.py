"""What GitHub answered, and what it means: a value, or an error named by what the caller can do about it."""

# ruff: noqa: N818 - callers tell these apart by what happened; a suffix on each would say nothing more

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from workers.contract.errors import MendloopError

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_CONTENT = frozenset({202, 204, 205})
SECONDARY_S = 60.0
"""How long to keep away after a secondary limit that does not say how long."""
MESSAGE_CHARS = 500
DIGITS = 14

M = TypeVar("M", bound=BaseModel)


class GitHubError(MendloopError):
    """GitHub understood and said no; the same call would be refused again."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"GitHub answered {status}: {message}")
        self.status = status
        self.message = message


class NotFound(GitHubError):
    """404: it is not there, or this token may not see it."""


class Conflict(GitHubError):
    """409, or a compare-and-swap that somebody else won."""


class Unprocessable(GitHubError):
    """422: GitHub's rules forbid it, as `errors` says."""

    def __init__(self, status: int, message: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(status, "; ".join((message, *errors))[:MESSAGE_CHARS])
        self.errors = errors


class Forbidden(GitHubError):
    """403 that is no rate limit: a permission is missing, the thread is locked, a rule of the repository."""


class Refused(GitHubError):
    """410 or 451: switched off, gone, or withheld for legal reasons; it will not come back."""


class Limited(MendloopError):
    """A rate limit: nothing for this installation before `until`, in seconds since 1970."""

    def __init__(self, until: float, reason: str = "GitHub's rate limit") -> None:
        super().__init__(f"{reason}; no call before {until:.0f}")
        self.until = until


class Unavailable(MendloopError):
    """The weather: a 5xx, a broken connection, a time-out, garbage. Whether a write was applied is UNKNOWN: look."""


class AccessEnded(MendloopError):
    """No token can be had any more: suspended, uninstalled, transferred, or another repository under the old name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Looked up in lower case."""
    body: bytes

    @property
    def date(self) -> float | None:
        """GitHub's own clock when it answered, in seconds since 1970."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return None


def parsed(answer: Answer) -> Any:
    """The JSON of a successful answer; None where the status says there is none.

    Raises:
        Unavailable: it is no JSON: a proxy's page, a cut answer.
    """
    if not answer.body and answer.status in NO_CONTENT:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise Unavailable(f"GitHub answered {answer.status} with {len(answer.body)} bytes that are no JSON") from None


def shaped(model: type[M], value: Any) -> M:
    """`value` as `model`.

    Raises:
        Unavailable: it has another shape.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise Unavailable(f"GitHub's answer is no {model.__name__}: {where}") from None


def objects(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of a list; whatever else stands in it is left out."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def check(answer: Answer, *, now: float) -> None:
    """Raise what the status means; 2xx and 304 are fine."""
    if _is_success(answer.status) or answer.status == HTTPStatus.NOT_MODIFIED:
        return
    message, errors = _said(answer)
    _check_limit(answer, message, now)
    match answer.status:
        case 404:
            raise NotFound(404, message)
        case 409:
            raise Conflict(409, message)
        case 422:
            raise Unprocessable(422, message, errors)
        case 403 if "suspended" in message.lower():
            raise AccessEnded("the installation is suspended")
        case 403:
            raise Forbidden(403, message)
        case 410 | 451:
            raise Refused(answer.status, message)
        case status if _is_final(status):
            raise GitHubError(status, message)
        case status:
            raise Unavailable(f"GitHub answered {status}")


def _is_success(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _is_final(status: int) -> bool:
    again = {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT}
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in again


def _check_limit(answer: Answer, message: str, now: float) -> None:
    if answer.status not in {403, 429}:
        return
    wait = number(answer, "retry-after")
    if wait is not None:
        raise Limited(now + max(wait, 1.0), "GitHub's secondary rate limit")
    if number(answer, "x-ratelimit-remaining") == 0 and "secondary" not in message.lower():
        raise Limited(reset(answer, now), "GitHub's primary rate limit")
    if (
        answer.status == HTTPStatus.TOO_MANY_REQUESTS
        or "secondary rate limit" in message.lower()
        or "abuse" in message.lower()
    ):
        raise Limited(now + SECONDARY_S, "GitHub's secondary rate limit")


def reset(answer: Answer, now: float) -> float:
    """When the primary limit ends, by our own clock."""
    at = number(answer, "x-ratelimit-reset")
    if at is None:
        return now + SECONDARY_S
    return now + max(at - (answer.date or now), 1.0)


def number(answer: Answer, header: str) -> float | None:
    """The header as a number that is not negative; None where it is none."""
    text = answer.headers.get(header, "")
    return float(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def _said(answer: Answer) -> tuple[str, tuple[str, ...]]:
    """GitHub's message and the errors beside it, bounded."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return "no message", ()
    said = cast("dict[str, Any]", value)
    errors = cast("list[Any]", said["errors"]) if isinstance(said.get("errors"), list) else []
    return str(said.get("message", "no message"))[:MESSAGE_CHARS], tuple(_error(error) for error in errors[:10])


def _error(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)[:MESSAGE_CHARS]
    parts = cast("dict[str, Any]", error)
    told = parts.get("message") or " ".join(str(parts[key]) for key in ("resource", "field", "code") if key in parts)
    return str(told)[:MESSAGE_CHARS]


def check_graphql(value: Any, *, now: float) -> dict[str, Any]:
    """The data of a GraphQL answer; an error in it is raised, although the status was 200."""
    if not isinstance(value, dict):
        raise Unavailable("GitHub's GraphQL answer is no object")
    answer = cast("dict[str, Any]", value)
    errors = objects(answer.get("errors"))
    if errors:
        _raise_graphql(str(errors[0].get("type", "")), tuple(_error(error) for error in errors[:10]), now)
    data = answer.get("data")
    if not isinstance(data, dict):
        raise Unavailable("GitHub's GraphQL answer holds no data")
    return cast("dict[str, Any]", data)


def _raise_graphql(kind: str, errors: tuple[str, ...], now: float) -> None:
    message = "; ".join(errors)[:MESSAGE_CHARS]
    match kind:
        case "RATE_LIMITED":
            raise Limited(now + SECONDARY_S)
        case "NOT_FOUND":
            raise NotFound(404, message)
        case "FORBIDDEN" | "INSUFFICIENT_SCOPES":
            raise Forbidden(403, message)
        case "STALE_DATA":
            raise Conflict(409, message)
        case "SERVICE_UNAVAILABLE" | "INTERNAL":
            raise Unavailable(f"GitHub's GraphQL: {message}")
        case _:
            raise Unprocessable(422, "GraphQL", errors)
