"""From a push, a comment, a button and the clock to a pull request: real processes, HTTP, git, Redis and kernels."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.rig import Deployment, until
from tests.builders import notebook
from workers.contract.config_github import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake_github import Person, Repository

pytestmark = pytest.mark.asyncio(loop_scope="module")

STALE = notebook("import collections", "print(collections.Mapping)").raw
MENDED = STALE.replace(b"collections.Mapping", b"collections.abc.Mapping")
LONGER = notebook("import collections", "print(collections.Mapping)", "print(2)").raw
FRESH = notebook("print(1)").raw
QUIET = b"github: {sweep: {every: never}}\n"


@pytest.fixture
def place(app: Deployment) -> tuple[Repository, Person]:
    """A repository of this test's own, and somebody who may write to it."""
    return settled(app, f"demo-{secrets.token_hex(3)}", {"README.md": b"# demo\n", ".github/mendloop.yml": QUIET})


def settled(app: Deployment, name: str, files: dict[str, bytes]) -> tuple[Repository, Person]:
    owner = f"org-{abs(hash(name)) % 10**9}"
    repository = app.hub.repository(f"{owner}/{name}", files=files, installation=app.hub.install(owner))
    person = app.hub.user("ada")
    app.hub.permit(repository, person, "write")
    return repository, person


def concluded(repository: Repository, sha: str) -> Callable[[], list[dict[str, Any]]]:
    """The check runs on `sha` once all of them are at their end."""

    def look() -> list[dict[str, Any]]:
        found = repository.check_runs(sha)
        return found if found and all(check["status"] == "completed" for check in found) else []

    return look


async def test_a_pushed_stale_notebook_becomes_a_pull_request_with_its_evidence(
    app: Deployment, place: tuple[Repository, Person]
) -> None:
    repository, ada = place

    sha = repository.push("main", {"a.ipynb": STALE, "fresh.ipynb": FRESH}, by=ada)
    checks = await until(concluded(repository, sha), what="the check run is concluded", told=app.tail)

    [pull] = repository.pulls()
    assert repository.file(pull["head"]["ref"], "a.ipynb") == MENDED
    assert repository.file(pull["head"]["ref"], "fresh.ipynb") == FRESH
    assert (pull["state"], pull["draft"], pull["base"]["ref"]) == ("open", False, "main")
    assert [label["name"] for label in pull["labels"]] == ["mendloop"]
    for words in (
        "### Iterations",
        "collections.abc.Mapping",
        "| 1 | `rules` |",
        "| `a.ipynb` | repaired |",
        "<!-- mendloop",
    ):
        assert words in pull["body"], words
    [commit] = [each for each in repository.commits(pull["head"]["ref"]) if each["sha"] != sha][:1]
    assert commit["commit"]["verification"]["verified"]
    [check] = checks
    assert check["conclusion"] == "neutral"
    assert [note["path"] for note in check["annotations"]] == ["a.ipynb", "a.ipynb"]
    assert {STALE.decode().splitlines()[int(note["start_line"]) - 1].strip() for note in check["annotations"]} == {
        '"source": ["print(collections.Mapping)"],' if b'["print' in STALE else '"print(collections.Mapping)"'
    }


async def test_a_push_with_nothing_stale_gets_a_check_and_nothing_else(
    app: Deployment, place: tuple[Repository, Person]
) -> None:
    repository, ada = place

    sha = repository.push("main", {"fresh.ipynb": FRESH}, by=ada)
    [check] = await until(concluded(repository, sha), what="the check run is concluded", told=app.tail)

    assert check["conclusion"] == "success"
    assert repository.pulls() == []
    assert list(repository.branches()) == ["main"]


async def test_a_repository_without_a_configuration_is_left_alone(app: Deployment) -> None:
    repository, ada = settled(app, "inert", {"README.md": b"# demo\n"})
    other, _ = settled(app, "beside", {".github/mendloop.yml": QUIET})

    sha = repository.push("main", {"a.ipynb": STALE}, by=ada)
    later = other.push("main", {"fresh.ipynb": FRESH}, by=ada)
    await until(concluded(other, later), what="what came later is done", told=app.tail)

    assert repository.check_runs(sha) == []
    assert repository.pulls() == []


async def test_a_command_on_a_pull_request_repairs_it_in_another_one_and_answers_once(
    app: Deployment, place: tuple[Repository, Person]
) -> None:
    repository, ada = place
    head = repository.push("feature", {"a.ipynb": STALE}, by=ada)
    pull = repository.open_pull(head="feature", base="main", by=ada)
    await until(concluded(repository, head), what="the pull request is judged", told=app.tail)

    comment = repository.comment(pull.number, "Please:\n\n/repair", by=ada)
    ours = await until(
        lambda: [each for each in repository.pulls() if each["base"]["ref"] == "feature"],
        what="our pull request",
        told=app.tail,
    )
    answers = await until(
        lambda: [each for each in repository.comments(pull.number) if each["id"] != comment.id],
        what="an answer",
        told=app.tail,
    )

    assert repository.file(ours[0]["head"]["ref"], "a.ipynb") == MENDED
    assert repository.head("feature") == head, "nobody's branch is written to"
    assert len(answers) == 1
    assert f"#{ours[0]['number']}" in answers[0]["body"]
    await until(
        lambda: [each["content"] for each in repository.reactions(comment.id)] == ["rocket"],
        what="the reaction",
        told=app.tail,
    )


