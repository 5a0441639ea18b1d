"""What becomes of a request of one box: refused, answered from the recording, or asked of its host and recorded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import anyio

from workers.network import cassette
from workers.network.addresses import NotOutsideError
from workers.network.asking import ANSWER_S, Answer, AnswerError, ask
from workers.network.counting import UsedUpError
from workers.network.deciding import Refused, within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workers.contract.canaries import Canaries
    from workers.contract.network import Host, Network
    from workers.network.cassette import Cassette
    from workers.network.counting import Totals
    from workers.network.credentials import Credential
    from workers.network.deciding import Asked, Headers
    from workers.network.dialing import Dialer

Kind = Literal["refused", "missed", "stolen", "failed"]
"""Why nothing came of a request: the rules, the recording, a canary in it, or the host and the way there."""

AT_ONCE = 8
"""Requests of one run that wait for their hosts; the others wait for them."""
STOLEN_NAME = "[masked]"
NOT_RECORDED = "there is no recorded answer to this, and the owner lets nobody ask again"
STOLEN = "it carries a credential that was laid out in the box as bait"


@dataclass(slots=True, kw_only=True)
class Way:
    """What all boxes of one run share."""

    network: Network
    credentials: Mapping[str, Credential]
    canaries: Canaries
    dialer: Dialer
    totals: Totals
    cassette: Cassette | None
    """None: nothing is recorded, and every request is asked of its host."""
    answer_s: float = ANSWER_S
    """From a request to the end of its answer."""
    recorders: dict[str, int] = field(default_factory=dict[str, int])
    """Key of a recorded answer -> the box that asked first; it is asked anew for that box alone."""
    begun: set[str] = field(default_factory=set[str])
    """Artifacts that some box has run: from the second one on, answers are those of the first."""
    slots: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(AT_ONCE))


@dataclass(slots=True, kw_only=True)
class Passage:
    """The way out of one box."""

    way: Way
    box: int
    scope: str
    """The artifact that runs in it."""
    tell: Callable[[Kind, Refused, str], None]
    """Told of every request that nothing came of, with its method."""
    first: bool = False
    """True for the box that runs the artifact first."""
    _asked: dict[str, int] = field(default_factory=dict[str, int])

    async def answer(self, asked: Asked, host: Host) -> Answer | Refused:
        """The answer, or why there is none."""
        kind, came = await self._passed(asked, host)
        if isinstance(came, Refused):
            self._told(kind, came, asked.method)
        return came

    def refused(self, refusal: Refused, method: str) -> None:
        """A request that did not come so far."""
        stolen = self.way.canaries.in_name(refusal.host)
        self._told("stolen" if stolen else "refused", refusal, method)

    def _told(self, kind: Kind, refusal: Refused, method: str) -> None:
        # What was stolen is not told on, in however it was spelt.
        host = STOLEN_NAME if self.way.canaries.in_name(refusal.host) else refusal.host
        self.way.totals.of(host or "?").refused += 1
        self.tell(kind, replace(refusal, host=host), method)

    async def _passed(self, asked: Asked, host: Host) -> tuple[Kind, Answer | Refused]:
        # Before all else: what was stolen is told even where it would not have got out.
        if self.way.canaries.found(_whole(asked)) or self.way.canaries.in_name(asked.at.name):
            return "stolen", _refused(403, STOLEN, asked)
        if refusal := within(asked, host):
            return "refused", refusal
        if self.way.cassette is None:
            return await self._from_host(asked, host, None)
        key = cassette.key(self.scope, asked)
        number = self._asked.get(key, 0)
        self._asked[key] = number + 1
        if self.way.cassette.count(key) and self.way.recorders.get(key) != self.box:
            self.way.totals.of(asked.at.name).replayed += 1
            return "refused", self.way.cassette.play(key, number)
        if not self.first and self.way.network.misses != "record":
            return "missed" if self.way.network.misses == "fail" else "refused", _refused(504, NOT_RECORDED, asked)
        return await self._from_host(asked, host, key)

    async def _from_host(self, asked: Asked, host: Host, key: str | None) -> tuple[Kind, Answer | Refused]:
        credential = self.way.credentials.get(host.credential)
        if host.credential and (credential is None or asked.at.name not in credential.hosts):
            return "refused", _refused(403, "this machine keeps no such credential for this host", asked)
        try:
            async with self.way.slots:
                answer = await self._sent(asked, host, credential)
            if self._echoes(answer, credential):
                return "refused", _refused(502, "the answer holds the credential that it was asked with", asked)
            self._recorded(key, asked, answer)
        except (NotOutsideError, UsedUpError) as error:
            return "refused", _refused(403, str(error), asked)
        except (AnswerError, cassette.CassetteError) as error:
            return "failed", _refused(502, str(error), asked)
        except (OSError, TimeoutError) as error:
            return "failed", _refused(502, f"the host cannot be reached: {type(error).__name__}", asked)
        return "refused", answer

    def _echoes(self, answer: Answer, credential: Credential | None) -> bool:
        if credential is None:
            return False
        parts = (*(part for header in answer.headers for part in header), answer.body, answer.unpacked())
        return any(credential.seen_in(part) for part in parts)

    def _recorded(self, key: str | None, asked: Asked, answer: Answer) -> None:
        if key is not None and self.way.cassette is not None:
            self.way.recorders.setdefault(key, self.box)
            self.way.cassette.record(key, asked.at.name, answer)

    async def _sent(self, asked: Asked, host: Host, credential: Credential | None) -> Answer:
        self.way.totals.of(asked.at.name).asked += 1
        stream = await self.way.dialer.dial(host, asked.at)
        try:
            headers = self._headers(asked, host, credential)
            return await ask(stream, asked, headers, self.way.totals, timeout_s=self.way.answer_s)
        finally:
            await anyio.aclose_forcefully(stream)

    def _headers(self, asked: Asked, host: Host, credential: Credential | None) -> Headers:
        if credential is None:
            return asked.headers
        # An answer that may hold the credential has to be one that can be looked into.
        plain = tuple((name, value) for name, value in asked.headers if name != b"accept-encoding")
        return credential.added((*plain, (b"accept-encoding", b"identity")), host)


def _whole(asked: Asked) -> bytes:
    return b"\n".join([asked.url.encode(), *(part for header in asked.headers for part in header), asked.body])


def _refused(status: int, why: str, asked: Asked) -> Refused:
    return Refused(status=status, why=why, host=asked.at.name, port=asked.at.port)
