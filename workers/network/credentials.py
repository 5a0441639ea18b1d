"""Credentials that a machine keeps for its boxes: which value goes to which hosts. Boxes and repositories never see one."""

from __future__ import annotations

import base64
import json
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract.errors import ConfigError
from workers.contract.network import BEARER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from workers.contract.network import Host
    from workers.network.deciding import Headers

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One value."""

    value: str = field(repr=False)
    hosts: frozenset[str]
    """The only hosts that may get it, whatever a configuration says."""
    repositories: frozenset[str] = frozenset()
    """`owner/name` of those whose boxes may use it, where a machine serves several owners; empty: none there."""

    def added(self, headers: Headers, host: Host) -> Headers:
        """The headers with the credential in the place of whatever the box wrote there."""
        name = host.header.encode()
        value = f"Bearer {self.value}" if host.header == BEARER else self.value
        return (*((key, kept) for key, kept in headers if key != name), (name, value.encode()))

    def seen_in(self, content: bytes) -> bool:
        """Whether some bytes hold the value, in any spelling in which a host may send it back."""
        return any(spelling in content for spelling in _spellings(self.value.encode()))


def _spellings(value: bytes) -> Iterator[bytes]:
    yield value
    yield value[::-1]
    yield value.hex().encode()
    yield value.hex().upper().encode()
    yield quote(value, safe="").encode()
    yield quote_plus(value).encode()
    yield json.dumps(value.decode())[1:-1].encode()
    for shift in range(3):
        padded = bytes(shift) + value
        first, last = -(-shift * 4 // 3), len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(padded)[first:last]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    value: Annotated[str, Field(min_length=8, max_length=8192, pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$")]
    hosts: Annotated[list[str], Field(min_length=1, max_length=100)]
    repositories: list[str] = []


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    credentials: dict[str, _Entry]


def read(place: Path) -> dict[str, Credential]:
    """The credentials in a JSON file of this machine, by name.

    Raises:
        ConfigError: there is no such file, others may read it, or it is not of the form; no value is in the message.
    """
    try:
        fd = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigError(f"{place}: {error.strerror}") from error
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077 or status.st_uid != os.geteuid():
            raise ConfigError(f"{place} holds credentials: make it a file that you alone can read (chmod 600)")
        raw = file.read(_MOST_BYTES + 1)
    try:
        entries = _File.model_validate_json(raw).credentials
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise ConfigError(f"{place}: {where or 'the file'}: {error.errors()[0]['msg']}") from None
    return {
        name: Credential(
            value=entry.value, hosts=frozenset(map(str.lower, entry.hosts)), repositories=frozenset(entry.repositories)
        )
        for name, entry in entries.items()
    }


def usable(known: Mapping[str, Credential], repository: str | None) -> dict[str, Credential]:
    """Those that boxes of this repository (`owner/name`) may use; None: the machine's owner is the repository's."""
    if repository is None:
        return dict(known)
    return {name: each for name, each in known.items() if repository in each.repositories}
