"""Sending webhooks: signed, recorded, never again by itself; and the faults a test plans for them."""

from __future__ import annotations

import asyncio
import json
import queue
import random
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx

from tests.fake_github.deliveries import Delivery, Plan, headers_of
from tests.fake_github.payloads import payload, ping

if TYPE_CHECKING:
    from tests.fake_github.records import Account, App, Install, Repo
    from tests.fake_github.world import World

TIMEOUT_S = 10.0
HELD_S = 1.0
"""What GitHub waits for an answer."""
ALWAYS = frozenset({"installation", "installation_repositories", "ping"})
"""Events no App has to subscribe to."""


class Webhooks:
    """A thread that sends one after the other, in order unless the plan says otherwise."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: queue.Queue[Delivery | threading.Event | None] = queue.Queue()
        self._held: Delivery | None = None
        self._plan = Plan()
        self._thread = threading.Thread(target=self._work, name="fake-github-webhooks", daemon=True)
        self.deliveries: list[Delivery] = []
        self.paused = threading.Event()
        """Set: nothing leaves; what happens waits in order."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is still waiting is not sent."""
        self._plan = Plan(drop=1.0)
        self.paused.clear()
        self._queue.put(None)
        self._thread.join(TIMEOUT_S + 5)

    def plan(
        self,
        *,
        drop: float = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        delay: float = 0.0,
        delay_s: float = 0.2,
        events: set[str] | None = None,
        seed: int = 0,
    ) -> None:
        """From now on; without arguments: no faults."""
        some = frozenset(events) if events is not None else None
        self._plan = Plan(
            drop=drop,
            duplicate=duplicate,
            reorder=reorder,
            delay=delay,
            delay_s=delay_s,
            events=some,
            random=random.Random(seed),
        )

    def settle(self, timeout_s: float = 10.0) -> None:
        """Wait until everything has been sent; a held one goes now.

        Raises:
            TimeoutError: some still wait.
        """
        done = threading.Event()
        self._queue.put(done)
        if not done.wait(timeout_s):
            raise TimeoutError(f"about {self._queue.qsize()} deliveries still wait")

    async def settled(self, timeout_s: float = 10.0) -> None:
        """`settle` for a test whose own loop serves the App."""
        await asyncio.to_thread(self.settle, timeout_s)

    def tell(self, event: str, action: str | None, repo: Repo | None, actor: Account, **parts: Any) -> None:
        """To every App that sees the repository and asked for the event. The world's lock is held."""
        only: App | None = parts.pop("only", None)
        if event == "installation_repositories":
            parts["added"] = action == "added"
        for install in self._hearers(event, action, repo, parts.get("install")):
            if only is None or install.app is only:
                body = payload(self._world, event, action, repo, actor, install, parts)
                if event == "push":
                    body["repository"] = body.pop("push_repository")
                self.enqueue(install.app, event, action, body, install, repo)

    def ping(self, app: App) -> None:
        self.enqueue(app, "ping", None, ping(self._world, app), None, None)

    def enqueue(
        self, app: App, event: str, action: str | None, body: dict[str, Any], install: Install | None, repo: Repo | None
    ) -> Delivery | None:
        """Sign and queue; None where the App has no address."""
        if app.webhook_url is None:
            return None
        content, guid = json.dumps(body, separators=(",", ":")).encode(), str(uuid.uuid1())
        delivery = Delivery(
            id=self._world.new_id(),
            guid=guid,
            app=app,
            event=event,
            action=action,
            installation_id=install.id if install else None,
            repository_id=repo.id if repo else None,
            headers=headers_of(app, event, guid, content),
            body=content,
            delivered_at=self._world.now(),
        )
        self.deliveries.append(delivery)
        self._queue.put(delivery)
        return delivery

    def redeliver(self, delivery: Delivery) -> Delivery:
        """The same GUID and bytes under a new id."""
        headers = headers_of(delivery.app, delivery.event, delivery.guid, delivery.body)
        again = Delivery(
            id=self._world.new_id(),
            guid=delivery.guid,
            app=delivery.app,
            event=delivery.event,
            action=delivery.action,
            installation_id=delivery.installation_id,
            repository_id=delivery.repository_id,
            headers=headers,
            body=delivery.body,
            delivered_at=self._world.now(),
            redelivery=True,
        )
        self.deliveries.append(again)
        self._queue.put(again)
        return again

    def _hearers(self, event: str, action: str | None, repo: Repo | None, install: Install | None) -> list[Install]:
        if repo is None:
            return [install] if install else []
        # Buttons reach the App that made the check whether it subscribed or not.
        always = event in ALWAYS or action in {"requested_action", "rerequested"}
        subscribed = [one for one in self._world.installs_on(repo) if always or event in one.app.events]
        return [one for one in subscribed if one.suspended_at is None]

    def _work(self) -> None:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            while (item := self._next(client)) is not None:
                while self.paused.is_set():
                    time.sleep(0.01)
                if isinstance(item, Delivery):
                    self._dispatch(client, item)
                else:
                    self._release(client)
                    item.set()

    def _next(self, client: httpx.Client) -> Delivery | threading.Event | None:
        """What is to be done next. One that waits for a later one to overtake it does not wait for ever."""
        try:
            return self._queue.get(timeout=HELD_S if self._held is not None else None)
        except queue.Empty:
            self._release(client)
            return self._queue.get()

    def _dispatch(self, client: httpx.Client, delivery: Delivery) -> None:
        plan, event = self._plan, delivery.event
        if plan.hits(event, plan.drop):
            delivery.status, delivery.status_code = "timed out", 504
            return
        if self._held is None and plan.hits(event, plan.reorder):
            self._held = delivery
            return
        if plan.hits(event, plan.delay):
            time.sleep(plan.random.random() * plan.delay_s)
        self._send(client, delivery)
        if plan.hits(event, plan.duplicate):
            self._send(client, delivery)
        self._release(client)

    def _release(self, client: httpx.Client) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._send(client, held)

    def _send(self, client: httpx.Client, delivery: Delivery) -> None:
        started = time.monotonic()
        try:
            answer = client.post(delivery.app.webhook_url or "", content=delivery.body, headers=delivery.headers)
            delivery.status_code, delivery.answer = answer.status_code, answer.text[:1000]
            delivery.answer_headers = dict(answer.headers)
            delivery.status = "OK" if answer.is_success else "Invalid HTTP Response: " + str(answer.status_code)
        except httpx.TimeoutException:
            delivery.status, delivery.status_code = "timed out", 504
        except httpx.HTTPError as error:
            delivery.status, delivery.status_code = f"failed to connect to host: {type(error).__name__}", 502
        delivery.duration = round(time.monotonic() - started, 2)
