"""What people do with our pull requests, and that it is respected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import identity
from bot.publications import NEVER, State
from tests.bot.publish.scene import MENDED, STALE, Mended, Scene, notebook
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from tests.fake_github import PullRequest

DAY_S = 86400.0


async def proposed(at: Scene) -> PullRequest:
    """Our pull request, open."""
    await at.ran(Mended())
    await at.settle()
    return at.repo.pull(at.repo.pulls("open")[0]["number"])


def ref(pull: PullRequest) -> str:
    return pull.look()["head"]["ref"]


async def test_a_human_commit_makes_the_branch_theirs_for_ever_and_that_is_said_once(at: Scene) -> None:
    pull = await proposed(at)
    body = pull.look()["body"]
    theirs = at.repo.push(ref(pull), {"a.ipynb": notebook("x = bool", "assert x")}, by=at.ada)

    for _ in range(2):
        await at.look()
        await at.ran(Mended(after=notebook("x = bool  # other")))
        await at.settle()

    assert at.repo.head(ref(pull)) == theirs
    assert pull.look()["body"] == body
    (comment,) = at.repo.comments(pull.number)
    assert identity.said("human") in comment["body"]
    assert [row["reason"] for row in await at.rows_of_jobs()][1:] == ["hands_off", "hands_off"]
    assert len(at.repo.pulls()) == 1


async def test_a_force_push_back_to_our_commit_leaves_the_branch_theirs(at: Scene) -> None:
    pull = await proposed(at)
    ours = at.repo.head(ref(pull))
    at.repo.push(ref(pull), {"a.ipynb": notebook("x = 1")}, by=at.ada)
    await at.look()
    at.repo.reset(ref(pull), ours, at.ada)

    await at.ran(Mended(after=notebook("x = bool  # other")))
    await at.settle()

    assert at.repo.head(ref(pull)) == ours
    (publication,) = await at.publications()
    assert publication.state is State.HUMAN


async def test_code_that_a_person_changed_makes_the_proof_stale_and_prose_does_not(at: Scene) -> None:
    stale, mended = notebook("#:Read", "x = np.bool"), notebook("#:Read", "x = bool")
    at.repo.push("main", {"a.ipynb": stale})
    await at.ran(Mended(before=stale, after=mended))
    await at.settle()
    pull = at.repo.pull(at.repo.pulls("open")[0]["number"])

    prose = at.repo.push(ref(pull), {"a.ipynb": notebook("#:Read this", "x = bool")}, by=at.ada)
    await at.look()
    code = at.repo.push(ref(pull), {"a.ipynb": notebook("#:Read this", "x = int")}, by=at.ada)
    await at.look()
    await at.look()

    assert at.repo.check_runs(prose) == []
    (check,) = at.repo.check_runs(code)
    assert (check["conclusion"], check["status"]) == ("neutral", "completed")


async def test_a_closed_pull_request_is_a_no_to_its_findings_and_its_branch_goes(at: Scene) -> None:
    pull = await proposed(at)
    pull.close(at.ada)
    await at.look()
    await at.look()

    await at.ran(Mended())
    await at.settle()

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]
    assert at.branches_of_ours() == {}
    (publication,) = await at.publications()
    assert (publication.state, publication.look_at) == (State.CLOSED, NEVER)
    assert [row["why"] for row in await at.rows(tables.ignored)] == [f"closed:{pull.number}"]


async def test_a_no_to_one_finding_leaves_room_for_another_in_a_new_pull_request(at: Scene) -> None:
    pull = await proposed(at)
    pull.close(at.ada)
    await at.settle()

    await at.ran(Mended(rules=("numpy/float",), after=notebook("x = float")))
    await at.settle()

    assert [each["state"] for each in at.repo.pulls()] == ["closed", "open"]


async def test_a_pull_request_that_a_person_opens_again_is_tended_again(at: Scene) -> None:
    pull = await proposed(at)
    tip = at.repo.head(ref(pull))
    pull.close(at.ada)
    await at.settle()
    at.repo.git.run("update-ref", f"refs/heads/{at.branch()}", tip)
    pull.reopen(at.ada)

    await at.look()

    (publication,) = await at.publications()
    assert publication.state is State.OPEN
    assert await at.rows(tables.ignored) == []


async def test_a_merged_pull_request_loses_its_branch(at: Scene) -> None:
    pull = await proposed(at)
    pull.merge(at.ada)

    await at.settle()
    await at.look()

    assert at.branches_of_ours() == {}
    (publication,) = await at.publications()
    assert publication.state is State.MERGED
    assert at.repo.file("main", "a.ipynb") == MENDED


async def test_a_branch_that_a_person_deleted_is_not_made_again(at: Scene) -> None:
    pull = await proposed(at)
    at.repo.delete_branch(ref(pull), at.ada)
    await at.ran(Mended())

    await at.settle()

    assert at.branches_of_ours() == {}
    assert at.repo.pulls("open") == []


async def test_a_persons_branch_with_our_name_is_left_alone_and_another_name_is_written_down(at: Scene) -> None:
    theirs = at.repo.push(at.branch(), {"mine.md": b"Mine\n"}, by=at.ada)

    pull = await proposed(at)

    assert at.repo.head(at.branch()) == theirs
    (publication,) = await at.publications()
    assert publication.branch == ref(pull) != at.branch()
    pull.close(at.ada)
    await at.settle()
    assert at.repo.head(at.branch()) == theirs


async def test_a_pull_request_that_nobody_touched_for_long_is_closed_with_one_comment(at: Scene) -> None:
    pull = await proposed(at)
    at.time.now += 4000 * DAY_S

    await at.look()
    await at.settle()
    await at.ran(Mended())
    await at.settle()

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]
    (comment,) = at.repo.comments(pull.number)
    assert identity.said("expired") in comment["body"]
    assert at.branches_of_ours() == {}


async def test_a_commit_that_comes_while_a_pull_request_expires_keeps_it(at: Scene) -> None:
    pull = await proposed(at)
    at.time.now += 4000 * DAY_S
    at.hub.faults.plan("refused", method="PATCH", path="*/pulls/*", count=1)
    await at.look()
    theirs = at.repo.push(ref(pull), {"mine.md": b"Mine\n"}, by=at.ada)

    await at.look()
    await at.settle()

    assert at.repo.head(ref(pull)) == theirs
    assert pull.look()["state"] == "open"


async def test_what_a_person_repaired_meanwhile_closes_our_pull_request_where_nobody_spoke(at: Scene) -> None:
    pull = await proposed(at)
    at.repo.push("main", {"a.ipynb": MENDED}, by=at.ada)

    await at.ran(Mended(before=MENDED, fresh=True))
    await at.settle()
    await at.look()

    assert pull.look()["state"] == "closed"
    (comment,) = at.repo.comments(pull.number)
    assert identity.said("mended") in comment["body"]
    assert at.branches_of_ours() == {}
    assert await at.rows(tables.ignored) == []


async def test_what_a_person_repaired_meanwhile_is_only_said_where_people_talk(at: Scene) -> None:
    pull = await proposed(at)
    at.repo.comment(pull.number, "Let me look at this.", at.ada)
    at.repo.push("main", {"a.ipynb": MENDED}, by=at.ada)

    for _ in range(2):
        await at.ran(Mended(before=MENDED, fresh=True))
        await at.settle()

    assert pull.look()["state"] == "open"
    assert sum(identity.said("mended") in each["body"] for each in at.repo.comments(pull.number)) == 1


async def test_a_body_without_our_block_and_a_title_that_people_wrote_stay_as_they_are(at: Scene) -> None:
    pull = await proposed(at)
    pull.edit(at.ada, title="My own title", body="My own words")

    await at.ran(Mended(after=notebook("x = bool  # better")))
    await at.settle()

    assert (pull.look()["title"], pull.look()["body"]) == ("My own title", "My own words")
    assert at.repo.file(ref(pull), "a.ipynb") == notebook("x = bool  # better")


async def test_a_ledger_that_was_lost_finds_its_pull_request_again(at: Scene) -> None:
    pull = await proposed(at)
    async with at.ledger.write() as connection:
        await connection.execute(tables.publications.delete())

    await at.ran(Mended())
    await at.settle()
    await at.ran(Mended(after=notebook("x = bool  # better")))
    await at.settle()

    assert [each["number"] for each in at.repo.pulls()] == [pull.number]
    assert at.repo.file(ref(pull), "a.ipynb") == notebook("x = bool  # better")
    assert list(at.branches_of_ours()) == [ref(pull)]


async def test_a_ledger_that_was_lost_still_takes_a_closed_pull_request_for_a_no(at: Scene) -> None:
    pull = await proposed(at)
    pull.close(at.ada)
    async with at.ledger.write() as connection:
        await connection.execute(tables.publications.delete())

    await at.ran(Mended())
    await at.settle()

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]


async def test_a_strangers_copy_of_our_block_is_not_adopted(at: Scene) -> None:
    pull = await proposed(at)
    body = pull.look()["body"]
    pull.close(at.ada)
    await at.settle()
    async with at.ledger.write() as connection:
        await connection.execute(tables.publications.delete())
        await connection.execute(tables.ignored.delete())
    at.repo.push("mendloop/fake", {"a.ipynb": notebook("evil()")}, by=at.ada)
    copy = at.repo.open_pull("mendloop/fake", by=at.ada, body=body)

    await at.ran(Mended(rules=("numpy/float",)))
    await at.settle()

    assert copy.look()["body"] == body
    assert at.repo.file("mendloop/fake", "a.ipynb") == notebook("evil()")
    assert copy.number not in {each.number for each in await at.publications()}


async def test_nothing_is_looked_at_or_written_after_access_was_withdrawn(at: Scene) -> None:
    pull = await proposed(at)
    at.time.now += 4000 * DAY_S
    at.installation.suspend()
    before = at.writes()

    await at.look()
    await at.settle()

    assert at.writes() == before
    assert pull.look()["state"] == "open"
    assert at.repo.file("main", "a.ipynb") == STALE
