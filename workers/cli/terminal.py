"""What a person sees: progress while it runs, and the table at the end. Numbers come from `contract.report`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from workers.contract import report as numbers
from workers.contract.markdown import capped, seen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from types import TracebackType

    from workers.contract.domain import Finding, Report, Run
    from workers.contract.report import Delivery
    from workers.settings import Value
    from workers.workspace import Item

STYLES = {
    "fresh": "green",
    "repaired": "green",
    "improved": "yellow",
    "unrepaired": "red",
    "skipped": "dim",
    "errored": "bold red",
    numbers.INTERRUPTED: "dim",
}
MESSAGE_CHARS = 400
PIPE_COLUMNS = 160


def plain(text: str, chars: int = MESSAGE_CHARS) -> str:
    """Foreign text on one line, without anything a terminal would obey."""
    return " ".join(capped(seen(text), chars).split())


class Lines:
    """Progress as plain lines, where nobody watches a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to clean up."""

    def note(self, text: str) -> None:
        """Something that concerns the whole run."""
        if text:
            self._line(text)

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        """One line per phase."""
        if phase != "done":
            self._line(f"{plain(artifact)}: {phase}{f' (iteration {iteration})' if iteration else ''}")

    def finished(self, report: Report) -> None:
        """One line per artifact."""
        self._line(f"{plain(report.artifact.path)}: {numbers.shown_outcome(report)} after {report.seconds:.1f} s")

    def _line(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        self._console.print(Text(f"[{seconds:7.1f} s] {text}"), soft_wrap=True)


class Board:
    """Progress on a terminal: one row per artifact at work, with the phase, its time and that of the artifact."""

    def __init__(self, console: Console) -> None:
        self._started = time.monotonic()
        self._note = ""
        self._rows: dict[str, tuple[str, float, float]] = {}
        """Artifact -> its phase, when it started, and when the phase did."""
        self._ended: dict[str, Report] = {}
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self._live.stop()

    def note(self, text: str) -> None:
        """Something that concerns the whole run."""
        self._note = text

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        """Show the phase; the clock of an artifact starts with its first."""
        now = time.monotonic()
        since = self._rows[artifact][1] if artifact in self._rows else now
        self._rows[artifact] = (f"{phase}, iteration {iteration}" if iteration else phase, since, now)

    def finished(self, report: Report) -> None:
        """Move the artifact from what is at work to what is done."""
        self._rows.pop(report.artifact.path, None)
        self._ended[report.artifact.path] = report

    def _table(self) -> Table:
        now = time.monotonic()
        title = f"{self._note or 'mendloop'} · {len(self._ended)} done · {now - self._started:.0f} s"
        table = Table(title=Text(title), box=None, padding=(0, 2), show_header=False)
        # A copy: the loop goes on while the terminal is drawn from another thread.
        for path, (phase, since, entered) in list(self._rows.items()):
            elapsed = f"{now - entered:.1f} of {now - since:.1f} s"
            table.add_row(Text(plain(path)), Text(phase, style="cyan"), Text(elapsed))
        return table


def output() -> Console:
    """Standard output for people; a pipe has no edge to wrap at, so it is taken to be wide."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_COLUMNS)


def progress(console: Console) -> Lines | Board:
    """The progress that suits where `console` goes."""
    return Board(console) if console.is_terminal else Lines(console)


def results(run: Run, deliveries: Mapping[str, Delivery]) -> Table:
    """The run as a table, one row per artifact."""
    table = Table("artifact", "outcome", "base → head", "evidence", "tries", "cells", "left", "s")
    for report in run.reports:
        name = numbers.shown_outcome(report)
        delivery = deliveries.get(report.artifact.path, numbers.NOTHING)
        table.add_row(
            Text(plain(report.artifact.path), overflow="fold"),
            Text(name, style=STYLES[name]),
            _base_and_head(report),
            numbers.shown_evidence(report),
            str(len(report.records)),
            ", ".join(map(str, delivery.changed_cells)) or "-",
            str(len(numbers.remaining(report.outcome))),
            f"{report.seconds:.1f}",
        )
    return table


def _base_and_head(report: Report) -> str:
    """How it ran before and, where something is delivered, after."""
    base, head = numbers.base_status(report).replace("_", " "), numbers.head(report).status.replace("_", " ")
    return f"{base} → {head}" if numbers.delivered(report) else base


def explained(run: Run) -> Iterable[Text]:
    """Below the table: why something was skipped or is left."""
    for report in run.reports:
        name = numbers.shown_outcome(report)
        if name not in {"fresh", "repaired"}:
            yield Text.assemble(
                (f"{plain(report.artifact.path)}: {name}. ", STYLES[name]), plain(numbers.reason(report))
            )
        for finding in numbers.remaining(report.outcome):
            yield Text(f"  - {_where(finding)}{plain(numbers.remains(finding))}")


def _where(finding: Finding) -> str:
    place = finding.place
    return f"cell {place.cell}, line {place.line}: " if place else ""


def summary(run: Run) -> str:
    """One line of totals."""
    return f"{numbers.shown_counts(run) or 'no artifacts'} in {run.seconds:.1f} s"


def written(run: Run, paths: Collection[str]) -> str:
    """What `--write` wrote, and how many of those files still have something left."""
    if not paths:
        return "wrote nothing: there is no repair to write"
    left = sum(r.artifact.path in paths and numbers.outcome_name(r.outcome) == "improved" for r in run.reports)
    still = f" ({left} improved only, with something left)" if left else ""
    return f"wrote {numbers.count(len(paths), 'file')}{still}: {', '.join(map(plain, paths))}"


def findings(path: str, found: Iterable[Finding]) -> Iterable[Text]:
    """What a scan found in one artifact, as an editor jumps to it."""
    for finding in found:
        line = f"{finding.place.file_line}:" if finding.place else ""
        kind = f"[{finding.severity.value}, {finding.staleness.value}, {finding.rung.name}]"
        yield Text(f"{plain(path)}:{line} {_where(finding)}{plain(finding.message)} {kind} {plain(finding.rule)}")


def inventory(items: Iterable[Item]) -> Table:
    """What was found."""
    table = Table("artifact", "path", "cells", "code cells", title="inventory")
    for item in items:
        table.add_row(Text(plain(item.name)), Text(plain(item.path)), str(item.cells), str(item.code_cells))
    return table


def settings(values: Iterable[Value]) -> Table:
    """Every setting, its value and where it comes from."""
    table = Table("setting", "value", "from")
    for value in values:
        table.add_row(Text(value.key), Text(plain(json.dumps(value.value, ensure_ascii=False))), Text(value.origin))
    return table
