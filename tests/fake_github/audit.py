"""Every call that came in, by whom, and what became of it; never a token's text."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tests.fake_github.faults import BEFORE, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True)
class Line:
    """One call."""

    at: float
    method: str
    path: str
    query: dict[str, str]
    operation: str | None
    """`GET /repos/{owner}/{repo}`; `mutation updateRefs`; `git upload-pack`; None: GitHub has no such thing."""
    scope: dict[str, Any]
    """Token id, installation, repository ids, permissions; `{"app": id}` for a JWT; empty for nobody."""
    body: Any
    digest: str
    """SHA-256 of the raw body."""
    status: int
    fault: str | None = None
    failed: bool = False
    """GraphQL answered with errors, which it does with status 200."""

    @property
    def done(self) -> bool:
        """Whether it took effect, whatever the caller got to see."""
        return self.status < 400 and not self.failed and (self.fault is None or Fault(self.fault) not in BEFORE)

    @property
    def token(self) -> int | None:
        """The token's id."""
        return self.scope.get("token")

    @property
    def writes(self) -> bool:
        """Whether it was meant to change anything."""
        operation = self.operation or ""
        if self.path.endswith("/graphql"):
            return operation.startswith("mutation")
        return self.method not in {"GET", "HEAD"} and operation not in {"git upload-pack", "page"}


@dataclass
class Audit:
    """A list that several threads write."""

    lines: list[Line] = field(default_factory=list[Line])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, line: Line) -> None:
        with self._lock:
            self.lines.append(line)

    def __iter__(self) -> Iterator[Line]:
        with self._lock:
            return iter(list(self.lines))

    def __len__(self) -> int:
        return len(self.lines)

    def calls(self, method: str = "*", path: str = "*", *, operation: str = "*") -> list[Line]:
        """Those that fit the patterns, in order."""
        return [
            line
            for line in self
            if method in {"*", line.method}
            and fnmatchcase(line.path, path)
            and (operation == "*" or fnmatchcase(line.operation or "", operation))
        ]

    def writes(self) -> list[Line]:
        """Calls meant to change something, refused ones too; minting a token changes nothing."""
        return [
            line for line in self if line.writes and not line.path.endswith(("/access_tokens", "/installation/token"))
        ]
