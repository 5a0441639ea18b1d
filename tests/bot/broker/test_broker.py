from __future__ import annotations

import asyncio
import json
import stat
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import broker
from tests.bot.github.stage import Stage, stage
from workers.asking import AccessEndedError, Desk
from workers.contract.errors import ConfigError
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from bot.desk import Broker
    from workers.contract.ledger import Claim

GITHUB = "https://github.example"
MINT = "*/access_tokens"
REVOKE = "/installation/token"


@asynccontextmanager
async def desk(at: Stage, folder: Path) -> AsyncGenerator[tuple[Broker, httpx.AsyncClient, Claim]]:
    """The broker on a unix socket, somebody who asks it, and a job that is theirs."""
    await at.push(at.repo.head(), "a.ipynb")
    claim = await at.claim_job()
    where = f"unix://{folder}/broker.sock"
    async with broker.serve(at.app, where=where, github_url=GITHUB) as serving:
        transport = httpx.AsyncHTTPTransport(uds=f"{folder}/broker.sock")
        async with httpx.AsyncClient(transport=transport, base_url="http://broker", timeout=20) as client:
            yield serving, client, claim


def asked(claim: Claim, **other: Any) -> dict[str, Any]:
    return {"job": claim.id, "owner": claim.owner, "fencing": claim.fencing} | other


def fetch_tokens(at: Stage) -> list[Any]:
    return [line for line in at.hub.audit.calls("POST", MINT) if line.body["permissions"] == {"contents": "read"}]


async def test_the_holder_of_a_job_gets_a_token_that_reads_that_repository_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (_, client, claim):
        answer = (await client.post("/token", json=asked(claim))).json()

        assert answer["repository"] == "octo-org/demo"
        assert answer["clone_url"] == f"{GITHUB}/octo-org/demo.git"
        assert answer["sha"] == at.repo.head()
        assert answer["expires_at"] > at.app.ledger.clock()
        (minted,) = fetch_tokens(at)
        assert minted.body["repository_ids"] == [at.repo.id]
        used = await client_of(at, answer["token"]).get("/repos/octo-org/demo/contents/a.ipynb")
        assert used.status_code == 200


def client_of(at: Stage, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=at.hub.api_url, headers={"Authorization": f"Bearer {token}"})


