from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.asking import SHELF, library
from workers.review.resolution.api import find, questions
from workers.review.resolution.places import gone, refused, rekeyword, renaming

if TYPE_CHECKING:
    from pathlib import Path

    from workers.contract.domain import Finding
    from workers.protocols import Document


async def found(document: Document, folder: Path) -> tuple[Finding, ...]:
    box = library(folder, SHELF)
    return find(document, await box.resolve(questions(document)))


@pytest.mark.parametrize(
    ("source", "new", "mended"),
    [
        ("import shelf as s\nx = 1; s.gone(2)", "shelf.new_name", "import shelf as s\nx = 1; s.new_name(2)"),
        ("from shelf import gone", "shelf.shapes.circle", "from shelf.shapes import circle as gone"),
        ("import shelf\nshelf.shapes.gone.deep", "shelf.shapes.circle", "import shelf\nshelf.shapes.circle.deep"),
        ("import shelf\nshelf.gone()", "builtins.int", "import shelf\nint()"),
    ],
)
async def test_a_gone_name_is_renamed_where_it_stands(tmp_path: Path, source: str, new: str, mended: str) -> None:
    document = notebook(source)
    (finding,) = await found(document, tmp_path)

    suggestion = renaming(document, finding, new)

    assert suggestion is not None
    assert document.edited(suggestion.edits).cells[0].source == mended


async def test_a_name_that_would_need_another_import_is_left_alone(tmp_path: Path) -> None:
    document = notebook("import shelf\nshelf.gone()")
    (finding,) = await found(document, tmp_path)

    assert gone(finding) == "shelf.gone"
    assert renaming(document, finding, "elsewhere.thing") is None
    assert renaming(document, finding, "shelf.gone") is None
    assert rekeyword(document, finding, "other") is None


async def test_each_of_two_equal_names_is_renamed_at_its_own_place(tmp_path: Path) -> None:
    document = notebook("import shelf\nshelf.gone(1)\nshelf.gone(2)")

    first, second = await found(document, tmp_path)

    edits = [edit for one in (first, second) if (made := renaming(document, one, "shelf.add")) for edit in made.edits]
    assert document.edited(edits).cells[0].source == "import shelf\nshelf.add(1)\nshelf.add(2)"


async def test_a_refused_keyword_is_spelled_anew_where_it_stands(tmp_path: Path) -> None:
    document = notebook("import shelf\nshelf.read('a',\n    normed=True)")
    (finding,) = await found(document, tmp_path)

    suggestion = rekeyword(document, finding, "density")

    assert refused(finding) == ("shelf.read", "normed")
    assert suggestion is not None
    assert (suggestion.target, suggestion.resolved) == ("shelf.read", False)
    assert document.edited(suggestion.edits).cells[0].source == "import shelf\nshelf.read('a',\n    density=True)"


async def test_a_call_that_passes_the_new_keyword_already_is_left_alone(tmp_path: Path) -> None:
    document = notebook("import shelf\nshelf.read('a', normed=True, density=True)")
    (finding,) = await found(document, tmp_path)

    assert rekeyword(document, finding, "density") is None
    assert rekeyword(document, finding, "not a name") is None


async def test_a_finding_of_another_text_is_left_alone(tmp_path: Path) -> None:
    document = notebook("import shelf\nshelf.gone()")
    (finding,) = await found(document, tmp_path)

    assert renaming(notebook("1"), finding, "shelf.add") is None
    assert renaming(notebook("import shelf\n# shelf.gone()"), finding, "shelf.add") is None
