"""What a deployment goes through while it is watched for secrets: what goes well, and as much as possible that does not."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

from tests.app.rig import Deployment, until
from tests.builders import notebook
from tests.fake_github import Fault

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.fake_github import Person, Repository

QUIET = b"github: {sweep: {every: never}}\n"
SEED = secrets.token_hex(8)
PRINTED = "ghp" + "_" + hashlib.sha256(SEED.encode()).hexdigest()[:36]
"""What a cell prints: it looks like a token, and stands nowhere in the cell's source."""
PRINTS = f'import hashlib\nprint("ghp" + "_" + hashlib.sha256(b"{SEED}").hexdigest()[:36])'
STALE = notebook(PRINTS, "import collections", "print(collections.Mapping)").raw
SPY = """
import glob, os
seen = dict(os.environ)
for place in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
    try:
        seen[place] = open(place, "rb").read()
    except OSError:
        pass
raise RuntimeError(str(seen))
""".strip()


@contextmanager
def index() -> Generator[tuple[int, list[str]]]:
    """A package index that has nothing, asks who is there, and keeps what it was told."""
    asked_with: list[str] = []

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked_with.append(self.headers.get("Authorization", ""))
            self.send_response(404 if asked_with[-1] else 401)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked_with
        server.shutdown()


async def journeys(app: Deployment) -> list[str]:
    """What goes well, and what does not, all at once; the pages that were linked to."""
    _unsigned(app)
    broken: dict[str, bytes | None] = {"requirements.txt": b"no-such-library-of-anybody==1\n", "b.ipynb": STALE}
    pushed = [
        _pushed(app, "passes", {"a.ipynb": STALE}),
        _pushed(app, "spies", {"spy.ipynb": notebook(SPY).raw}),
        _pushed(app, "unbuildable", broken, QUIET + b"requirements: requirements.txt\n"),
        _pushed(app, "misconfigured", {".github/mendloop.yml": b"github: {sweeep: 1}\n", "a.ipynb": STALE}),
    ]
    await _killed(app)
    await _concluded(app, pushed)
    _misfortune(app)
    pushed.append(_pushed(app, "late", {"a.ipynb": STALE}))
    await _concluded(app, pushed)
    runs = [run for repository, sha in pushed for run in repository.check_runs(sha)]
    async with httpx.AsyncClient(trust_env=False) as client:
        return [(await client.get(run["details_url"])).text for run in runs if run["details_url"]]


def _pushed(
    app: Deployment, name: str, files: dict[str, bytes | None], configuration: bytes = QUIET
) -> tuple[Repository, str]:
    ada: Person = app.hub.user("ada")
    begun = {".github/mendloop.yml": configuration}
    repository = app.hub.repository(f"org-{name}/{name}", files=begun, installation=app.hub.install(f"org-{name}"))
    app.hub.permit(repository, ada, "write")
    return repository, repository.push("main", files, by=ada)


def _unsigned(app: Deployment) -> None:
    headers = {
        "Content-Type": "application/json", "X-GitHub-Event": "push", "X-GitHub-Delivery": "1",
        "X-Hub-Signature-256": "sha256=" + "0" * 64,
    }  # fmt: skip
    assert httpx.post(f"{app.url}/webhook", content=b"{}", headers=headers, trust_env=False).status_code == 401


async def _killed(app: Deployment) -> None:
    """Kill whoever holds a token, in the middle of its work."""
    await until(lambda: app.hub.audit.calls(operation="git upload-pack"), what="a fetch", told=app.tail)
    for name in ("loop", "github"):
        os.kill(app.pids()[name], signal.SIGKILL)


def _misfortune(app: Deployment) -> None:
    """From now on GitHub forgets every token it gave, answers with garbage, and cuts answers off."""
    with app.hub.world.lock:
        for token in app.hub.world.tokens.values():
            token.revoked = token.install is not None
    app.hub.faults.plan(Fault.GARBAGE, count=3)
    app.hub.faults.plan(Fault.TRUNCATED, method="POST", path="*/check-runs", count=1)
    app.hub.faults.plan(Fault.GARBAGE, method="POST", path="*/access_tokens", count=1, after=1)


async def _concluded(app: Deployment, pushed: list[tuple[Repository, str]]) -> None:
    def look() -> bool:
        found = [repository.check_runs(sha) for repository, sha in pushed]
        return all(checks and all(check["status"] == "completed" for check in checks) for checks in found)

    await until(look, within_s=150, what="all check runs are concluded", told=app.tail)
