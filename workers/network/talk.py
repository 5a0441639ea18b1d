"""What the worker and the proxy say to each other: one JSON object a packet, a listening socket beside some of them."""

from __future__ import annotations

import socket
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from workers.contract import network
from workers.network.counting import Counts
from workers.network.credentials import Credential
from workers.network.passing import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKET_BYTES = 1 << 17


class _Message(BaseModel):
    # What is wrong with a secret is not told with the secret.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Trial(_Message):
    """For trials of the proxy against servers on this machine. Code alone can ask for it, no configuration."""

    addresses: dict[str, list[str]]
    """What names resolve to, instead of asking anybody."""
    certificates: str = ""
    """PEM of authorities that are believed besides."""
    loopback: bool = True
    """Whether this machine itself may be dialled."""


class Rules(_Message):
    """First, and nothing secret: what may be reached."""

    network: network.Network
    names: list[str]
    """For which TLS is opened."""
    recording: bool
    """Whether the file for recorded answers comes along with this."""
    uid: int | None
    """The user to become; None where we are no root."""
    trial: Trial | None = None


class Known(_Message):
    """What has to be known to add it, or to see it go."""

    value: str
    hosts: list[str]


class Secrets(_Message):
    """Second, when nobody can look into the proxy any more."""

    credentials: dict[str, Known]
    canaries: dict[str, str]

    def as_credentials(self) -> Mapping[str, Credential]:
        """As they are added."""
        return {
            name: Credential(value=each.value, hosts=frozenset(each.hosts)) for name, each in self.credentials.items()
        }


class Open(_Message):
    """A box; its listening socket comes along."""

    do: Literal["open"] = "open"
    box: int
    scope: str


class Close(_Message):
    """A box has ended."""

    do: Literal["close"] = "close"
    box: int


class Tell(_Message):
    """Say the totals."""

    do: Literal["tell"] = "tell"


Order = TypeAdapter[Open | Close | Tell](Annotated[Open | Close | Tell, Field(discriminator="do")])


class Guarded(_Message):
    """Nobody can look into the proxy any more: the secrets may come."""

    said: Literal["guarded"] = "guarded"
    certificate: str
    """PEM: what boxes have to trust."""


class Ready(_Message):
    """Boxes may come."""

    said: Literal["ready"] = "ready"


class Refusal(_Message):
    """Nothing came of a request."""

    said: Literal["refusal"] = "refusal"
    box: int
    kind: Kind
    host: str
    port: int
    method: str
    why: str


class Opened(_Message):
    """A box can connect."""

    said: Literal["opened"] = "opened"
    box: int


class Closed(_Message):
    """Of this box comes no more."""

    said: Literal["closed"] = "closed"
    box: int


class Told(_Message):
    """What the run sent and received so far."""

    said: Literal["told"] = "told"
    hosts: dict[str, Counts]


Event = TypeAdapter[Guarded | Ready | Refusal | Opened | Closed | Told](
    Annotated[Guarded | Ready | Refusal | Opened | Closed | Told, Field(discriminator="said")]
)


def known(credentials: Mapping[str, Credential]) -> dict[str, Known]:
    """Credentials as they travel."""
    return {name: Known(value=each.value, hosts=sorted(each.hosts)) for name, each in credentials.items()}


def counts(hosts: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    """Counts as JSON tells them."""
    return {name: asdict(each) for name, each in sorted(hosts.items())}


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends that keep packets whole and tell when the other is gone."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def packed(message: BaseModel) -> bytes:
    """As it travels."""
    return message.model_dump_json().encode()
