"""The inbox over a real SQLite and a real Postgres."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest
import pytest_asyncio
from sqlalchemy import select

from bot.inbox import Delivery, InboxError, Stored, delivery, group, open_inbox
from bot.inbox.delivery import Committed
from bot.inbox.group import GroupCommit
from bot.inbox.opening import inbox_over
from bot.inbox.sqlite import SqliteStore
from tests.stores import new_database, postgres, psql, shared_folder
from workers.contract.errors import ConfigError
from workers.contract.ledger import open_ledger, tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from bot.inbox import Inbox


@dataclass
class Rings:
    """A bell that remembers."""

    rows: list[int] = field(default_factory=list[int])

    async def ring(self, who: Literal["github", "loop"], row: int) -> None:
        assert who == "github"
        self.rows.append(row)


def a_delivery(number: int, *, guid: str | None = None) -> Delivery:
    body = f'{{"number": {number}}}'.encode()
    return Delivery(guid or f"guid-{number}", hashlib.sha256(body).hexdigest(), "push", body, 1000.0 + number)


@pytest.fixture(scope="session")
def ingress_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(shared_folder(tmp_path_factory.getbasetemp()) / "postgres") as url:
        yield url


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A ledger of each kind, empty."""
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    else:
        made = await new_database(request.getfixturevalue("ingress_postgres"))
    await (await open_ledger(made, create=True)).close()
    yield made


async def stored_rows(url: str) -> list[tuple[str, bytes, str]]:
    ledger = await open_ledger(url)
    async with ledger.read() as connection:
        columns = tables.deliveries.c
        rows = await connection.execute(select(columns.guid, columns.body, columns.state).order_by(columns.id))
        found = [(row[0], bytes(row[1]), row[2]) for row in rows]
    await ledger.close()
    return found


async def store_all(inbox: Inbox, deliveries: Sequence[Delivery]) -> list[Stored]:
    return list(await asyncio.gather(*(inbox.store(each) for each in deliveries)))


async def test_deliveries_that_come_together_are_all_stored_in_the_order_they_came(url: str) -> None:
    bell = Rings()
    async with open_inbox(url, bell) as inbox:
        answers = await store_all(inbox, [a_delivery(number) for number in range(300)])
        await asyncio.sleep(0.05)

    rows = await stored_rows(url)
    assert answers == [Stored.NEW] * 300
    assert {guid for guid, _, _ in rows} == {f"guid-{number}" for number in range(300)}
    assert {state for _, _, state in rows} == {"stored"}
    assert {guid: body for guid, body, _ in rows}["guid-7"] == b'{"number": 7}'
    # Fewer rings than deliveries: one for a commit.
    assert 1 <= len(bell.rows) < 30


async def test_w12_the_same_content_under_fresh_guids_is_one_row(url: str) -> None:
    replays = [a_delivery(1, guid=f"replay-{index}") for index in range(50)]
    async with open_inbox(url, Rings()) as inbox:
        answers = await store_all(inbox, replays)
        later = await inbox.store(a_delivery(1, guid="much later"))

    assert sorted(answer.name for answer in answers) == ["DUPLICATE"] * 49 + ["NEW"]
    assert later is Stored.DUPLICATE
    assert len(await stored_rows(url)) == 1


async def test_w14_the_same_delivery_again_is_a_duplicate_beside_new_ones(url: str) -> None:
    async with open_inbox(url, Rings()) as inbox:
        await inbox.store(a_delivery(1))
        answers = await store_all(inbox, [a_delivery(2), a_delivery(1), a_delivery(3), a_delivery(2)])

    assert answers == [Stored.NEW, Stored.DUPLICATE, Stored.NEW, Stored.DUPLICATE]
    assert len(await stored_rows(url)) == 3


async def test_a_guid_that_is_taken_by_another_content_is_a_clash_and_not_stored(url: str) -> None:
    async with open_inbox(url, Rings()) as inbox:
        answers = await store_all(inbox, [a_delivery(1, guid="same"), a_delivery(2, guid="same"), a_delivery(3)])

    assert sorted(answer.name for answer in answers) == ["CLASH", "NEW", "NEW"]
    assert len(await stored_rows(url)) == 2


async def test_a_duplicate_does_not_ring(url: str) -> None:
    bell = Rings()
    async with open_inbox(url, bell) as inbox:
        await inbox.store(a_delivery(1))
        await asyncio.sleep(0.02)
        before = list(bell.rows)
        await inbox.store(a_delivery(1))
        await asyncio.sleep(0.02)

    assert len(before) == 1
    assert bell.rows == before


