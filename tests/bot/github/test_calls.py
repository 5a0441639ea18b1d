from __future__ import annotations

from typing import Any

import pytest

from bot.github import (
    AccessEnded,
    Conflict,
    Forbidden,
    GitHubError,
    NotFound,
    Purpose,
    Refused,
    Unavailable,
    Unprocessable,
)
from tests.bot.github.scripted import ID, INSTALLATION, NAME, Call, Reply, Scripted, scripted

PULLS = f"/repos/{NAME}/pulls"


async def test_a_read_is_tried_again_through_bad_weather() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        hub.on(
            f"GET {PULLS}",
            Reply(status=502),
            Reply(body=b"<html>", status=200),
            Reply(body=[1], cut=True),
            Reply(body=[1]),
        )

        assert await api.get("/pulls") == [1]
        assert len(hub.seen(f"GET {PULLS}")) == 4


async def test_a_read_that_never_works_ends_as_weather_after_a_few_tries() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        hub.on(f"GET {PULLS}", Reply(status=500))

        with pytest.raises(Unavailable):
            await api.get("/pulls")

        assert len(hub.seen(f"GET {PULLS}")) == 4
        assert sum(hub.time.waited) < 10


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=502),
        Reply(status=201, body=b"<html>"),
        Reply(status=201, body=b"{}", cut=True),
        Reply(status=201, body=b""),
    ],
)
async def test_a_write_whose_outcome_is_unknown_is_never_repeated(reply: Reply) -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.PUBLISH) as api:
        hub.on(f"POST {PULLS}", reply)

        with pytest.raises(Unavailable):
            await api.post("/pulls", {"title": "a"})

        assert len(hub.seen(f"POST {PULLS}")) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotFound),
        (409, Conflict),
        (422, Unprocessable),
        (403, Forbidden),
        (410, Refused),
        (451, Refused),
        (400, GitHubError),
        (405, GitHubError),
    ],
)
async def test_an_error_is_named_by_what_can_be_done_about_it(status: int, kind: type[GitHubError]) -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.PUBLISH) as api:
        errors = [{"resource": "PullRequest", "field": "head", "code": "invalid"}, "odd"]
        hub.on(f"POST {PULLS}", Reply(status=status, body={"message": "Validation Failed", "errors": errors}))

        with pytest.raises(kind) as caught:
            await api.post("/pulls", {})

        assert caught.value.status == status
        assert not isinstance(caught.value, Unprocessable) or caught.value.errors == ("PullRequest head invalid", "odd")
        assert len(hub.seen(f"POST {PULLS}")) == 1


async def test_an_unchanged_answer_is_taken_from_memory_and_a_changed_one_is_not() -> None:
    def conditional(call: Call) -> Reply:
        etag = f'"{len(world)}"'
        return (
            Reply(status=304)
            if call.headers.get("if-none-match") == etag
            else Reply(body=world, headers={"ETag": etag})
        )

    world: list[int] = []
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        hub.on(f"GET {PULLS}", conditional)

        seen = [await api.get("/pulls"), await api.get("/pulls")]
        world.append(1)
        seen.append(await api.get("/pulls"))

        assert seen == [[], [], [1]]
        assert "if-none-match" in hub.seen(f"GET {PULLS}")[1].headers


async def test_what_one_purpose_may_see_is_not_kept_for_another() -> None:
    async with scripted() as (hub, github):
        hub.on(f"GET {PULLS}", Reply(body=[], headers={"ETag": '"1"'}))
        for purpose in (Purpose.READ, Purpose.CHECK):
            async with github.repository(INSTALLATION, ID, purpose) as api:
                await api.get("/pulls")

        assert all("if-none-match" not in call.headers for call in hub.seen(f"GET {PULLS}"))


def rename(hub: Scripted, to: str, status: int = 301) -> None:
    """As GitHub does: the old name redirects to the number."""
    moved = Reply(status=status, headers={"Location": f"{hub.url}/repositories/{ID}"}, body={"message": "Moved"})
    hub.on(f"GET /repos/{NAME}", moved)
    hub.on(f"GET /repositories/{ID}", Reply(body={"id": ID, "full_name": to}))
    for method in ("GET", "POST"):
        hub.on(f"{method} {PULLS}", Reply(status=301 if method == "GET" else 307, headers=moved.headers))
        hub.on(f"{method} /repos/{to}/pulls", Reply(status=200, body={"number": 1}))


async def test_h203_a_repository_that_was_renamed_between_two_calls_is_followed_by_its_number() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.PUBLISH) as api:
        rename(hub, "octo-org/new-name")

        assert await api.get("/pulls") == {"number": 1}
        assert await api.post("/pulls", {}) == {"number": 1}

        assert api.full_name == "octo-org/new-name"
        assert len(hub.seen("POST /repos/octo-org/new-name/pulls")) == 1


async def test_h203_a_write_to_the_old_name_is_made_under_the_new_one_once() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.PUBLISH) as api:
        rename(hub, "octo-org/new-name")

        assert await api.post("/pulls", {}) == {"number": 1}

        assert len(hub.seen(f"POST {PULLS}")) == len(hub.seen("POST /repos/octo-org/new-name/pulls")) == 1


async def test_h205_another_repository_under_the_old_name_is_the_end_of_access() -> None:
    async with scripted() as (hub, github):
        hub.on(f"GET /repos/{NAME}", Reply(body={"id": ID + 1, "full_name": NAME}))

        with pytest.raises(AccessEnded):
            async with github.repository(INSTALLATION, ID, Purpose.READ):
                pass


