"""GitHub's limits: so many calls an hour, and so many that create content a minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fake_github.refusals import Refusal

if TYPE_CHECKING:
    from tests.fake_github.auth import Caller
    from tests.fake_github.clock import Clock

HOUR_S = 3600
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)


@dataclass
class Window:
    """What one caller used."""

    since: float
    used: int = 0
    created: list[float] = field(default_factory=list[float])
    points: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])


class Limits:
    """The primary limit always holds; the secondary ones once their numbers are set (GitHub's: 80, 500, 900)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, Window] = {}
        self.primary = 5000
        self.creations_a_minute: int | None = None
        self.creations_an_hour: int | None = None
        self.points_a_minute: int | None = None

    def like_github(self) -> None:
        """All of them, with GitHub's own numbers."""
        self.creations_a_minute, self.creations_an_hour, self.points_a_minute = 80, 500, 900

    def count(self, caller: Caller, *, writes: bool) -> None:
        """Raises a 403 where the call is one too many."""
        window, now = self._window(caller), self._clock.now()
        if window.used >= self.primary:
            raise self.primary_refusal(caller)
        window.used += 1
        window.points = [(at, n) for at, n in window.points if at > now - 60] + [(now, 5 if writes else 1)]
        if self.points_a_minute is not None and sum(n for _, n in window.points) > self.points_a_minute:
            raise secondary_refusal(60)
        if writes:
            self._create(window, now)

    def free(self, caller: Caller) -> None:
        """An answer 304 costs nothing."""
        self._window(caller).used -= 1

    def headers(self, caller: Caller, resource: str = "core") -> dict[str, str]:
        window = self._window(caller)
        return {
            "X-RateLimit-Limit": str(self.primary),
            "X-RateLimit-Remaining": str(max(self.primary - window.used, 0)),
            "X-RateLimit-Used": str(window.used),
            "X-RateLimit-Reset": str(int(window.since + HOUR_S)),
            "X-RateLimit-Resource": resource,
        }

    def primary_refusal(self, caller: Caller, *, reset: float | None = None) -> Refusal:
        headers = self.headers(caller) | {"X-RateLimit-Remaining": "0"}
        headers |= {} if reset is None else {"X-RateLimit-Reset": str(int(reset))}
        who = caller.scope.get("installation", "unknown")
        return Refusal(403, f"API rate limit exceeded for installation ID {who}.", headers=headers)

    def _create(self, window: Window, now: float) -> None:
        window.created = [at for at in window.created if at > now - HOUR_S]
        minute = sum(at > now - 60 for at in window.created)
        if self.creations_a_minute is not None and minute >= self.creations_a_minute:
            raise secondary_refusal(60)
        if self.creations_an_hour is not None and len(window.created) >= self.creations_an_hour:
            raise secondary_refusal(HOUR_S)
        window.created.append(now)

    def _window(self, caller: Caller) -> Window:
        scope = caller.scope
        key = f"{scope.get('app')}/{scope.get('installation')}/{scope.get('person')}"
        window = self._windows.get(key)
        if window is None or self._clock.now() >= window.since + HOUR_S:
            window = self._windows[key] = Window(self._clock.now())
        return window


def secondary_refusal(retry_after_s: float | None) -> Refusal:
    """Without `Retry-After` for None, as GitHub sometimes does."""
    headers = {} if retry_after_s is None else {"Retry-After": str(max(int(retry_after_s), 1))}
    return Refusal(403, SECONDARY, headers=headers)
