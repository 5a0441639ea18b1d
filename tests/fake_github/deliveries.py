"""One webhook sent, or to be sent; and the chances a test gives it to go wrong."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fake_github.records import App


@dataclass(kw_only=True, eq=False)
class Delivery:
    """One sending, or what was dropped in its place."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    headers: dict[str, str]
    body: bytes = field(repr=False)
    delivered_at: float
    redelivery: bool = False
    status: str = "pending"
    status_code: int = 0
    duration: float = 0.0
    answer: str = ""
    answer_headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(kw_only=True)
class Plan:
    """Chances between 0 and 1 for each delivery."""

    drop: float = 0.0
    """Never sent; recorded as failed, as after a time-out."""
    duplicate: float = 0.0
    """Sent twice, same GUID."""
    reorder: float = 0.0
    """Sent after the next one."""
    delay: float = 0.0
    delay_s: float = 0.2
    """How long, at most, a delayed one waits; the others wait with it."""
    events: frozenset[str] | None = None
    """None: all."""
    random: random.Random = field(default_factory=random.Random)

    def hits(self, event: str, chance: float) -> bool:
        return (self.events is None or event in self.events) and self.random.random() < chance


def headers_of(app: App, event: str, guid: str, content: bytes) -> dict[str, str]:
    """What GitHub sends along, signatures of both kinds among it."""
    secret = app.webhook_secret.encode()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/fake000",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(app.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature": "sha1=" + hmac.new(secret, content, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret, content, hashlib.sha256).hexdigest(),
    }
