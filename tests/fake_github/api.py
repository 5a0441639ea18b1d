"""One request in, one answer out: caller, limits, route, validation of both bodies, conditional requests."""

from __future__ import annotations

import hashlib
import json
import traceback
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from tests.fake_github import (
    auth,
    graphql,
    routes_apps,
    routes_branches,
    routes_checks,
    routes_contents,
    routes_git,
    routes_hooks,
    routes_pulls,
    routes_talk,
)
from tests.fake_github.auth import Caller
from tests.fake_github.description import Violation, description
from tests.fake_github.limits import Limits
from tests.fake_github.refusals import Refusal
from tests.fake_github.routing import Answer, Call, Request, Route, checked, find, let_in

if TYPE_CHECKING:
    from tests.fake_github.webhooks import Webhooks
    from tests.fake_github.world import World

GRAPHQL = "/graphql"
EXAMPLES = (b"octocat/Hello-World", b"octocat/hello-world", b"api.github.com", b'"octocat"')
"""What only the official examples hold; in an answer it is a thing the fake forgot to say for itself."""


@dataclass(kw_only=True)
class Reply:
    """An answer as bytes, and what the audit log wants to know."""

    status: int
    content: bytes
    headers: dict[str, str]
    caller: Caller = field(default_factory=Caller)
    operation: str | None = None
    failed: bool = False
    """GraphQL's errors come with status 200."""


class Api:
    """REST and GraphQL; every call under the world's lock."""

    def __init__(self, world: World, webhooks: Webhooks) -> None:
        self._world = world
        self.limits = Limits(world.clock)
        areas = (routes_apps, routes_branches, routes_checks, routes_contents, routes_git, routes_pulls, routes_talk)
        self.routes: dict[str, Route] = dict(
            routes_hooks.webhook_routes(webhooks) | routes_hooks.rate_limit_routes(self.limits)
        )
        for area in areas:
            self.routes |= area.ROUTES
        self.violations: list[Violation] = []
        self.unknown: list[str] = []
        """Calls that GitHub (or the fake) has no operation for."""

    def reply(self, request: Request) -> Reply:
        """Never raises for what the caller did."""
        with self._world.lock:
            reply = Reply(status=500, content=b"", headers={})
            try:
                reply.caller = auth.caller(self._world, request.headers.get("authorization", ""))
                self._count(reply.caller, request)
                answer = self._answer(request, reply)
            except Refusal as refusal:
                answer = Answer(refusal.body, refusal.status, refusal.headers)
            except Exception:  # noqa: BLE001 - a bug of the fake must fail the test, not end the server
                why = traceback.format_exc(limit=-3)
                self.violations.append(
                    Violation(operation=f"{request.method} {request.path}", status=500, where="code", why=why)
                )
                answer = Answer({"message": why}, 500)
            self._fill(reply, request, answer)
            return reply

    def refused(self, refusal: Refusal) -> Reply:
        """A planned refusal, before anybody looked at the call."""
        reply = Reply(status=refusal.status, content=b"", headers={})
        self._fill(reply, None, Answer(refusal.body, refusal.status, refusal.headers))
        return reply

    def _count(self, caller: Caller, request: Request) -> None:
        if request.path != "/rate_limit":
            writes = request.method not in {"GET", "HEAD"} and not request.path.startswith("/app/installations")
            self.limits.count(caller, writes=writes)

    def _answer(self, request: Request, reply: Reply) -> Answer:
        if request.path == GRAPHQL:
            reply.operation = graphql.name(request.body)
            body = graphql.execute(self._world, reply.caller, request.body)
            reply.failed = "errors" in body
            return Answer(body, 200)
        call = self._found(request, reply)
        reply.operation = call.operation.name
        route = self.routes[call.operation.name]
        let_in(call, route.needs)
        checked(call)
        result = route.answer(call)
        answer = result if isinstance(result, Answer) else Answer(result)
        answer = Answer(answer.body, answer.status or call.operation.success, call.headers | answer.headers)
        return self._gated(call, answer)

    def _found(self, request: Request, reply: Reply) -> Call:
        try:
            call = find(self._world, reply.caller, request)
        except Refusal:
            self.unknown.append(f"{request.method} {request.path}")
            raise
        return call

    def _gated(self, call: Call, answer: Answer) -> Answer:
        """Nothing leaves that GitHub would not have sent."""
        status = answer.status or 200
        if isinstance(answer.body, bytes):
            return answer
        violation = description().violation(call.operation, status, answer.body) or _leak(call, answer.body)
        if violation is None:
            return answer
        self.violations.append(violation)
        message = (
            f"the fake broke GitHub's description: {violation.operation} {status} at {violation.where}: {violation.why}"
        )
        return Answer({"message": message}, 500)

    def _fill(self, reply: Reply, request: Request | None, answer: Answer) -> None:
        reply.status = answer.status or 200
        reply.content = _bytes(answer.body)
        reply.headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Request-Id": f"FAKE:{self._world.new_id():X}",
            "Date": formatdate(self._world.now(), usegmt=True),
            **self.limits.headers(reply.caller, "graphql" if request and request.path == GRAPHQL else "core"),
            **answer.headers,
        }
        if request is not None and request.method == "GET" and reply.status == 200:
            self._condition(reply, request)

    def _condition(self, reply: Reply, request: Request) -> None:
        tag = f'W/"{hashlib.sha256(reply.content).hexdigest()}"'
        reply.headers |= {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}
        if tag in request.headers.get("if-none-match", ""):
            reply.status, reply.content = 304, b""
            self.limits.free(reply.caller)
            reply.headers |= self.limits.headers(reply.caller)


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body, separators=(",", ":")).encode()


def _leak(call: Call, body: Any) -> Violation | None:
    text = _bytes(body)
    found = next((mark for mark in EXAMPLES if mark in text), None)
    if found is None or "octocat" in call.world.accounts:
        return None
    return Violation(
        operation=call.operation.name, status=200, where="somewhere", why=f"the example's {found.decode()}"
    )