async def test_a_pull_request_whose_base_moved_is_rebased_onto_it_and_proven_anew(
    app: Deployment, place: tuple[Repository, Person]
) -> None:
    repository, ada = place
    sha = repository.push("main", {"a.ipynb": STALE}, by=ada)
    await until(concluded(repository, sha), what="the push is worked on", told=app.tail)
    [pull] = repository.pulls()
    app.hub.webhooks.plan(drop=1, seed=1)
    moved = repository.push("main", {"a.ipynb": LONGER}, by=ada)
    await app.hub.webhooks.settled()
    app.hub.webhooks.plan()

    comment = repository.comment(pull["number"], "/repair rebase", by=ada)
    await until(
        lambda: [each["content"] for each in repository.reactions(comment.id)] == ["rocket"],
        what="the reaction",
        told=app.tail,
    )

    [ours] = repository.pulls()
    assert (ours["number"], ours["state"]) == (pull["number"], "open")
    assert repository.file(ours["head"]["ref"], "a.ipynb") == LONGER.replace(
        b"collections.Mapping", b"collections.abc.Mapping"
    )
    assert moved in {each["sha"] for each in repository.commits(ours["head"]["ref"])}
    assert "| 1 | `carried` |" in ours["body"]


async def test_a_stranger_who_asks_gets_nothing(app: Deployment, place: tuple[Repository, Person]) -> None:
    repository, ada = place
    head = repository.push("feature", {"a.ipynb": STALE}, by=ada)
    pull = repository.open_pull(head="feature", base="main", by=ada)
    await until(concluded(repository, head), what="the pull request is judged", told=app.tail)
    stranger = app.hub.user("mallory")
    app.hub.permit(repository, stranger, "read")

    comment = repository.comment(pull.number, "/repair", by=stranger)
    known = repository.comment(pull.number, "/repair help", by=ada)
    await until(lambda: len(repository.comments(pull.number)) == 3, what="the help", told=app.tail)

    assert repository.reactions(comment.id) == []
    assert [each["base"]["ref"] for each in repository.pulls()] == ["main"]
    assert {each["id"] for each in repository.comments(pull.number)} > {comment.id, known.id}


async def test_the_repair_button_opens_a_pull_request_against_the_pull_requests_branch(
    app: Deployment, place: tuple[Repository, Person]
) -> None:
    repository, ada = place
    head = repository.push("feature", {"a.ipynb": STALE}, by=ada)
    repository.open_pull(head="feature", base="main", by=ada)
    [check] = await until(concluded(repository, head), what="the pull request is judged", told=app.tail)
    assert [action["identifier"] for action in check["actions"]] == ["repair", "ignore", "explain"]
    assert [each["base"]["ref"] for each in repository.pulls()] == ["main"], "nothing was written before the click"

    repository.click(check["id"], "repair", by=ada)
    ours = await until(
        lambda: [each for each in repository.pulls() if each["base"]["ref"] == "feature"],
        what="our pull request",
        told=app.tail,
    )

    assert repository.file(ours[0]["head"]["ref"], "a.ipynb") == MENDED
    assert repository.head("feature") == head


async def test_the_sweep_finds_what_nobody_pushed(app: Deployment) -> None:
    nightly = b"github: {sweep: {every: day, start: '02:00', hours: 4}}\n"
    repository, ada = settled(app, "swept", {".github/mendloop.yml": nightly, "old/a.ipynb": STALE})
    sha = repository.push("main", {"fresh.ipynb": FRESH}, by=ada)
    await until(concluded(repository, sha), what="the repository is known", told=app.tail)
    assert repository.pulls() == []

    await app.pass_time_until_sweep(repository.id, Sweep(every="day", start="02:00", hours=4))
    [pull] = await until(repository.pulls, what="a pull request by the sweep", told=app.tail)

    assert repository.file(pull["head"]["ref"], "old/a.ipynb") == MENDED


async def test_a_wrong_configuration_is_said_on_the_commit(app: Deployment, place: tuple[Repository, Person]) -> None:
    repository, ada = place

    sha = repository.push("main", {".github/mendloop.yml": b"github: {sweeep: 1}\n", "a.ipynb": STALE}, by=ada)
    [check] = await until(concluded(repository, sha), what="the check run is concluded", told=app.tail)

    assert check["conclusion"] == "action_required"
    assert "sweeep" in f"{check['output']}"
    assert repository.pulls() == []


async def test_nothing_that_was_answered_breaks_githubs_own_description(app: Deployment) -> None:
    assert app.hub.violations == []
    assert app.hub.unknown == []
