from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.workers.asking import SHELF, Asking, library
from workers.contract.domain import Cause, Finding, IssueType, Rung, Staleness
from workers.protocols import Answer, Question
from workers.review.resolution.api import find, questions, targets, with_targets

if TYPE_CHECKING:
    from pathlib import Path

    from workers.protocols import Document


@pytest.fixture
def box(tmp_path: Path) -> Asking:
    return library(tmp_path, SHELF)


async def reviewed(document: Document, box: Asking) -> tuple[Finding, ...]:
    """Both steps: the findings, and the suggestions whose targets exist."""
    found = find(document, await box.resolve(questions(document)))
    return with_targets(found, await box.resolve(targets(found)))


def test_the_longest_name_is_asked_once_and_calls_are_asked_with_their_arguments() -> None:
    document = notebook("import numpy as np\nnp.random.seed(1)\nnp.random.seed(1)", "np.sum([1], axis=0)")

    asked = questions(document)

    assert asked == (
        Question(name="numpy"),
        Question(name="numpy.random.seed", positional=1),
        Question(name="numpy.random.seed"),
        Question(name="numpy.sum", keywords=("axis",), positional=1),
        Question(name="numpy.sum"),
    )


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import shelf.gone\nexcept ImportError:\n    pass",
        "import shelf\ntry:\n    shelf.gone\nexcept AttributeError:\n    pass",
        "import shelf\nif hasattr(shelf, 'gone'):\n    shelf.gone",
        "import shelf\nif shelf.__version__ < '2':\n    shelf.gone",
        "import shelf\nshelf.gone = 1\nshelf.gone",
        "import shelf\nshelf = object()\nshelf.gone",
        "def f(shelf):\n    return shelf.gone",
        "from .shelf import gone",
        "from shelf import *\ngone",
        "%%bash\nimport shelf.gone",
        "print 'import shelf.gone'",
    ],
)
def test_names_that_are_guarded_patched_or_not_the_librarys_are_not_asked(source: str) -> None:
    assert not [one for one in questions(notebook(source)) if one.name.endswith("gone")]


async def test_a_name_that_is_gone_is_a_finding_with_the_librarys_own_words(box: Asking) -> None:
    document = notebook("import shelf as s\nx = 1; s.unicode_('a')")

    (finding,) = await reviewed(document, box)

    assert finding.place is not None
    assert (finding.place.cell, finding.place.line, finding.place.column) == (0, 2, 8)
    assert (finding.staleness, finding.rung, finding.cause) == (Staleness.BROKEN, Rung.E4, Cause.CODE)
    assert "Use `shelf.str_` instead" in finding.evidence
    assert finding.suggestion is not None
    assert finding.suggestion.resolved
    assert finding.suggestion.target == "shelf.str_"
    assert document.edited(finding.suggestion.edits).cells[0].source.endswith("s.str_('a')")


async def test_a_suggestion_whose_target_does_not_exist_either_is_dropped(box: Asking) -> None:
    (finding,) = await reviewed(notebook("import shelf\nshelf.nowhere"), box)

    assert finding.suggestion is None
    assert "shelf.never" in finding.fix


async def test_before_the_target_was_asked_a_suggestion_is_not_resolved(box: Asking) -> None:
    document = notebook("import shelf\nshelf.unicode_")

    (finding,) = find(document, await box.resolve(questions(document)))

    assert finding.suggestion is not None
    assert not finding.suggestion.resolved


@pytest.mark.parametrize(
    ("source", "mended"),
    [
        ("import shelf\nshelf.int('1')", "import shelf\nint('1')"),
        ("from shelf import unicode_\nunicode_('a')", "from shelf import str_ as unicode_\nunicode_('a')"),
        ("from shelf import unicode_ as u, inf", "from shelf import str_ as u, inf"),
        ("import shelf\nlä, b = shelf.unicode_, 1", "import shelf\nlä, b = shelf.str_, 1"),
    ],
)
async def test_the_suggestion_is_exact_and_a_second_look_finds_nothing(box: Asking, source: str, mended: str) -> None:
    document = notebook(source)

    (finding,) = await reviewed(document, box)

    assert finding.suggestion is not None
    after = document.edited(finding.suggestion.edits)
    assert after.cells[0].source == mended
    assert await reviewed(after, box) == ()


