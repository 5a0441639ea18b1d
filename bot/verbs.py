"""Commands that are answered at once, without a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from bot import ignoring, progress
from bot.commands import Fault, Question
from bot.upsert import insert_or_ignore
from workers.contract import messages, runs
from workers.contract import report as numbers
from workers.contract.domain import Fresh, Skipped
from workers.contract.errors import ConfigError
from workers.contract.ledger import tables
from workers.contract.markdown import code, prose
from workers.contract.report import count

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from bot.app import App
    from bot.asks import Ask
    from workers.contract.domain import Finding, Report, Run

RUNS_LOOKED_AT = 5
FINDINGS_SHOWN = 20
IGNORED_AT_ONCE = 500
HELP = """\
A command stands at the start of a line, in a comment of somebody who may write to this repository.

| command | what it does |
| --- | --- |
| `/repair [path ...] [--iterations N] [--engine E] [words]` | repair, here the notebooks this pull request changes, or those named; words are guidance |
| `/repair status` | say what is under way |
| `/repair stop` | stop what is under way |
| `/repair retry` | run again |
| `/repair continue <words>` | on a pull request of mine: another round with your words |
| `/repair rebase`, `recreate`, `revert` | on a pull request of mine: onto the new base, from the start, take back |
| `/repair ignore <path>`, `unignore <path>` | leave a file or folder alone, or no longer |
| `/repair explain <finding>` | why something was found, and what helps |
| `/repair note <words>` | keep a remark; nothing is run |
"""
MALFORMED = "This could not be read as a command."
_SENTENCES = {item.value for item in (*Fault, *Question)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the comment of ours says then."""

    text: str
    done: bool = True
    """False: nothing came of it."""


async def answer(app: App, ask: Ask, lane: str) -> Answer:
    """What `ask` gets for an answer; its verb is one of those answered at once. Safe to repeat."""
    return await ANSWERS.get(ask.verb, _help)(app, ask, lane)


def is_instant(verb: str) -> bool:
    """Whether the verb needs no run. One that is not known is answered too."""
    return verb not in {"repair", "retry", "continue", "rebase", "recreate", "revert"}


async def _help(_app: App, ask: Ask, _lane: str) -> Answer:
    if not ask.arguments.problem:
        return Answer(text=HELP)
    # Only sentences of ours: what was written is not repeated.
    problem = ask.arguments.problem if ask.arguments.problem in _SENTENCES else MALFORMED
    return Answer(text=f"{problem}\n\n{HELP}", done=False)


async def _status(app: App, ask: Ask, lane: str) -> Answer:
    lines = [_job_line(row) for row in await _jobs(app, ask, lane)]
    return Answer(text="\n".join(lines) or "Nothing is under way here.")


def _job_line(row: Mapping[str, Any]) -> str:
    sha = messages.job_from_json(row["job"].encode()).sha[:12]
    doing = "publishing" if row["state"] == "ran" else progress.sentence(progress.read(row["progress"]))
    return f"- Job {row['id']} at {code(sha)}: {doing}"


async def _stop(app: App, ask: Ask, lane: str) -> Answer:
    """Who works on a job obeys the mark; a job that nobody has begun is at its end here."""
    jobs = tables.jobs
    here = (jobs.c.repository_id == ask.repository_id) & (jobs.c.lane == lane) & jobs.c.state.not_in(tables.TERMINAL)
    waits = here & (jobs.c.state == "ready") & (jobs.c.lease_owner == "")
    async with app.ledger.write() as connection:
        stopped = (await connection.execute(update(jobs).where(here).values(stop=True))).rowcount
        gone = {"state": "cancelled", "reason": "stopped by a person"}
        await connection.execute(update(jobs).where(waits).values(**gone))
    await app.bell.ring("loop", ask.id)
    return Answer(text=f"Stopping {count(stopped, 'job')}." if stopped else "Nothing is under way here.")


async def _note(_app: App, _ask: Ask, _lane: str) -> Answer:
    # The request itself is the record: it keeps the words, who said them and where.
    return Answer(text="Noted. Nothing is run because of it.")


async def _ignore(app: App, ask: Ask, lane: str) -> Answer:
    if ask.check_run_id is not None:
        return await _ignore_findings(app, ask, lane)
    paths = ask.arguments.paths
    await _keep(app, ask, [("path", path, "") for path in paths])
    return Answer(text=f"{_named(paths)} will be left alone. `/repair unignore` takes that back.")


async def _ignore_findings(app: App, ask: Ask, lane: str) -> Answer:
    found = [(report, finding) for report in await _stale(app, ask, lane) for finding in report.findings]
    kept = [("finding", finding.id, report.artifact.path) for report, finding in found[:IGNORED_AT_ONCE]]
    await _keep(app, ask, kept)
    return Answer(text=f"{count(len(kept), 'finding')} will be left alone.", done=bool(kept))


