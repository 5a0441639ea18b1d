from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.app_auth import PERMISSIONS, KeyFile, Purpose, Token, keys_of
from bot.github import AccessEnded, Forbidden, Unavailable
from tests.bot.github.scripted import ID, INSTALLATION, NAME, PEM, Call, Reply, new_pem, scripted
from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

MINT = f"POST /app/installations/{INSTALLATION}/access_tokens"


async def test_a_token_is_for_one_repository_by_number_and_the_rights_of_its_purpose() -> None:
    async with scripted() as (hub, github), github.repository(INSTALLATION, ID, Purpose.CHECK) as api:
        assert api.full_name == NAME

    assert hub.seen(MINT)[0].json == {"repository_ids": [ID], "permissions": PERMISSIONS[Purpose.CHECK]}
    assert set(PERMISSIONS) == set(Purpose)
    assert "workflows" not in {name for granted in PERMISSIONS.values() for name in granted}


async def test_many_who_ask_at_once_cause_one_token() -> None:
    async def ask() -> None:
        async with github.repository(INSTALLATION, ID, Purpose.READ):
            pass

    async with scripted() as (hub, github):
        await asyncio.gather(*(ask() for _ in range(20)))

        assert hub.minted == 1


async def test_a_token_is_renewed_shortly_before_it_ends() -> None:
    async with scripted() as (hub, github):
        for _ in range(2):
            async with github.repository(INSTALLATION, ID, Purpose.READ):
                pass
        assert hub.minted == 1

        hub.time.at += 3600 - 200
        async with github.repository(INSTALLATION, ID, Purpose.READ):
            pass

        assert hub.minted == 2


async def test_a_token_that_is_refused_is_replaced_once_and_the_call_made_again() -> None:
    async with scripted() as (hub, github):
        hub.on(f"GET /repos/{NAME}/pulls", Reply(status=401, body={"message": "Bad credentials"}), Reply(body=[]))

        async with github.repository(INSTALLATION, ID, Purpose.READ) as api:
            assert await api.get("/pulls") == []

        first, second = (call.headers["authorization"] for call in hub.seen(f"GET /repos/{NAME}/pulls"))
        assert first != second


async def test_a_refused_write_is_made_again_under_a_new_token_for_nothing_was_applied() -> None:
    async with scripted() as (hub, github):
        hub.on(
            f"POST /repos/{NAME}/pulls",
            Reply(status=401, body={"message": "no"}),
            Reply(status=201, body={"number": 1}),
        )

        async with github.repository(INSTALLATION, ID, Purpose.PUBLISH) as api:
            assert await api.post("/pulls", {"title": "a"}) == {"number": 1}


async def test_a_new_token_that_is_refused_too_means_that_access_ended() -> None:
    async with scripted() as (hub, github):
        hub.on(f"GET /repos/{NAME}/pulls", Reply(status=401, body={"message": "Bad credentials"}))

        async with github.repository(INSTALLATION, ID, Purpose.READ) as api:
            with pytest.raises(AccessEnded):
                await api.get("/pulls")

    assert len(hub.seen(f"GET /repos/{NAME}/pulls")) == 2


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "Not Found"),
        (403, "This installation has been suspended"),
        (422, "There is at least one repository that does not exist or is not accessible to the parent installation."),
    ],
)
async def test_no_token_means_that_access_ended(status: int, message: str) -> None:
    async with scripted() as (hub, github):
        hub.on(MINT, Reply(status=status, body={"message": message}))

        with pytest.raises(AccessEnded):
            async with github.repository(INSTALLATION, ID, Purpose.READ):
                pass


async def test_a_permission_that_was_not_granted_yet_is_no_end_of_access() -> None:
    async with scripted() as (hub, github):
        hub.on(
            MINT, Reply(status=422, body={"message": "The permissions requested are not granted to this installation."})
        )

        with pytest.raises(Forbidden):
            async with github.repository(INSTALLATION, ID, Purpose.READ):
                pass


async def test_every_kept_token_is_revoked_at_the_end_and_a_fetched_one_when_its_holder_says_so() -> None:
    async with scripted() as (hub, github):
        hub.on("DELETE /installation/token", Reply(status=204))
        async with github.repository(INSTALLATION, ID, Purpose.READ):
            pass
        token = await github.fetch_token(INSTALLATION, ID)
        await github.revoke(token)
        assert hub.calls[-1].headers["authorization"] == token.authorization

    assert len(hub.seen("DELETE /installation/token")) == 2


@pytest.mark.parametrize("minutes", [-10, -2, 0, 2, 10])
async def test_h199_a_wrong_clock_is_corrected_by_githubs_own(minutes: int) -> None:
    async with scripted() as (hub, github):
        hub.skew_s = minutes * 60.0

        async with github.repository(INSTALLATION, ID, Purpose.READ):
            pass

        assert len(hub.seen(MINT)) <= 2
        async with github.repository(INSTALLATION, ID, Purpose.CHECK):
            pass
        assert len(hub.seen(MINT)) <= 3, "what was learned once is kept"


async def test_h200_a_key_that_github_forgot_is_followed_by_the_next_one() -> None:
    def only_second(call: Call) -> Reply:
        accepted = call.headers["authorization"] != hub.seen(MINT)[0].headers["authorization"]
        return hub.mint(call) if accepted else Reply(status=401, body={"message": "Integration not found"})

    async with scripted(PEM, new_pem()) as (hub, github):
        hub.on(MINT, only_second)
        async with github.repository(INSTALLATION, ID, Purpose.READ):
            pass
        assert hub.minted == 1


async def test_no_accepted_key_is_weather_not_the_end_of_access() -> None:
    async with scripted() as (hub, github):
        hub.on(MINT, Reply(status=401, body={"message": "no"}))

        with pytest.raises(Unavailable):
            await github.fetch_token(INSTALLATION, ID)


def test_h200_a_key_is_read_however_its_line_ends_were_written() -> None:
    fingerprint = keys_of(PEM)[0].fingerprint

    for text in (PEM.replace("\n", "\r\n"), PEM.replace("\n", "\\n"), f"\n{PEM}\n"):
        assert keys_of(text)[0].fingerprint == fingerprint
    assert len(keys_of(PEM + new_pem())) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secretsecret",
        PEM[:-100],
        PEM.replace("A", "B"),
        "-----BEGIN PRIVATE KEY-----\nsecretsecret\n-----END PRIVATE KEY-----",
    ],
)
def test_a_wrong_key_is_refused_in_words_that_hold_nothing_of_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        keys_of(text)

    assert "secret" not in str(caught.value)
    assert PEM.splitlines()[1][:16] not in str(caught.value)


def test_a_key_file_is_read_again_when_it_changed_and_kept_while_it_is_garbage(tmp_path: Path) -> None:
    place = tmp_path / "key.pem"
    place.write_text(PEM)
    keys = KeyFile(place)
    first = keys()[0].fingerprint

    place.write_text("half a key")
    assert keys()[0].fingerprint == first
    other = new_pem()
    place.write_text(other + PEM)

    assert [key.fingerprint for key in keys()] == [keys_of(other)[0].fingerprint, first]


def test_neither_a_token_nor_a_key_shows_itself() -> None:
    token = Token(value="ghs_secretsecretsecret", expires_at=0.0, full_name=NAME)

    assert "secret" not in repr(token)
    assert "BEGIN" not in repr(keys_of(PEM))
    assert "RSA" not in repr(keys_of(PEM))
