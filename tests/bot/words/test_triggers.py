from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.payloads import Ignored, Misshapen, parse
from bot.triggers import (
    AppIdentity,
    Ask,
    CancelRequest,
    Decision,
    InstallationChange,
    Nothing,
    PublicationLook,
    RepositoryChange,
    RepositorySeen,
    ThreadClosed,
    decide,
)
from tests.bot.examples import Body, example, ours, raw
from workers.contract.job import Trigger

APP = AppIdentity(app_id=41, bot_user_id=4100, slug="mendloop")
US = {"id": 4100, "login": "mendloop[bot]", "type": "Bot"}
ADA = {"id": 11, "login": "ada", "type": "User"}
OLD, NEW, NEWER = "a" * 40, "b" * 40, "c" * 40


def decided(event: str, body: Body, app: AppIdentity = APP) -> tuple[Decision, ...]:
    read = parse(event, raw(body))
    assert not isinstance(read, Misshapen | Ignored), read
    return decide(read, app=app)


def asks(event: str, body: Body, app: AppIdentity = APP) -> list[Ask]:
    return [decision for decision in decided(event, body, app) if isinstance(decision, Ask)]


def commit(sha: str = NEW, **paths: list[str]) -> Body:
    return {"id": sha, **dict.fromkeys(("added", "modified", "removed"), ()), **paths}


def push(*commits: Body, branch: str = "main", **top: Any) -> Body:
    body = example("push")
    body["repository"] |= {"id": 5, "default_branch": "main"}
    fields = {"ref": f"refs/heads/{branch}", "before": OLD, "after": NEW, "commits": list(commits), "sender": ADA}
    return body | fields | {"created": False, "deleted": False, "forced": False} | top


def pull(action: str = "opened", *, sender: Body = ADA, **fields: Any) -> Body:
    body = example("pull_request", "opened", action=action, sender=sender, installation={"id": 7})
    body["repository"]["id"] = 5
    body["pull_request"] |= {"number": 9, "state": "open", "draft": False, "user": ADA} | fields
    body["pull_request"]["head"] |= {
        "ref": "feature",
        "sha": NEW,
        "repo": body["pull_request"]["head"]["repo"] | {"id": 5},
    }
    return body


def comment(text: str = "/repair", *, action: str = "created", by: Body | None = ADA, **thread: Any) -> Body:
    body = example("issue_comment", "created", action=action, sender=by or ADA, installation={"id": 7})
    body["repository"] |= {"id": 5, "default_branch": "main"}
    body["comment"] |= {"id": 77, "body": text, "user": by}
    body["issue"] |= {"number": 9, "state": "open", "locked": False} | thread
    return body


def review_comment(text: str = "/repair", path: str = "a.ipynb") -> Body:
    body = example("pull_request_review_comment", "created", sender=ADA, installation={"id": 7})
    body["repository"]["id"] = 5
    body["comment"] |= {"id": 78, "body": text, "user": ADA, "path": path}
    body["pull_request"] |= {"number": 9, "state": "open", "locked": False}
    body["pull_request"]["head"] |= {"ref": "feature", "sha": NEW, "repo": {"id": 5}}
    return body


def check_run(action: str = "requested_action", identifier: str = "repair", app_id: int = 41) -> Body:
    body = example("check_run", action, sender=ADA, installation={"id": 7})
    body["repository"]["id"] = 5
    body["check_run"] |= {"id": 66, "head_sha": NEW, "app": {"id": app_id}, "pull_requests": []}
    body["check_run"]["check_suite"]["head_branch"] = "main"
    return body | ({"requested_action": {"identifier": identifier}} if action == "requested_action" else {})


def check_suite(app_id: int = 41, **fields: Any) -> Body:
    body = example("check_suite", "rerequested", sender=ADA, installation={"id": 7})
    body["check_suite"] |= {"id": 55, "head_sha": NEW, "app": {"id": app_id}} | fields
    return body


