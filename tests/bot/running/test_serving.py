"""`mendloop-app serve` for real: every process of ours, its own Redis, a fresh ledger."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bot.settings import MAY_HOLD, environment
from tests.bot.running.keys import pem

if TYPE_CHECKING:
    from collections.abc import Generator

    from bot.settings import Kind

LONG_S = 120.0
CANARY = "canary-webhook-secret"
KIND: dict[str, Kind] = {"bot.web": "web", "bot.tasks": "github", "workers.tasks": "loop"}


@dataclass(slots=True)
class App:
    process: subprocess.Popen[bytes]
    log: Path
    url: str

    def children(self) -> dict[str, int]:
        """Name -> process id of what the supervisor runs."""
        found: dict[str, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_text().split("\0")
            except (OSError, ValueError):
                continue
            if parent == self.process.pid and len(command) > 1:  # a zombie has none
                found["redis" if "redis" in command[0] else command[-2]] = int(folder.name)
        return found

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False


def variables(folder: Path, port: int) -> dict[str, str]:
    (folder / "key.pem").write_text(pem())
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "MENDLOOP_STATE_DIR": str(folder / "state"),
        "MENDLOOP_PORT": str(port),
        "MENDLOOP_APP_ID": "7",
        "MENDLOOP_APP_SLUG": "mendloop",
        "MENDLOOP_PRIVATE_KEY_FILE": str(folder / "key.pem"),
        "MENDLOOP_WEBHOOK_SECRET": CANARY,
        "MENDLOOP_GITHUB_API": "http://127.0.0.1:9",
        "SOMEBODY_ELSES_TOKEN": "canary-of-the-shell",
    }


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def wait(condition: object) -> None:
    assert callable(condition)
    until = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.05)


@contextmanager
def serving(folder: Path) -> Generator[App]:
    port = free_port()
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "bot.main", "serve", "--dry-run"]
        process = subprocess.Popen(command, env=variables(folder, port), stdout=log, stderr=log, cwd=folder)
        made = App(process, folder / "log", f"http://127.0.0.1:{port}")
        try:
            wait(lambda: "serve.ready" in made.log.read_text() or process.poll() is not None)
            assert process.poll() is None, made.log.read_text()
            yield made
        finally:
            process.kill()
            process.wait()


def told(pid: int) -> str | None:
    """Of a process; None where it keeps that from everybody of its own user, as ours do. Root sees it."""
    try:
        return Path(f"/proc/{pid}/environ").read_text()
    except PermissionError:
        assert os.geteuid() != 0
        return None


def each_has_its_own_environment(app: App) -> None:
    for command, pid in app.children().items():
        text = told(pid)
        if text is None:
            assert command in KIND
            continue
        held = {line.partition("=")[0] for line in text.split("\0") if line}
        kind = KIND.get(command)
        assert "canary-of-the-shell" not in text
        assert (CANARY in text) == (kind == "web")
        assert held == set() if kind is None else {name for name in held if name[:3] == "MEN"} <= set(MAY_HOLD[kind])


def who_is_killed_comes_back_and_the_others_stay(app: App, name: str) -> None:
    before = app.children()

    os.kill(before[name], signal.SIGKILL)

    wait(lambda: app.children().get(name, before[name]) != before[name])
    assert {**app.children(), name: 0} == {**before, name: 0}


def test_serve_starts_everything_with_nothing_installed_first_keeps_it_running_and_ends_it(tmp_path: Path) -> None:
    with serving(tmp_path) as app:
        assert app.ready()
        assert set(app.children()) == {"redis", *KIND}
        each_has_its_own_environment(app)
        for name in ("redis", "bot.tasks", "workers.tasks", "bot.web"):
            who_is_killed_comes_back_and_the_others_stay(app, name)
        wait(app.ready)
        pids = app.children().values()

        app.process.send_signal(signal.SIGTERM)

        assert app.process.wait(LONG_S) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        text = app.log.read_text()
        assert '"process": "serve"' in text
        assert CANARY not in text
        assert "PRIVATE KEY" not in text


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot.main", *arguments]
    given = {"PATH": os.environ["PATH"]} | environ
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=LONG_S, check=False)


def test_f246_serve_says_all_that_is_missing_and_starts_nothing(tmp_path: Path) -> None:
    done = run("serve", MENDLOOP_STATE_DIR=str(tmp_path / "state"))

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "mendloop-app: MENDLOOP_APP_ID is not set",
        "mendloop-app: MENDLOOP_PRIVATE_KEY is not set, and MENDLOOP_PRIVATE_KEY_FILE is not either",
        "mendloop-app: MENDLOOP_WEBHOOK_SECRET is not set",
    ]
    assert not (tmp_path / "state").exists()


def test_f246_a_process_says_what_it_misses() -> None:
    done = run("github")

    assert done.returncode == 2
    assert "MENDLOOP_STATE_DIR is not set" in done.stderr


def test_the_environment_of_a_process_is_not_ours(tmp_path: Path) -> None:
    held = environment("loop", variables(tmp_path, 1))

    assert set(held) == {"PATH", "HOME", "MENDLOOP_STATE_DIR"}
