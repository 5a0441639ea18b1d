from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot import checks
from bot.settings import environment, github_settings
from tests.bot.running.keys import pem
from tests.fake_github import Hub
from workers.contract.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.settings import GitHubSettings
    from tests.stores import RedisServer


def settings(**more: str) -> GitHubSettings:
    base = {"MENDLOOP_STATE_DIR": "/state", "MENDLOOP_APP_ID": "7", "MENDLOOP_PRIVATE_KEY": pem()}
    return github_settings(base | more)


def of(hub: Hub, **more: str) -> GitHubSettings:
    known = {"MENDLOOP_GITHUB_API": hub.api_url, "MENDLOOP_APP_ID": str(hub.app.id)}
    return settings(**known | {"MENDLOOP_PRIVATE_KEY": hub.app.private_key_pem} | more)


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[Hub]:
    async with Hub.serve(permissions=checks.needed()) as made:
        yield made


async def test_an_app_that_github_knows_with_its_permissions_is_fine(hub: Hub) -> None:
    found = await checks.app(of(hub))

    assert found.ok, found.seen
    assert "with all permissions" in found.seen


async def test_f246_another_apps_key_is_said(hub: Hub) -> None:
    stranger = await checks.app(of(hub, MENDLOOP_PRIVATE_KEY=pem()))
    number = await checks.app(of(hub, MENDLOOP_APP_ID="999"))

    assert not stranger.ok
    assert not number.ok
    assert "accepts none of the App's keys" in stranger.seen
    assert "BEGIN" not in stranger.seen


async def test_f246_a_github_that_is_not_there_is_said() -> None:
    found = await checks.app(settings(MENDLOOP_GITHUB_API="http://127.0.0.1:1"))

    assert not found.ok
    assert "127.0.0.1:1" in found.seen


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"id": 8, "slug": "mendloop"}, "the key is that of App 8, not 7"),
        ({"id": 7, "slug": "other"}, "the App is called other, not mendloop"),
        (
            {"id": 7, "slug": "mendloop", "permissions": {"contents": "read"}},
            "the App lacks the permission contents: write",
        ),
        ({"id": 7, "slug": "mendloop", "permissions": None}, "the App lacks the permission checks: write"),
        (
            {"id": 7, "slug": "mendloop", "permissions": {"contents": "odd"}},
            "the App lacks the permission contents: write",
        ),
    ],
)
def test_f246_an_app_that_does_not_fit_is_said(known: dict[str, Any], words: str) -> None:
    assert words in checks.misfits(known, settings(MENDLOOP_APP_SLUG="mendloop"))


def test_an_app_with_more_permissions_than_needed_fits() -> None:
    known = {"id": 7, "slug": "mendloop", "permissions": dict.fromkeys(checks.needed(), "admin") | {"pages": "write"}}

    assert checks.misfits(known, settings()) == []


@pytest.mark.parametrize(
    ("script", "ok", "words"),
    [
        ("echo git version 2.39.5", True, "2.39"),
        ("echo git version 2.50.1 '(Apple Git-155)'", True, "2.50"),
        ("echo git version 1.8.3.1", False, "1.8 is too old; install 2.34 or later"),
        ("echo nonsense", False, "cannot be started"),
        ("exit 1", False, "cannot be started"),
    ],
)
async def test_f246_a_git_that_is_too_old_is_said(tmp_path: Path, script: str, *, ok: bool, words: str) -> None:
    (tmp_path / "git").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "git").chmod(0o755)

    found = await checks.git({"PATH": str(tmp_path)})

    assert (found.ok, words in found.seen) == (ok, True)


async def test_f246_without_git_and_bubblewrap_it_is_said(tmp_path: Path) -> None:
    nowhere = {"PATH": str(tmp_path)}

    assert "install git" in (await checks.git(nowhere)).seen
    assert "install bubblewrap" in (await checks.boxes(nowhere)).seen


async def test_boxes_that_do_not_hold_are_said() -> None:
    doctor = ("/bin/sh", "-c", "echo; echo 'user namespaces: refused'; exit 3")

    found = await checks.boxes({"PATH": os.environ["PATH"]}, doctor)

    assert not found.ok
    assert "user namespaces: refused" in found.seen


async def test_a_ledger_is_looked_at(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'ledger.sqlite3'}"
    new = await checks.ledger(url)
    await (await open_ledger(url, create=True)).close()
    made = await checks.ledger(url)
    (tmp_path / "new" / "ledger.sqlite3").write_bytes(b"no database" * 100)
    damaged = await checks.ledger(url)
    away = await checks.ledger("postgresql://u:hunter2hunter2@127.0.0.1:1/x")

    assert (new.ok, new.seen) == (True, "will be made at the first start")
    assert (made.ok, made.seen) == (True, "answers")
    assert not damaged.ok
    assert "damaged" in damaged.seen
    assert not away.ok
    assert "hunter2" not in away.seen


async def test_redis_is_looked_at_where_one_is_named(redis: RedisServer) -> None:
    embedded = await checks.redis({}, "unix:///none")
    named = await checks.redis({"MENDLOOP_REDIS_URL": redis.url}, redis.url)
    redis.kill()
    gone = await checks.redis({"MENDLOOP_REDIS_URL": redis.url}, redis.url)

    assert (embedded.ok, named.ok, gone.ok) == (True, True, False)
    assert "does not answer" in gone.seen


async def test_everything_is_looked_at_in_one_go(hub: Hub, tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MENDLOOP_APP_ID": str(hub.app.id),
        "MENDLOOP_PRIVATE_KEY": hub.app.private_key_pem,
        "MENDLOOP_WEBHOOK_SECRET": "w" * 20,
        "MENDLOOP_GITHUB_API": hub.api_url,
    }

    looks = await checks.look(environ)
    half = await checks.look({name: value for name, value in environ.items() if "WEBHOOK" not in name})

    assert {found.name: found.ok for found in looks} == dict.fromkeys(
        ("settings", "git", "boxes", "ledger", "redis", "github"), True
    )
    assert [found.seen for found in half if not found.ok] == ["MENDLOOP_WEBHOOK_SECRET is not set"]
    assert environment("loop", environ).keys() == {"PATH", "HOME"}
