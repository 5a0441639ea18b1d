from __future__ import annotations

from typing import TYPE_CHECKING

from bot.publications import State
from tests.bot.publish.scene import MENDED, STALE, Mended, Scene, notebook
from workers.contract.job import Trigger
from workers.contract.ledger import tables

if TYPE_CHECKING:
    from tests.fake_github import PullRequest


async def proposed(at: Scene) -> PullRequest:
    await at.ran(Mended())
    await at.settle()
    return at.repo.pull(at.repo.pulls("open")[0]["number"])


async def test_taking_back_an_open_pull_request_closes_it_and_removes_its_branch(at: Scene) -> None:
    pull = await proposed(at)

    await at.do("revert", pull.number)
    await at.ran(Mended())
    await at.settle()

    assert [each["state"] for each in at.repo.pulls()] == ["closed"]
    assert at.branches_of_ours() == {}
    (publication,) = await at.publications()
    assert publication.state is State.REVERTED


async def test_taking_back_what_was_merged_restores_the_very_tree(at: Scene) -> None:
    before = at.repo.git.text("rev-parse", "main^{tree}")
    pull = await proposed(at)
    pull.merge(at.ada)
    await at.settle()
    assert at.repo.file("main", "a.ipynb") == MENDED

    await at.do("revert", pull.number)

    (undo,) = at.repo.pulls("open")
    assert undo["title"] == f"Revert the repair of #{pull.number}"
    at.repo.pull(undo["number"]).merge(at.ada)
    assert at.repo.git.text("rev-parse", "main^{tree}") == before
    await at.settle()
    await at.ran(Mended())
    await at.settle()
    assert at.repo.pulls("open") == []


async def test_taking_back_leaves_alone_what_people_changed_since(at: Scene) -> None:
    other = Mended(path="docs/b.ipynb", before=notebook("y = np.int"), after=notebook("y = int"), rules=("numpy/int",))
    await at.ran(Mended(), other)
    await at.settle()
    pull = at.repo.pull(at.repo.pulls()[0]["number"])
    pull.merge(at.ada)
    at.repo.push("main", {"docs/b.ipynb": notebook("y = int", "y")}, by=at.ada)

    await at.do("revert", pull.number)

    (undo,) = at.repo.pulls("open")
    assert at.repo.file(undo["head"]["ref"], "a.ipynb") == STALE
    assert at.repo.file(undo["head"]["ref"], "docs/b.ipynb") == notebook("y = int", "y")
    assert "docs/b.ipynb" in undo["body"]


async def test_a_branch_that_people_work_on_is_not_taken_back(at: Scene) -> None:
    pull = await proposed(at)
    theirs = at.repo.push(at.branch(), {"mine.md": b"Mine\n"}, by=at.ada)

    await at.do("revert", pull.number)

    assert at.repo.head(at.branch()) == theirs
    assert pull.look()["state"] == "open"


async def test_rebase_has_the_artifacts_repaired_anew_at_the_bases_head(at: Scene) -> None:
    pull = await proposed(at)
    moved = at.repo.push("main", {"a.ipynb": notebook("x = np.bool", "x")})

    job = await at.do("rebase", pull.number)

    new = (await at.rows_of_jobs())[-1]
    assert new["id"] != job
    assert (at.job_of(new).sha, at.job_of(new).paths, new["state"]) == (moved, ("a.ipynb",), "ready")
    (request,) = await at.rows(tables.requests)
    assert (request["job_id"], request["state"]) == (new["id"], "attached")


async def test_a_follow_up_goes_on_top_of_our_own_branch(at: Scene) -> None:
    pull = await proposed(at)
    first = at.repo.head(at.branch())
    better = notebook("x = bool", "assert x")
    job = await at.ran(
        Mended(before=MENDED, after=better, rules=("guidance/asked",)),
        branch=at.branch(), lane="main", pull_request=pull.number, trigger=Trigger.FOLLOW_UP,
    )  # fmt: skip
    await at.asked(job, at.ada, number=pull.number)

    await at.settle()

    assert at.repo.file(at.branch(), "a.ipynb") == better
    assert at.repo.commits(at.branch())[1]["sha"] == first
    assert len(at.repo.pulls()) == 1
    (publication,) = await at.publications()
    assert publication.content.pieces[0].findings == tuple(sorted(publication.content.pieces[0].findings))
    assert len(publication.content.pieces[0].findings) == 2
