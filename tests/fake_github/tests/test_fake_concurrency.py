from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from tests.fake_github import Hub
from tests.fake_github.git import ZEROS
from tests.fake_github.tests.conftest import bearer

if TYPE_CHECKING:
    from tests.fake_github.tests.conftest import Listener, Place


async def test_of_many_who_create_the_same_branch_at_once_one_wins(place: Place) -> None:
    head, node = place.repository.head(), place.repository.look()["node_id"]
    update = {"name": "refs/heads/mend/a", "beforeOid": ZEROS, "afterOid": head}
    query = "mutation($i: UpdateRefsInput!) { updateRefs(input: $i) { clientMutationId } }"
    body = {"query": query, "variables": {"i": {"repositoryId": node, "refUpdates": [update]}}}
    headers = bearer(place.installation.token([place.repository]))

    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        answers = await asyncio.gather(*(client.post(f"{place.hub.api_url}/graphql", json=body) for _ in range(12)))

    assert sum("errors" not in answer.json() for answer in answers) == 1


async def test_of_many_who_open_the_same_pull_request_at_once_one_wins(place: Place) -> None:
    place.repository.push("side", {"x": b"x"}, by=place.ada)
    headers, wanted = (
        bearer(place.installation.token([place.repository])),
        {"head": "side", "base": "main", "title": "T"},
    )

    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        answers = await asyncio.gather(*(client.post(f"{place.here}/pulls", json=wanted) for _ in range(12)))

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 11
    assert len(place.repository.pulls()) == 1


async def test_a_test_with_a_loop_starts_it_too(listener: Listener) -> None:
    async with Hub.serve(listener.url, secret="s") as hub:
        installation = hub.install("octo-org", everywhere=True)
        repository = hub.repository("octo-org/demo", {"a": b"a"})
        await hub.webhooks.settled()
        token = installation.token([repository])
        async with httpx.AsyncClient(base_url=hub.api_url, headers=bearer(token), trust_env=False) as client:
            answer = await client.get("/repos/octo-org/demo/contents/a")

    assert answer.json()["size"] == 1
    assert listener.events() == ["installation.created", "push", "check_suite.requested"]
