"""Canaries: credentials that open nothing, laid out in a box so that whoever takes them is seen."""

from __future__ import annotations

import base64
import secrets
import string
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HALF_CHARS = 16
"""So many characters from either end of a canary, or half of a longer one, are a canary."""
_LETTERS = string.ascii_uppercase + string.digits
_MIXED = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Canaries:
    """Those of one run, by what they look like. Equal to no other run's."""

    values: Mapping[str, str]

    @staticmethod
    def fresh() -> Canaries:
        """New ones, random but for the prefixes by which a thief knows them."""
        return Canaries(
            MappingProxyType(
                {
                    "aws_access_key_id": "AKIA" + _random(_LETTERS, 16),
                    "aws_secret_access_key": _random(_MIXED + "+/", 40),
                    "netrc_password": _random(_MIXED, 32),
                    "deploy_token": "glpat-" + _random(_MIXED, 32),
                    "vault_token": "hvs." + _random(_MIXED, 40),
                }
            )
        )

    @property
    def variables(self) -> dict[str, str]:
        """For the environment. None that a library reads by itself: they are for who looks for keys."""
        return {"CI_DEPLOY_TOKEN": self.values["deploy_token"], "VAULT_BACKUP_TOKEN": self.values["vault_token"]}

    @property
    def files(self) -> dict[str, bytes]:
        """Content by its path below the home directory. No default profile and no host of the outside, for the same reason."""
        aws = "[backup]\naws_access_key_id = {aws_access_key_id}\naws_secret_access_key = {aws_secret_access_key}\n"
        netrc = "machine git.backup.internal login deploy password {netrc_password}\n"
        return {
            ".aws/credentials": aws.format(**self.values).encode(),
            ".netrc": netrc.format(**self.values).encode(),
        }

    def found(self, content: bytes) -> tuple[str, ...]:
        """Names of the canaries in there, in any spelling in which they may travel."""
        return tuple(name for name, spelt in self._spelt.items() if any(each in content for each in spelt))

    def in_name(self, name: str) -> bool:
        """Whether the name of a host holds one: names know no case, are cut by dots, and like Base32."""
        joined = name.lower().replace(".", "").replace("-", "").encode("utf-8", "surrogatepass")
        return any(spelling in joined for spelling in self._in_names)

    def masked(self, text: str, mask: str) -> str:
        """The text with `mask` in place of every canary."""
        raw = text.encode("utf-8", "surrogatepass")
        for name in self.found(raw):
            for spelling in self._spelt[name]:
                raw = raw.replace(spelling, mask.encode())
        return raw.decode("utf-8", "surrogatepass")

    @cached_property
    def _spelt(self) -> dict[str, tuple[bytes, ...]]:
        return {name: tuple(dict.fromkeys(_spellings(value.encode()))) for name, value in self.values.items()}

    @cached_property
    def _in_names(self) -> frozenset[bytes]:
        spelt = {each for every in self._spelt.values() for each in every}
        for value in self.values.values():
            size = max(HALF_CHARS, len(value) // 2)
            for part in (value[:size].encode(), value[-size:].encode()):
                spelt.update(_base32(part))
        return frozenset(each.lower().replace(b".", b"").replace(b"-", b"") for each in spelt)


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _spellings(value: bytes) -> Iterator[bytes]:
    """Either half as it is, reversed, in hexadecimal, in URLs and in Base64 at each alignment: the whole holds them."""
    size = max(HALF_CHARS, len(value) // 2)
    for part in (value[:size], value[-size:]):
        yield part
        yield part[::-1]
        yield part.hex().encode()
        yield part.hex().upper().encode()
        yield quote(part, safe="").encode()
        yield from _base64(part)


def _base64(raw: bytes) -> Iterator[bytes]:
    """The characters of a Base64 text that depend on nothing but `raw`, wherever in the text it starts."""
    for shift in range(3):
        padded = bytes(shift) + raw
        first, last = -(-shift * 4 // 3), len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(padded)[first:last]


def _base32(raw: bytes) -> Iterator[bytes]:
    for shift in range(5):
        padded = bytes(shift) + raw
        first, last = -(-shift * 8 // 5), len(padded) * 8 // 5
        yield base64.b32encode(padded)[first:last]
