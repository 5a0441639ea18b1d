"""Clone and push: `git http-backend` as a CGI program, with the token checked before and refs watched after."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fake_github import auth, branches
from tests.fake_github.git import ZEROS
from tests.fake_github.refusals import Refusal, not_found

if TYPE_CHECKING:
    from tests.fake_github.auth import Caller
    from tests.fake_github.records import Repo
    from tests.fake_github.world import World

PATH = re.compile(r"^/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)$")
TIMEOUT_S = 300
HOOK = """#!/bin/sh
# Refuses what GitHub refuses; FAKE_PROTECTED holds branches, FAKE_WORKFLOWS=no a pusher without that permission.
while read -r old new ref; do
    for name in $FAKE_PROTECTED; do
        if [ "$ref" = "refs/heads/$name" ]; then
            echo "error: GH006: Protected branch update failed for $ref." >&2
            exit 1
        fi
    done
    case $new in *[!0]*) ;; *) continue ;; esac
    if [ "$FAKE_WORKFLOWS" = no ] && git rev-list "$new" --not --all -- .github/workflows | grep -q .; then
        echo "refusing to allow a GitHub App to create or update workflow without \\`workflows\\` permission" >&2
        exit 1
    fi
done
"""


@dataclass(frozen=True, kw_only=True)
class GitCall:
    """A request of a git client."""

    method: str
    owner: str
    name: str
    service: str
    """upload-pack or receive-pack."""
    tail: str
    query: str
    headers: dict[str, str]
    body: bytes


def git_call(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> GitCall | None:
    """None: not git's business."""
    found = PATH.match(path)
    if found is None:
        return None
    asked = query.rpartition("service=git-")[2] if found[3] == "info/refs" else found[3].removeprefix("git-")
    return GitCall(
        method=method,
        owner=found[1],
        name=found[2],
        service=asked,
        tail=found[3],
        query=query,
        headers=headers,
        body=body,
    )


def admitted(world: World, call: GitCall) -> tuple[Repo, Caller]:
    """Raises a 401 with a challenge for nobody, a 403 or 404 for the wrong token."""
    with world.lock:
        return _admitted(world, call)


def _admitted(world: World, call: GitCall) -> tuple[Repo, Caller]:
    caller = auth.caller(world, call.headers.get("authorization", ""))
    full_name = f"{call.owner}/{call.name}"
    repo = world.repo(full_name)
    moved = world.moved.get(full_name.lower())
    if repo is None and moved is not None:
        now = world.repo_of(moved)
        query = f"?{call.query}" if call.query else ""
        location = f"{world.url}/{now.full_name}.git/{call.tail}{query}"
        raise Refusal(301, "Moved Permanently", headers={"Location": location})
    writes = call.service == "receive-pack"
    if caller.token is None and (repo is None or repo.private or writes):
        raise Refusal(401, "Authentication required", headers={"WWW-Authenticate": 'Basic realm="GitHub"'})
    if repo is None:
        raise not_found()
    if repo.blocked:
        raise Refusal(451, "Repository access blocked")
    if writes and repo.archived:
        raise Refusal(403, "This repository was archived so it is read-only.")
    auth.admit(world, caller, repo, "contents:write" if writes else "contents:read")
    return repo, caller


async def run(world: World, call: GitCall, repo: Repo, caller: Caller) -> tuple[int, dict[str, str], bytes]:
    """Status, headers, body of git's answer; a push is told about like any other move of refs."""
    if call.tail != "git-receive-pack":
        return await _backend(call, repo, caller)
    before = await asyncio.to_thread(repo.git.refs)
    answer = await _backend(call, repo, caller)
    await asyncio.to_thread(_tell, world, repo, caller, before)
    return answer


def _tell(world: World, repo: Repo, caller: Caller, before: dict[str, str]) -> None:
    with world.lock:
        after = repo.git.refs()
        for ref in sorted({*before, *after}):
            branches.moved(world, repo, caller.actor, ref, after.get(ref, ZEROS), before.get(ref, ZEROS))


async def _backend(call: GitCall, repo: Repo, caller: Caller) -> tuple[int, dict[str, str], bytes]:
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        env=_environment(call, repo, caller),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(call.body), TIMEOUT_S)
    finally:
        if process.returncode is None:
            process.kill()
    head, _, body = out.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    return status, headers, body  # pyright: ignore[reportReturnType]


def _environment(call: GitCall, repo: Repo, caller: Caller) -> dict[str, str]:
    """CGI's variables (RFC 3875), and what the hook asks."""
    person = caller.token is not None and caller.token.install is None
    workflows = person or (caller.token is not None and caller.actor.may("workflows", "write"))
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_PROJECT_ROOT": str(repo.git.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_PROTOCOL": call.headers.get("git-protocol", ""),
        "REQUEST_METHOD": call.method,
        "PATH_INFO": f"/{call.tail}",
        "QUERY_STRING": call.query,
        "CONTENT_TYPE": call.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(call.body)),
        "HTTP_CONTENT_ENCODING": call.headers.get("content-encoding", ""),
        "REMOTE_USER": "git",
        "REMOTE_ADDR": "127.0.0.1",
        "FAKE_PROTECTED": "" if person else " ".join(repo.protected),
        "FAKE_WORKFLOWS": "yes" if workflows else "no",
    }
