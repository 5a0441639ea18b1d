"""No secret is where it need not be, whether all goes well or everything goes wrong; each is put in and looked for."""

from __future__ import annotations

import base64
import gzip
import os
import secrets
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import redis

from tests.app.canary import Canaries
from tests.app.misadventures import PRINTED, index, journeys
from tests.app.rig import Deployment, deployed, until
from tests.app.traces import Process, Traces, Watch, gather
from tests.fake_github import Repository

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping

    from workers.protocols import Box


pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

HOLDERS: Mapping[str, frozenset[str]] = {
    "key": frozenset({"~/state/app.pem"}),
    "webhook secret": frozenset({"serve", "web"}),
    "page secret": frozenset({"~/state/page-secret"}),
    "index password": frozenset({"serve", "loop", "installer"}),
    "token": frozenset(),
    "printed": frozenset(),
}
"""Secret -> the files and processes it belongs to. Tokens live in memory alone."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A deployment after its journeys."""

    app: Deployment
    traces: Traces
    secrets: Mapping[str, Mapping[str, str]]
    """Kind -> name -> the secret."""
    asked_with: list[str]
    """Credentials that the package index was shown."""

    def leaks(self, traces: Traces | None = None) -> set[tuple[str, str]]:
        """(secret, place) of everything that is where it must not be."""
        return {
            (kind, sighting.where)
            for kind, some in self.secrets.items()
            for sighting in (traces or self.traces).sightings(Canaries(some), holders=HOLDERS[kind])
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ended(tmp_path_factory: pytest.TempPathFactory, box: Box, shared: Path) -> AsyncIterator[Ended]:
    password = secrets.token_hex(16)
    with index() as (port, asked_with):
        variables = {
            "UV_EXTRA_INDEX_URL": f"http://robot:{password}@127.0.0.1:{port}/simple",
            "MENDLOOP_LEASE_S": "5",
            "MENDLOOP_LOOP_JOBS": "2",
        }
        folder = tmp_path_factory.mktemp("canaries")
        async with deployed(folder, cache=shared, variables=variables) as app:
            with Watch(app.state) as watch:
                pages = await journeys(app)
                traces = gather(app, watch, *pages)
            yield Ended(app, traces, _secrets(app, password), asked_with)


def _secrets(app: Deployment, password: str) -> dict[str, dict[str, str]]:
    lines = app.hub.app.private_key_pem.splitlines()[1:-1]
    tokens = [token for token in app.hub.world.tokens.values() if token.install is not None]
    return {
        "key": {f"line {number}": line for number, line in enumerate(lines)},
        "webhook secret": {"it": app.environ["MENDLOOP_WEBHOOK_SECRET"]},
        "page secret": {"it": (app.state / "page-secret").read_text().strip()},
        "index password": {"it": password},
        "token": {f"{token.id}": token.value for token in tokens},
        "printed": {"it": PRINTED},
    }


async def test_the_journeys_went_well_and_wrong_as_meant(ended: Ended) -> None:
    conclusions = {
        repo.name: {run.conclusion for run in repo.runs.values()} for repo in ended.app.hub.world.repos.values()
    }
    died = {event["name"] for event in ended.app.events() if event.get("event") == "supervisor.ended"}

    assert {"passes", "spies", "unbuildable", "misconfigured", "late"} == set(conclusions)
    assert all(conclusions.values()), conclusions
    assert conclusions["misconfigured"] == {"action_required"}
    assert [len(repo.pulls()) for repo in ended.app.hub.world.repos.values() if repo.name in {"passes", "late"}] == [
        1,
        1,
    ]
    assert died == {"loop", "github"}
    assert ended.app.hub.faults.lines
    assert all(planned.taken for planned in ended.app.hub.faults.lines)


async def test_every_secret_was_in_use_and_every_place_was_looked_at(ended: Ended) -> None:
    kinds = {process.name for process in ended.traces.processes}
    places = ended.traces.places

    assert len(ended.secrets["token"]) > 10
    assert any(ended.asked_with), "the package index was shown the password"
    assert {"serve", "web", "github", "loop", "installer", "another, git", "another, bwrap"} <= kinds
    assert b"PATH" in _all(ended, "runs/"), "the spy's words were kept, so there was something to find"
    assert b"[masked]" in _all(ended, "runs/"), "so were the cell's"
    assert b"github.ready" in places["~/state/serve.log"]
    assert b"BLPOP" in places["redis, all commands"].upper() or b"ZADD" in places["redis, all commands"].upper()
    assert b"INSERT INTO" in places["ledger, as rows"]
    assert b"<html" in places["pages"]
    assert places["work folders, while they were there"]


def _all(ended: Ended, part: str) -> bytes:
    return b"\n".join(raw for place, raw in ended.traces.places.items() if part in place)


async def test_h196_every_token_of_every_process_was_for_one_repository_and_a_purpose(ended: Ended) -> None:
    minted = [line for line in ended.app.hub.audit.calls("POST", "*/access_tokens") if line.status == 201]

    assert minted
    assert [line for line in minted if len(line.body["repository_ids"]) != 1 or not line.body["permissions"]] == []


async def test_no_secret_is_anywhere_but_with_who_holds_it(ended: Ended) -> None:
    assert ended.leaks() == set()


@pytest.mark.parametrize("kind", [kind for kind, holders in HOLDERS.items() if holders])
async def test_the_scan_finds_a_secret_with_its_own_holder(ended: Ended, kind: str) -> None:
    found = ended.traces.sightings(Canaries(ended.secrets[kind]))

    seen = {sighting.where.removeprefix("environment of ") for sighting in found}
    assert seen | ended.traces.private >= HOLDERS[kind] - {"installer"}


async def test_nobody_of_our_own_user_sees_what_a_process_that_holds_a_secret_was_started_with(ended: Ended) -> None:
    kept = {"serve", "web", "github", "loop"} & ended.traces.private

    assert kept == (set() if os.geteuid() == 0 else {"serve", "web", "github", "loop"})


@pytest.mark.parametrize("kind", HOLDERS)
async def test_a_process_that_holds_what_belongs_to_another_is_found_out(ended: Ended, kind: str) -> None:
    secret = next(iter(ended.secrets[kind].values())).encode()
    github = Process(b"python\0-P\0-m\0bot.tasks", b"PATH=/bin\0FOUND=" + secret)
    traces = Traces({}, frozenset({github}))

    assert ended.leaks(traces) == {(kind, "environment of github")}


LEAKS: Mapping[str, str] = {
    "log": "~/state/serve.log",
    "ledger": "ledger, as rows",
    "redis": "redis, all commands",
    "record": "~/state/runs/leak.gz (unpacked)",
    "work": "work folders, while they were there",
    "comment": "github, org-passes/passes",
    "object": "git, org-passes/passes",
    "process": f"environment of another, {Path(sys.executable).name}",
}
"""Where a token is put on purpose -> where it is found."""


async def test_a_leak_is_found_wherever_it_is(ended: Ended) -> None:
    tokens = dict(zip(LEAKS, ended.secrets["token"].items(), strict=False))
    values = {where: value for where, (_, value) in tokens.items()}

    bell = redis.Redis(unix_socket_path=str(ended.app.state / "redis.sock"))
    with _leaked(ended.app, values), Watch(ended.app.state) as watch, bell as client:
        await until(lambda: watch.redis, what="Redis tells")
        client.set("leak", values["redis"], ex=1)
        await until(lambda: values["redis"].encode() in watch.redis and watch.files, what="it was seen")
        traces = gather(ended.app, watch)

    found = {(sighting.name, sighting.where) for sighting in traces.sightings(Canaries(ended.secrets["token"]))}
    assert {(tokens[where][0], place) for where, place in LEAKS.items()} <= found


@contextmanager
def _leaked(app: Deployment, values: Mapping[str, str]) -> Generator[None]:
    """Put a token wherever none may be: as it is, and in disguise."""
    repository = Repository(app.hub.world, next(r for r in app.hub.world.repos.values() if r.name == "passes"))
    with app.log.open("a") as log:
        log.write(values["log"])
    with closing(sqlite3.connect(app.state / "ledger.sqlite3", timeout=10)) as ledger, ledger:
        ledger.execute("CREATE TABLE leak (text)")
        ledger.execute("INSERT INTO leak VALUES (?)", (values["ledger"],))
    (app.state / "runs" / "leak.gz").write_bytes(gzip.compress(values["record"].encode()))
    (app.state / "work" / "leak").write_text(values["work"].encode().hex())
    repository.comment(repository.pulls()[0]["number"], values["comment"][::-1], by=app.hub.user("ada"))
    repository.git.blob(base64.b64encode(f"x-access-token:{values['object']}".encode()))
    sleeper = [sys.executable, "-c", "input()"]
    with subprocess.Popen(sleeper, env={"LEAK": values["process"]}, stdin=subprocess.PIPE) as process:
        yield
        process.kill()
