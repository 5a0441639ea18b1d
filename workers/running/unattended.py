"""A repository mended without anybody at a terminal: plain files go in, a masked run comes back. For worker processes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from workers.contract import config, config_file
from workers.running.carrying import earlier
from workers.running.prepared import prepare
from workers.running.repository import Running
from workers.settings import assemble
from workers.workspace import discover, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from workers.contract.redact import Redactor
    from workers.protocols import Progress
    from workers.running.ending import Finished
    from workers.running.means import Means
    from workers.running.prepared import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """What to mend and by whose rules. Nothing in `repo` decides about either."""

    repo: Path
    """A folder of plain files, the repository at one commit; it needs no `.git`, and is not written to."""
    configuration: bytes | None
    """The text of `.github/mendloop.yml` from where the owner is trusted (the default branch), never from `repo`; None
    or empty for the defaults."""
    artifacts: tuple[str, ...] = ()
    """Artifacts or folders, POSIX, relative to `repo`; empty means all that the configuration includes."""
    named: bool = True
    """Whether a person named the artifacts. They are read then whatever the configuration includes; else only what it
    includes of them is."""
    as_of: date
    """Staleness is judged by this date."""
    overrides: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What wins over the configuration, as `settings.assemble` takes flags: `{"--max-iterations": 2}`."""
    run_id: str
    """As `contract.runs.new_id` makes it, and never used before."""
    store: Path
    """The run store; outside `repo`."""
    redactor: Redactor
    """Masks whatever leaves as text."""
    carry: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Artifact path -> a run in `store` whose edits are tried first where `repo` left alone what they were made for."""


async def mend_repository(
    commission: Commission,
    means: Means,
    *,
    progress: Sequence[Progress] = (),
    cancelled: asyncio.Event | None = None,
) -> Finished:
    """Mend a repository and keep the run in its folder of the store. What happens to one artifact is its report.

    Progress is told (artifact, phase, iteration) and every finished report from the loop's thread; set `cancelled` to end
    the run in order. Cancelling the call itself ends it too, and leaves a folder without a `run.json`. Files are read and
    written in threads, except for the record of an iteration.

    Raises:
        ConfigError: the configuration or an override is wrong, a plug-in cannot be loaded, or the run cannot be kept.
    """
    prepared = await asyncio.to_thread(_prepared, commission)
    carried = await asyncio.to_thread(earlier, commission.store, commission.carry, prepared)
    running = Running.start(
        prepared,
        means,
        store=commission.store,
        run_id=commission.run_id,
        progress=progress,
        cancelled=cancelled,
        earlier=carried,
    )
    await running.build()
    await running.mend()
    return await asyncio.to_thread(running.finish)


def _prepared(commission: Commission) -> Prepared:
    repo = commission.repo.resolve()
    file = config_file.read(commission.configuration or b"", config.PATH)
    # No variable of this process is the owner's word.
    plan = assemble(file, {}, commission.overrides, repo=repo, as_of=commission.as_of)
    if not commission.artifacts:
        return prepare(repo, plan, discover(repo, [repo], plan), commission.redactor)
    if not commission.named:
        included = set(discover(repo, [repo], plan))
        return prepare(repo, plan, sorted(included.intersection(commission.artifacts)), commission.redactor)
    judged = {path: refused(repo, path) for path in commission.artifacts}
    paths = discover(repo, [repo / path for path, report in judged.items() if report is None], plan)
    return prepare(repo, plan, paths, commission.redactor, [each for each in judged.values() if each is not None])
