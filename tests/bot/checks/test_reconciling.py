from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from bot.github import Unavailable
from bot.reconcile import TRIES, reconcile
from tests.bot.github.stage import NOTEBOOK, Stage, stage
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from pathlib import Path


class Receiver:
    """The web process, as far as GitHub can tell: keeps the GUIDs of what it took."""

    def __init__(self, status: int = 202) -> None:
        self.status = status
        self.guids: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        await reader.readexactly(int(headers["content-length"]))
        self.guids.append(headers["x-github-delivery"])
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


async def listening(at: Stage, receiver: Receiver) -> Any:
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    at.hub.listen(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhook")
    return server


def make_deliveries(at: Stage, count: int) -> set[str]:
    """So many, while nobody listens; their GUIDs."""
    number = at.repo.open_issue("talk", by=at.ada)
    for index in range(count):
        at.repo.comment(number, f"word {index}", by=at.ada)
    at.hub.webhooks.settle(60)
    return {
        delivery.guid
        for delivery in at.hub.webhooks.deliveries
        if delivery.status_code >= 300 or not delivery.status_code
    }


async def test_w26_all_three_hundred_deliveries_that_were_missed_arrive_in_the_end(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        at.hub.listen("http://127.0.0.1:9/webhook")
        missed = make_deliveries(at, 300)
        receiver = Receiver()
        server = await listening(at, receiver)

        done = await reconcile(at.app)
        await asyncio.to_thread(at.hub.webhooks.settle, 60)

        assert len(missed) >= 300
        assert set(receiver.guids) == missed
        assert done.asked == len(missed)
        assert (await reconcile(at.app)).asked == 0
        assert len(receiver.guids) == len(missed), "nothing is asked for twice"
        server.close()


async def test_what_the_ledger_has_all_the_same_is_not_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        at.hub.listen("http://127.0.0.1:9/webhook")
        missed = make_deliveries(at, 3)
        async with at.app.ledger.write() as connection:
            for index, guid in enumerate(sorted(missed)):
                row = {
                    "guid": guid,
                    "content_key": str(index),
                    "event": "issue_comment",
                    "body": b"{}",
                    "received_at": 0.0,
                }
                await connection.execute(insert(tables.deliveries).values(**row))

        assert (await reconcile(at.app)).asked == 0
        assert not at.hub.audit.calls("POST", "/app/hook/deliveries/*")


async def test_a_delivery_that_is_refused_again_and_again_is_left_alone_after_some_tries(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        server = await listening(at, Receiver(status=400))
        await asyncio.to_thread(make_deliveries, at, 1)
        asked: list[int] = []
        for _ in range(TRIES + 3):
            asked.append((await reconcile(at.app)).asked)
            await asyncio.to_thread(at.hub.webhooks.settle, 60)

        assert asked[0] >= 1
        assert asked[-1] == 0
        server.close()


async def test_a_pass_that_is_cut_off_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        at.hub.listen("http://127.0.0.1:9/webhook")
        missed = make_deliveries(at, 6)
        receiver = Receiver()
        server = await listening(at, receiver)
        at.hub.faults.plan("refused", method="POST", path="/app/hook/deliveries/*", after=2, count=1)

        with pytest.raises(Unavailable):
            await reconcile(at.app)
        await asyncio.to_thread(at.hub.webhooks.settle, 60)
        await reconcile(at.app)
        await asyncio.to_thread(at.hub.webhooks.settle, 60)

        assert set(receiver.guids) == missed
        server.close()


async def test_nothing_missed_is_nothing_done(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        receiver = Receiver()
        server = await listening(at, receiver)
        await asyncio.to_thread(at.repo.push, "main", {"a.ipynb": NOTEBOOK + b" "})
        await asyncio.to_thread(at.hub.webhooks.settle, 60)
        await reconcile(at.app)
        before = len(receiver.guids)
        await reconcile(at.app)

        assert len(receiver.guids) == before
        server.close()
