"""Who we are to GitHub: the App's keys, the tokens made with them, and nobody else's business.

A token is for one repository and one purpose. None is ever in a log, a repr or an error.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import jwt
import structlog
from pydantic import BaseModel

from bot import answers
from bot.answers import AccessEnded, Answer, Forbidden, Limited, NotFound, Unavailable, Unprocessable
from bot.app_keys import AppKey, KeyFile, Keys, keys_of

if TYPE_CHECKING:
    from bot.pacing import Clock
    from bot.transport import Transport

__all__ = [
    "PERMISSIONS",
    "AppAuth",
    "AppKey",
    "Key",
    "KeyFile",
    "Keys",
    "Purpose",
    "Token",
    "Tokens",
    "keys_of",
]

log = structlog.get_logger()

BACKDATED_S = 60
"""GitHub's advice against clock drift: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app."""
LIVES_S = 540
ALARM_SKEW_S = 30.0
SPARE_S = 300.0
"""A cached token is renewed so long before it ends."""
CACHED = 2000


class Purpose(StrEnum):
    """What a token is for; it can do nothing else."""

    FETCH = "fetch"
    """Clone: the loop process gets it."""
    READ = "read"
    """Look at files, pull requests, threads and people's permissions."""
    CHECK = "check"
    """Write check runs."""
    ANSWER = "answer"
    """Comment and react."""
    PUBLISH = "publish"
    """Write branches and pull requests."""
    RECORDS = "records"
    """Write our own refs."""


PERMISSIONS: dict[Purpose, dict[str, str]] = {
    Purpose.FETCH: {"contents": "read"},
    Purpose.READ: {"metadata": "read", "contents": "read", "pull_requests": "read", "issues": "read", "checks": "read"},
    Purpose.CHECK: {"metadata": "read", "checks": "write"},
    Purpose.ANSWER: {"metadata": "read", "issues": "write", "pull_requests": "write"},
    Purpose.PUBLISH: {"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write"},
    Purpose.RECORDS: {"metadata": "read", "contents": "write"},
}


@dataclass(slots=True, kw_only=True)
class AppAuth:
    """Calls as the App itself."""

    app_id: int
    keys: Keys
    transport: Transport
    clock: Clock
    _offset: float = 0.0
    """GitHub's clock minus ours."""
    _signed: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]], repr=False)

    async def send(self, method: str, url: str, *, params: dict[str, Any] | None = None, json: Any = None) -> Answer:
        """One call; tried again where GitHub did not accept who we are: by its clock, then with the other keys.

        Raises:
            Unavailable: no answer, or no key is accepted.
        """
        for index, key in enumerate(self.keys()):
            answer = await self._as(key, method, url, params, json)
            if answer.status == HTTPStatus.UNAUTHORIZED and index == 0 and self._learned(answer):
                answer = await self._as(key, method, url, params, json)
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return answer
            log.error("app_key_refused", fingerprint=key.fingerprint)
        raise Unavailable("GitHub accepts none of the App's keys")

    async def _as(self, key: AppKey, method: str, url: str, params: dict[str, Any] | None, json: Any) -> Answer:
        authorization = f"Bearer {self._jwt(key)}"
        return await self.transport.send(method, url, authorization=authorization, params=params, json=json)

    def _jwt(self, key: AppKey) -> str:
        now = self.clock.now() + self._offset
        issued, signed = self._signed.get(key.fingerprint, (0.0, ""))
        if not signed or not 0 <= now - issued < LIVES_S / 2:
            start = int(now) - BACKDATED_S
            claims = {"iat": start, "exp": start + LIVES_S, "iss": str(self.app_id)}
            issued, signed = now, jwt.encode(claims, key.key, algorithm="RS256")
            self._signed[key.fingerprint] = (issued, signed)
        return signed

    def _learned(self, answer: Answer) -> bool:
        """Whether GitHub's clock shows that ours was the reason."""
        if answer.date is None:
            return False
        offset = answer.date - self.clock.now()
        if abs(offset - self._offset) <= 1.0:
            return False
        if abs(offset) > ALARM_SKEW_S:
            log.error("clock_is_wrong", seconds=round(-offset))
        self._offset = offset
        self._signed.clear()
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a token is for."""

    installation_id: int
    repository_id: int
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token of an installation; its value never shows."""

    value: str = field(repr=False)
    expires_at: float
    full_name: str
    """The repository's name when it was made."""

    @property
    def authorization(self) -> str:
        """As the header has it."""
        return f"Bearer {self.value}"