def test_a_push_to_the_default_branch_asks_for_the_notebooks_it_changed() -> None:
    body = push(
        commit(OLD, added=["new.ipynb", "code.py"], modified=["gone.ipynb"]),
        commit(modified=["docs/b.ipynb"], removed=["gone.ipynb"]),
    )

    (ask,) = asks("push", body)

    assert ask.work_key == f"push:5:main:{NEW}"
    assert (ask.trigger, ask.branch, ask.sha, ask.actor_id, ask.actor) == (Trigger.PUSH, "main", NEW, 11, "ada")
    assert ask.arguments == {"paths": ["docs/b.ipynb", "new.ipynb"]}


def test_a_push_that_changed_no_notebook_asks_for_nothing() -> None:
    assert asks("push", push(commit(modified=["code.py", "README.md", "not.ipynb.txt"]))) == []


@pytest.mark.parametrize(
    "body",
    [
        push(commit(modified=[".github/mendloop.yml"])),
        push(commit(removed=[".github/mendloop.yml"])),
        push(commit(), created=True),
        push(commit(), forced=True),
        push(),
        push(*[commit(OLD)] * 19, commit()),
        push(*[commit(OLD)] * 2047, commit()),
        push(commit(OLD, modified=["a.ipynb"])),
        push(commit(modified=[f"{n}.py" for n in range(3000)])),
        push(commit(modified=[f"{n}.ipynb" for n in range(301)])),
    ],
    ids=[
        "configured",
        "unconfigured",
        "new",
        "forced",
        "no commits",
        "20",
        "2048",
        "cut before the last",
        "files",
        "many",
    ],
)
def test_a_push_whose_paths_cannot_be_told_asks_for_everything(body: Body) -> None:
    (ask,) = asks("push", body)

    assert ask.arguments == {"paths": []}


@pytest.mark.parametrize(
    "body",
    [
        push(commit(modified=["a.ipynb"]), branch="feature"),
        push(commit(modified=["a.ipynb"]), branch="main2"),
        push(commit(modified=["a.ipynb"]), ref="refs/tags/main"),
        push(commit(modified=["a.ipynb"]), branch="gh-readonly-queue/main/pr-1-abc"),
        push(commit(modified=["a.ipynb"]), deleted=True, after="0" * 40),
        push(commit(modified=["a.ipynb"]), sender=US),
        push(commit(modified=["a.ipynb"]), sender={"id": 12, "login": "other[bot]", "type": "Bot"}),
        push(commit(modified=["a.ipynb"]), sender=None),
        push(commit(modified=["a.ipynb"]), installation=None),
    ],
    ids=["branch", "longer name", "tag", "merge queue", "deleted", "us", "bot", "ghost", "no installation"],
)
def test_a_push_of_another_kind_asks_for_nothing(body: Body) -> None:
    assert asks("push", body) == []


def test_what_the_merge_queue_merges_is_looked_at() -> None:
    queue = {"id": 118344674, "login": "github-merge-queue[bot]", "type": "Bot"}

    assert len(asks("push", push(commit(modified=["a.ipynb"]), sender=queue))) == 1


def test_a_push_to_any_branch_makes_our_publications_be_looked_at_unless_it_was_ours() -> None:
    look = PublicationLook(repository_id=5, branch="mendloop/x")

    assert look in decided("push", push(commit(), branch="mendloop/x"))
    assert look in decided("push", push(branch="mendloop/x", deleted=True, after="0" * 40))
    assert decided("push", push(commit(), branch="mendloop/x", sender=US)) == (Nothing("our own push"),)


def test_a_branch_too_long_for_a_key_has_a_key_of_its_own() -> None:
    long = "b" * 250
    body, other = push(commit(), branch=long), push(commit(), branch=long[:-1] + "c")
    for one, name in ((body, long), (other, long[:-1] + "c")):
        one["repository"]["default_branch"] = name
        one["forced"] = True

    keys = {asks("push", one)[0].work_key for one in (body, other)}

    assert len(keys) == 2
    assert all(len(key) <= 255 for key in keys)


