from __future__ import annotations

import itertools

import pytest

from bot.github import Forbidden, Limited, Pace, Purpose
from tests.bot.github.scripted import ID, INSTALLATION, NAME, Reply, scripted
from workers.contract.ledger import LostClaimError

PULLS = f"/repos/{NAME}/pulls"
COMMENTS = f"/repos/{NAME}/issues/1/comments"


async def test_h193_after_a_primary_limit_nothing_is_called_for_that_installation_before_it_ends() -> None:
    async with scripted() as (hub, github):
        until = hub.time.now() + 2400
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(until))}
        hub.on(
            f"GET {PULLS}",
            Reply(status=403, headers=headers, body={"message": "API rate limit exceeded"}),
            Reply(body=[]),
        )
        async with github.repository(INSTALLATION, ID, Purpose.READ) as api:
            with pytest.raises(Limited) as caught:
                await api.get("/pulls")
            before = len(hub.calls)
            hub.time.at += 2390
            with pytest.raises(Limited):
                await api.get("/pulls")
            with pytest.raises(Limited):
                async with github.repository(INSTALLATION, ID, Purpose.CHECK):
                    pass

            assert len(hub.calls) == before
            assert caught.value.until == pytest.approx(until, abs=2)
            async with github.repository(INSTALLATION + 1, ID, Purpose.READ):
                pass
            hub.time.at += 15
            assert await api.get("/pulls") == []


async def test_the_last_call_that_is_left_is_noticed_before_the_limit_answers() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        last = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(hub.time.now()) + 600)}
        hub.on(f"GET {PULLS}", Reply(body=[], headers=last))

        assert await api.get("/pulls") == []
        with pytest.raises(Limited):
            await api.get("/pulls")


@pytest.mark.parametrize(
    ("status", "headers", "message", "waits"),
    [
        (403, {"Retry-After": "90"}, "You have exceeded a secondary rate limit", 90),
        (429, {"Retry-After": "5"}, "slow down", 5),
        (403, {}, "You have exceeded a secondary rate limit. Please wait", 60),
        (429, {}, "too many", 60),
        (403, {"Retry-After": "soon"}, "You have exceeded a secondary rate limit", 60),
        (403, {"X-RateLimit-Remaining": "0"}, "API rate limit exceeded", 60),
    ],
)
async def test_h194_a_secondary_limit_is_waited_for_as_long_as_it_says_else_a_minute(
    status: int, headers: dict[str, str], message: str, waits: float
) -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        hub.on(f"GET {PULLS}", Reply(status=status, headers=headers, body={"message": message}))

        with pytest.raises(Limited) as caught:
            await api.get("/pulls")

        assert caught.value.until - hub.time.now() == pytest.approx(waits)
        assert len(hub.seen(f"GET {PULLS}")) == 1


async def test_h194_a_limit_that_comes_again_and_again_is_waited_for_twice_as_long_each_time() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        hub.on(f"GET {PULLS}", Reply(status=403, body={"message": "secondary rate limit"}))
        waits: list[float] = []
        for _ in range(9):
            with pytest.raises(Limited) as caught:
                await api.get("/pulls")
            waits.append(caught.value.until - hub.time.now())
            hub.time.at = caught.value.until + 1

        assert waits[:4] == pytest.approx([60, 120, 240, 480])
        assert max(waits) == pytest.approx(3600)
        hub.on(f"GET {PULLS}", Reply(body=[]), Reply(status=403, body={"message": "secondary rate limit"}))
        await api.get("/pulls")
        with pytest.raises(Limited) as caught:
            await api.get("/pulls")
        assert caught.value.until - hub.time.now() == pytest.approx(60)


async def test_a_refusal_that_is_no_limit_is_not_taken_for_one() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.ANSWER) as api:
        locked = Reply(
            status=403,
            body={"message": "Unable to create comment because issue is locked."},
            headers={"X-RateLimit-Remaining": "17"},
        )
        hub.on(f"POST {COMMENTS}", locked)

        with pytest.raises(Forbidden):
            await api.post("/issues/1/comments", {"body": "a"})


async def test_h194_writes_keep_a_second_apart_and_stay_below_eighty_a_minute_and_five_hundred_an_hour() -> None:
    async with (
        scripted(pace=Pace(gap_s=0.5)) as (hub, github),
        github.repository(INSTALLATION, ID, Purpose.ANSWER) as api,
    ):
        hub.on(f"POST {COMMENTS}", Reply(status=201, body={"id": 1}))
        for _ in range(520):
            try:
                await api.post("/issues/1/comments", {"body": "a"})
            except Limited as limit:
                hub.time.at = limit.until
                await api.post("/issues/1/comments", {"body": "a"})

        times = [call.at for call in hub.seen(f"POST {COMMENTS}")]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert min(gaps) >= 0.49
        assert _most_within(times, 60) <= 80
        assert _most_within(times, 3600) <= 500


def _most_within(times: list[float], window: float) -> int:
    return max(sum(start <= time < start + window - 0.001 for time in times) for start in times)


async def test_the_checker_of_the_pace_catches_a_client_without_one() -> None:
    async with (
        scripted(pace=Pace(gap_s=0, per_minute=10**6, per_hour=10**6)) as (hub, github),
        github.repository(INSTALLATION, ID, Purpose.ANSWER) as api,
    ):
        hub.on(f"POST {COMMENTS}", Reply(status=201, body={"id": 1}))
        for _ in range(90):
            await api.post("/issues/1/comments", {"body": "a"})

        assert _most_within([call.at for call in hub.seen(f"POST {COMMENTS}")], 60) > 80


async def test_what_another_process_learned_of_a_limit_holds_here_too() -> None:
    async with scripted() as (hub, github):
        github.hold(INSTALLATION, hub.time.now() + 60)

        with pytest.raises(Limited):
            async with github.repository(INSTALLATION, ID, Purpose.READ):
                pass
        assert not hub.calls


@pytest.mark.parametrize("write", ["rest", "graphql"])
async def test_h214_a_claim_that_ends_while_a_write_waits_for_its_pace_stops_that_write(write: str) -> None:
    async with scripted(pace=Pace()) as (hub, github):
        lost_at = hub.time.now() + 0.5

        async def held() -> None:
            if hub.time.now() > lost_at:
                raise LostClaimError("somebody else's")

        async with github.repository(INSTALLATION, ID, Purpose.PUBLISH, held) as api:
            hub.on(f"POST {PULLS}", Reply(status=201, body={}))
            await api.post("/pulls", {})
            with pytest.raises(LostClaimError):
                await (api.post("/pulls", {}) if write == "rest" else api.graphql("mutation { close }", {}))

        assert [call.path for call in hub.calls if call.method == "POST"].count(PULLS) == 1
        assert all(call.path != "/graphql" for call in hub.calls)
