"""`make try`: the whole App on this machine, against the fake GitHub, with a repository of stale notebooks to play with."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.app.rig import Deployment, deployed, until

if TYPE_CHECKING:
    from tests.fake_github import Person, Repository

EXAMPLES = Path(__file__).parents[2] / "examples"
PUSHED = ("healthy.ipynb", "numpy_names.ipynb", "yearly_sales.ipynb")
OFFERED = "vector_search.ipynb"
CONFIGURATION = """\
requirements: requirements.txt
github:
  pull_requests: {open_limit: 3}
"""
PATIENCE_S = 300.0


def example(name: str) -> bytes:
    """One of the example files."""
    return (EXAMPLES / name).read_bytes()


async def main() -> int:
    """Start everything, push stale notebooks, tell what came of it, and stay until interrupted."""
    once = _arguments().once
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mendloop-try-") as folder:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        async with deployed(Path(folder), cache=cache) as app:
            say(
                f"everything runs after {time.monotonic() - started:.1f} s: GitHub (the fake) at {app.hub.url}/ui, the App at {app.url}"
            )
            repository, ada = _seeded(app)
            try:
                await _pushed(app, repository, ada)
                await _offered(app, repository, ada)
            except AssertionError as error:
                say(f"try: {error}")
                return 1
            if not once:
                _invite(app, repository, ada)
                await _interrupted()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make try", description=main.__doc__)
    parser.add_argument("--once", action="store_true", help="end when the pull request is there")
    return parser.parse_args()


def _seeded(app: Deployment) -> tuple[Repository, Person]:
    files = {
        "README.md": b"# Tutorials\n",
        "requirements.txt": example("requirements.txt"),
        ".github/mendloop.yml": example("mendloop.yml") + CONFIGURATION.encode(),
    }
    repository = app.hub.repository("octo-org/tutorials", files=files, installation=app.hub.install("octo-org"))
    ada = app.hub.user("ada")
    app.hub.permit(repository, ada, "write")
    return repository, ada


async def _pushed(app: Deployment, repository: Repository, ada: Person) -> None:
    started = time.monotonic()
    sha = repository.push("main", {name: example(name) for name in PUSHED}, by=ada)
    say(f"pushed {', '.join(PUSHED)} to main as {sha[:7]}; their environment is built at the first time")
    await until(repository.pulls, within_s=PATIENCE_S, what="a pull request", told=app.tail)
    say(f"pull request after {time.monotonic() - started:.1f} s")
    check = await _concluded(app, repository, sha)
    for pull in repository.pulls():
        say(f"  #{pull['number']} {pull['title']}  {app.hub.url}/ui/{repository.full_name}/pull/{pull['number']}")
    say(f"check run: {check['conclusion']}, {check['output']['title']}  {check['details_url']}")


async def _offered(app: Deployment, repository: Repository, ada: Person) -> None:
    sha = repository.push("search", {OFFERED: example(OFFERED)}, by=ada)
    pull = repository.open_pull(head="search", base="main", by=ada)
    check = await _concluded(app, repository, sha)
    buttons = ", ".join(action["label"] for action in check["actions"])
    say(
        f"ada opened #{pull.number} with {OFFERED}: {check['conclusion']}, {check['output']['title']}; buttons: {buttons}"
        f"  {app.hub.url}/ui/{repository.full_name}/pull/{pull.number}"
    )


async def _concluded(app: Deployment, repository: Repository, sha: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        return next((each for each in repository.check_runs(sha) if each["status"] == "completed"), None)

    return await until(look, within_s=PATIENCE_S, what="the check run is concluded", told=app.tail)


def _invite(app: Deployment, repository: Repository, ada: Person) -> None:
    address = app.hub.git_url.replace("://", f"://ada:{ada.token}@", 1)
    say(
        "Comment `/repair` or click a button there, or push something of your own:\n"
        f"  git clone {address}/{repository.full_name}.git\n"
        f"The log is {app.log}. Ctrl-C ends everything and removes it."
    )


async def _interrupted() -> None:
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await over.wait()


def say(text: str) -> None:
    """A line for the person who tries."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
