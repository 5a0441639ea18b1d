"""What a payload says of somebody's standing counts for nothing; who may write is asked of GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot import dispatch
from bot.deliveries import handle
from tests.bot.examples import Body, example, raw
from tests.bot.github.stage import Stage, stage
from tests.bot.ledgers import put
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_github import Person


def commented(at: Stage, number: int, by: Person, association: str) -> Body:
    """A comment as GitHub tells of it, with whatever standing of its author."""
    who = {"id": by.id, "login": by.login, "type": "User"}
    body = example("issue_comment", "created", installation={"id": at.installation.id}, sender=who)
    body["repository"] |= {"id": at.repo.id, "full_name": at.repo.full_name, "default_branch": "main"}
    said = at.repo.comment(number, "/repair", by=by)
    body["comment"] |= {"id": said.id, "body": "/repair", "user": who, "author_association": association}
    body["issue"] |= {"number": number, "state": "open", "locked": False}
    return body


async def heard(at: Stage, body: Body) -> list[str]:
    """The states of all requests after the delivery was worked on, and what it asked for."""
    values = {"guid": "g", "content_key": "k" * 64, "event": "issue_comment", "received_at": 1.0}
    await put(at.app.ledger, tables.deliveries, body=raw(body), **values)
    for table, state, work in ((tables.deliveries, "stored", handle), (tables.requests, "new", dispatch.handle)):
        while claim := await at.app.ledger.claim(table, (state,), "test", lease_s=60):
            await work(at.app, claim)
    async with at.app.ledger.read() as connection:
        return list((await connection.execute(select(tables.requests.c.state))).scalars())


@pytest.mark.parametrize("association", ["OWNER", "MEMBER", "COLLABORATOR"])
async def test_c29_an_owner_by_the_payload_who_may_only_read_gets_nothing(tmp_path: Path, association: str) -> None:
    async with stage(tmp_path) as at:
        number = at.pull().number

        assert await heard(at, commented(at, number, at.eve, association)) == ["refused"]

        assert not at.hub.audit.writes()
        assert not await at.rows("jobs")
        assert at.hub.audit.calls(path=f"*/collaborators/{at.eve.login}/permission")


async def test_c29_nobody_by_the_payload_who_may_write_is_heeded(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        number = at.pull().number

        assert await heard(at, commented(at, number, at.ada, "NONE")) == ["attached"]

        assert len(await at.rows("jobs")) == 1
