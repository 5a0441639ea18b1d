"""From a request to the function that answers it, with the caller admitted and the repository found."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlencode

from tests.fake_github.auth import Caller, admit
from tests.fake_github.description import description
from tests.fake_github.refusals import Refusal, not_found
from tests.fake_github.shaped import is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fake_github.description import Operation
    from tests.fake_github.records import Repo
    from tests.fake_github.world import Actor, World

T = TypeVar("T")
MOST_A_PAGE = 100
BY_ID = re.compile(r"^/repositories/(\d+)(/.*)?$")


@dataclass(frozen=True, kw_only=True)
class Request:
    """An API request, its body parsed."""

    method: str
    path: str
    """Still quoted, without `/api/v3`."""
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What goes back; `status` None is the operation's own success."""

    body: Any = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(kw_only=True)
class Call:
    """What a route's function works with."""

    world: World
    caller: Caller
    operation: Operation
    request: Request
    params: dict[str, str]
    found: Repo | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def repo(self) -> Repo:
        """The repository of the path."""
        if self.found is None:
            raise not_found()
        return self.found

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    @property
    def body(self) -> dict[str, Any]:
        """The fields sent; `{}` without a body."""
        return self.request.body if is_object(self.request.body) else {}

    def page(self, things: Sequence[T]) -> list[T]:
        """The slice the query asks for; the way to the others goes into the Link header."""
        query = self.request.query
        size = min(max(_number(query.get("per_page"), 30), 1), MOST_A_PAGE)
        at = max(_number(query.get("page"), 1), 1)
        last = max((len(things) + size - 1) // size, 1)
        links = {"prev": at - 1, "next": at + 1, "last": last, "first": 1}
        wanted = {"prev": at > 1, "next": at < last, "last": at < last, "first": at > 1}
        url = self.world.url + self.request.path
        some = [
            f'<{url}?{urlencode(query | {"page": str(number)})}>; rel="{name}"'
            for name, number in links.items()
            if wanted[name]
        ]
        if some:
            self.headers["Link"] = ", ".join(some)
        return list(things[(at - 1) * size : at * size])


@dataclass(frozen=True)
class Route:
    """`needs`: see `auth.admit`; "app": only by JWT; "token": any token; "": anybody."""

    answer: Callable[[Call], Any]
    needs: str


class Routes(dict[str, Route]):
    """The routes of one area, by operation name."""

    def on(self, operation: str, needs: str) -> Callable[[Callable[[Call], Any]], Callable[[Call], Any]]:
        """Put over the function that answers `GET /path`."""

        def put(answer: Callable[[Call], Any]) -> Callable[[Call], Any]:
            self[operation] = Route(answer, needs)
            return answer

        return put


def find(world: World, caller: Caller, request: Request) -> Call:
    """Raises a 404 for what GitHub (or the fake) has not."""
    path = _by_name(world, request.path)
    matched = description().match(request.method, path)
    if matched is None:
        raise not_found()
    operation, params = matched
    quoted = {key: unquote(value) for key, value in params.items()}
    return Call(world=world, caller=caller, operation=operation, request=request, params=quoted)


def let_in(call: Call, needs: str) -> None:
    """Admit the caller; finds the repository of the path on the way."""
    if needs == "app" and call.caller.app is None:
        raise Refusal(401, "A JSON web token could not be decoded")
    if needs not in {"", "app"} and call.caller.app is not None:
        raise Refusal(401, "Bad credentials")
    if needs == "token" and call.caller.token is None:
        raise Refusal(401, "Requires authentication")
    if "repo" not in call.params:
        return
    call.found = _repository(call)
    if needs not in {"", "app", "token"}:
        admit(call.world, call.caller, call.found, needs)
    if call.found.blocked:
        raise Refusal(
            451,
            "Repository access blocked",
            more={"block": {"reason": "dmca", "created_at": "2020-01-01T00:00:00Z", "html_url": None}},
        )


def checked(call: Call) -> None:
    """Raises a 422 for a body that is not what the description says."""
    objection = description().objection(call.operation, call.request.body if call.request.body is not None else {})
    if objection is not None:
        where, why = objection
        raise Refusal(422, f"Invalid request.\n\nFor '{where}', {why}")


def _repository(call: Call) -> Repo:
    full_name = f"{call.params['owner']}/{call.params['repo']}"
    repo = call.world.repo(full_name)
    if repo is not None:
        return repo
    moved = call.world.moved.get(full_name.lower())
    if moved is None:
        raise not_found()
    now = call.world.repo_of(moved)
    if call.caller.app is None:
        admit(call.world, call.caller, now, "metadata:read")
    rest = "/".join(call.request.path.split("/")[4:])
    query = "?" + urlencode(call.request.query) if call.request.query else ""
    url = f"{call.world.url}/repositories/{now.id}" + (f"/{rest}" if rest else "") + query
    status = 301 if call.request.method == "GET" else 307
    raise Refusal(status, "Moved Permanently", headers={"Location": url}, more={"url": url})


def _by_name(world: World, path: str) -> str:
    found = BY_ID.match(path)
    if found is None:
        return path
    return f"/repos/{world.repo_of(int(found[1])).full_name}{found[2] or ''}"


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise
