"""Branches of any name, and branches that change while a run is under way."""

from __future__ import annotations

import pytest

from tests.bot.publish.scene import MENDED, STALE, Mended, Scene


async def test_h208_a_default_branch_changed_in_between_leaves_the_pull_request_where_the_run_was_for(
    at: Scene,
) -> None:
    await at.ran(Mended())
    at.repo.push("develop", {"README.md": b"Another start\n"})
    at.repo.default_branch = "develop"

    await at.settle()

    (pull,) = at.repo.pulls()
    assert pull["base"]["ref"] == "main"
    assert at.repo.file(pull["head"]["ref"], "README.md") == at.repo.file("main", "README.md")


async def test_h208_a_branch_that_is_gone_when_its_run_ends_gets_nothing(at: Scene) -> None:
    at.repo.push("old", {"README.md": b"Old\n"})
    job = await at.ran(Mended(), branch="old")
    at.repo.delete_branch("old")

    await at.settle()

    assert at.repo.pulls() == []
    assert at.branches_of_ours() == {}
    assert (await at.job(job))["state"] in {"finished", "parked"}


@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main", "-x", "heads/main", "käse/ünïcode", "a@b"])
async def test_g106_a_branch_of_any_name_is_taken_for_itself(at: Scene, name: str) -> None:
    sha = at.repo.push(name, {"README.md": b"Here\n"})
    elsewhere = at.repo.head("main")
    await at.ran(Mended(), branch=name, lane=name, sha=sha)

    await at.settle()

    (pull,) = at.repo.pulls()
    assert (pull["base"]["ref"], pull["base"]["sha"]) == (name, sha)
    assert at.repo.file(pull["head"]["ref"], "README.md") == b"Here\n"
    assert at.repo.file(pull["head"]["ref"], "a.ipynb") == MENDED
    assert at.repo.head("main") == elsewhere


TWINS = (("A.ipynb", "a.ipynb"), ("caf\u00e9.ipynb", "cafe\u0301.ipynb"))


@pytest.mark.parametrize("names", TWINS, ids=["case", "normal form"])
async def test_g100_files_whose_names_look_alike_are_repaired_apart(at: Scene, names: tuple[str, str]) -> None:
    at.repo.push("main", dict.fromkeys(names, STALE))
    afters = {name: MENDED + b"\n" * number for number, name in enumerate(names)}

    await at.ran(*(Mended(path=name, after=after) for name, after in afters.items()))
    await at.settle()

    (pull,) = at.repo.pulls()
    assert {name: at.repo.file(pull["head"]["ref"], name) for name in names} == afters
    (publication,) = await at.publications()
    assert sorted(piece.path for piece in publication.content.pieces) == sorted(names)


async def test_h210_workflows_that_changed_on_the_base_are_nobodys_change_of_ours(at: Scene) -> None:
    await at.ran(Mended())
    moved = at.repo.push("main", {".github/workflows/ci.yml": b"on: push\n"})

    await at.settle()

    (pull,) = at.repo.pulls()
    ours, below = at.repo.commits(pull["head"]["ref"])[:2]
    assert below["sha"] == moved
    assert at.repo.git.text("diff", "--name-only", moved, ours["sha"]) == "a.ipynb"
