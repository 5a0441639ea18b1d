"""Whether somebody else's framework can live on the fake GitHub: an ordinary Probot app, its own octokit, no patch.

    python -m bench.probot_client

Probot is installed into the cache on the first run. Prints what it did through the fake; exits with 1 where anything is missing
or an answer broke GitHub's description.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.ingress import installed, program
from tests.fake_github import Hub

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake_github import Repository

WAIT_S = 30
HERE = Path(__file__).parent


def main() -> int:
    """0: everything came back."""
    port = _free_port()
    with Hub.run(f"http://127.0.0.1:{port}/webhook") as hub:
        process = subprocess.Popen([program("node"), str(_app()), str(port)], env=_environment(hub))
        try:
            _wait(lambda: _listens(port))
            missing = _exercise(hub)
        finally:
            process.terminate()
            process.wait(WAIT_S)
        for line in hub.audit:
            print(line.status, line.method, line.path, line.scope.get("permissions", ""))
    print("missing:", ", ".join(missing) or "nothing")
    return 1 if missing or hub.unknown else 0


def _exercise(hub: Hub) -> list[str]:
    repository = hub.repository("octo-org/demo", {"a.md": b"a\n"}, hub.install("octo-org"))
    ada = hub.user("ada")
    repository.permit(ada, "write")
    sha = repository.push("side", {"b.md": b"b\n"}, by=ada)
    pull = repository.open_pull("side", by=ada)
    comment = repository.comment(pull.number, "hello", ada)
    checked = _wait(lambda: repository.check_runs(sha))
    if checked:
        repository.click(_first(repository, sha)["id"], "again", by=ada)
    looks: dict[str, Callable[[], object]] = {
        "check run": lambda: checked,
        "button": lambda: _first(repository, sha)["output"]["title"] == "again",
        "reaction": lambda: [reaction["content"] for reaction in repository.reactions(comment.id)] == ["eyes"],
        "comment": lambda: [said["user"]["type"] for said in repository.comments(pull.number)] == ["User", "Bot"],
    }
    return [name for name, look in looks.items() if not _wait(look)]


def _first(repository: Repository, sha: str) -> dict[str, Any]:
    return repository.check_runs(sha)[0]


def _app() -> Path:
    """Beside the installed packages, where node looks for them."""
    return Path(shutil.copy(HERE / "app.js", installed() / "app.js"))


def _environment(hub: Hub) -> dict[str, str]:
    return os.environ | {
        "APP_ID": str(hub.app.id),
        "PRIVATE_KEY": hub.app.private_key_pem,
        "WEBHOOK_SECRET": hub.app.webhook_secret,
        "GHE_HOST": hub.url.partition("://")[2],
        "GHE_PROTOCOL": "http",
        "NO_PROXY": "127.0.0.1",
        "LOG_LEVEL": "warn",
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(look: Callable[[], object]) -> bool:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        if look():
            return True
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    sys.exit(main())