async def test_h205_a_name_taken_over_while_we_work_is_noticed_and_ours_found_by_its_number() -> None:
    async with scripted() as (hub, github):
        async with github.repository(INSTALLATION, ID, Purpose.READ):
            pass
        hub.on(f"GET /repos/{NAME}", Reply(body={"id": ID + 1, "full_name": NAME}))
        hub.on("GET /repos/octo-org/moved", Reply(body={"id": ID, "full_name": "octo-org/moved"}))
        hub.on(f"POST /app/installations/{INSTALLATION}/access_tokens", lambda call: hub.mint(call, "octo-org/moved"))
        hub.time.at += 60

        async with github.repository(INSTALLATION, ID, Purpose.READ) as api:
            assert api.full_name == "octo-org/moved"


@pytest.mark.parametrize("there", ["http://127.0.0.2:9/repositories/7", "https://example.org/x", "/repositories/7", ""])
async def test_no_redirect_leads_to_another_host(there: str) -> None:
    async with scripted() as (hub, github):
        hub.on(f"GET /repos/{NAME}", Reply(status=301, headers={"Location": there}))

        with pytest.raises(AccessEnded):
            async with github.repository(INSTALLATION, ID, Purpose.READ):
                pass


@pytest.mark.parametrize(
    "path",
    ["/contents/../../other", "/..", "/contents/%2e%2e/x", "/./pulls", "pulls", "http://127.0.0.2/x", "//evil/x/.."],
)
async def test_no_path_leads_out_of_the_repository(path: str) -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        before = len(hub.calls)

        with pytest.raises(ValueError, match="not a path below a repository"):
            await api.get(path)
        with pytest.raises(ValueError, match="not a path below a repository"):
            await api.post(path, {})

        assert len(hub.calls) == before


async def test_half_a_surrogate_pair_does_not_keep_a_text_from_being_sent() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.PUBLISH) as api:
        hub.on(f"POST {PULLS}", Reply(status=201, body={}))

        await api.post("/pulls", {"title": "a\ud800b \u00e9"})

        assert hub.seen(f"POST {PULLS}")[0].json == {"title": "a?b \u00e9"}


async def test_redirects_in_a_circle_end() -> None:
    async with scripted() as (hub, github):
        hub.on(f"GET /repos/{NAME}", Reply(status=301, headers={"Location": f"{hub.url}/repos/{NAME}"}))

        with pytest.raises(Unavailable):
            async with github.repository(INSTALLATION, ID, Purpose.READ):
                pass


def page(hub: Scripted, items: list[Any], following: str | None) -> Reply:
    link = {"Link": f'<{hub.url}{following}>; rel="next", <{hub.url}/x>; rel="last"'} if following else {}
    return Reply(body={"total_count": 9, "check_runs": items}, headers=link)


async def test_h217_all_pages_are_read_and_an_item_that_moved_between_them_counts_once() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        first = page(hub, [{"id": 1}, {"id": 2}], f"/repos/{NAME}/more?page=2")
        hub.on(f"GET /repos/{NAME}/runs", first)
        hub.on(f"GET /repos/{NAME}/more", page(hub, [{"id": 2}, {"id": 3}], None))

        assert [item["id"] for item in await api.pages("/runs")] == [1, 2, 3]
        assert "per_page=100" in hub.seen(f"GET /repos/{NAME}/runs")[0].path


async def test_pages_that_never_end_are_bounded_and_those_of_another_host_refused() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        hub.on(f"GET /repos/{NAME}/runs", page(hub, [{"id": 1}], f"/repos/{NAME}/runs"))
        assert await api.pages("/runs") == [{"id": 1}]
        assert len(hub.seen(f"GET /repos/{NAME}/runs")) == 40

        elsewhere = {"Link": '<http://127.0.0.2:9/x>; rel="next"'}
        hub.on(f"GET /repos/{NAME}/runs", Reply(body=[], headers=elsewhere))
        with pytest.raises(Unavailable):
            await api.pages("/runs")


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([{"type": "NOT_FOUND", "message": "no"}], NotFound),
        ([{"type": "FORBIDDEN", "message": "no"}], Forbidden),
        ([{"type": "STALE_DATA", "message": "moved"}], Conflict),
        ([{"type": "UNPROCESSABLE", "message": "no"}], Unprocessable),
        ([{"message": "no"}], Unprocessable),
    ],
)
async def test_an_error_in_a_graphql_answer_is_raised_although_the_status_is_200(
    errors: list[Any], kind: type[GitHubError]
) -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.PUBLISH) as api:
        hub.on("POST /graphql", Reply(body={"data": None, "errors": errors}))

        with pytest.raises(kind):
            await api.graphql("mutation { x }", {})

        assert len(hub.seen("POST /graphql")) == 1


async def test_a_graphql_question_is_asked_again_and_a_mutation_is_not() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.PUBLISH) as api:
        hub.on("POST /graphql", Reply(status=502), Reply(body={"data": {"a": 1}}))
        assert await api.graphql("query { a }", {}) == {"a": 1}

        hub.on("POST /graphql", Reply(status=502), Reply(body={"data": {"a": 1}}))
        with pytest.raises(Unavailable):
            await api.graphql("mutation { a }", {})


async def test_no_error_tells_the_token() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.READ) as api:
        hub.on(f"GET {PULLS}", Reply(body=b"x", cut=True))

        with pytest.raises(Unavailable) as caught:
            await api.get("/pulls")

        token = hub.seen(f"GET {PULLS}")[0].headers["authorization"].removeprefix("Bearer ")
        error: BaseException | None = caught.value
        while error is not None:
            assert token not in repr(error)
            assert not hasattr(error, "request")
            error = error.__cause__ or error.__context__
