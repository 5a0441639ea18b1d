"""What every task of the github process works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bot.github import GitHub
    from workers.contract.bell import Bell
    from workers.contract.ledger import Ledger
    from workers.contract.redact import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Wired once at the start of the process; holds no state of its own."""

    ledger: Ledger
    github: GitHub
    bell: Bell
    runs: Path
    """The run store, read only."""
    redactor: Redactor
    app_id: int
    slug: str
    """The App's name in URLs; its bot user is `<slug>[bot]`."""
    public_url: str
    """Where people reach the web process, without a trailing slash; links to run pages start with it."""
    page_secret: bytes = field(default=b"", repr=False)
    """What makes links to pages; see `bot.signature.page_key`."""
    dry_run: bool = False
    """Everything but writes to GitHub."""
