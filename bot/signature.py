"""Keyed digests: what GitHub signs deliveries with, and what makes the address of a page unguessable.

A delivery's signature is HMAC-SHA256 over the raw bytes of its body:
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hmac
import math
import os
import secrets
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = b"sha256="
PAGE_SECRET_FILE = "page-secret"  # noqa: S105 - the name of a file, not what is in it


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secrets:
    """The webhook secrets that count: the current one, and until its cut-off the one before.

    Raises:
        ConfigError: the current secret is empty or blank: anybody could sign with it.
    """

    current: str
    previous: str = ""
    """Empty: there is none."""
    previous_until: float = math.inf
    """Seconds since 1970; from then on the previous secret is refused."""

    def __post_init__(self) -> None:
        if not self.current.strip():
            raise ConfigError("the webhook secret is empty; set MENDLOOP_WEBHOOK_SECRET to the one of the GitHub App")
        if self.previous and not self.previous.strip():
            raise ConfigError("the previous webhook secret is blank; unset MENDLOOP_WEBHOOK_SECRET_OLD")

    def live(self, now: float) -> tuple[bytes, ...]:
        """The keys that count at `now`, the current one first."""
        if self.previous and now < self.previous_until:
            return (self.current.encode(), self.previous.encode())
        return (self.current.encode(),)


def sign(key: bytes, body: bytes | bytearray) -> bytes:
    """The one form of signature there is: `sha256=` and 64 lower-case hex digits."""
    return PREFIX + hmac.digest(key, body, "sha256").hex().encode()


def verified(keys: tuple[bytes, ...], body: bytes | bytearray, signature: bytes) -> bool:
    """Whether `signature`, as it stood in the header, is that of `body` under one of the keys."""
    # Bytes: a `str` that is not ASCII makes compare_digest raise. Equality is also the whole check of the form.
    return any(hmac.compare_digest(sign(key, body), signature) for key in keys)


def page_key(secret: bytes, page: str) -> str:
    """What the link to a page carries as `?key=`: who has not been given the link cannot make it.

    `page` is a run id, or a job's id as `job-<id>`.
    """
    return _text(hmac.digest(secret, b"page:" + page.encode(), "sha256"))


def opens(secret: bytes, page: str, key: str) -> bool:
    """Whether `key` is the page's."""
    return hmac.compare_digest(page_key(secret, page).encode(), key.encode(errors="replace"))


def run_url(public_url: str, secret: bytes, run_id: str) -> str:
    """Where the page of a run is."""
    return f"{public_url}/runs/{run_id}?key={page_key(secret, run_id)}"


def job_url(public_url: str, secret: bytes, job_id: int) -> str:
    """Where the page of a job is; it leads on to its run as soon as there is one."""
    return f"{public_url}/jobs/{job_id}?key={page_key(secret, f'job-{job_id}')}"


def _text(digest: bytes) -> str:
    """A digest as text that needs no quoting in a URL."""
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def page_secret(configured: str, state: Path) -> bytes:
    """The page secret: the configured one, else the one in the state folder, made at the first start.

    Processes that start at the same time agree on one.
    """
    if configured.strip():
        return configured.encode()
    place = state / PAGE_SECRET_FILE
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = state / f".{PAGE_SECRET_FILE}-{os.getpid()}-{secrets.token_hex(4)}"
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32))
    # A link, not a rename: whoever comes second must not replace the first one's.
    with suppress(FileExistsError):
        os.link(draft, place)
    draft.unlink()
    return place.read_bytes()
