"""What a person sees and clicks in a browser: repositories, pull requests, check runs."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from markupsafe import Markup

from tests.fake_github import shapes_files, shapes_git, shapes_talk
from tests.fake_github.api import Reply
from tests.fake_github.people import Person
from tests.fake_github.refusals import Refusal
from tests.fake_github.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake_github.hub import Hub
    from tests.fake_github.records import Repo

# The names of API paths are no owners.
PAGE = re.compile(
    r"^/(?!repos/|app/|users/|orgs/|installation/|repositories/|app-manifests/)([^/]+)/([^/]+)(?:/(.+))?$"
)
PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><circle cx=".5" cy=".5" r=".5" fill="#888"/></svg>'
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; base-uri 'none'"
FACES = {
    "+1": "👍",
    "-1": "👎",
    "laugh": "😄",
    "confused": "😕",
    "heart": "❤️",
    "hooray": "🎉",
    "rocket": "🚀",
    "eyes": "👀",
}
SHOWN = 60


def pages(hub: Hub) -> Callable[[str, str, bytes], Reply | None]:
    """(method, path, body) -> a page; None where there is none. `/ui/octo-org/demo` is `/octo-org/demo`."""

    def page(method: str, path: str, body: bytes) -> Reply | None:
        if path in {"/ui", "/ui/"} or path.startswith("/avatars/"):
            return _html(_home(hub)) if path.startswith("/ui") else _reply(200, PICTURE, "image/svg+xml")
        found = PAGE.match(path.removeprefix("/ui"))
        repo = hub.world.repo(f"{found[1]}/{found[2]}") if found else None
        if found is None or repo is None:
            return None
        try:
            with hub.world.lock:
                if method == "POST":
                    return _acted(hub, repo, found[3] or "", dict(parse_qsl(body.decode())))
                return _html(_page(hub, repo, found[3] or ""))
        except Refusal as refusal:
            return _reply(refusal.status, str(refusal).encode(), "text/plain")

    return page


def _home(hub: Hub) -> str:
    with hub.world.lock:
        repos = [repo for repo in hub.world.repos.values() if not repo.deleted]
        deliveries = hub.webhooks.deliveries[: -SHOWN - 1 : -1]
        return _render("home.html", repos=repos, deliveries=deliveries, calls=list(hub.audit)[: -SHOWN - 1 : -1])


def _page(hub: Hub, repo: Repo, rest: str) -> str:
    kind, _, tail = rest.partition("/")
    match kind:
        case "":
            return _repository(hub, repo)
        case "pull":
            return _pull(hub, repo, tail.partition("/")[0])
        case "commit":
            runs = [run for run in repo.runs.values() if run.head_sha == tail]
            shape = shapes_git.commit(hub.world, repo, _commit(repo, tail), files=True)
            return _render("commit.html", repo=repo, commit=shape, runs=runs)
        case "runs" if tail.isdigit() and int(tail) in repo.runs:
            return _render("run.html", repo=repo, run=repo.runs[int(tail)])
        case "blob" | "raw":
            return _file(repo, tail)
        case _:
            raise Refusal(404, "There is no such page.")


def _repository(hub: Hub, repo: Repo) -> str:
    tip = repo.head(repo.default_branch)
    files = [entry for entry in repo.git.tree(tip, recursive=True) if entry.kind == "blob"] if tip else []
    handle = Repository(hub.world, repo)
    return _render(
        "repository.html",
        repo=repo,
        clone=handle.clone_url,
        pulls=repo.pulls()[::-1],
        runs=list(repo.runs.values())[::-1],
        branches=handle.branches(),
        files=files,
    )


def _pull(hub: Hub, repo: Repo, number: str) -> str:
    issue, pull = repo.pull(number)
    return _render(
        "pull.html",
        repo=repo,
        issue=issue,
        pull=pull,
        comments=[comment for comment in repo.comments.values() if comment.number == issue.number],
        runs=[run for run in repo.runs.values() if run.head_sha == pull.head_sha],
        files=shapes_talk.pull_files(hub.world, repo, pull),
    )


def _file(repo: Repo, tail: str) -> str:
    revision, _, path = tail.partition("/")
    entry = shapes_files.entry_at(repo, _commit(repo, revision), path)
    if entry is None or entry.kind != "blob":
        raise Refusal(404, f"There is no {path} at {revision}.")
    text = repo.git.content(entry.sha or "").decode(errors="replace")
    return _render("file.html", repo=repo, path=path, lines=text.splitlines())


def _acted(hub: Hub, repo: Repo, rest: str, form: dict[str, str]) -> Reply:
    """What the visitor clicked; then back to where it was."""
    visitor = Person(hub.world, hub.world.account("maintainer"))
    repo.people.setdefault(visitor.id, "admin")
    handle, (kind, _, tail) = Repository(hub.world, repo), rest.partition("/")
    number, _, deed = tail.partition("/")
    if kind not in {"pull", "runs"} or not number.isdigit():
        raise Refusal(404, "There is nothing to click.")
    match kind, deed:
        case "pull", "comment":
            handle.comment(int(number), form.get("body", "").replace("\r\n", "\n"), visitor)
        case "pull", "merge":
            handle.pull(int(number)).merge(visitor)
        case "pull", "close":
            handle.pull(int(number)).close(visitor)
        case "pull", "reopen":
            handle.pull(int(number)).reopen(visitor)
        case "runs", "click":
            handle.click(int(number), form.get("identifier", ""), visitor)
        case "runs", "rerequest":
            handle.rerequest(int(number), visitor)
        case _:
            raise Refusal(404, f"Nobody can {deed} here.")
    reply = _reply(303, b"", "text/plain")
    back = form.get("back", f"/{repo.full_name}/pull/{number}")
    reply.headers["Location"] = back if back.startswith("/") and not back.startswith("//") else "/ui"
    return reply


def _commit(repo: Repo, revision: str) -> str:
    sha = repo.git.commit_sha(revision)
    if sha is None:
        raise Refusal(404, f"There is no commit {revision}.")
    return sha


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(faces=FACES, **values)


@cache
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
    # Words of strangers: no HTML of theirs, and no links but to the web.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

    def rendered(text: str | None) -> Markup:
        # Hidden blocks are comments in HTML, which GitHub does not show either.
        return Markup(markdown.render(re.sub(r"<!--.*?-->", "", text or "", flags=re.DOTALL)))

    environment.filters["markdown"] = rendered
    environment.filters["web"] = _web
    return environment


def _web(url: str) -> str:
    return url if url.startswith(("http://", "https://")) else "#"


def _html(text: str) -> Reply:
    return _reply(200, text.encode(), "text/html; charset=utf-8")


def _reply(status: int, content: bytes, kind: str) -> Reply:
    return Reply(
        status=status,
        content=content,
        headers={"Content-Type": kind, "Content-Security-Policy": POLICY},
        operation="page",
    )