class _Repository(BaseModel):
    id: int
    full_name: str


class _Minted(BaseModel):
    token: str
    expires_at: datetime
    repositories: list[_Repository]


@dataclass(slots=True, kw_only=True)
class Tokens:
    """Tokens of installations: one call for many who ask at once, kept until shortly before they end."""

    auth: AppAuth
    _cached: OrderedDict[Key, Token] = field(default_factory=OrderedDict[Key, Token], repr=False)
    _making: dict[Key, asyncio.Lock] = field(default_factory=dict[Key, asyncio.Lock], repr=False)

    async def get(self, key: Key) -> Token:
        """A token for `key`; raises as `mint`."""
        if (token := self._fresh(key)) is not None:
            return token
        lock = self._making.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if (token := self._fresh(key)) is None:
                    token = self._cached[key] = await self.mint(key)
                    self._forget_oldest()
                return token
        finally:
            if not lock.locked():
                self._making.pop(key, None)

    def _fresh(self, key: Key) -> Token | None:
        token = self._cached.get(key)
        if token is None or token.expires_at - SPARE_S <= self.auth.clock.now():
            return None
        self._cached.move_to_end(key)
        return token

    def _forget_oldest(self) -> None:
        while len(self._cached) > CACHED:
            self._cached.popitem(last=False)

    def evict(self, key: Key, token: Token) -> None:
        """GitHub no longer takes `token`."""
        if self._cached.get(key) is token:
            del self._cached[key]

    async def mint(self, key: Key) -> Token:
        """A new token, not kept here: for one repository, by its id, and the permissions of its purpose.

        Raises:
            AccessEnded: the installation or the repository is no longer ours to work on.
            Forbidden: the permissions were not granted (yet).
            Limited, Unavailable: later.
        """
        wanted = {"repository_ids": [key.repository_id], "permissions": PERMISSIONS[key.purpose]}
        url = f"/app/installations/{key.installation_id}/access_tokens"
        answer = await self.auth.send("POST", url, json=wanted)
        self._check(answer, key)
        made = answers.shaped(_Minted, answers.parsed(answer))
        names = [repository.full_name for repository in made.repositories if repository.id == key.repository_id]
        if not names:
            raise AccessEnded(f"repository {key.repository_id} is not in installation {key.installation_id}")
        return Token(value=made.token, expires_at=made.expires_at.timestamp(), full_name=names[0])

    def _check(self, answer: Answer, key: Key) -> None:
        try:
            answers.check(answer, now=self.auth.clock.now())
        except NotFound:
            raise AccessEnded(f"installation {key.installation_id} is gone") from None
        except Unprocessable as error:
            if "permission" in error.message.lower():
                raise Forbidden(403, error.message) from None
            raise AccessEnded(f"repository {key.repository_id} is not in installation {key.installation_id}") from None
        except Forbidden as error:
            raise AccessEnded(error.message) from None

    async def revoke(self, token: Token) -> None:
        """End a token before its time. Where that fails it ends by itself within the hour."""
        try:
            await self.auth.transport.send("DELETE", "/installation/token", authorization=token.authorization)
        except (Unavailable, Limited) as error:
            log.warning("token_not_revoked", error=str(error))

    async def revoke_all(self) -> None:
        """End every token that is kept here."""
        tokens = list(self._cached.values())
        self._cached.clear()
        await asyncio.gather(*(self.revoke(token) for token in tokens))
