from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from arq.worker import Worker, func
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.contract import bell, rings
from workers.contract.bell import Bell

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine
    from pathlib import Path

    from tests.stores import RedisServer

LONG_S = 30.0


class Crafted:
    """Unpickled, it runs a command."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (subprocess.call, (["touch", str(self.marker)],))


@asynccontextmanager
async def listening(server: RedisServer, who: rings.Who = "github") -> AsyncGenerator[asyncio.Event]:
    """An event that a listener sets; it has heard nothing yet."""
    wake = asyncio.Event()
    one = Bell(url=server.url)
    task = asyncio.create_task(one.listen(who, wake))
    assert await heard(wake)
    try:
        yield wake
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await one.close()


async def heard(wake: asyncio.Event) -> bool:
    """Whether the event is set in time; it is cleared then."""
    if not await ends(wake.wait()):
        return False
    wake.clear()
    return True


async def ends(work: Coroutine[Any, Any, Any]) -> bool:
    """Whether `work` comes to its end, and in time."""
    try:
        await asyncio.wait_for(work, LONG_S)
    except TimeoutError:
        return False
    return True


async def rung_until_heard(ringer: Bell, row: int, wake: asyncio.Event) -> None:
    while not wake.is_set():
        await ringer.ring("github", row)
        await asyncio.sleep(0.1)


async def tell(server: RedisServer, *command: str | bytes) -> Any:
    """Send a command as it is written."""
    async with server.client() as redis:
        return await cast("Any", redis).execute_command(*command)


async def put(server: RedisServer, job_id: str, job: bytes) -> None:
    """Write a job into Redis as an attacker would."""
    async with server.client() as redis:
        await redis.set(f"arq:job:{job_id}", job)
        await redis.zadd(rings.queue("github"), {job_id: int(time.time() * 1000)})


async def taken(server: RedisServer) -> None:
    """Wait until nothing waits in the queue."""
    async with server.client() as redis, asyncio.timeout(LONG_S):
        while await redis.zcard(rings.queue("github")):  # noqa: ASYNC110  # another process empties it
            await asyncio.sleep(0.02)


async def test_a_ring_wakes_who_listens(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)

    async with listening(redis) as wake:
        await ringer.ring("github", 7)
        assert await heard(wake)
        await ringer.ring("github", 7)
        assert await heard(wake)

    await ringer.close()


async def test_every_loop_of_a_process_is_woken(redis: RedisServer) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    one = Bell(url=redis.url)
    task = asyncio.create_task(one.listen("loop", first, second))
    assert await heard(first)
    assert await heard(second)

    await one.ring("loop", 1)

    assert await heard(first)
    assert await heard(second)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await one.close()


async def test_a_ring_for_the_loop_does_not_wake_github(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)

    async with listening(redis, "github") as github, listening(redis, "loop") as loop:
        github.clear()
        await ringer.ring("loop", 7)
        assert await heard(loop)
        assert not github.is_set()

    await ringer.close()


async def test_a_ring_leaves_one_number_and_once_heard_nothing(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)
    await ringer.ring("github", 42)
    async with redis.client() as client:
        kept = json.loads(await client.get("arq:job:github:42"))
        assert (kept["f"], kept["a"], kept["k"]) == ("ring", [42], {})
        assert 0 < await client.pttl("arq:job:github:42") <= rings.KEPT_S * 1000

    async with listening(redis):
        await taken(redis)

    async with redis.client():
        assert [
            key for key in await tell(redis, "KEYS", "*") if not key.startswith(b"mendloop:bell:github:health")
        ] == []
    await ringer.close()


async def test_a_ring_that_was_thrown_away_does_not_swallow_the_next_one_for_its_row(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)
    await ringer.ring("github", 42)

    async with listening(redis) as wake:  # it looks by itself, and throws away what waits
        await ringer.ring("github", 42)
        assert await heard(wake)

    await ringer.close()


async def test_who_listens_in_the_same_process_hears_a_ring_without_redis(redis: RedisServer) -> None:
    one, wake = Bell(url=redis.url), asyncio.Event()
    task = asyncio.create_task(one.listen("github", wake))
    assert await heard(wake)
    redis.kill()

    await one.ring("github", 7)

    assert wake.is_set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await one.close()


async def test_a_listener_that_is_cancelled_ends_whatever_it_was_doing(redis: RedisServer) -> None:
    for step in range(12):
        one, wake = Bell(url=redis.url), asyncio.Event()
        task = asyncio.create_task(one.listen("github", wake))
        await asyncio.sleep(step * 0.0015)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=LONG_S)
        await one.close()

        assert done == {task}


async def test_many_rings_for_one_row_are_one(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)

    for _ in range(50):
        await ringer.ring("github", 42)

    async with redis.client() as client:
        assert await client.zcard(rings.queue("github")) == 1
    await ringer.close()


async def test_f221_a_thousand_rings_with_redis_stopped_raise_nothing_and_end(redis: RedisServer) -> None:
    redis.kill()
    ringer = Bell(url=redis.url)

    async def thousand() -> None:
        for row in range(1, 1001):
            await ringer.ring("github", row)

    assert await ends(thousand())
    await ringer.close()


async def test_f222_a_redis_that_comes_back_empty_is_listened_to_again(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)

    async with listening(redis) as wake:
        redis.kill()
        await asyncio.to_thread(redis.start)
        assert await heard(wake)  # nobody knows what was missed: the loops look
        await asyncio.sleep(bell.DEAF_S)
        await ringer.ring("github", 8)
        assert await heard(wake)

    await ringer.close()


async def test_f224_a_crafted_pickle_does_nothing(redis: RedisServer, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    ringer = Bell(url=redis.url)

    async with listening(redis) as wake:
        await put(redis, "evil", pickle.dumps({"t": 1, "f": "ring", "a": (Crafted(marker),), "k": {}, "et": 1}))
        await taken(redis)
        await ringer.ring("github", 3)
        assert await heard(wake)

    assert not marker.exists()
    await ringer.close()


async def test_f224_the_same_pickle_runs_in_a_worker_as_arq_makes_it(redis: RedisServer, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    await put(redis, "evil", pickle.dumps({"t": 1, "f": "ring", "a": (Crafted(marker),), "k": {}, "et": 1}))

    async def ring(ctx: dict[Any, Any], *_arguments: Any) -> None:
        return

    client = redis.client()
    careless = Worker(
        [func(ring, name="ring")], queue_name=rings.queue("github"), redis_pool=client, burst=True, handle_signals=False
    )
    await careless.async_run()
    await careless.close()

    assert marker.exists()


@pytest.mark.parametrize(
    "job",
    [
        {"f": "other", "a": [1]},
        {"f": "ring", "a": [True]},
        {"f": "ring", "a": ["1"]},
        {"f": "ring", "a": [0]},
        {"f": "ring", "a": [-1]},
        {"f": "ring", "a": [2**63]},
        {"f": "ring", "a": [1, 2]},
        {"f": "ring", "a": [1.5]},
        {"f": "ring"},
        [],
        None,
    ],
)
def test_what_is_not_a_ring_is_refused(job: Any) -> None:
    with pytest.raises(ValueError, match="not a ring"):
        rings.read(json.dumps(job).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=40)
@given(JSON, JSON, st.integers(1, rings.LARGEST_ROW))
def test_whatever_else_is_in_a_ring_only_its_number_comes_through(tries: Any, keywords: Any, row: int) -> None:
    job = {"f": "ring", "a": [row], "t": tries, "k": keywords, "et": tries}

    made = rings.read(json.dumps(job).encode())

    assert (made["f"], made["a"], made["k"], made["t"]) == ("ring", [row], {}, None)


async def test_f224_jobs_of_a_stranger_neither_wake_nor_break_the_listener(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)

    async with listening(redis) as wake:
        for number, job in enumerate((b'{"f": "shell", "a": ["rm"]}', b'{"f": "ring", "a": [[]]}', b'{"t": "x"}')):
            await put(redis, f"strange-{number}", job)
        await put(redis, "deep", b"[" * 100_000)
        await taken(redis)
        assert not wake.is_set()
        await ringer.ring("github", 3)
        assert await heard(wake)

    await ringer.close()


@pytest.mark.parametrize("harm", ["SET mendloop:bell:github x", "ZADD mendloop:bell:github 1 \udcff"])
async def test_a_queue_that_is_none_is_thrown_away(redis: RedisServer, harm: str) -> None:
    ringer = Bell(url=redis.url)

    async with listening(redis) as wake:
        await tell(redis, b"DEL", rings.queue("github"))
        await tell(redis, *(part.encode(errors="surrogateescape") for part in harm.split()))
        assert await heard(wake)  # the worker died, the queue went, another one started
        await asyncio.sleep(0)
        assert await ends(rung_until_heard(ringer, 5, wake))

    await ringer.close()


@pytest.mark.parametrize(
    ("harm", "cure"),
    [
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    ],
    ids=["read only", "out of memory"],
)
async def test_f223_a_redis_that_takes_nothing_costs_only_the_ring(
    redis: RedisServer, harm: tuple[str, ...], cure: tuple[str, ...]
) -> None:
    ringer = Bell(url=redis.url)

    async with listening(redis) as wake:
        await tell(redis, *harm)
        await ringer.ring("github", 5)
        await tell(redis, *cure)
        assert await ends(rung_until_heard(ringer, 6, wake))

    await ringer.close()


async def test_f223_a_redis_that_does_not_answer_holds_up_nobody(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)
    await ringer.ring("github", 1)

    await tell(redis, "CLIENT", "PAUSE", "600000")
    assert await ends(ringer.ring("github", 2))
    assert await ends(ringer.ring("github", 3))
    assert await ends(ringer.close())


async def test_f223_rings_nobody_heard_for_long_do_not_hold_up_new_ones(redis: RedisServer) -> None:
    ringer = Bell(url=redis.url)
    async with redis.client() as client:
        await client.zadd(rings.queue("github"), {f"stale-{number}": 1 for number in range(50_000)})

    async with listening(redis) as wake:
        async with redis.client() as client:
            assert await client.zcard(rings.queue("github")) == 0
        await ringer.ring("github", 5)
        assert await heard(wake)

    await ringer.close()


async def test_an_address_that_is_none_is_a_silent_bell() -> None:
    broken = Bell(url="nonsense")

    await broken.ring("github", 1)

    assert not await bell.answers("nonsense")
