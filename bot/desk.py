"""The broker's desk: one token for the one repository of the one job that whoever asks holds, and its end.

What is asked is checked against the ledger; who asks for what is not theirs is refused and reported.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.github import AccessEnded, GitHubError, Limited, Unavailable
from workers.contract import messages
from workers.contract.errors import ConfigError
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.app import App
    from bot.github import Token
    from workers.contract.job import Job

log = structlog.get_logger()

BODY_BYTES = 4096
BODY_S = 5.0
Ask = tuple[int, str, int]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    job: int = Field(ge=1, le=2**63 - 1)
    owner: str = Field(min_length=1, max_length=80)
    fencing: int = Field(ge=0, le=2**31 - 1)


@dataclass(slots=True, kw_only=True)
class Broker:
    """The tokens that are out, in memory alone."""

    app: App
    github_url: str
    """Where people and git reach GitHub, without a trailing slash."""
    secret: str = field(default="", repr=False)
    """Whoever asks has to know it; empty on a unix socket."""
    _out: dict[int, tuple[Ask, Token]] = field(default_factory=dict[int, tuple["Ask", "Token"]], repr=False)
    _asking: dict[int, asyncio.Lock] = field(default_factory=dict[int, asyncio.Lock], repr=False)

    def asgi(self) -> Starlette:
        """The two routes."""
        return Starlette(
            routes=[
                Route("/token", self.give, methods=["POST"]),
                Route("/token", self.take_back, methods=["DELETE"]),
            ]
        )

    async def give(self, request: Request) -> Response:
        """A token for the job, while whoever asks has it."""
        asked = await self._asked(request)
        if isinstance(asked, JSONResponse):
            return asked
        job = await self._held(asked)
        if job is None:
            log.error("broker.refused", job=asked.job, owner=asked.owner, fencing=asked.fencing)
            return _error(403, "this job is not yours")
        try:
            token = await self._token(asked, job)
        except (Limited, Unavailable) as error:
            return _error(503, str(error))
        except (AccessEnded, GitHubError) as error:
            return _error(410, str(error))
        if await self._held(asked) is None:
            await self._end(asked.job)
            return _error(403, "this job is not yours any more")
        return JSONResponse(self._answer(job, token))

    async def take_back(self, request: Request) -> Response:
        """Whoever got the token is done with it."""
        asked = await self._asked(request)
        if isinstance(asked, JSONResponse):
            return asked
        out = self._out.get(asked.job)
        if out is not None and out[0] != (asked.job, asked.owner, asked.fencing):
            log.error("broker.refused", job=asked.job, owner=asked.owner, fencing=asked.fencing)
            return _error(403, "this token is not yours")
        await self._end(asked.job)
        return JSONResponse({"revoked": out is not None})

    async def expire(self) -> int:
        """End the tokens whose job is no longer held by whoever got them; how many. For the clock."""
        gone = [
            job
            for job, ((_, owner, fencing), _token) in list(self._out.items())
            if not await self._is_held(job, owner, fencing)
        ]
        for job in gone:
            await self._end(job)
        return len(gone)

    async def close(self) -> None:
        """End every token."""
        for job in list(self._out):
            await self._end(job)

    async def _asked(self, request: Request) -> _Asked | JSONResponse:
        given = request.headers.get("authorization", "").encode(errors="replace")
        if self.secret and not hmac.compare_digest(given, f"Bearer {self.secret}".encode()):
            log.error("broker.stranger")
            return _error(401, "who are you?")
        try:
            async with asyncio.timeout(BODY_S):
                return _Asked.model_validate_json(await _body(request))
        except (ValidationError, ValueError, TimeoutError):
            return _error(400, 'expected {"job", "owner", "fencing"}')

    async def _held(self, asked: _Asked) -> Job | None:
        return await self._is_held(asked.job, asked.owner, asked.fencing)

    async def _is_held(self, job: int, owner: str, fencing: int) -> Job | None:
        """The job, if it waits for its run and the claim on it is that one and has not run out."""
        jobs = tables.jobs.c
        of = select(jobs.job).where(
            jobs.id == job,
            jobs.state == "ready",
            jobs.lease_owner == owner,
            jobs.fencing == fencing,
            jobs.lease_until > self.app.ledger.clock(),
        )
        async with self.app.ledger.read() as connection:
            text = (await connection.execute(of)).scalar_one_or_none()
        if text is None:
            return None
        try:
            return messages.job_from_json(text.encode())
        except ConfigError:
            return None

    async def _token(self, asked: _Asked, job: Job) -> Token:
        """The one that is out for this claim, or a new one; one that is out for an older claim is ended."""
        ask = (asked.job, asked.owner, asked.fencing)
        async with self._asking.setdefault(asked.job, asyncio.Lock()):
            out = self._out.get(asked.job)
            if out is not None and out[0] == ask and out[1].expires_at > self.app.ledger.clock() + 60:
                return out[1]
            if out is not None:
                await self._end(asked.job)
            token = await self.app.github.fetch_token(job.installation_id, job.repository_id)
            self._out[asked.job] = (ask, token)
            return token

    async def _end(self, job: int) -> None:
        out = self._out.pop(job, None)
        self._asking.pop(job, None)
        if out is not None:
            await self.app.github.revoke(out[1])

    def _answer(self, job: Job, token: Token) -> dict[str, Any]:
        # The URL is made here, of a name that GitHub just told us for this number: no part of it comes from a repository.
        return {
            "token": token.value,
            "expires_at": token.expires_at,
            "repository": token.full_name,
            "clone_url": f"{self.github_url}/{token.full_name}.git",
            "sha": job.sha,
        }


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=status)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise ValueError("too long")
    return bytes(body)