@pytest.mark.parametrize("action", ["opened", "synchronize", "ready_for_review"])
def test_a_pull_request_is_judged_by_its_head_commit(action: str) -> None:
    (ask,) = asks("pull_request", pull(action, title="New", labels=[{"name": "docs"}]))

    assert ask.work_key == f"pull:5:9:{NEW}"
    assert (ask.trigger, ask.number, ask.branch, ask.sha) == (Trigger.PULL_REQUEST, 9, "feature", NEW)
    assert ask.arguments["author"] == "ada"
    assert ask.arguments["title"] == "New"
    assert ask.arguments["labels"] == ["docs"]
    assert ask.arguments["fork"] is False


def test_a_reopened_pull_request_is_judged_again_at_the_same_commit() -> None:
    opened, reopened = asks("pull_request", pull())[0], asks("pull_request", pull("reopened"))[0]

    assert opened.work_key != reopened.work_key
    assert replace(reopened, work_key=opened.work_key) == opened


@pytest.mark.parametrize("home", [None, {"id": 6}])
def test_a_pull_request_from_a_fork_names_no_branch_of_the_base(home: Body | None) -> None:
    body = pull()
    body["pull_request"]["head"]["repo"] = home

    (ask,) = asks("pull_request", body)

    assert (ask.branch, ask.sha, ask.arguments["fork"]) == ("", NEW, True)


@pytest.mark.parametrize(
    "body",
    [
        pull(draft=True),
        pull("synchronize", draft=True),
        pull("converted_to_draft", draft=True),
        pull("edited"),
        pull(sender={"id": 12, "login": "other[bot]", "type": "Bot"}),
        pull("synchronize", sender=US),
        pull(state="closed"),
    ],
    ids=["draft", "draft pushed", "to draft", "edited", "bot", "us", "closed"],
)
def test_a_pull_request_is_not_judged(body: Body) -> None:
    assert asks("pull_request", body) == []


def test_a_closed_pull_request_stops_what_was_going_on_for_it() -> None:
    decisions = decided("pull_request", pull("closed", state="closed", merged=True))

    assert ThreadClosed(repository_id=5, number=9, lane="pull/9") in decisions
    assert PublicationLook(repository_id=5, number=9) in decisions
    assert decided("pull_request", pull("closed", sender=US)) == (Nothing("our own doing"),)


def test_a_command_is_asked_for_by_who_wrote_it_and_bound_to_its_comment() -> None:
    (ask,) = asks("issue_comment", comment("/repair a.ipynb --iterations 2 use httpx"))

    assert ask.work_key == "comment:77"
    assert (ask.trigger, ask.verb, ask.number, ask.comment_id, ask.comment_kind) == (
        Trigger.COMMAND, "repair", 9, 77, "issue",
    )  # fmt: skip
    assert (ask.branch, ask.sha, ask.actor_id, ask.arguments["pull"]) == ("main", "", 11, False)
    assert ask.arguments["paths"] == ["a.ipynb"]
    assert ask.arguments["iterations"] == 2
    assert ask.arguments["guidance"] == "use httpx"


def test_a_command_in_a_pull_requests_conversation_leaves_branch_and_commit_to_be_asked_for() -> None:
    (ask,) = asks("issue_comment", comment(pull_request={"url": "https://api.github.com/x"}))

    assert (ask.branch, ask.sha, ask.arguments["pull"]) == ("", "", True)


def test_a_command_on_a_line_is_bound_to_the_commit_and_means_its_notebook() -> None:
    (ask,) = asks("pull_request_review_comment", review_comment())
    (other,) = asks("pull_request_review_comment", review_comment("/repair b.ipynb"))
    (code,) = asks("pull_request_review_comment", review_comment(path="code.py"))

    assert (ask.comment_kind, ask.branch, ask.sha) == ("review", "feature", NEW)
    assert [one.arguments["paths"] for one in (ask, other, code)] == [["a.ipynb"], ["b.ipynb"], []]


def test_a_follow_up_is_told_from_a_command() -> None:
    (ask,) = asks("issue_comment", comment("/repair continue with httpx"))

    assert (ask.trigger, ask.verb) == (Trigger.FOLLOW_UP, "continue")


