"""One job: a token is asked for, the commit fetched, the loop run on its files, and the run left for whoever publishes it."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import structlog

from workers.asking import AccessEndedError, BrokerError
from workers.contract import config, config_file, messages, runs
from workers.contract.errors import ConfigError, RunStoreError
from workers.contract.job import Trigger
from workers.contract.ledger.working import PutBack
from workers.contract.phases import reached
from workers.fetching import Caps, FetchError, Source, fetch_snapshot
from workers.following import Following, follow
from workers.private import private_folder
from workers.running.unattended import Commission, mend_repository

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Mapping
    from pathlib import Path

    from workers.asking import Desk
    from workers.contract.bell import Bell
    from workers.contract.deployment import LoopSettings
    from workers.contract.job import Job
    from workers.contract.ledger import Claim, Ledger
    from workers.contract.redact import Redactor
    from workers.fetching import Snapshot
    from workers.running.ending import Finished
    from workers.running.means import Means

log = structlog.get_logger()

WEATHER_S = (1.0, 60.0)
"""Between two tries of a job that the weather keeps from its files: at first, and at most."""
WEATHER_ENDS_S = 6 * 3600.0
"""What has not passed by then is not the weather; from there on tries count."""
NAMED = frozenset({Trigger.COMMAND, Trigger.FOLLOW_UP})
"""Triggers by which a person named the artifacts, which then are read whatever the configuration includes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What every job of this process is worked on with."""

    ledger: Ledger
    bell: Bell
    desk: Desk
    settings: LoopSettings
    means: Means
    redactor: Redactor
    caps: Caps = field(default_factory=Caps)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRun:
    """Why a job ends without a run. `theirs`: the owner can do something about it; `ours`: trying again later may help."""

    fault: Literal["theirs", "ours", "cancelled"]
    reason: str


async def handle(shop: Workshop, claim: Claim) -> None:
    """Work on a job in state `ready`; it is `ran` afterwards, with a run or with the reason why there is none.

    Raises:
        LostClaimError: somebody else has it; nothing was written.
        PutBack: not now.
    """
    job = messages.job_from_json(claim.row["job"].encode())
    structlog.contextvars.bind_contextvars(job=job.id, repository=job.repository_id)
    reached("loop.claimed", job=job.id)
    following = Following(of=job.iterations or _most_iterations(job))
    cancelled = asyncio.Event()
    async with _beside(follow(shop.ledger, claim, following, cancelled)):
        ended = await _run(shop, claim, job, following, cancelled)
    if isinstance(ended, NoRun):
        progress = following.told() | {"ended": ended.fault, "reason": shop.redactor.mask(ended.reason)}
        run_id = ""
    else:
        progress, run_id = following.told() | {"phase": "publish"}, ended.run.id
    reached("loop.ran", job=job.id)
    # Tries start anew: from here on they count for whoever publishes.
    await shop.ledger.finish(
        claim,
        state="ran",
        run_id=run_id,
        progress=json.dumps(progress),
        tries=0,
        reason="",
        updated_at=shop.ledger.clock(),
    )
    reached("loop.told", job=job.id)
    await shop.bell.ring("github", job.id)


async def _run(
    shop: Workshop, claim: Claim, job: Job, following: Following, cancelled: asyncio.Event
) -> Finished | NoRun:
    if cancelled.is_set() or claim.row["stop"]:
        return NoRun(fault="cancelled", reason="stopped before it began")
    with private_folder(shop.settings.state / "work") as folder:
        try:
            snapshot = await _snapshot(shop, claim, folder, cancelled)
            reached("loop.fetched", job=job.id)
            return await _mend(shop, job, snapshot, following, cancelled)
        except FetchError as error:
            if cancelled.is_set():
                return NoRun(fault="cancelled", reason="stopped while the commit was fetched")
            if error.theirs:
                return NoRun(fault="theirs", reason=str(error))
            delay_s, age = _pause(shop, claim)
            raise PutBack(delay_s, str(error), counts=age > WEATHER_ENDS_S) from error
        except AccessEndedError as error:
            return NoRun(fault="theirs", reason=str(error))
        except BrokerError as error:
            raise PutBack(_pause(shop, claim)[0], str(error)) from error
        except RunStoreError as error:
            # The owner of the repository can do nothing about a disk of ours.
            raise PutBack(_pause(shop, claim)[0], str(error)) from error
        except ConfigError as error:
            return NoRun(fault="theirs", reason=str(error))


def _pause(shop: Workshop, claim: Claim) -> tuple[float, float]:
    """Seconds until the next try, and the job's age: a short trouble costs little time, a long one few calls."""
    first, most = WEATHER_S
    age = shop.ledger.clock() - claim.row["created_at"]
    return min(max(age / 4, first), most), age


async def _snapshot(shop: Workshop, claim: Claim, folder: Path, cancelled: asyncio.Event) -> Snapshot:
    """The commit's files; the token is gone when this returns."""
    async with shop.desk.grant(claim) as grant:
        reached("loop.granted", job=claim.id)
        source = Source(
            git_url=shop.settings.github_url,
            repository=grant.repository,
            sha=grant.sha,
            # An address that the operator configured may be one of the operator's own network.
            private_network=shop.settings.github_url != "https://github.com",
        )
        stop = threading.Event()
        try:
            async with _beside(_pass_on(cancelled, stop)):
                return await asyncio.to_thread(fetch_snapshot, source, grant.token, folder, shop.caps, stop)
        finally:
            # When we are cancelled ourselves, the thread has to hear of it as well.
            stop.set()


async def _pass_on(cancelled: asyncio.Event, stop: threading.Event) -> None:
    await cancelled.wait()
    stop.set()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """While inside, `work` goes on; it is ended at the end. It answers for its own troubles."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _mend(
    shop: Workshop, job: Job, snapshot: Snapshot, following: Following, cancelled: asyncio.Event
) -> Finished:
    commission = Commission(
        repo=snapshot.folder,
        configuration=job.configuration.encode(),
        artifacts=job.paths,
        named=job.trigger in NAMED,
        as_of=date.fromisoformat(job.as_of) if job.as_of else datetime.now(UTC).date(),
        overrides=_overrides(job),
        run_id=runs.new_id(datetime.now(UTC), job.repository.rpartition("/")[2]),
        store=shop.settings.runs,
        redactor=shop.redactor,
        carry=job.carry,
    )
    means = replace(shop.means, tenant=f"installation {job.installation_id}", repository=job.repository)
    return await mend_repository(commission, means, progress=(following,), cancelled=cancelled)


def _most_iterations(job: Job) -> int:
    """What the configuration allows, for those who look on; a folder's own setting may differ."""
    try:
        file = config_file.read(job.configuration.encode(), config.PATH)
    except ConfigError:
        return 0
    return int((file.stated if file else {}).get("max_iterations", config.Config().max_iterations))


def _overrides(job: Job) -> Mapping[str, Any]:
    return {} if job.iterations is None else {"--max-iterations": job.iterations}
