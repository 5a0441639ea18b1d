"""Asking the broker for a token that reads one repository, for one job, while its claim is ours."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract.errors import MendloopError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from workers.contract.ledger import Claim

ANSWER_S = 30.0
"""The broker may have to wait for GitHub."""
FORBIDDEN = 403
GONE = 410


class AccessEndedError(MendloopError):
    """Theirs: there is no access to the repository any more, or the claim is not ours."""


class BrokerError(MendloopError):
    """The weather's: the broker cannot be reached, or GitHub cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token, and what it is for. It is held in memory and goes nowhere but to git."""

    token: str = field(repr=False)
    repository: str
    """`owner/name` as it is now."""
    sha: str


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    token: str = Field(min_length=1, max_length=4000, repr=False)
    repository: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where tokens are asked for."""

    broker: str
    """`unix:///path` or `http://host:port`."""
    secret: str = field(default="", repr=False)

    @asynccontextmanager
    async def grant(self, claim: Claim) -> AsyncGenerator[Grant]:
        """A token for the job of `claim`, given back at the end.

        Raises:
            AccessEndedError: it is refused.
            BrokerError: it cannot be asked for now.
        """
        body = {"job": claim.id, "owner": claim.owner, "fencing": claim.fencing}
        async with self._client() as client:
            answer = await self._ask(client, body)
            try:
                yield Grant(token=answer.token, repository=answer.repository, sha=answer.sha)
            finally:
                # The broker also revokes what nobody gave back, so a failure here loses nothing.
                with suppress(httpx.HTTPError):
                    await client.request("DELETE", "/token", json=body)

    async def _ask(self, client: httpx.AsyncClient, body: dict[str, int | str]) -> _Answer:
        try:
            response = await client.post("/token", json=body)
        except httpx.HTTPError as error:
            raise BrokerError(f"the broker cannot be reached: {type(error).__name__}") from error
        if response.status_code in {FORBIDDEN, GONE}:
            raise AccessEndedError("the broker gives no token for this job: access ended, or the claim did")
        if response.is_error:
            raise BrokerError(f"the broker answered {response.status_code}")
        try:
            return _Answer.model_validate_json(response.content)
        except ValidationError as error:
            # Not the error's own text: it quotes the answer.
            raise BrokerError(f"the broker's answer is not one ({error.error_count()} problems)") from None

    def _client(self) -> httpx.AsyncClient:
        parts = urlsplit(self.broker)
        # A context without a single authority: the broker speaks no TLS, and reading all of them in takes longer than asking.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unix = parts.scheme == "unix"
        return httpx.AsyncClient(
            base_url="http://broker" if unix else self.broker,
            transport=httpx.AsyncHTTPTransport(verify=nobody, uds=parts.path if unix else None),
            timeout=ANSWER_S,
            headers={"Authorization": f"Bearer {self.secret}"} if self.secret else None,
            trust_env=False,
            follow_redirects=False,
        )