@pytest.mark.parametrize("text", ["/repair ../../canary.ipynb", "/repair canary"])
def test_c38_a_command_that_cannot_be_followed_is_a_call_for_help_that_repeats_nothing(text: str) -> None:
    (ask,) = asks("issue_comment", comment(text))

    assert ask.verb == "help"
    assert ask.arguments["problem"]
    assert "canary" not in str(ask)


def test_c37_an_edited_comment_changes_nothing_and_a_deleted_one_takes_back() -> None:
    assert decided("issue_comment", comment(action="edited")) == (Nothing("an edited comment changes nothing"),)
    for body in (
        comment(action="deleted"),
        comment(action="deleted", by=None),
        comment("never mind", action="deleted"),
    ):
        assert [one.work_key for one in decided("issue_comment", body) if isinstance(one, CancelRequest)] == [
            "comment:77"
        ]


def through_an_app() -> Body:
    body = comment()
    body["comment"]["performed_via_github_app"] = {"id": 41}
    return body


@pytest.mark.parametrize(
    "body",
    [
        comment(by=US),
        comment(by={"id": 12, "login": "other[bot]", "type": "Bot"}),
        comment(by={"id": 13, "login": "octo-org", "type": "Organization"}),
        comment(by=None),
        through_an_app(),
        comment() | {"sender": {"id": 12, "login": "trusted[bot]", "type": "Bot"}},
        comment() | {"sender": {"id": 14, "login": "owner", "type": "User"}},
    ],
    ids=["c32 us", "bot", "organisation", "ghost", "c32 through an App", "c41 trusted bot", "c41 another sender"],
)
def test_a_comment_that_is_not_a_persons_own_words_asks_for_nothing(body: Body) -> None:
    assert asks("issue_comment", body) == []


@pytest.mark.parametrize("login", ["mendloop-", "mendloop", "mendl\u043e\u043ep[bot]", "mendloop[bot]"])
def test_c34_who_is_who_is_told_by_number(login: str) -> None:
    body = comment(by={"id": 15, "login": login, "type": "User"})

    assert len(asks("issue_comment", body)) == 1


def test_c34_before_our_number_is_known_only_a_bot_of_our_name_is_us() -> None:
    unknown = replace(APP, bot_user_id=None)
    impostor = {"id": 15, "login": "mendloop[bot]", "type": "User"}

    assert asks("push", push(commit(modified=["a.ipynb"]), sender=US), unknown) == []
    assert len(asks("push", push(commit(modified=["a.ipynb"]), sender=impostor), unknown)) == 1


@pytest.mark.parametrize("thread", [{"locked": True}, {"state": "closed"}, {"state": "closed", "locked": True}])
def test_c45_a_closed_or_locked_conversation_takes_no_commands(thread: Body) -> None:
    reason = "a closed or locked conversation takes no commands"

    assert decided("issue_comment", comment(**thread)) == (Nothing(reason),)


def test_c45_our_merged_pull_request_may_be_reverted_and_nobody_elses() -> None:
    ours_merged = comment("/repair revert", state="closed", user=US)

    assert [ask.verb for ask in asks("issue_comment", ours_merged)] == ["revert"]
    assert asks("issue_comment", comment("/repair revert", state="closed", user=ADA)) == []
    assert asks("issue_comment", comment("/repair revert", state="closed", user=US, locked=True)) == []
    assert asks("issue_comment", comment("/repair", state="closed", user=US)) == []


def test_c46_a_command_in_a_title_a_body_or_a_commit_message_is_none() -> None:
    in_pull = pull("edited", title="/repair", body="/repair")
    in_push = push(commit() | {"message": "/repair"})

    assert asks("pull_request", in_pull) == []
    assert asks("push", in_push) == []


@pytest.mark.parametrize("button", ["repair", "ignore", "explain"])
def test_a_button_of_ours_asks_for_its_verb(button: str) -> None:
    (ask,) = asks("check_run", check_run(identifier=button))

    assert ask.work_key == f"button:66:{button}:{NEW}"
    assert (ask.trigger, ask.verb, ask.check_run_id, ask.sha, ask.branch) == (Trigger.BUTTON, button, 66, NEW, "main")


