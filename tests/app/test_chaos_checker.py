"""What looks for damage after the chaos sees each kind of it; and sees none where two stories differ in hashes alone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bot.github import Purpose
from tests.app.chaos import FRESH, STALE, differences, state
from tests.bot.publish.scene import github
from tests.fake_github import Hub

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from bot.github import Api, GitHub
    from tests.fake_github import Installation, Repository

OURS = "mendloop/a-ipynb-0123abcd"
CHECK = {"name": "mendloop", "external_id": "job-1"}
CONCLUDED = {"status": "completed", "conclusion": "neutral", "output": {"title": "1 repaired", "summary": "Done."}}


@dataclass(frozen=True)
class Place:
    """A repository in which the App has done its work, and the App's own hand."""

    client: GitHub
    installation: Installation
    repository: Repository

    def api(self, purpose: Purpose) -> Any:
        return self.client.repository(self.installation.id, self.repository.id, purpose)

    async def publish(self, branch: str, *, pull: bool = True) -> None:
        async with self.api(Purpose.PUBLISH) as api:
            await branched(api, self.repository, branch)
            if pull:
                await api.post(
                    "/pulls", {"title": "Repair `a.ipynb`", "head": branch, "base": "main", "body": "It ran."}
                )

    async def check(self, **values: Any) -> None:
        async with self.api(Purpose.CHECK) as api:
            await api.post("/check-runs", CHECK | {"head_sha": self.repository.head("main")} | values)


async def branched(api: Api, repository: Repository, branch: str) -> None:
    """A branch with one commit of the App's."""
    head = repository.head("main")
    blob = await api.post("/git/blobs", {"content": FRESH.decode(), "encoding": "utf-8"})
    entry = {"path": "a.ipynb", "mode": "100644", "type": "blob", "sha": blob["sha"]}
    tree = await api.post(
        "/git/trees", {"base_tree": repository.git.text("rev-parse", f"{head}^{{tree}}"), "tree": [entry]}
    )
    commit = await api.post("/git/commits", {"message": "Repair a.ipynb", "tree": tree["sha"], "parents": [head]})
    await api.post("/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit["sha"]})


@asynccontextmanager
async def worked(owner: str) -> AsyncGenerator[Place]:
    """One stale notebook, one pull request, one concluded check run."""
    async with Hub.serve() as hub:
        installation = hub.install(owner)
        repository = hub.repository(f"{owner}/demo", files={"a.ipynb": STALE}, installation=installation)
        async with github(hub.api_url, hub.app.id, hub.app.private_key_pem) as client:
            place = Place(client, installation, repository)
            await place.publish(OURS)
            await place.check(**CONCLUDED)
            yield place


async def a_second_pull_request(place: Place) -> None:
    """As without an intent row: another process made its own."""
    await place.publish("mendloop/a-ipynb-4567cdef")


async def an_orphan_branch(place: Place) -> None:
    """As without the look: moved, and never shown."""
    await place.publish("mendloop/b-ipynb-89ab0123", pull=False)


async def an_unconcluded_check_run(place: Place) -> None:
    """As without the watchdog."""
    await place.check(status="in_progress")


async def a_second_check_run(place: Place) -> None:
    """As without the look for the one that is there."""
    await place.check(**CONCLUDED)


async def a_late_writer(place: Place) -> None:
    """As without fencing: whoever comes late writes once more on the branch."""
    async with place.api(Purpose.PUBLISH) as api:
        await api.put(
            "/contents/a.ipynb", {"message": "Late", "content": "e30=", "branch": OURS, "sha": blob_of(place)}
        )


def blob_of(place: Place) -> str:
    return place.repository.git.text("rev-parse", f"{OURS}:a.ipynb")


async def a_lost_label(place: Place) -> None:
    """The other way round: what was to be there and is not differs as well."""
    async with place.api(Purpose.PUBLISH) as api:
        await api.post("/issues/1/labels", {"labels": ["mendloop"]})


@pytest.mark.parametrize(
    "damage",
    [
        a_second_pull_request,
        an_orphan_branch,
        an_unconcluded_check_run,
        a_second_check_run,
        a_late_writer,
        a_lost_label,
    ],
)
async def test_f248_each_kind_of_damage_is_seen(damage: Callable[[Place], Awaitable[None]]) -> None:
    async with worked("sound") as place:
        sound = state(place.repository)
        await damage(place)

        assert differences(state(place.repository), sound) != []


async def test_two_stories_without_damage_look_the_same() -> None:
    async with worked("sound") as one, worked("other") as other:
        assert differences(state(other.repository), state(one.repository)) == []