async def test_it_is_what_the_loop_asks_with(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (_, _, claim):
        async with Desk(broker=f"unix://{tmp_path}/broker.sock").grant(claim) as grant:
            assert (grant.repository, grant.sha) == ("octo-org/demo", at.repo.head())

        assert len(at.hub.audit.calls("DELETE", REVOKE)) == 1


async def test_h198_whoever_does_not_hold_the_job_gets_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (_, client, claim):
        await at.pull_request(at.pull())

        others: list[dict[str, Any]] = [{"job": 2}, {"job": 999}, {"owner": "loop-2"}, {"fencing": 0}, {"fencing": 2}]
        answers = [await client.post("/token", json=asked(claim, **other)) for other in others]

        assert {answer.status_code for answer in answers} == {403}
        assert not fetch_tokens(at)


async def test_a_claim_that_is_over_is_worth_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (_, client, claim):
        held = {key: claim.row[key] for key in ("state", "lease_owner", "lease_until", "fencing")}
        changes: list[dict[str, Any]] = [
            {"state": "ran"},
            {"state": "cancelled"},
            {"lease_until": 1.0},
            {"lease_owner": ""},
            {"fencing": 9},
        ]
        for change in changes:
            await at.set_job(claim.id, **held | change)
            assert (await client.post("/token", json=asked(claim))).status_code == 403
        assert not fetch_tokens(at)


async def test_asking_again_under_the_same_claim_is_the_same_token_and_under_a_later_one_another(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (_, client, claim):
        answers = await asyncio.gather(*(client.post("/token", json=asked(claim)) for _ in range(5)))
        assert len({answer.json()["token"] for answer in answers}) == 1

        await at.set_job(claim.id, lease_owner="", lease_until=0)
        later = await at.claim_job("loop-2")
        assert (await client.post("/token", json=asked(claim))).status_code == 403
        answer = await client.post("/token", json=asked(later))

        assert answer.status_code == 200
        assert answer.json()["token"] != answers[0].json()["token"]
        assert (await client_of(at, answers[0].json()["token"]).get("/repos/octo-org/demo")).status_code == 401


async def test_h197_a_token_given_back_is_dead(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (_, client, claim):
        token = (await client.post("/token", json=asked(claim))).json()["token"]

        assert (await client.request("DELETE", "/token", json=asked(claim, owner="loop-2"))).status_code == 403
        assert (await client.request("DELETE", "/token", json=asked(claim))).json() == {"revoked": True}
        assert (await client.request("DELETE", "/token", json=asked(claim))).json() == {"revoked": False}

        assert (await client_of(at, token).get("/repos/octo-org/demo")).status_code == 401


async def test_h197_a_token_whose_job_ended_is_revoked_by_the_clock_and_the_others_are_not(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (serving, client, claim):
        token = (await client.post("/token", json=asked(claim))).json()["token"]
        assert await serving.expire() == 0

        await at.app.ledger.finish(claim, state="ran", run_id="x")
        assert await serving.expire() == 1
        assert await serving.expire() == 0

        assert (await client_of(at, token).get("/repos/octo-org/demo")).status_code == 401


async def test_every_token_is_revoked_when_the_broker_stops(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        async with desk(at, tmp_path) as (_, client, claim):
            token = (await client.post("/token", json=asked(claim))).json()["token"]

        assert (await client_of(at, token).get("/repos/octo-org/demo")).status_code == 401
        assert not (tmp_path / "broker.sock").exists()


async def test_no_access_is_told_as_the_end_of_access_and_weather_as_weather(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (_, client, claim):
        at.hub.faults.plan("refused", path=MINT)
        assert (await client.post("/token", json=asked(claim))).status_code == 503
        at.hub.faults.clear()
        at.installation.remove(at.repo)

        assert (await client.post("/token", json=asked(claim))).status_code == 410
        with pytest.raises(AccessEndedError):
            async with Desk(broker=f"unix://{tmp_path}/broker.sock").grant(claim):
                pass


async def test_the_socket_is_our_users_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path):
        assert stat.S_IMODE((tmp_path / "broker.sock").stat().st_mode) == 0o600


async def test_on_the_network_a_secret_is_asked_for(tmp_path: Path, unused_tcp_port: int) -> None:
    where, secret = f"http://127.0.0.1:{unused_tcp_port}", "s" * 32
    async with stage(tmp_path) as at:
        await at.push(at.repo.head(), "a.ipynb")
        claim = await at.claim_job()
        async with broker.serve(at.app, where=where, github_url=GITHUB, secret=secret), httpx.AsyncClient() as client:
            for given in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": f"Basic {secret}"},
            ):
                assert (await client.post(f"{where}/token", json=asked(claim), headers=given)).status_code == 401
            assert not fetch_tokens(at)
            async with Desk(broker=where, secret=secret).grant(claim) as grant:
                assert grant.repository == "octo-org/demo"

        with pytest.raises(ConfigError):
            async with broker.serve(at.app, where=where, github_url=GITHUB, secret="short"):
                pass


async def test_no_token_stands_in_the_ledger_or_in_a_repr(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (serving, client, claim):
        token = (await client.post("/token", json=asked(claim))).json()["token"]

        assert token not in repr(serving)
        for table in tables.metadata.tables:
            if table != "budgets" and "id" in tables.metadata.tables[table].c:
                assert token not in json.dumps(await at.rows(table), default=repr)


BODIES = st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["job", "owner", "fencing", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode(errors="surrogatepass"))


async def test_h198_whatever_is_sent_no_token_comes_of_it_and_the_broker_stays_up(tmp_path: Path) -> None:
    async with stage(tmp_path) as at, desk(at, tmp_path) as (_, client, claim):
        bodies: list[bytes] = [b"x" * 100_000, b"", b"[" * 4000, json.dumps(asked(claim, job=True)).encode()]

        @given(BODIES)
        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
        def collect(body: bytes) -> None:
            bodies.append(body)

        collect()
        for body in bodies:
            for method in ("POST", "DELETE"):
                answer = await client.request(method, "/token", content=body)
                assert answer.status_code in {200, 400, 403} if method == "DELETE" else answer.status_code in {400, 403}

        assert not fetch_tokens(at)
        assert (await client.post("/token", json=asked(claim))).status_code == 200
        assert (await client.get("/token")).status_code == 405
        assert (await client.get("/")).status_code == 404