def test_a_check_asked_for_again_is_run_again() -> None:
    (ask,) = asks("check_run", check_run("rerequested"))

    assert (ask.work_key, ask.trigger, ask.verb, ask.check_run_id) == ("rerun:66", Trigger.RERUN, "repair", 66)


def test_a_suite_asked_for_twice_is_run_twice() -> None:
    first, second = (asks("check_suite", check_suite(updated_at=f"2026-01-0{day}T00:00:00Z"))[0] for day in (1, 2))

    assert (first.trigger, first.sha) == (Trigger.RERUN, NEW)
    assert first.work_key != second.work_key


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("check_run", check_run(app_id=42)),
        ("check_run", check_run("rerequested", app_id=42)),
        ("check_run", check_run(identifier="lgtm|26764")),
        ("check_run", check_run() | {"requested_action": None}),
        ("check_run", check_run() | {"sender": US}),
        ("check_suite", check_suite(app_id=42)),
        ("check_suite", check_suite() | {"sender": None}),
        ("check_suite", check_suite(app=None)),
    ],
)
def test_a_check_that_is_not_ours_or_not_a_persons_doing_asks_for_nothing(event: str, body: Body) -> None:
    assert asks(event, body) == []


def test_the_pull_request_of_a_check_is_the_one_at_its_commit() -> None:
    body = check_run()
    one = {"number": 9, "head": {"ref": "feature", "sha": NEW}}
    body["check_run"]["pull_requests"] = [one, {"number": 8, "head": {"ref": "stack", "sha": NEWER}}]
    several = check_run()
    several["check_run"]["pull_requests"] = [one, one | {"number": 10}]

    assert asks("check_run", body)[0].number == 9
    assert asks("check_run", several)[0].number is None


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("created", "active"),
        ("suspend", "suspended"),
        ("unsuspend", "active"),
        ("deleted", "deleted"),
        ("new_permissions_accepted", "active"),
    ],
)
def test_an_installation_changes_its_state(action: str, state: str) -> None:
    change, *repositories = decided("installation", example("installation", action))

    assert isinstance(change, InstallationChange)
    assert change.state == state
    assert all(isinstance(one, RepositoryChange) and one.state == "active" for one in repositories)
    assert bool(repositories) == (action in {"created", "new_permissions_accepted"})


def test_repositories_are_given_and_taken() -> None:
    given = decided("installation_repositories", example("installation_repositories", "added"))
    taken = decided("installation_repositories", example("installation_repositories", "removed"))

    assert {one.state for one in given if isinstance(one, RepositoryChange)} == {"active"}
    assert {one.state for one in taken if isinstance(one, RepositoryChange)} == {"withdrawn"}


@pytest.mark.parametrize(
    ("action", "archived", "state"),
    [
        ("renamed", False, "active"),
        ("edited", False, "active"),
        ("archived", True, "archived"),
        ("unarchived", False, "active"),
        ("privatized", True, "archived"),
        ("deleted", False, "withdrawn"),
    ],
)
def test_a_repository_changes_its_state(action: str, archived: bool, state: str) -> None:  # a column
    body = example("repository", "renamed", action=action, installation={"id": 7})
    body["repository"] |= {"archived": archived, "default_branch": "trunk", "full_name": "octo/new"}

    (change,) = decided("repository", body)

    assert isinstance(change, RepositoryChange)
    assert (change.state, change.full_name, change.default_branch) == (state, "octo/new", "trunk")


def test_every_official_example_is_decided_and_nothing_stands_only_alone() -> None:
    for event, bodies in ours().items():
        for body in bodies:
            read = parse(event, raw(body))
            if not isinstance(read, Ignored | Misshapen):
                decisions = decide(read, app=APP)
                assert decisions
                assert len(decisions) == 1 or not any(isinstance(one, Nothing) for one in decisions)


def test_a_repository_is_named_before_anything_refers_to_it() -> None:
    for event, body in (("push", push(commit())), ("pull_request", pull()), ("issue_comment", comment())):
        assert isinstance(decided(event, body)[0], RepositorySeen)
