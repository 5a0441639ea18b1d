"""`mendloop-app check`: everything that is missing on this machine, looked at rather than believed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot import app_auth, github
from bot.settings import GITHUB_API, KINDS, GitHubSettings, environment, github_settings, problems, web_settings
from workers.contract import bell, children, deployment
from workers.contract.deployment import SettingsError
from workers.contract.errors import ConfigError, MendloopError
from workers.contract.ledger import LedgerError, open_ledger
from workers.contract.ledger.engines import driver_url, file_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GIT = (2, 34)
"""The oldest git that knows every option the fetching uses."""
ASK_S = 20.0
BOX_S = 60.0
DOCTOR = (sys.executable, "-P", "-m", "workers.cli", "doctor")
"""Looks at the boxes from inside of one; this package may not import the code that does."""
LEVELS = {"none": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at. `seen` holds no secret."""

    name: str
    ok: bool
    seen: str


async def look(environ: Mapping[str, str]) -> list[Look]:
    """Look at everything. What needs settings that are wrong is left out: the settings are what to mend first."""
    looks = settings_looks(environ)
    looks += await asyncio.gather(git(environ), boxes(environ))
    try:
        web, hub = web_settings(environment("web", environ)), github_settings(environment("github", environ))
    except SettingsError:
        return looks
    return [*looks, *await asyncio.gather(ledger(web.ledger_url), redis(environ, web.redis_url), app(hub))]


def settings_looks(environ: Mapping[str, str]) -> list[Look]:
    """A line per problem of any process's variables, or one line that there is none."""
    wrong = dict.fromkeys(problem for kind in KINDS for problem in problems(kind, environ))
    return [Look("settings", ok=False, seen=line) for line in wrong] or [Look("settings", ok=True, seen="complete")]


async def git(environ: Mapping[str, str]) -> Look:
    """Whether git is there and new enough."""
    status, words = await _ask(("git", "version"), environment("loop", environ), ASK_S)
    found = re.search(r"(\d+)\.(\d+)", words)
    if status != 0 or found is None:
        return Look("git", ok=False, seen="cannot be started; install git")
    wanted = ".".join(map(str, GIT))
    new = (int(found[1]), int(found[2])) >= GIT
    return Look("git", ok=new, seen=found[0] if new else f"{found[0]} is too old; install {wanted} or later")


async def boxes(environ: Mapping[str, str], doctor: tuple[str, ...] = DOCTOR) -> Look:
    """Whether a box holds here, as the loop process would find it."""
    if shutil.which("bwrap", path=environ.get("PATH")) is None:
        return Look("boxes", ok=False, seen="bwrap is not on PATH; install bubblewrap")
    status, words = await _ask(doctor, environment("loop", environ), BOX_S)
    if status == 0:
        return Look("boxes", ok=True, seen="hold")
    last = [line for line in words.splitlines() if line.strip()][-6:]
    return Look(
        "boxes", ok=False, seen="do not hold (`mendloop doctor` says more): " + " ".join(" ".join(last).split())[:400]
    )


async def ledger(url: str) -> Look:
    """Whether the ledger can be reached and has its tables; a file that is not there yet is made at the first start."""
    try:
        absent = _absent_file(url)
        if absent is not None:
            return _new_file(absent)
        opened = await open_ledger(url)
        try:
            async with asyncio.timeout(ASK_S):
                await opened.ready()
                async with opened.write():
                    pass
        finally:
            await opened.close()
    except (LedgerError, ConfigError, TimeoutError) as error:
        return Look("ledger", ok=False, seen=str(error) or "does not answer")
    return Look("ledger", ok=True, seen="answers")


def _absent_file(url: str) -> Path | None:
    file = file_of(driver_url(url))
    return None if file is None or file.path.exists() else file.path


def _new_file(path: Path) -> Look:
    above = next(folder for folder in path.absolute().parents if folder.exists())
    ok = os.access(above, os.W_OK | os.X_OK)
    return Look("ledger", ok=ok, seen="will be made at the first start" if ok else f"{above} cannot be written to")


async def redis(environ: Mapping[str, str], url: str) -> Look:
    """Whether the bell can be rung. Without one every loop still looks every few seconds."""
    if not environ.get(deployment.REDIS_URL, "").strip():
        return Look("redis", ok=True, seen="embedded: `serve` starts it")
    ok = await bell.answers(url)
    return Look("redis", ok=ok, seen="answers" if ok else f"{deployment.REDIS_URL} does not answer")


async def app(settings: GitHubSettings) -> Look:
    """Whether GitHub knows the App by this key, and has given it what it needs."""
    try:
        async with (
            asyncio.timeout(ASK_S),
            github.connect(
                api_url=settings.github_api,
                app_id=settings.app_id,
                keys=lambda: app_auth.keys_of(settings.private_key),
                timeout_s=ASK_S / 2,
            ) as hub,
        ):
            known = await (await hub.app()).get("/app")
    except MendloopError as error:
        return Look("github", ok=False, seen=f"{settings.github_api}: {str(error)[:200]}")
    except TimeoutError:
        return Look("github", ok=False, seen=f"{settings.github_api} does not answer; is {GITHUB_API} right?")
    wrong = misfits(known, settings)
    return Look("github", ok=not wrong, seen="; ".join(wrong) or f"{known['slug']} with all permissions")


def misfits(known: Mapping[str, Any], settings: GitHubSettings) -> list[str]:
    """Where the App that GitHub knows is not the one in the settings, a line each."""
    wrong: list[str] = []
    if known.get("id") != settings.app_id:
        wrong.append(f"the key is that of App {known.get('id')}, not {settings.app_id}")
    if settings.slug and known.get("slug") != settings.slug:
        wrong.append(f"the App is called {known.get('slug')}, not {settings.slug}")
    given: Mapping[str, str] = known.get("permissions") or {}
    for name, level in sorted(needed().items()):
        if LEVELS.get(given.get(name, "none"), 0) < LEVELS[level]:
            wrong.append(f"the App lacks the permission {name}: {level}")
    return wrong


def needed() -> dict[str, str]:
    """Permission -> the highest level any token is asked for with."""
    found: dict[str, str] = {}
    for permissions in app_auth.PERMISSIONS.values():
        for name, level in permissions.items():
            found[name] = max(level, found.get(name, "none"), key=LEVELS.__getitem__)
    return found


async def _ask(command: tuple[str, ...], env: Mapping[str, str], timeout_s: float) -> tuple[int, str]:
    """Exit status and words of a command; -1 when it cannot be started or does not end."""
    try:
        process = await children.start(
            *command,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        return -1, str(error.strerror)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout_s)
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, "does not end"
    return process.returncode or 0, output.decode(errors="replace")
