from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.fake_github.git import ZEROS
from tests.fake_github.tests.conftest import Place, graphql

if TYPE_CHECKING:
    import httpx


def commit_by_api(
    client: httpx.Client, parent: str, path: str = "a.ipynb", content: str = "mended\n", **more: Any
) -> dict[str, Any]:
    blob = client.post("/git/blobs", json={"content": content, "encoding": "utf-8"}).json()["sha"]
    line = {"path": path, "mode": "100644", "type": "blob", "sha": blob}
    tree = client.post("/git/trees", json={"base_tree": parent, "tree": [line]}).json()["sha"]
    return client.post("/git/commits", json={"message": "Mend", "tree": tree, "parents": [parent], **more}).json()


def update_refs(place: Place, client: httpx.Client, *updates: dict[str, Any]) -> Any:
    repository_id = client.get(place.here).json()["node_id"]
    return graphql(
        client, "updateRefs", "UpdateRefsInput", {"repositoryId": repository_id, "refUpdates": list(updates)}
    )


def test_a_commit_by_the_app_without_an_author_is_verified(place: Place) -> None:
    client, head = place.client(), place.repository.head("main")

    made, authored = (
        commit_by_api(client, head),
        commit_by_api(client, head, author={"name": "a", "email": "a@b.example"}),
    )

    assert made["verification"]["verified"] is True
    assert authored["verification"]["verified"] is False
    assert client.get(f"/commits/{made['sha']}").json()["author"]["login"] == "mendloop[bot]"
    assert "gpgsig" in place.repository.git.text("cat-file", "commit", made["sha"])


def test_update_refs_makes_a_branch_only_where_none_is(place: Place) -> None:
    client = place.client()
    sha = commit_by_api(client, place.repository.head("main"))["sha"]
    wanted = {"name": "refs/heads/mend/a", "beforeOid": ZEROS, "afterOid": sha, "force": False}

    first, second = update_refs(place, client, wanted), update_refs(place, client, wanted)

    assert "errors" not in first
    assert second["data"] == {"updateRefs": None}
    assert second["errors"][0]["type"] == "STALE_DATA"
    assert place.repository.branches()["mend/a"] == sha


def test_update_refs_is_all_or_none(place: Place) -> None:
    client = place.client()
    sha = commit_by_api(client, place.repository.head("main"))["sha"]
    good = {"name": "refs/heads/good", "beforeOid": ZEROS, "afterOid": sha}
    stale = {"name": "refs/heads/main", "beforeOid": sha, "afterOid": sha}

    answer = update_refs(place, client, good, stale)

    assert answer["errors"]
    assert set(place.repository.branches()) == {"main"}


def test_update_refs_deletes_by_zeros(place: Place) -> None:
    place.repository.push("gone", {"x": b"x"}, by=place.ada)
    tip = place.repository.head("gone")

    answer = update_refs(place, place.client(), {"name": "refs/heads/gone", "beforeOid": tip, "afterOid": ZEROS})

    assert "errors" not in answer
    assert "gone" not in place.repository.branches()


def test_a_move_that_is_not_forward_needs_force(place: Place) -> None:
    client, first = place.client(), place.repository.head("main")
    second = place.repository.push("main", {"x": b"x"}, by=place.ada)

    back = client.patch("/git/refs/heads/main", json={"sha": first})
    compared = update_refs(place, client, {"name": "refs/heads/main", "beforeOid": second, "afterOid": first})
    forced = client.patch("/git/refs/heads/main", json={"sha": first, "force": True})

    assert (back.status_code, back.json()["message"]) == (422, "Update is not a fast forward")
    assert compared["errors"]
    assert forced.status_code == 200


def test_a_ref_that_is_there_is_not_created_again(place: Place) -> None:
    client, head = place.client(), place.repository.head("main")

    answer = client.post("/git/refs", json={"ref": "refs/heads/main", "sha": head})

    assert (answer.status_code, answer.json()["message"]) == (422, "Reference already exists")


def test_create_commit_on_branch_compares_the_head(place: Place) -> None:
    client, head = place.client(), place.repository.head("main")
    addition = {"path": "new.md", "contents": base64.b64encode(b"new\n").decode()}
    wanted = {
        "branch": {"repositoryNameWithOwner": "octo-org/demo", "branchName": "main"},
        "expectedHeadOid": head,
        "message": {"headline": "Add", "body": "why"},
        "fileChanges": {"additions": [addition], "deletions": [{"path": "docs/guide.md"}]},
    }
    what = "commit { oid messageHeadline signature { isValid } }"

    first = graphql(client, "createCommitOnBranch", "CreateCommitOnBranchInput", wanted, what)
    second = graphql(client, "createCommitOnBranch", "CreateCommitOnBranchInput", wanted, what)

    assert first["data"]["createCommitOnBranch"]["commit"]["signature"] == {"isValid": True}
    assert place.repository.file("main", "new.md") == b"new\n"
    assert place.repository.file("main", "docs/guide.md") is None
    assert f'Expected branch to point to "{head}"' in second["errors"][0]["message"]
    assert second["data"] == {"createCommitOnBranch": None}