async def _keep(app: App, ask: Ask, items: list[tuple[str, str, str]]) -> None:
    table, now = tables.ignored, app.ledger.clock()
    why = f"comment:{ask.comment_id}" if ask.comment_id else f"button:{ask.check_run_id}"
    async with app.ledger.write() as connection:
        for kind, value, artifact in dict.fromkeys(items):
            what = {"repository_id": ask.repository_id, "kind": kind, "value": value, "artifact": artifact}
            await insert_or_ignore(connection, table, what | {"why": why, "created_at": now}, key=tuple(what))


async def _unignore(app: App, ask: Ask, _lane: str) -> Answer:
    table, paths = tables.ignored, ask.arguments.paths
    gone = (table.c.repository_id == ask.repository_id) & (
        (table.c.kind == "path") & table.c.value.in_(paths) | ignoring.at(paths)
    )
    async with app.ledger.write() as connection:
        taken = (await connection.execute(delete(table).where(gone))).rowcount
    return Answer(text=f"{_named(paths)} will be looked at again." if taken else f"{_named(paths)} was not ignored.")


def _named(paths: Sequence[str]) -> str:
    return ", ".join(code(path) for path in paths) or "Nothing"


async def _explain(app: App, ask: Ask, lane: str) -> Answer:
    wanted, found = ask.arguments.finding, list[str]()
    for run in await _last_runs(app, ask, lane):
        found += [_explained(report, finding) for report, finding in _findings(run) if finding.id.startswith(wanted)]
        if found:
            break
    if not found:
        return Answer(text="No such finding in the last runs here.", done=False)
    more = [f"{len(found) - FINDINGS_SHOWN} more stand in the report."] if len(found) > FINDINGS_SHOWN else []
    return Answer(text="\n\n".join([*found[:FINDINGS_SHOWN], *more]))


def _findings(run: Run) -> Iterator[tuple[Report, Finding]]:
    return ((report, finding) for report in run.reports for finding in report.findings)


def _explained(report: Report, finding: Finding) -> str:
    where = f", cell {finding.place.cell}, line {finding.place.line}" if finding.place else ""
    kind = f"{finding.severity.value}, {finding.staleness.value}, evidence {finding.rung.name}"
    lines = [f"**Finding {code(finding.id)}** in {code(report.artifact.path)}{where} ({kind}, {code(finding.rule)})"]
    lines.append(prose(numbers.remains(finding)))
    if finding.evidence.strip():
        lines.append(f"Seen: {code(finding.evidence.splitlines()[0])}")
    if finding.fix:
        lines.append(f"What helps: {prose(finding.fix)}")
    return "\n\n".join(lines)


async def _stale(app: App, ask: Ask, lane: str) -> list[Report]:
    last = await _last_runs(app, ask, lane)
    return [report for run in last[:1] for report in run.reports if not isinstance(report.outcome, Fresh | Skipped)]


async def _last_runs(app: App, ask: Ask, lane: str) -> list[Run]:
    """The newest runs of the lane; of a button only the run of its check run."""
    jobs = tables.jobs
    of = [jobs.c.repository_id == ask.repository_id, jobs.c.run_id != ""]
    of.append(jobs.c.lane == lane if ask.check_run_id is None else jobs.c.check_run_id == ask.check_run_id)
    newest = select(jobs.c.run_id).where(*of).order_by(jobs.c.id.desc()).limit(RUNS_LOOKED_AT)
    async with app.ledger.read() as connection:
        ids = list((await connection.execute(newest)).scalars())
    return [run for run_id in ids if (run := _read(app, run_id)) is not None]


def _read(app: App, run_id: str) -> Run | None:
    try:
        return runs.read_run(app.runs / runs.checked_id(run_id))
    except (ConfigError, OSError):
        return None


async def _jobs(app: App, ask: Ask, lane: str) -> Sequence[Mapping[str, Any]]:
    jobs = tables.jobs
    here = select(jobs).where(
        jobs.c.repository_id == ask.repository_id, jobs.c.lane == lane, jobs.c.state.not_in(tables.TERMINAL)
    )
    async with app.ledger.read() as connection:
        found = await connection.execute(here.order_by(jobs.c.id).limit(RUNS_LOOKED_AT))
        return [dict(row) for row in found.mappings()]


ANSWERS: dict[str, Callable[[App, Ask, str], Awaitable[Answer]]] = {
    "status": _status,
    "help": _help,
    "explain": _explain,
    "ignore": _ignore,
    "unignore": _unignore,
    "note": _note,
    "stop": _stop,
}
