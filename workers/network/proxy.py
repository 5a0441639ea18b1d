"""The process between boxes and the hosts that an owner allowed: `python -m workers.network.proxy DESCRIPTOR [DESCRIPTOR]`.

Started for one run by `workers.network.starting`, which speaks to it over the first descriptor and hands it the file for
recorded answers as the second. It ends when the other end of the first is closed, however that came about.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from workers.contract.canaries import Canaries
from workers.network import talk
from workers.network.addresses import Lookup, system_resolver
from workers.network.authority import authority
from workers.network.cassette import Cassette
from workers.network.counting import Totals
from workers.network.dialing import Dialer, trust
from workers.network.guarding import guard
from workers.network.passing import Passage, Way
from workers.network.serving import Door, serve

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from pydantic import BaseModel

    from workers.network.deciding import Refused
    from workers.network.passing import Kind

_MIB = 1 << 20


def main() -> None:
    """Take the rules, close this process to others, take the secrets, and serve until the worker is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    recording = int(sys.argv[2]) if len(sys.argv) > 2 else None  # noqa: PLR2004 - the descriptor is there or not
    rules = talk.Rules.model_validate_json(_packet(control))
    ours = authority(rules.names)
    trusted = trust(rules.trial.certificates if rules.trial else "")
    asyncio.run(_imported())
    guard(rules.uid)
    control.send(talk.packed(talk.Guarded(certificate=ours.certificate.decode())))
    secrets = talk.Secrets.model_validate_json(_packet(control))
    way = Way(
        network=rules.network,
        credentials=secrets.as_credentials(),
        canaries=Canaries(secrets.canaries),
        dialer=Dialer(lookup=_lookup(rules.trial), trusted=trusted),
        totals=Totals(rules.network.traffic_mb * _MIB),
        cassette=None if recording is None else Cassette.opened(recording),
    )
    control.send(talk.packed(talk.Ready()))
    asyncio.run(_Service(control, way, ours.context).run())


async def _imported() -> None:
    """Have everything imported that is looked for when it is first needed: by then it is out of reach."""
    "example".encode("idna")
    await asyncio.get_running_loop().run_in_executor(None, int)
    with anyio.move_on_after(0):
        await anyio.connect_tcp("127.0.0.1", 9)


def _packet(control: socket.socket) -> bytes:
    raw = control.recv(talk.PACKET_BYTES)
    if not raw:
        raise SystemExit("the worker is gone")
    return raw


def _lookup(trial: talk.Trial | None) -> Lookup:
    if trial is None:
        return Lookup(resolver=system_resolver)

    async def given(name: str, port: int) -> Sequence[str]:
        if name not in trial.addresses:
            raise OSError(f"no such name: {name}, {port}")
        return trial.addresses[name]

    return Lookup(resolver=given, loopback=trial.loopback)


@dataclass(slots=True)
class _Service:
    control: socket.socket
    way: Way
    tls: ssl.SSLContext
    _boxes: dict[int, asyncio.Task[None]] = field(default_factory=dict[int, "asyncio.Task[None]"])

    async def run(self) -> None:
        """Follow orders until there is nobody to give any."""
        self.control.setblocking(False)  # noqa: FBT003 - the standard library's own way
        while True:
            await anyio.wait_readable(self.control)
            raw, descriptors, _, _ = socket.recv_fds(self.control, talk.PACKET_BYTES, 1)
            if not raw:
                # Whatever still goes on is for a box that nobody waits for.
                os._exit(0)
            await self._follow(raw, descriptors)

    async def _follow(self, raw: bytes, descriptors: list[int]) -> None:
        match talk.Order.validate_json(raw):
            case talk.Open(box=box, scope=scope):
                listener = socket.socket(fileno=descriptors[0])
                listener.setblocking(False)  # noqa: FBT003 - as above
                first = scope not in self.way.begun
                self.way.begun.add(scope)
                passage = Passage(way=self.way, box=box, scope=scope, first=first, tell=self._teller(box))
                door = Door(tls=self.tls, hosts=self.way.network.hosts, answer=passage.answer, refused=passage.refused)
                self._boxes[box] = asyncio.create_task(serve(listener, door))
                self._say(talk.Opened(box=box))
            case talk.Close(box=box):
                task = self._boxes.pop(box, None)
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                self._say(talk.Closed(box=box))
            case talk.Tell():
                self._say(talk.Told(hosts=self.way.totals.hosts))

    def _teller(self, box: int):  # noqa: ANN202 - a closure, typed by who takes it
        told: set[tuple[str, str, int, str]] = set()

        def tell(kind: Kind, refusal: Refused, method: str) -> None:
            key = (kind, refusal.host, refusal.port, refusal.why)
            if key in told or len(told) >= _MOST_TOLD:
                return
            told.add(key)
            self._say(
                talk.Refusal(
                    box=box, kind=kind, host=refusal.host, port=refusal.port, method=method[:20], why=refusal.why[:200]
                )
            )

        return tell

    def _say(self, message: BaseModel) -> None:
        self.control.setblocking(True)  # noqa: FBT003 - the worker reads at once, and a packet must not be lost
        try:
            self.control.send(talk.packed(message))
        except ConnectionError:
            os._exit(0)
        finally:
            self.control.setblocking(False)  # noqa: FBT003 - as above


_MOST_TOLD = 200
"""Refusals of one box that are told; each once."""


if __name__ == "__main__":
    main()
