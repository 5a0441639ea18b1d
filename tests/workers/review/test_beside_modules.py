"""Modules beside an artifact are no gap of the environment."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.asking import library
from workers.contract.business import BusinessRules
from workers.contract.domain import Execution
from workers.knowledge import packs
from workers.protocols import Answer, Question
from workers.review.beside import Beside, beside
from workers.review.sources import Reviewer

if TYPE_CHECKING:
    from pathlib import Path

    from workers.contract.domain import Finding


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    for path in ("root.py", "docs/near.py", "docs/whole/__init__.py", "docs/loose/tool.py", "docs/data/a.csv"):
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_text("def f(): pass\n")
    return made


def test_modules_and_packages_of_the_folder_and_the_root_are_seen(repo: Path) -> None:
    found = beside(repo, "docs/a.ipynb")

    assert found == Beside(frozenset({"root", "near", "whole"}), frozenset({"docs", "loose"}))


def test_no_link_is_followed_and_a_missing_folder_holds_nothing(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "__init__.py").write_text("")
    (repo / "linked").symlink_to(tmp_path / "outside")
    (repo / "file.py").symlink_to(tmp_path / "outside" / "__init__.py")
    (repo / "round").symlink_to(repo)

    assert beside(repo, "gone/a.ipynb") == Beside(frozenset({"root"}), frozenset({"docs"}))


def test_a_folder_without_an_init_is_hidden_by_what_is_installed() -> None:
    there = Beside(frozenset({"near"}), frozenset({"loose", "openai"}))
    answers = [
        Answer(question=Question(name="openai.OpenAI"), status="absent"),
        Answer(question=Question(name="loose.tool"), status="unimportable"),
    ]

    assert there.hiding(answers) == {"near", "loose"}


async def test_only_what_lies_nowhere_is_a_gap(repo: Path, tmp_path: Path) -> None:
    cell = "import near, root, whole, loose.tool\nimport lost\nnear.f(1), loose.tool.f()"
    asking = library(tmp_path / "library", {})
    document = notebook(cell, path="docs/a.ipynb")

    async def reviewed(workspace: Path | None) -> set[str]:
        review = Reviewer(
            packs=packs.shipped(),
            environment=asking.environment,
            business=BusinessRules(),
            as_of=dt.date(2026, 11, 20),
            resolve=asking.resolve,
            workspace=workspace,
        )
        return {_module(finding) for finding in await review(document, Execution(status="not_run"))}

    assert await reviewed(repo) == {"lost"}
    assert await reviewed(None) == {"near", "root", "whole", "loose", "lost"}


def _module(finding: Finding) -> str:
    assert finding.rule == "api/module"
    return finding.message.split("`")[1]
