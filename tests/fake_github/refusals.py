"""What GitHub says when it will not."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(Exception):  # noqa: N818 - the word for a 4xx of GitHub's; nothing went wrong in the fake
    """An answer of 3xx-5xx in GitHub's shape."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: list[Any] | None = None,
        headers: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body: dict[str, Any] = {"message": message}
        if errors is not None:
            self.body["errors"] = errors
        self.body |= {"documentation_url": DOCUMENTATION, "status": str(status)} | (more or {})


def not_found() -> Refusal:
    """Also what a private repository looks like to who may not see it."""
    return Refusal(404, "Not Found")


def no_permission() -> Refusal:
    """The token lacks the permission or the repository."""
    return Refusal(403, "Resource not accessible by integration")


def invalid(resource: str, field: str, code: str = "invalid", message: str | None = None) -> Refusal:
    """`Validation Failed` with one error."""
    error = {"resource": resource, "field": field, "code": code} | ({} if message is None else {"message": message})
    return Refusal(422, "Validation Failed", errors=[error])


def unprocessable(message: str) -> Refusal:
    """A 422 of one sentence, as the Git Data API gives it."""
    return Refusal(422, message)
