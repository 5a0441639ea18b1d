"""Artifacts run in what the repository declares for them: who shares an environment, and what their reports say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.running.commissions import FRESH, TODAY, commission, files, means
from tests.workers.sandbox.tiny_wheels import only, write_wheel
from workers.contract import config_file
from workers.contract.domain import Fresh, Improved, Repaired, Unrepaired
from workers.contract.redact import redactor
from workers.running.habitats import habitats
from workers.running.prepared import prepare
from workers.running.unattended import mend_repository
from workers.settings import assemble

if TYPE_CHECKING:
    from pathlib import Path

    from workers.contract.domain import Report
    from workers.protocols import Box
    from workers.running.habitats import Habitat

USES = notebook("import tiny_base", "print(tiny_base.VALUE)").raw
STALE = notebook("import tiny_base", "import collections", "print(collections.Mapping, tiny_base.VALUE)").raw


@pytest.fixture
def wheels(tmp_path: Path) -> dict[str, str]:
    """Where packages come from: one package in two versions."""
    for version in ("1.0", "2.0"):
        write_wheel(tmp_path / "wheels", "tiny-base", version, {"tiny_base.py": f"VALUE = {version}\n"})
    return only(tmp_path / "wheels")


def together(repo: Path, configuration: str = "") -> list[tuple[str, list[str]]]:
    """(What decides, artifacts) of each habitat."""
    plan = assemble(config_file.read(configuration.encode(), "m.yml"), {}, {}, repo=repo, as_of=TODAY)
    paths = sorted(str(path.relative_to(repo)) for path in repo.rglob("*.ipynb"))
    found = habitats(prepare(repo, plan, paths, redactor({})))
    return [(_source(each), [document.path for document in each.documents]) for each in found]


def _source(habitat: Habitat) -> str:
    return habitat.decision.source if habitat.decision else "bare"


def test_who_asks_for_the_same_runs_in_the_same_and_the_nearest_declaration_decides(tmp_path: Path) -> None:
    repo = files(
        tmp_path / "repo",
        {
            "requirements.txt": b"tiny-base==1.0\n",
            "a.ipynb": USES,
            "b.ipynb": USES,
            "new/requirements.txt": b"tiny-base==2.0\n",
            "new/c.ipynb": USES,
        },
    )

    assert together(repo) == [
        ("requirements.txt", ["a.ipynb", "b.ipynb"]),
        ("new/requirements.txt", ["new/c.ipynb"]),
    ]


def test_where_nothing_is_asked_for_or_the_owner_wants_it_bare_the_standard_library_is_all(tmp_path: Path) -> None:
    repo = files(tmp_path / "repo", {"a.ipynb": FRESH, "b.ipynb": USES})

    assert together(repo) == [("bare", ["a.ipynb"]), ("imports", ["b.ipynb"])]
    assert together(repo, "environment: bare") == [("bare", ["a.ipynb", "b.ipynb"])]


async def mended(tmp_path: Path, wheels: dict[str, str], shared: Path, content: dict[str, bytes]) -> Report:
    repo = files(tmp_path / "repo", content)
    finished = await mend_repository(commission(repo, "a.ipynb"), means(shared, index=wheels))
    (report,) = finished.run.reports
    return report


async def test_what_is_declared_is_supplied_and_a_repair_is_whole(
    tmp_path: Path, wheels: dict[str, str], shared: Path, box: Box
) -> None:
    report = await mended(tmp_path, wheels, shared, {"requirements.txt": b"tiny-base==1.0\n", "a.ipynb": STALE})

    assert report.outcome == Repaired(iteration=1)
    assert report.base is not None
    assert report.records[-1].validation.head.cells[-1].outputs[0].text.endswith("1.0\n")


async def test_what_is_declared_nowhere_is_supplied_and_said_and_keeps_a_repair_from_being_whole(
    tmp_path: Path, wheels: dict[str, str], shared: Path, box: Box
) -> None:
    content = {"requirements.txt": b"# nothing yet\n", "a.ipynb": STALE}

    report = await mended(tmp_path, wheels, shared, content)

    assert isinstance(report.outcome, Improved)
    (left,) = report.outcome.remaining
    assert (left.rule, left.unlock) == ("environment/undeclared", "Declare it, for example as `tiny-base==2.0`.")
    failed = [case.name for case in report.records[-1].validation.cases if not case.passed]
    assert failed == ["setup_reproducibility"]


async def test_a_healthy_artifact_is_fresh_though_a_gap_is_shown(
    tmp_path: Path, wheels: dict[str, str], shared: Path, box: Box
) -> None:
    report = await mended(tmp_path, wheels, shared, {"a.ipynb": USES})

    assert report.outcome == Fresh()
    assert [finding.rule for finding in report.findings] == ["environment/undeclared"]


async def test_the_repositorys_own_package_is_imported_from_its_files(
    tmp_path: Path, wheels: dict[str, str], shared: Path, box: Box
) -> None:
    project = b'[project]\nname = "ours"\nversion = "1"\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    uses = notebook("import ours", "print(ours.VALUE)").raw
    content = {"pyproject.toml": project, "src/ours/__init__.py": b"VALUE = 'of this commit'\n", "a.ipynb": uses}

    report = await mended(tmp_path, wheels, shared, content)

    assert report.outcome == Fresh()
    assert report.base is not None
    assert report.base.first.cells[-1].outputs[0].text == "of this commit\n"


async def test_what_cannot_be_had_ends_as_a_finding_in_the_resolvers_words(
    tmp_path: Path, wheels: dict[str, str], shared: Path, box: Box
) -> None:
    content = {"requirements.txt": b"tiny-base==7.0\n", "a.ipynb": USES}

    report = await mended(tmp_path, wheels, shared, content)

    assert isinstance(report.outcome, Unrepaired)
    (left,) = report.outcome.remaining
    assert left.rule == "environment/unusable"
    assert "tiny-base==7.0" in left.message
