"""From a push to a pull request: how long, and where the time goes, for one stale notebook and the App running as deployed.

    python -m bench.latency [--runs N]

`mendloop-app serve` runs with all its processes beside the fake GitHub, which shares the machine and validates every answer
against GitHub's description. One push warms everything up; then every push goes to a repository of its own, in which no
token, name or answer is cached. The clock starts where GitHub queues the webhook and stops where the call that opened the
pull request was answered. Execution is what the boxes took to run the notebook, as the run's own reports say: the base, the
base once more, the repaired copy; starting the box and its kernel is part of it, asking the box about names is not. All
else is ours. Raw samples go to bench/results/latency.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.app.rig import Deployment, deployed, until
from tests.builders import notebook
from workers.contract import runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.fake_github import Repository
    from workers.contract.domain import Execution, Report, Run

RESULTS = Path(__file__).parent / "results" / "latency.json"
STALE = notebook("import collections", "print(collections.Mapping)").raw
CONFIGURATION = b"github: {sweep: {every: never}}\n"
FIRST_S = 300.0
"""The warm-up may have to build the environment and the kernel's layer."""
THEN_S = 120.0
ALLOWED_S = 2.0
"""Of our own, until the pull request is there."""
PULL = "POST /repos/{owner}/{repo}/pulls"

PHASES: tuple[tuple[str, str], ...] = (
    ("deliveries.decided", "verify, store durably, answer, ring, claim, read, decide"),
    ("deliveries.written", "write the request"),
    ("dispatch.enlisted", "claim; tokens; repository, authority, configuration, paths; the job"),
    ("loop.claimed", "ring, claim"),
    ("loop.granted", "token from the broker"),
    ("loop.fetched", "fetch and export the commit"),
    ("loop.ran", "environment, box, review, repair, validation, records"),
    ("publish.claimed", "write the result, ring, claim"),
    ("publish.intent", "gate; look; intent"),
    ("publish.commit_made", "blobs, trees, commits"),
    ("publish.ref_moved", "the branch"),
    ("publish.before_pull", "look"),
    ("publish.pull_made", "the pull request"),
    ("publish.published", "labels, reviewers"),
    ("check.concluded", "conclude the check run"),
)
"""The boundary that ends a phase, and what happens in it. What loop.ran ends has the executions in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One push."""

    pull_s: float
    """Until the pull request was there."""
    check_s: float
    """Until the check run was concluded."""
    executions_s: tuple[float, ...]
    """What each box took to run the notebook, in order."""
    phases_s: dict[str, float]
    """Phase -> seconds since the one before."""
    load: float
    """Of the machine, over the last minute."""

    @property
    def execution_s(self) -> float:
        """All runs of the notebook together."""
        return sum(self.executions_s)

    @property
    def ours_s(self) -> float:
        """Until the pull request was there, executions taken off."""
        return self.pull_s - self.execution_s


def executions(reports: Iterable[Report]) -> tuple[Execution, ...]:
    """Every run of an artifact: the base, the base once more, the head of each iteration."""
    found: list[Execution] = []
    for report in reports:
        if report.base is not None:
            found += [run for run in (report.base.first, report.base.second) if run is not None]
        found += [record.validation.head for record in report.records]
    return tuple(run for run in found if run.status != "not_run")


async def pushed(app: Deployment, name: str, within_s: float) -> Sample:
    """Push a stale notebook to a new repository and follow it to its end."""
    repository = app.hub.repository(
        f"{name}/demo", files={".github/mendloop.yml": CONFIGURATION}, installation=app.hub.install(name)
    )
    ada = app.hub.user("ada")
    app.hub.permit(repository, ada, "write")
    await asyncio.sleep(1.0)  # the deliveries of the installation are not what is measured
    seen, known, load = len(app.events()), set(runs.listed(app.state / "runs")), os.getloadavg()[0]

    sha = repository.push("main", {"a.ipynb": STALE}, by=ada)
    await until(lambda: concluded(repository, sha), within_s=within_s, what=f"{name} is mended", told=app.tail)
    await asyncio.sleep(0.5)  # the last lines of the log
    [run_id] = set(runs.listed(app.state / "runs")) - known
    return sample(app, repository, app.events()[seen:], runs.read_run(app.state / "runs" / run_id), load)


def concluded(repository: Repository, sha: str) -> bool:
    """Whether the pull request is there and the check run at its end."""
    checks = repository.check_runs(sha)
    return bool(repository.pulls() and checks and all(check["status"] == "completed" for check in checks))


def sample(app: Deployment, repository: Repository, events: Sequence[dict[str, Any]], run: Run, load: float) -> Sample:
    """What was seen of one push."""
    [start] = [
        each.delivered_at
        for each in app.hub.webhooks.deliveries
        if each.event == "push" and each.repository_id == repository.id and each.payload["ref"] == "refs/heads/main"
    ]
    [opened] = [line.at for line in app.hub.audit if line.operation == PULL and repository.full_name in line.path]
    reached = boundaries(events, start)
    return Sample(
        pull_s=opened - start,
        check_s=reached["check.concluded"] - start,
        executions_s=tuple(execution.seconds for execution in executions(run.reports)),
        phases_s=between(reached, start),
        load=load,
    )


def boundaries(events: Iterable[dict[str, Any]], start: float) -> dict[str, float]:
    """Boundary -> when it was first reached after `start`, in seconds since 1970."""
    times = [(str(event["phase"]), _seconds(event)) for event in events if event.get("event") == "phase"]
    return {name: at for name, at in reversed(times) if at >= start}


def between(reached: dict[str, float], start: float) -> dict[str, float]:
    """Phase -> seconds from the boundary before."""
    moments = [start, *(reached[name] for name, _ in PHASES)]
    return {name: moments[index + 1] - moments[index] for index, (name, _) in enumerate(PHASES)}


def _seconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp()


async def measured(count: int) -> list[Sample]:
    """The samples, after one push that is not among them."""
    with tempfile.TemporaryDirectory(prefix="mendloop-latency-") as folder:
        async with deployed(Path(folder)) as app:
            await pushed(app, "warm-up", FIRST_S)
            return [await pushed(app, f"push-{number}", THEN_S) for number in range(count)]


def table(samples: Sequence[Sample]) -> list[str]:
    """Medians, phase by phase, in Markdown. They need not add up: each is the median of its own row."""

    def row(name: str, values: Sequence[float]) -> str:
        return f"| {name} | {median(values):.0f} | {min(values) * 1e3:.0f} | {max(values) * 1e3:.0f} |"

    return [
        "| phase | median ms | min | max |",
        "|---|---|---|---|",
        *(row(f"`{name}`: {what}", [each.phases_s[name] for each in samples]) for name, what in PHASES),
        row("**push to pull request**", [each.pull_s for each in samples]),
        row("of these running the notebook", [each.execution_s for each in samples]),
        row("**push to pull request, ours**", [each.ours_s for each in samples]),
        row("push to the check run's conclusion, ours", [each.check_s - each.execution_s for each in samples]),
    ]


def median(seconds: Sequence[float]) -> float:
    """In milliseconds."""
    return statistics.median(seconds) * 1e3


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description="From a push to a pull request, by phase.")
    parser.add_argument("--runs", type=int, default=7)
    samples = asyncio.run(measured(parser.parse_args().runs))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(each) for each in samples], indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(samples)))
    if statistics.median(each.ours_s for each in samples) > ALLOWED_S:
        sys.exit(f"more than {ALLOWED_S:g} s are ours")


if __name__ == "__main__":
    main()
