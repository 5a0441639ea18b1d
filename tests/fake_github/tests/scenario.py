"""One of everything that GitHub tells an App."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fake_github.tests.conftest import Place


def everything(place: Place) -> None:
    """Each event and action at least once; the installation is gone in the end."""
    hub, repository, ada = place.hub, place.repository, place.ada
    hub.listen(hub.app.webhook_url or "", ping=True)
    _pull_request(place)
    _checks(place)
    repository.publicise()
    repository.privatise()
    repository.archive()
    repository.unarchive()
    repository.push("trunk", {"t": b"t"}, by=ada)
    repository.default_branch = "trunk"
    repository.rename("renamed")
    other = hub.repository("octo-org/other", {"a": b"a"}, place.installation)
    place.installation.remove(other)
    place.installation.add(other)
    hub.install("new-org", everywhere=True)
    other.transfer("new-org")
    repository.delete()
    place.installation.accept_permissions(workflows="write")
    place.installation.suspend()
    place.installation.unsuspend()
    place.installation.delete()


def _pull_request(place: Place) -> None:
    repository, ada = place.repository, place.ada
    repository.push("side", {"a.ipynb": b"1"}, by=ada)
    pull = repository.open_pull("side", by=ada, draft=True)
    pull.ready(ada)
    pull.to_draft(ada)
    pull.label("docs", by=ada)
    pull.edit(ada, title="Another")
    repository.push("side", {"a.ipynb": b"2"}, by=ada)
    for comment in (
        repository.comment(pull.number, "/repair", ada),
        repository.review_comment(pull.number, "hm", ada, path="a.ipynb"),
    ):
        comment.edit("better")
        comment.delete()
    pull.close(ada)
    pull.reopen(ada)
    repository.delete_branch("side", ada)


def _checks(place: Place) -> None:
    button = {"label": "Repair", "identifier": "repair", "description": "d"}
    wanted = {"name": "mendloop", "head_sha": place.repository.head(), "actions": [button], "conclusion": "neutral"}
    made = place.client().post("/check-runs", json=wanted).json()
    place.repository.click(made["id"], "repair", by=place.ada)
    place.repository.rerequest(made["id"], by=place.ada)
    client = place.client()
    client.post(f"/check-suites/{made['check_suite']['id']}/rerequest")
