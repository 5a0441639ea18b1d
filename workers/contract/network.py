"""The network as far as an owner allows it: which hosts a box may reach, how, and what becomes of the answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Misses = Literal["record", "replay", "fail"]
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
PORTS = {"https": 443, "http": 80}
BEARER = "authorization"
"""The header in which a credential goes as a bearer token; in any other it goes as it is."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})+")
"""A name of the outside with at least two labels, lower case; the first may be `*` and then stands for exactly one."""
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_INSIDE = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "localdomain",
    "arpa",
    "onion",
    "invalid",
)
"""Last labels of names that lead inside, or nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host that a box may reach."""

    name: str
    """As `HOST_NAME`."""
    scheme: Literal["https", "http"] = "https"
    port: int = 443
    methods: tuple[str, ...] = SAFE_METHODS
    paths: tuple[str, ...] = ()
    """Patterns that the path has to match, `*` for any run of characters; empty: every path."""
    credential: str = ""
    """Name of the credential that is added outside the box; empty: none."""
    header: str = BEARER
    """Where it is added, lower case."""
    door: bool = False
    """True for a model API, which is reached through the model door alone."""

    def holds(self, name: str, port: int) -> bool:
        """Whether a name (lower case, without a dot at the end) and a port are this host's."""
        if port != self.port:
            return False
        if self.name.startswith("*."):
            return name.partition(".")[2] == self.name[2:] and bool(name.partition(".")[0])
        return name == self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What an owner allows. Nothing by default."""

    hosts: tuple[Host, ...] = ()
    misses: Misses = "record"
    """What becomes of a request that the recorded answers do not hold, once the unchanged artifact has run: `record` asks
    the host and records, `replay` answers that there is no answer, `fail` also refuses the attempt that asked."""
    traffic_mb: int = 256
    """Bytes of one run in both directions together."""


def outside_name(text: str) -> bool:
    """Whether a text is a name that may be allowed: no address in any spelling, no single label, no name of the inside."""
    labels = text.split(".")
    return (
        len(text) <= 253  # noqa: PLR2004 - of the domain name system
        and HOST_NAME.fullmatch(text) is not None
        and not _NUMBER.fullmatch(labels[-1])
        and labels[-1] not in _INSIDE
    )
