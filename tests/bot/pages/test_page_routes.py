"""The pages over a real ledger and a real run store, asked as a browser would."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, update

from bot import signature
from bot.signature import Secrets
from bot.web import open_web
from tests.bot.ingress.senders import SECRET, headers, push
from tests.workers.contract import samples
from workers.contract import messages
from workers.contract.job import Aim, Job, Trigger
from workers.contract.ledger import Ledger, open_ledger, tables

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

PAGE_SECRET = b"a page secret of a test"
RUN = samples.run()
PATCH = """\
--- a/a.ipynb
+++ b/a.ipynb
@@ -1,2 +1,2 @@
-x = np.bool(1)
+x = bool(1)
--- not a file
"""
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> [a](http://evil.test) \u202egnp.exe"


class Silent:
    async def ring(self, who: str, row: int) -> None:
        """Nobody listens."""


@dataclass
class Site:
    """The web application with something behind it."""

    client: httpx.AsyncClient
    ledger: Ledger
    runs: Path
    file: Path

    async def get(self, path: str, page: str | None = None) -> httpx.Response:
        """A page, with its key if `page` is given."""
        key = {} if page is None else {"key": signature.page_key(PAGE_SECRET, page)}
        return await self.client.get(path, params=key)

    async def job(self, **values: Any) -> int:
        job = Job(
            id=0, installation_id=3, repository_id=7, repository="octo/private-plans", lane="main", branch="main",
            sha="a" * 40, trigger=Trigger.PULL_REQUEST, aim=Aim.REPORT,
        )  # fmt: skip
        row = {
            "installation_id": 3, "repository_id": 7, "lane": "main", "created_at": 0.0, "updated_at": 0.0,
            "job": json.dumps(messages.job_to_json(job)),
        }  # fmt: skip
        async with self.ledger.write() as connection:
            made = await connection.execute(insert(tables.jobs).values(row | values))
        key: Any = made.inserted_primary_key
        return key[0]


@asynccontextmanager
async def a_site(folder: Path) -> AsyncGenerator[Site, None]:
    file, runs = folder / "ledger.sqlite3", folder / "runs"
    url = f"sqlite:///{file}"
    ledger = await open_ledger(url, create=True)
    async with (
        open_web(
            secrets=Secrets(current=SECRET), page_secret=PAGE_SECRET, ledger_url=url, runs=runs, bell=Silent()
        ) as web,
        httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://mendloop.test") as client,
    ):
        yield Site(client, ledger, runs, file)
    await ledger.close()


def keep(runs: Path, run: Any, patch: str = PATCH) -> str:
    folder = runs / run.id / "deliverable"
    folder.mkdir(parents=True)
    (folder / "patch.diff").write_text(patch)
    (runs / run.id / "run.json").write_bytes(messages.encode(messages.run_to_json(run)))
    return run.id


async def test_a_run_page_shows_artifacts_findings_iterations_what_is_left_and_the_diff(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        run_id = keep(site.runs, RUN)
        answer = await site.get(f"/runs/{run_id}", run_id)

    assert answer.status_code == 200
    for shown in (
        "6 artifacts: 1 fresh, 1 repaired, 1 improved, 1 unrepaired, 1 skipped, 1 errored",
        "improved.ipynb",
        "cell 1: AttributeError: no attribute &#39;bool&#39;",
        "<code>np.bool</code> to <code>bool</code> in cell 1, try 2",
        "execution: it fails earlier now",
        "To unlock: an owner chooses a successor",
        '<span class="add">+x = bool(1)',
        '<span class="del">--- not a file',
        '<span class="file">+++ b/a.ipynb',
    ):
        assert shown in answer.text


@pytest.mark.parametrize("key", [None, "", "wrong", "é", signature.page_key(PAGE_SECRET, "job-1")])
async def test_without_its_key_a_page_does_not_exist(tmp_path: Path, key: str | None) -> None:
    async with a_site(tmp_path) as site:
        run_id, job_id = keep(site.runs, RUN), await site.job()
        params = {} if key is None else {"key": key}
        there = await site.client.get(f"/runs/{run_id}", params=params)
        missing = await site.client.get("/runs/20261120T081500Z-another-0000", params=params)
        job = await site.client.get(f"/jobs/{job_id + 1}", params=params)

    assert [answer.status_code for answer in (there, missing, job)] == [404, 404, 404]
    # What exists and what does not look the same to who may not know.
    assert there.text == missing.text == job.text
    assert "a.ipynb" not in there.text


@pytest.mark.parametrize(
    "run_id", ["..%2F..%2Fetc", "%2e%2e", "20261120T081500Z-a/../x", "x" * 300, "20261120T081500Z-a-1%00"]
)
async def test_a_run_id_is_never_a_path(tmp_path: Path, run_id: str) -> None:
    async with a_site(tmp_path) as site:
        answer = await site.get(f"/runs/{run_id}", run_id)

    assert answer.status_code == 404


async def test_what_a_repository_says_stays_text(tmp_path: Path) -> None:
    report = samples.report(samples.Skipped(reason=HOSTILE), HOSTILE.replace("/", "|"), base=False)
    async with a_site(tmp_path) as site:
        run_id = keep(site.runs, samples.run(report), f"+{HOSTILE}\n")
        answer = await site.get(f"/runs/{run_id}", run_id)

    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "\u202e" not in answer.text
    assert "&lt;script&gt;" in answer.text


async def test_every_answer_forbids_scripts_framing_caching_and_passing_the_address_on(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        run_id = keep(site.runs, RUN)
        answers = [
            await site.get(path, run_id) for path in (f"/runs/{run_id}", "/", "/runs/x", "/style.css", "/healthz")
        ]

    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_job_page_shows_how_far_it_is_and_loads_itself_again(tmp_path: Path) -> None:
    progress = {
        "phase": "repair",
        "iteration": 2,
        "of": 3,
        "artifacts": 5,
        "done": 1,
        "elapsed_s": 42.4,
        "artifact": "a.ipynb",
    }
    async with a_site(tmp_path) as site:
        job_id = await site.job(progress=json.dumps(progress))
        answer = await site.get(f"/jobs/{job_id}", f"job-{job_id}")

    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="5">' in answer.text
    for shown in ("octo/private-plans", "under way", "2 of 3", "1 of 5", "42 s", "a.ipynb", "pull request", "a" * 12):
        assert shown in answer.text


@pytest.mark.parametrize(
    "progress", ["", "[]", "not json", '{"done": "x", "artifacts": null, "elapsed_s": NaN}', '{"elapsed_s": Infinity}']
)
async def test_odd_progress_is_shown_as_none(tmp_path: Path, progress: str) -> None:
    async with a_site(tmp_path) as site:
        job_id = await site.job(progress=progress)
        answer = await site.get(f"/jobs/{job_id}", f"job-{job_id}")

    assert answer.status_code == 200


async def test_a_job_that_ended_without_a_run_says_why_and_rests(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        job_id = await site.job(state="parked", reason="the repository could not be cloned")
        answer = await site.get(f"/jobs/{job_id}", f"job-{job_id}")

    assert "the repository could not be cloned" in answer.text
    assert "http-equiv" not in answer.text


async def test_a_job_page_leads_to_its_run_as_soon_as_there_is_one(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        job_id = await site.job(state="ran", run_id=RUN.id)
        before = await site.get(f"/jobs/{job_id}", f"job-{job_id}")
        keep(site.runs, RUN)
        after = await site.get(f"/jobs/{job_id}", f"job-{job_id}")
        run = await site.client.get(after.headers["location"])

    assert (before.status_code, after.status_code, run.status_code) == (200, 303, 200)


async def test_a_run_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        run_id = keep(site.runs, RUN)
        (site.runs / run_id / "run.json").write_text("{}")
        answer = await site.get(f"/runs/{run_id}", run_id)

    assert answer.status_code == 404
    assert "cannot be shown" in answer.text


async def test_live_is_always_and_ready_is_only_while_the_ledger_can_be_written(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        well = await site.get("/readyz")
        holder = sqlite3.connect(site.file, isolation_level=None)
        holder.execute("begin immediate")
        await asyncio.sleep(1.1)
        started = time.monotonic()
        ill, live = await site.get("/readyz"), await site.get("/healthz")
        took = time.monotonic() - started
        holder.execute("rollback")
        holder.close()

    assert (well.status_code, ill.status_code, live.status_code) == (200, 503, 200)
    assert str(site.file) not in ill.text
    assert took < 7


async def test_metrics_count_deliveries_and_what_waits(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        body = push(1)
        await site.client.post("/webhook", content=body, headers=headers(body))
        await site.client.post("/webhook", content=body, headers=headers(body))
        await site.client.post("/webhook", content=b"{}", headers=headers(body))
        await site.job()
        metrics = (await site.get("/metrics")).text
        async with site.ledger.write() as connection:
            await connection.execute(update(tables.deliveries).values(state="done"))
        later = (await site.get("/metrics")).text

    found = samples_of(metrics)
    assert found["mendloop_deliveries_total", "stored"] == 1
    assert found["mendloop_deliveries_total", "duplicate"] == 1
    assert found["mendloop_deliveries_total", "unsigned"] == 1
    assert found["mendloop_queue_depth", "deliveries stored"] == 1
    assert found["mendloop_queue_depth", "jobs ready"] == 1
    assert found["mendloop_delivery_seconds_count", ""] == 3
    assert found["mendloop_ledger_up", ""] == 1
    assert samples_of(later)["mendloop_queue_depth", "deliveries stored"] == 0


def samples_of(text: str) -> dict[tuple[str, str], float]:
    """(Name, label values) -> value."""
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_there_is_no_route_that_was_not_meant(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        answers = [await site.get(path) for path in ("/docs", "/openapi.json", "/redoc", "/runs", "/jobs", "/static/x")]
        posted = await site.client.post("/runs/x")
        webhook = await site.get("/webhook")

    assert {answer.status_code for answer in answers} == {404}
    assert (posted.status_code, webhook.status_code) == (405, 405)
