"""The App's private keys: read from a variable or a file, parsed once, exchanged without a restart."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger()

_PEM = re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.+?-----END [A-Z ]{0,20}PRIVATE KEY-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AppKey:
    """A private key, parsed once: signing from its text would cost a hundred times as much."""

    key: RSAPrivateKey = field(repr=False, compare=False)
    fingerprint: str
    """SHA-256 of the public half, as GitHub shows it in the App's settings, in hex."""


Keys = Callable[[], tuple[AppKey, ...]]
"""The keys as they are now, the one to use first in front."""


def keys_of(text: str) -> tuple[AppKey, ...]:
    """The keys in a text: one PEM block or several; also with escaped or foreign line ends.

    Raises:
        ConfigError: there is none, or one is no RSA key. The message holds nothing of it.
    """
    blocks = _PEM.findall(text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n"))
    if not blocks:
        raise ConfigError("the App's private key is no PEM text (-----BEGIN RSA PRIVATE KEY----- ...)")
    return tuple(_key(block) for block in blocks)


def _key(block: str) -> AppKey:
    try:
        key = load_pem_private_key(block.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(
            "the App's private key cannot be read; expected the RSA key that GitHub made, without a password"
        )
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return AppKey(key, hashlib.sha256(public).hexdigest())


@dataclass(slots=True)
class KeyFile:
    """Keys in a file that may be exchanged while we run."""

    path: Path
    _seen: tuple[int, int] = (0, -1)
    _keys: tuple[AppKey, ...] = ()

    def __call__(self) -> tuple[AppKey, ...]:
        """The keys in the file; those read before while it is missing or garbage.

        Raises:
            ConfigError: it never held a key.
        """
        try:
            status = self.path.stat()
            if (status.st_mtime_ns, status.st_size) != self._seen:
                self._keys = keys_of(self.path.read_text(encoding="utf-8"))
                self._seen = (status.st_mtime_ns, status.st_size)
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            if not self._keys:
                raise ConfigError(f"no private key in {self.path.name}: {type(error).__name__}") from None
            log.warning("private_key_unreadable", file=self.path.name, error=type(error).__name__)
        return self._keys
