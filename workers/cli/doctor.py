"""`mendloop doctor`: what this machine offers for running artifacts, looked at from inside a box."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from workers.cli import terminal
from workers.cli.terminal import plain
from workers.sandbox.probe import probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.sandbox.probe import ProbeResult

NOT_READY = 3


def doctor() -> int:
    """Run the command; its exit code: 3 when something that a run needs is missing."""
    results = asyncio.run(probe())
    console = terminal.output()
    console.print(_table(results))
    missing = [result for result in results if not result.ok and result.needed]
    for result in missing:
        advice = f" To do: {plain(result.remedy)}" if result.remedy else ""
        console.print(Text(f"{result.name}: {plain(result.seen)}.{advice}"), soft_wrap=True)
    ready = "Artifacts can be run here." if not missing else "Without these, only `--sandbox none` runs artifacts."
    console.print(Text(ready))
    return NOT_READY if missing else 0


def _table(results: Sequence[ProbeResult]) -> Table:
    table = Table("looked at", "result", "seen")
    for result in results:
        table.add_row(result.name, _verdict(result), Text(plain(result.seen), overflow="fold"))
    return table


def _verdict(result: ProbeResult) -> Text:
    if result.ok:
        return Text("ok", style="green")
    return Text("missing", style="bold red") if result.needed else Text("not used", style="dim")
