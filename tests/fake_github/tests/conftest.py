from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from tests.fake_github import Hub, Installation, Person, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Heard:
    """One webhook as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> str:
        return self.headers["X-GitHub-Event"]

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Listener:
    """An App's end of the webhooks."""

    url: str
    heard: list[Heard] = field(default_factory=list[Heard])
    status: int = 202

    def events(self) -> list[str]:
        return [f"{one.event}.{one.payload['action']}" if "action" in one.payload else one.event for one in self.heard]

    def last(self, event: str, action: str | None = None) -> dict[str, Any]:
        fits = [one.payload for one in self.heard if one.event == event and one.payload.get("action") == action]
        return fits[-1]


@dataclass
class Place:
    """A hub with an installation, a repository and somebody who may write."""

    hub: Hub
    installation: Installation
    repository: Repository
    ada: Person

    @property
    def here(self) -> str:
        """The repository's own address; GitHub has nothing behind a slash at its end."""
        return f"{self.hub.api_url}/repos/{self.repository.full_name}"

    def app(self, **claims: Any) -> httpx.Client:
        return httpx.Client(base_url=self.hub.api_url, trust_env=False, headers=bearer(signed(self.hub, **claims)))

    def client(self, token: str | None = None, **permissions: str) -> httpx.Client:
        """Paths are relative to the repository; with a token of all it has, or these permissions."""
        value = token or self.installation.token([self.repository], **permissions)
        return httpx.Client(base_url=self.here, trust_env=False, headers=bearer(value))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(hub: Hub, **claims: Any) -> str:
    now = int(time.time())
    whole = {"iat": now - 60, "exp": now + 540, "iss": str(hub.app.id)} | claims
    return jwt.encode(whole, hub.app.private_key_pem, "RS256")


def graphql(
    client: httpx.Client, name: str, kind: str, wanted: dict[str, Any], selection: str = "clientMutationId"
) -> Any:
    query = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {selection} }} }}"
    url = client.base_url.join("/graphql")
    return client.post(url, json={"query": query, "variables": {"input": wanted}}).json()


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.heard.append(Heard(dict(self.headers), body))
            self.send_response(heard.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}/webhook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def hub(listener: Listener) -> Iterator[Hub]:
    with Hub.run(listener.url) as running:
        yield running


@pytest.fixture
def place(hub: Hub) -> Place:
    installation = hub.install("octo-org")
    files = {"a.ipynb": b'{"cells": []}\n', "docs/guide.md": b"one\ntwo\nthree\n"}
    repository = hub.repository("octo-org/demo", files, installation)
    ada = hub.user("ada")
    hub.permit(repository, ada, "write")
    return Place(hub, installation, repository, ada)