async def test_two_inboxes_on_one_ledger_store_a_delivery_once(url: str) -> None:
    deliveries = [a_delivery(number) for number in range(100)]
    async with open_inbox(url, Rings()) as one, open_inbox(url, Rings()) as other:
        answers = await asyncio.gather(store_all(one, deliveries), store_all(other, deliveries[::-1]))

    assert sum(answer is Stored.NEW for answers_of in answers for answer in answers_of) == 100
    assert len(await stored_rows(url)) == 100


async def test_the_probe_writes_and_leaves_no_delivery(url: str) -> None:
    async with open_inbox(url, Rings()) as inbox:
        await inbox.probe()
        await inbox.probe()

    assert await stored_rows(url) == []


@pytest.mark.parametrize("wrong", ["mysql://host/base", "nonsense", "sqlite://"])
async def test_a_ledger_of_another_kind_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="expected sqlite"):
        async with open_inbox(wrong, Rings()):
            pass


async def test_a_ledger_without_tables_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InboxError, match="no such table"):
        async with open_inbox(f"sqlite:///{tmp_path / 'empty.sqlite3'}", Rings()):
            pass


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    place = tmp_path / "ledger.sqlite3"

    async def make() -> None:
        await (await open_ledger(f"sqlite:///{place}", create=True)).close()

    asyncio.run(make())
    return place


async def test_w24_a_locked_ledger_is_an_error_in_time_and_works_again_when_it_is_let_go(
    sqlite_file: Path,
) -> None:
    async with inbox_over(SqliteStore(str(sqlite_file), lock_s=0.3), Rings()) as inbox:
        holder = sqlite3.connect(sqlite_file, isolation_level=None)
        holder.execute("begin exclusive")
        answers = await asyncio.gather(*(inbox.store(a_delivery(n)) for n in range(5)), return_exceptions=True)
        holder.execute("rollback")
        holder.close()
        after = await inbox.store(a_delivery(9))

    assert [type(answer) for answer in answers] == [InboxError] * 5
    assert after is Stored.NEW
    assert len(await stored_rows(f"sqlite:///{sqlite_file}")) == 1


@pytest.mark.parametrize("replaced", [False, True])
async def test_f235_a_ledger_that_was_deleted_or_replaced_acknowledges_nothing(
    sqlite_file: Path, replaced: bool
) -> None:
    async with open_inbox(f"sqlite:///{sqlite_file}", Rings()) as inbox:
        await inbox.store(a_delivery(1))
        content = sqlite_file.read_bytes()
        sqlite_file.unlink()
        if replaced:
            sqlite_file.write_bytes(content)

        with pytest.raises(InboxError):
            await inbox.store(a_delivery(2))


async def test_w24_a_full_ledger_acknowledges_what_is_stored_and_nothing_else(sqlite_file: Path) -> None:
    store = SqliteStore(str(sqlite_file))
    await store.probe()
    assert store.connection is not None
    pages = store.connection.execute("pragma page_count").fetchone()[0]
    store.connection.execute(f"pragma max_page_count = {pages + 20}")
    said: list[Stored | type[Exception]] = []
    for number in range(60):
        big = a_delivery(number)._replace(body=b"x" * 4000)
        try:
            said += (await store.commit([big])).answers
        except InboxError:
            said.append(InboxError)
            break
    await store.close()

    assert said[-1] is InboxError
    assert len(said) > 3
    assert len(await stored_rows(f"sqlite:///{sqlite_file}")) == len(said) - 1


@dataclass
class SlowStore:
    """A disk that does not answer."""

    stuck: asyncio.Event = field(default_factory=asyncio.Event)
    batches: list[int] = field(default_factory=list[int])

    async def commit(self, batch: Sequence[Delivery]) -> Committed:
        self.batches.append(len(batch))
        await self.stuck.wait()
        return Committed([Stored.NEW] * len(batch), 1)

    async def probe(self) -> None:
        """Fine."""


async def test_a_disk_that_hangs_fails_those_who_wait_by_the_oldest_ones_clock() -> None:
    under, bell = SlowStore(), Rings()
    inbox = GroupCommit(under, bell, store_s=0.2)
    writing = asyncio.create_task(inbox.write())
    first = asyncio.create_task(inbox.store(a_delivery(1)))
    await asyncio.sleep(0.05)
    behind = [asyncio.create_task(inbox.store(a_delivery(number))) for number in range(2, 5)]

    answers = await asyncio.gather(first, *behind, return_exceptions=True)
    writing.cancel()

    assert [type(answer) for answer in answers] == [InboxError] * 4
    # Those behind were not sent to the same disk to wait anew.
    assert under.batches == [1]
    assert (bell.rows, inbox.waiting, inbox.waiting_bytes) == ([], [], 0)


