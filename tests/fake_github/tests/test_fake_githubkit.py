"""A second opinion: the models of a client that was made from GitHub's description by somebody else."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from githubkit import AppAuthStrategy, GitHub, TokenAuthStrategy

from tests.fake_github.git import ZEROS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from githubkit.response import Response

    from tests.fake_github.tests.conftest import Place

OCTO = ("octo-org", "demo")


@pytest.fixture
def kit(place: Place) -> Iterator[GitHub[Any]]:
    token = place.installation.token([place.repository])
    with GitHub(TokenAuthStrategy(token), base_url=place.hub.api_url, http_cache=False, auto_retry=False) as client:
        yield client


def parsed(*calls: Callable[[], Response[Any, Any]]) -> list[Any]:
    return [call().parsed_data for call in calls]


def test_it_reads_the_app_and_its_tokens(place: Place) -> None:
    auth = AppAuthStrategy(place.hub.app.id, place.hub.app.private_key_pem)
    with GitHub(auth, base_url=place.hub.api_url, http_cache=False, auto_retry=False) as kit:
        place.hub.webhooks.settle()
        apps = kit.rest.apps
        app, installation, token, _, deliveries, _ = parsed(
            apps.get_authenticated,
            lambda: apps.get_installation(place.installation.id),
            lambda: apps.create_installation_access_token(place.installation.id, repository_ids=[place.repository.id]),
            lambda: apps.get_repo_installation(*OCTO),
            apps.list_webhook_deliveries,
            apps.list_installations,
        )

    assert app.slug == "mendloop"
    assert installation.permissions.checks == "write"
    assert [repository.id for repository in token.repositories] == [place.repository.id]
    assert deliveries[-1].event == "installation"


def test_it_reads_git_data(place: Place, kit: GitHub[Any]) -> None:
    git, head = kit.rest.git, place.repository.head()

    blob = git.create_blob(*OCTO, content="x").parsed_data
    line: Any = {"path": "x.md", "mode": "100644", "type": "blob", "sha": blob.sha}
    tree = git.create_tree(*OCTO, tree=[line], base_tree=head).parsed_data
    commit = git.create_commit(*OCTO, message="m", tree=tree.sha, parents=[head]).parsed_data
    made, moved, found, read, listed = parsed(
        lambda: git.create_ref(*OCTO, ref="refs/heads/x", sha=commit.sha),
        lambda: git.update_ref(*OCTO, "heads/main", sha=commit.sha),
        lambda: git.get_ref(*OCTO, "heads/x"),
        lambda: git.get_blob(*OCTO, blob.sha),
        lambda: git.get_tree(*OCTO, tree.sha, recursive="1"),
    )

    assert commit.verification.verified is True
    assert {made.object_.sha, moved.object_.sha, found.object_.sha} == {commit.sha}
    assert base64.b64decode(read.content) == b"x"
    assert "docs/guide.md" in {entry.path for entry in listed.tree}


def test_it_reads_repositories_and_their_contents(place: Place, kit: GitHub[Any]) -> None:
    repos = kit.rest.repos
    place.repository.push("side", {"docs/guide.md": b"one\n"}, by=place.ada)
    place.repository.protect("main", checks=("ci",))

    whole, branch, branches, commit, commits, compared, file, permission, people = parsed(
        lambda: repos.get(*OCTO),
        lambda: repos.get_branch(*OCTO, "main"),
        lambda: repos.list_branches(*OCTO),
        lambda: repos.get_commit(*OCTO, "main"),
        lambda: repos.list_commits(*OCTO),
        lambda: repos.compare_commits(*OCTO, "main...side"),
        lambda: repos.get_content(*OCTO, "a.ipynb"),
        lambda: repos.get_collaborator_permission_level(*OCTO, "ada"),
        lambda: repos.list_collaborators(*OCTO),
    )

    assert whole.id == place.repository.id
    assert (branch.protected, {one.name for one in branches}) == (True, {"main", "side"})
    assert commit.sha == commits[0].sha
    assert compared.ahead_by == 1
    assert file.path == "a.ipynb"
    assert (permission.permission, people[0].login) == ("write", "ada")


def test_it_reads_pull_requests_and_talk(place: Place, kit: GitHub[Any]) -> None:
    pulls, issues, reactions = kit.rest.pulls, kit.rest.issues, kit.rest.reactions
    place.repository.push("side", {"a.ipynb": b"1"}, by=place.ada)

    pull = pulls.create(*OCTO, title="T", head="side", base="main").parsed_data
    comment = issues.create_comment(*OCTO, pull.number, body="hello").parsed_data
    said, label, reaction, again, listed, files, commits, reviewers, review, merged = parsed(
        lambda: pulls.create_review_comment(
            *OCTO, pull.number, body="hm", commit_id=pull.head.sha, path="a.ipynb", line=1, side="RIGHT"
        ),
        lambda: issues.add_labels(*OCTO, pull.number, labels=["mendloop"]),
        lambda: reactions.create_for_issue_comment(*OCTO, comment.id, content="eyes"),
        lambda: pulls.get(*OCTO, pull.number),
        lambda: pulls.list(*OCTO),
        lambda: pulls.list_files(*OCTO, pull.number),
        lambda: pulls.list_commits(*OCTO, pull.number),
        lambda: pulls.request_reviewers(*OCTO, pull.number, reviewers=["ada"]),
        lambda: pulls.create_review(*OCTO, pull.number, body="fine", event="COMMENT"),
        lambda: pulls.merge(*OCTO, pull.number),
    )

    app: Any = comment.performed_via_github_app
    assert app.id == place.hub.app.id
    assert (said.path, label[0].name, reaction.content) == ("a.ipynb", "mendloop", "eyes")
    assert (again.mergeable, again.comments, again.review_comments) == (True, 1, 1)
    assert (listed[0].number, files[0].filename, len(commits)) == (1, "a.ipynb", 1)
    assert (reviewers.requested_reviewers[0].login, review.state, merged.merged) == ("ada", "COMMENTED", True)


def test_it_reads_checks(place: Place, kit: GitHub[Any]) -> None:
    checks, sha = kit.rest.checks, place.repository.head()
    note: Any = {"path": "a.ipynb", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}

    run = checks.create(
        *OCTO, name="mendloop", head_sha=sha, output={"title": "T", "summary": "S", "annotations": [note]}
    ).parsed_data
    ended, notes, listed, suites = parsed(
        lambda: checks.update(*OCTO, run.id, conclusion="neutral"),
        lambda: checks.list_annotations(*OCTO, run.id),
        lambda: checks.list_for_ref(*OCTO, sha),
        lambda: checks.list_suites_for_ref(*OCTO, sha),
    )

    assert (run.status, ended.conclusion, notes[0].message) == ("queued", "neutral", "m")
    assert (listed.total_count, suites.total_count) == (1, 1)


def test_it_speaks_graphql(place: Place, kit: GitHub[Any]) -> None:
    asked = (
        "query($o: String!, $n: String!) { repository(owner: $o, name: $n) { id defaultBranchRef { target { oid } } } }"
    )
    told = "mutation($i: UpdateRefsInput!) { updateRefs(input: $i) { clientMutationId } }"

    repository = kit.graphql(asked, {"o": OCTO[0], "n": OCTO[1]})["repository"]
    sha = repository["defaultBranchRef"]["target"]["oid"]
    update = {"name": "refs/heads/x", "beforeOid": ZEROS, "afterOid": sha}
    kit.graphql(told, {"i": {"repositoryId": repository["id"], "refUpdates": [update]}})

    assert place.repository.branches() == {"main": sha, "x": sha}
