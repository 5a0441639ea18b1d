"""What all calls of a process share: the client, the tokens, the pace, and what GitHub said before."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from bot import answers
from bot.answers import Answer, Limited
from bot.pacing import again

if TYPE_CHECKING:
    from bot.app_auth import Key, Token, Tokens
    from bot.pacing import Clock, Pacer
    from bot.transport import Transport

CACHED = 256
CACHED_BYTES = 128 * 1024


@dataclass(slots=True)
class Etags:
    """Answers to reads, by what was asked with which rights. GitHub does not count the 304 that confirms one."""

    kept: OrderedDict[tuple[object, ...], tuple[str, Answer]] = field(
        default_factory=OrderedDict[tuple[object, ...], tuple[str, Answer]]
    )

    def headers(self, key: tuple[object, ...]) -> dict[str, str]:
        """What asks for the answer only if it is another one than ours."""
        return {"If-None-Match": self.kept[key][0]} if key in self.kept else {}

    def answer(self, key: tuple[object, ...], answer: Answer) -> Answer:
        """The answer that holds: the one kept, where GitHub confirmed it."""
        if answer.status == HTTPStatus.NOT_MODIFIED and key in self.kept:
            self.kept.move_to_end(key)
            return self.kept[key][1]
        etag = answer.headers.get("etag", "")
        if answer.status == HTTPStatus.OK and etag and len(answer.body) <= CACHED_BYTES:
            self.kept[key] = (etag, answer)
            self.kept.move_to_end(key)
            while len(self.kept) > CACHED:
                self.kept.popitem(last=False)
        return answer


@dataclass(slots=True, kw_only=True)
class Calls:
    """One per process."""

    transport: Transport
    tokens: Tokens
    clock: Clock
    pacer: Pacer
    etags: Etags = field(default_factory=Etags)
    names: dict[tuple[int, int], tuple[str, float]] = field(default_factory=dict[tuple[int, int], tuple[str, float]])
    """(installation, repository) -> (full name, when it was seen to be so)."""

    locks: WeakValueDictionary[tuple[object, ...], asyncio.Lock] = field(
        default_factory=WeakValueDictionary[tuple[object, ...], asyncio.Lock]
    )

    def judged(self, installation_id: int, answer: Answer) -> Answer:
        """The answer when it is a good one; limits are remembered."""
        now = self.clock.now()
        try:
            answers.check(answer, now=now)
        except Limited as limit:
            raise self.pacer.limited(installation_id, limit) from None
        self.pacer.succeeded(installation_id)
        if answers.number(answer, "x-ratelimit-remaining") == 0:
            self.pacer.hold(installation_id, answers.reset(answer, now))
        return answer

    async def token(self, key: Key) -> Token:
        """A token, made if there is none."""
        try:
            return await again(self.clock, lambda: self.tokens.get(key))
        except Limited as limit:
            raise self.pacer.limited(key.installation_id, limit) from None