def test_a_workflow_needs_its_own_permission(place: Place) -> None:
    client, head = place.client(), place.repository.head("main")
    sha = commit_by_api(client, head, ".github/workflows/ci.yml", "on: push\n")["sha"]
    wanted = {"ref": "refs/heads/w", "sha": sha}

    refused = client.post("/git/refs", json=wanted)
    place.installation.accept_permissions(workflows="write")
    allowed = place.client().post("/git/refs", json=wanted)

    assert refused.status_code == 403
    assert "without `workflows` permission" in refused.json()["message"]
    assert allowed.status_code == 201


def test_a_branch_that_only_carries_the_bases_workflows_needs_no_permission(place: Place) -> None:
    head = place.repository.push("main", {".github/workflows/ci.yml": b"on: push\n"})
    sha = commit_by_api(place.client(), head)["sha"]

    assert place.client().post("/git/refs", json={"ref": "refs/heads/mend/a", "sha": sha}).status_code == 201


def test_a_protected_branch_takes_pull_requests_and_signed_commits_only(place: Place) -> None:
    client, head = place.client(), place.repository.head("main")
    signed, plain = (
        commit_by_api(client, head),
        commit_by_api(client, head, author={"name": "a", "email": "a@b.example"}),
    )
    place.repository.protect("main")
    place.repository.protect("signed", pulls_only=False, signatures=True)

    direct = client.patch("/git/refs/heads/main", json={"sha": signed["sha"]})
    unsigned = client.post("/git/refs", json={"ref": "refs/heads/signed", "sha": plain["sha"]})
    verified = client.post("/git/refs", json={"ref": "refs/heads/signed", "sha": signed["sha"]})

    assert (direct.status_code, direct.json()["message"]) == (422, "Changes must be made through a pull request.")
    assert "verified signatures" in unsigned.json()["message"]
    assert verified.status_code == 201
    assert client.get("/branches/main").json()["protected"] is True


def test_contents_are_written_with_the_blob_they_replace(place: Place) -> None:
    client = place.client()
    before = client.get("/contents/a.ipynb").json()
    change = {"message": "Change", "content": base64.b64encode(b"after\n").decode(), "branch": "main"}

    blind = client.put("/contents/a.ipynb", json=change)
    stale = client.put("/contents/a.ipynb", json=change | {"sha": "0" * 40})
    right = client.put("/contents/a.ipynb", json=change | {"sha": before["sha"]})

    assert (blind.status_code, stale.status_code, right.status_code) == (422, 409, 200)
    assert place.repository.file("main", "a.ipynb") == b"after\n"
    assert client.get("/contents/docs").json()[0]["path"] == "docs/guide.md"


def test_trees_refuse_what_git_could_not_hold(place: Place) -> None:
    client = place.client()

    def answer(**line: Any) -> int:
        return client.post("/git/trees", json={"tree": [{"mode": "100644", "type": "blob", **line}]}).status_code

    assert answer(path="../up", content="x") == 422
    assert answer(path=".git/config", content="x") == 422
    assert answer(path="a", sha="1" * 40) == 422
    assert answer(path="a/b", content="x") == 201


def test_a_folder_takes_the_place_of_a_file(place: Place) -> None:
    client, head = place.client(), place.repository.head()

    made = commit_by_api(client, head, "a.ipynb/inside.md")

    files = client.get(f"/git/trees/{made['sha']}?recursive=1").json()["tree"]
    assert {file["path"] for file in files if file["type"] == "blob"} == {"a.ipynb/inside.md", "docs/guide.md"}


def test_an_object_of_nowhere_is_refused(place: Place) -> None:
    client = place.client()

    assert client.post("/git/refs", json={"ref": "refs/heads/x", "sha": "1" * 40}).status_code == 422
    assert client.get(f"/git/blobs/{'1' * 40}").status_code == 404
    assert client.get("/git/ref/heads/none").status_code == 404
    assert client.get("/branches/none").json()["message"] == "Branch not found"


def test_comparison_tells_how_branches_differ(place: Place) -> None:
    place.repository.push("side", {"docs/guide.md": b"one\n2\nthree\n"}, by=place.ada)
    place.repository.push("main", {"other": b"x"}, by=place.ada)

    shape = place.client().get("/compare/main...side").json()

    assert (shape["status"], shape["ahead_by"], shape["behind_by"]) == ("diverged", 1, 1)
    assert [(file["filename"], file["status"], file["changes"]) for file in shape["files"]] == [
        ("docs/guide.md", "modified", 2)
    ]
