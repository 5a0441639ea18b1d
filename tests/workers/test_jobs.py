"""A job goes in, a run comes back, and whatever stands in between is said in the ledger."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from sqlalchemy import insert, select, update
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.workers.fetching.rig import TOKEN, Host, serving
from tests.workers.running.commissions import FRESH, STALE, means
from workers import jobs
from workers.asking import Desk
from workers.contract import messages, runs
from workers.contract.bell import Bell
from workers.contract.deployment import LoopSettings
from workers.contract.domain import Fresh, Repaired
from workers.contract.job import Aim, Job, Trigger
from workers.contract.ledger import LostClaimError, open_ledger, tables
from workers.contract.ledger.working import PutBack
from workers.contract.redact import redactor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator
    from pathlib import Path

    from starlette.requests import Request

    from workers.contract.ledger import Claim, Ledger
    from workers.protocols import Box

NAME = "octo/demo"


class Broker:
    """Answers as the broker does, with one fixed token."""

    def __init__(self) -> None:
        self.sha = ""
        self.status = 200
        self.asked: list[dict[str, Any]] = []
        self.given_back = 0

    async def post(self, request: Request) -> JSONResponse:
        self.asked.append(await request.json())
        return JSONResponse({"token": TOKEN, "repository": NAME, "sha": self.sha}, status_code=self.status)

    async def delete(self, request: Request) -> JSONResponse:
        self.given_back += 1
        return JSONResponse({})

    @asynccontextmanager
    async def serving(self, path: Path) -> AsyncGenerator[str]:
        routes = [Route("/token", self.post, methods=["POST"]), Route("/token", self.delete, methods=["DELETE"])]
        server = uvicorn.Server(
            uvicorn.Config(Starlette(routes=routes), uds=str(path), log_level="error", lifespan="off")
        )
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield f"unix://{path}"
        server.should_exit = True
        await task


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    (tmp_path / "host").mkdir()
    with serving(tmp_path / "host") as host:
        yield host


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    ledger = await open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite3", create=True)
    yield ledger
    await ledger.close()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[tuple[Broker, str]]:
    broker = Broker()
    async with broker.serving(tmp_path / "broker.sock") as address:
        yield broker, address


@pytest.fixture
def shop(
    ledger: Ledger, host: Host, broker: tuple[Broker, str], shared: Path, box: Box, tmp_path: Path
) -> jobs.Workshop:
    settings = LoopSettings(
        ledger_url="",
        redis_url="",
        runs=tmp_path / "runs",
        state=tmp_path / "state",
        github_url=host.url,
        broker=broker[1],
        broker_secret="",
        jobs=1,
        lease_s=15.0,
    )
    return jobs.Workshop(
        ledger=ledger,
        bell=Bell(url=f"unix://{tmp_path}/nobody.sock"),
        desk=Desk(broker=broker[1]),
        settings=settings,
        means=means(shared),
        redactor=redactor({}, None),
    )


async def claimed(ledger: Ledger, **more: Any) -> Claim:
    """A job in the ledger, claimed."""
    made: dict[str, Any] = {
        "id": 1, "installation_id": 1, "repository_id": 7, "repository": NAME, "lane": "main", "branch": "main",
        "sha": "0" * 40, "trigger": Trigger.PUSH, "aim": Aim.PROPOSE, "as_of": "2026-11-20",
    }  # fmt: skip
    job = Job(**(made | more))
    async with ledger.write() as connection:
        await connection.execute(
            insert(tables.jobs).values(
                installation_id=1, repository_id=7, lane="main", job=messages.encode(messages.job_to_json(job)).decode(),
                created_at=0.0, updated_at=0.0,
            )
        )  # fmt: skip
    claim = await ledger.claim(tables.jobs, ("ready",), "loop", lease_s=60)
    assert claim is not None
    return claim


async def row(ledger: Ledger) -> Any:
    async with ledger.read() as connection:
        return (await connection.execute(select(tables.jobs))).one()


async def test_a_job_ends_in_a_run_that_its_row_names(
    shop: jobs.Workshop, host: Host, broker: tuple[Broker, str], ledger: Ledger
) -> None:
    broker[0].sha = host.repository(NAME, {"a.ipynb": STALE, "b.ipynb": FRESH})
    claim = await claimed(ledger)

    await jobs.handle(shop, claim)

    ended = await row(ledger)
    assert (ended.state, ended.tries, ended.lease_owner) == ("ran", 0, "")
    run = runs.read_run(shop.settings.runs / ended.run_id)
    assert {report.artifact.path: report.outcome for report in run.reports} == {
        "a.ipynb": Repaired(iteration=1),
        "b.ipynb": Fresh(),
    }
    progress = json.loads(ended.progress)
    assert (progress["phase"], progress["artifacts"], progress["done"]) == ("publish", 2, 2)
    assert broker[0].asked == [{"job": claim.id, "owner": "loop", "fencing": 1}]
    assert broker[0].given_back == 1
    assert not list((shop.settings.state / "work").iterdir())


async def test_a_job_that_carries_a_run_starts_from_its_edits(
    shop: jobs.Workshop, host: Host, broker: tuple[Broker, str], ledger: Ledger
) -> None:
    broker[0].sha = host.repository(NAME, {"a.ipynb": STALE})
    await jobs.handle(shop, await claimed(ledger))
    first = (await row(ledger)).run_id
    async with ledger.write() as connection:
        await connection.execute(tables.jobs.delete())

    await jobs.handle(shop, await claimed(ledger, carry={"a.ipynb": first}))

    (report,) = runs.read_run(shop.settings.runs / (await row(ledger)).run_id).reports
    assert report.outcome == Repaired(iteration=1)
    assert [record.repair.by for record in report.records] == ["carried"]


async def test_only_what_a_push_changed_and_the_configuration_includes_is_judged(
    shop: jobs.Workshop, host: Host, broker: tuple[Broker, str], ledger: Ledger
) -> None:
    files = {"a.ipynb": FRESH, "b.ipynb": FRESH, "drafts/c.ipynb": FRESH}
    broker[0].sha = host.repository(NAME, files | {".github/mendloop.yml": b"include: ['nothing']"})
    claim = await claimed(ledger, paths=("a.ipynb", "drafts/c.ipynb"), configuration="exclude: [drafts/]\n")

    await jobs.handle(shop, claim)

    run = runs.read_run(shop.settings.runs / (await row(ledger)).run_id)
    assert [report.artifact.path for report in run.reports] == ["a.ipynb"]


@pytest.mark.parametrize(
    ("configuration", "words"), [("max_iterations: many\n", "max_iterations"), ("nonsense: 1\n", "nonsense")]
)
async def test_a_configuration_that_cannot_be_used_is_theirs_and_said(
    shop: jobs.Workshop, host: Host, broker: tuple[Broker, str], ledger: Ledger, configuration: str, words: str
) -> None:
    broker[0].sha = host.repository(NAME, {"a.ipynb": FRESH})
    claim = await claimed(ledger, configuration=configuration)

    await jobs.handle(shop, claim)

    ended = await row(ledger)
    assert (ended.state, ended.run_id) == ("ran", "")
    progress = json.loads(ended.progress)
    assert progress["ended"] == "theirs"
    assert words in progress["reason"]


async def test_a_commit_that_is_gone_is_theirs_and_said(
    shop: jobs.Workshop, host: Host, broker: tuple[Broker, str], ledger: Ledger
) -> None:
    host.repository(NAME, {"a.ipynb": FRESH})
    broker[0].sha = "not a sha"
    claim = await claimed(ledger)

    await jobs.handle(shop, claim)

    assert json.loads((await row(ledger)).progress)["ended"] == "theirs"


async def test_access_that_ended_is_said_and_nothing_is_fetched(
    shop: jobs.Workshop, host: Host, broker: tuple[Broker, str], ledger: Ledger
) -> None:
    broker[0].status = 403
    claim = await claimed(ledger)

    await jobs.handle(shop, claim)

    assert json.loads((await row(ledger)).progress)["ended"] == "theirs"
    assert not host.asked


@pytest.mark.parametrize("status", [500, 503])
async def test_a_broker_in_trouble_is_the_weather_and_no_try(
    shop: jobs.Workshop, broker: tuple[Broker, str], ledger: Ledger, status: int
) -> None:
    broker[0].status = status
    claim = await claimed(ledger)

    with pytest.raises(PutBack) as caught:
        await jobs.handle(shop, claim)

    assert not caught.value.counts


async def test_a_job_that_is_to_stop_does_not_begin(
    shop: jobs.Workshop, broker: tuple[Broker, str], ledger: Ledger
) -> None:
    async with ledger.write() as connection:
        await connection.execute(update(tables.jobs).values(stop=True))
    claim = await claimed(ledger)
    stopped = type(claim)(
        table=claim.table,
        id=claim.id,
        owner=claim.owner,
        fencing=claim.fencing,
        tries=claim.tries,
        row=dict(claim.row) | {"stop": True},
    )

    await jobs.handle(shop, stopped)

    assert json.loads((await row(ledger)).progress)["ended"] == "cancelled"
    assert not broker[0].asked


async def test_a_claim_that_was_lost_meanwhile_writes_nothing(
    shop: jobs.Workshop, host: Host, broker: tuple[Broker, str], ledger: Ledger
) -> None:
    broker[0].sha = host.repository(NAME, {"a.ipynb": FRESH})
    claim = await claimed(ledger)
    async with ledger.write() as connection:
        await connection.execute(update(tables.jobs).values(fencing=9, lease_owner="another"))

    with pytest.raises(LostClaimError):
        await jobs.handle(shop, claim)

    ended = await row(ledger)
    assert (ended.state, ended.fencing, ended.lease_owner) == ("ready", 9, "another")