@pytest.mark.parametrize(
    "source", ["import shelf\nint = 3\nshelf.int('1')", "import shelf\nshelf.choice", "import shelf\nshelf.gone"]
)
async def test_nothing_is_suggested_where_a_rename_would_not_do(box: Asking, source: str) -> None:
    (finding,) = await reviewed(notebook(source), box)

    assert finding.suggestion is None


async def test_a_name_that_warns_when_it_is_read_is_deprecated(box: Asking) -> None:
    (finding,) = await reviewed(notebook("import shelf\nshelf.Inf"), box)

    assert (finding.staleness, finding.rung, finding.rule) == (Staleness.DEPRECATED, Rung.E3, "api/warning")
    assert finding.suggestion is not None
    assert finding.suggestion.target == "shelf.inf"


async def test_a_keyword_that_does_not_bind_is_a_finding_and_another_spelling_mends_it(box: Asking) -> None:
    document = notebook("import shelf\nshelf.write(1, line_terminator='')\nshelf.read('a', normed=True)")

    respelled, unknown = await reviewed(document, box)

    assert respelled.suggestion is not None
    assert "lineterminator=''" in document.edited(respelled.suggestion.edits).cells[0].source
    assert unknown.rule == "api/keyword"
    assert unknown.suggestion is None
    assert "density" in unknown.fix


async def test_a_package_that_is_not_installed_is_a_gap_of_the_environment_named_once(box: Asking) -> None:
    document = notebook("import sklearnish\nfrom sklearnish.metrics import f1", "import sklearnish.metrics")

    (finding,) = await reviewed(document, box)

    assert (finding.cause, finding.issue_type) == (Cause.ENVIRONMENT, IssueType.SETUP_GAP)
    assert "sklearnish" in finding.unlock


async def test_a_package_that_misses_another_names_the_other(box: Asking) -> None:
    (finding,) = await reviewed(notebook("import broken"), box)

    assert finding.cause is Cause.ENVIRONMENT
    assert "not-installed-anywhere" in finding.unlock


async def test_a_module_beside_the_artifact_is_no_gap(box: Asking) -> None:
    document = notebook("import own_tools\nown_tools.run()")

    assert find(document, await box.resolve(questions(document)), beside={"own_tools"}) == ()


async def test_modules_that_python_dropped_are_the_codes_fault(box: Asking) -> None:
    (finding,) = await reviewed(notebook("import urllib2"), box)

    assert (finding.cause, finding.rung) == (Cause.CODE, Rung.E4)


async def test_a_healthy_document_has_no_finding(box: Asking) -> None:
    document = notebook(
        "import shelf, json, os.path\nfrom shelf.shapes import circle\nfrom shelf import Table as T",
        "shelf.write([], sep=';')\ncircle(size=1)\nT(rows=[]).rows\nos.path.join('a', 'b')\njson.dumps({}, indent=1)",
    )

    assert await reviewed(document, box) == ()


async def test_equal_names_keep_their_ids_when_cells_are_moved(box: Asking) -> None:
    stale = "import shelf\nshelf.unicode_"

    first = await reviewed(notebook(stale, "1"), box)
    moved = await reviewed(notebook("1", "2", stale), box)

    assert [one.id for one in first] == [one.id for one in moved]


statuses = st.sampled_from(["exists", "absent", "unimportable", "undecided", "strange"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_answer_is_too_strange_to_be_read(data: st.DataObject) -> None:
    document = notebook("import numpy as np\nfrom pandas import Panel\nnp.a.b.c(x=1)", "import broken(", "Panel")
    answers = [
        Answer(
            question=question,
            status=data.draw(statuses),
            bad_keywords=data.draw(st.sampled_from([(), ("x",), ("*",), ("other",)])),
            message=data.draw(st.text()),
            missing_at=data.draw(st.sampled_from(["", "numpy", "numpy.a", "elsewhere"])),
            warning=data.draw(st.text(max_size=20)),
        )
        for question in questions(document)
    ]

    found = with_targets(find(document, answers), answers)

    assert len({one.id for one in found}) == len(found)
