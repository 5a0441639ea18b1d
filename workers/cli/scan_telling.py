"""A scan as a person sees it: an inventory first, then findings as they come, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from workers.cli import terminal
from workers.cli.looking import collected, counting
from workers.contract.report import count, outcome_name, reason

if TYPE_CHECKING:
    from rich.console import Console

    from workers.cli.looking import Held, Passing, Scanned
    from workers.cli.session import Begun
    from workers.running.scanning import Seen


def as_text(begun: Begun, looked: Held | Passing) -> Scanned:
    """Scan, and print what is found."""
    console = terminal.output()
    if items := looked.items():
        console.print(terminal.inventory(items))

    def show(seen: Seen) -> None:
        for line in terminal.findings(seen.item.path, seen.findings):
            console.print(Text(begun.redactor.mask(line.plain)), soft_wrap=True)

    scanned = collected(looked, show)
    _end(console, begun, scanned)
    return scanned


def _end(console: Console, begun: Begun, scanned: Scanned) -> None:
    for report in scanned.unread:
        line = (
            f"{terminal.plain(report.artifact.path)}: {outcome_name(report.outcome)}. {terminal.plain(reason(report))}"
        )
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    total = sum(len(seen.findings) for seen in scanned.seen)
    kept = sum(len(counting(begun, seen)) for seen in scanned.seen)
    read = count(len(scanned.seen), "artifact")
    console.print(f"{count(total, 'finding')} in {read}, {kept} of them count", highlight=False)