async def test_too_much_waiting_is_refused_at_once() -> None:
    inbox = GroupCommit(SlowStore(), Rings(), waiting_bytes=group.WAITING_BYTES + 1)

    with pytest.raises(InboxError, match="too many"):
        await inbox.store(a_delivery(1))


async def test_one_batch_holds_a_bounded_number_of_bytes() -> None:
    under = SlowStore()
    under.stuck.set()
    inbox = GroupCommit(under, Rings(), batch_bytes=100)
    writing = asyncio.create_task(inbox.write())

    await store_all(inbox, [a_delivery(number)._replace(body=b"x" * 60) for number in range(4)])
    writing.cancel()

    assert under.batches == [1, 1, 1, 1]


async def test_who_hangs_up_while_waiting_spoils_nothing_for_the_others(sqlite_file: Path) -> None:
    async with open_inbox(f"sqlite:///{sqlite_file}", Rings()) as inbox:
        tasks = [asyncio.create_task(inbox.store(a_delivery(number))) for number in range(5)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert [answer for answer in answers if answer is Stored.NEW] == [Stored.NEW] * 4


@dataclass
class Eager:
    """The twin that answers before the commit."""

    under: SlowStore

    async def store(self, delivery: Delivery) -> Stored:
        self.lost = asyncio.create_task(self.under.commit([delivery]))
        return Stored.NEW


async def acknowledged_before_stored(inbox: Eager | GroupCommit) -> bool:
    """Whether an inbox over a disk that hangs says that it has stored."""
    try:
        async with asyncio.timeout(0.2):
            await inbox.store(a_delivery(1))
    except (TimeoutError, InboxError):
        return False
    return True


async def test_nothing_is_acknowledged_before_the_commit_and_the_twin_that_does_is_caught() -> None:
    inbox = GroupCommit(SlowStore(), Rings())
    writing = asyncio.create_task(inbox.write())

    ours, twin = await acknowledged_before_stored(inbox), await acknowledged_before_stored(Eager(SlowStore()))
    writing.cancel()

    assert (ours, twin) == (False, True)


def without_content_key(path: Path) -> None:
    """The twin ledger that tells deliveries apart by their GUID alone."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "drop table deliveries; create table deliveries (id integer primary key, guid text unique, content_key text,"
        "event text, body blob, received_at float, state text default 'stored');"
    )
    connection.close()


async def replays_stored(path: Path) -> int:
    """How many rows come of one captured delivery sent again and again."""
    async with open_inbox(f"sqlite:///{path}", Rings()) as inbox:
        for index in range(5):
            await inbox.store(a_delivery(1, guid=f"replay-{index}"))
    connection = sqlite3.connect(path)
    count = connection.execute("select count(*) from deliveries").fetchone()[0]
    connection.close()
    return count


async def test_w12_the_twin_without_a_content_key_is_caught(tmp_path: Path) -> None:
    ours, twin = tmp_path / "ours.sqlite3", tmp_path / "twin.sqlite3"
    for place in (ours, twin):
        await (await open_ledger(f"sqlite:///{place}", create=True)).close()
    without_content_key(twin)

    assert (await replays_stored(ours), await replays_stored(twin)) == (1, 5)


async def test_w24_a_postgres_that_goes_away_is_an_error_and_is_found_again(ingress_postgres: str) -> None:
    url = await new_database(ingress_postgres)
    await (await open_ledger(url, create=True)).close()
    name = url.split("?")[0].rsplit("/", 1)[1]
    async with open_inbox(url, Rings()) as inbox:
        await inbox.store(a_delivery(1))
        ended = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        await psql(ingress_postgres, ended)
        answer = await until_stored(inbox, a_delivery(2))

    assert answer in {Stored.NEW, Stored.DUPLICATE}
    assert [guid for guid, _, _ in await stored_rows(url)] == ["guid-1", "guid-2"]


async def until_stored(inbox: Inbox, again: Delivery) -> Stored:
    """What is said to a delivery that is sent again until it is taken."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await inbox.store(again)
            except InboxError:
                await asyncio.sleep(0.1)


def test_githubs_patience_is_longer_than_ours() -> None:
    assert delivery.LOCK_S < delivery.STORE_S < 10
