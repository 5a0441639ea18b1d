from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.environments import environment
from workers.contract.domain import Cause, Finding, IssueType, Place, Rung, Severity, Staleness
from workers.knowledge.packs import shipped
from workers.review.rules import find
from workers.review.suppress import apply

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = environment(numpy="2.4.0")


def left(*cells: str, tags: dict[int, Iterable[str]] | None = None) -> list[str]:
    """The rules that still speak; the first cell imports numpy."""
    document = notebook("import numpy as np", *cells, tags=tags)
    found = find(document, shipped(), NOW, as_of=dt.date(2026, 11, 20))
    return [one.rule for one in apply(found, document)]


@pytest.mark.parametrize(
    "source",
    [
        "np.int  # mendloop: ignore",
        "np.int  # noqa  mendloop: ignore[numpy/int]",
        "np.int  # mendloop: ignore[numpy/]",
        "np.int  # mendloop:ignore[ pandas/ , numpy/* ]",
        "np.int  # mendloop: ignore[n*/int]",
        "# mendloop: ignore-cell\nx\nnp.int",
        "# mendloop: ignore-cell[numpy/]\nx\nnp.int",
    ],
)
def test_a_comment_of_the_author_silences_a_finding(source: str) -> None:
    assert left(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "np.int",
        "np.int  # ignore mendloop",
        "np.int  # mendloop: ignore[pandas/]",
        "np.int  # mendloop: ignore[numpy/in]",
        "np.int  # mendloop: ignore[]",
        "np.int  # mendloop: ignored",
        "np.int, '# mendloop: ignore'",
        "np.int, '''\n# mendloop: ignore-cell'''",
        "# mendloop: ignore\nnp.int",
        "x\n# mendloop: ignore-cell\nnp.int",
        "!ls # mendloop: ignore-cell\nnp.int",
    ],
)
def test_what_is_no_such_comment_silences_nothing(source: str) -> None:
    assert left(source) == ["numpy/int"]


def test_one_line_is_silenced_and_the_next_is_not() -> None:
    assert left("np.int  # mendloop: ignore[numpy/int]\nnp.int, np.float") == ["numpy/int", "numpy/float"]
    assert left("np.int, np.float  # mendloop: ignore[numpy/int]") == ["numpy/float"]


def test_a_tag_silences_its_cell() -> None:
    assert left("np.int", "np.float", tags={1: ["mendloop-ignore"]}) == ["numpy/float"]
    assert left("np.int, np.float", tags={1: ["mendloop-ignore:numpy/int"]}) == ["numpy/float"]
    assert left("np.int", tags={1: ["mendloop-ignored", "keep"]}) == ["numpy/int"]


def finding(cell: int | None, line: int = 1, rule: str = "models/retired") -> Finding:
    return Finding(
        id="x",
        artifact="a.ipynb",
        place=None if cell is None else Place(cell=cell, line=line),
        issue_type=IssueType.STALE_MODEL,
        severity=Severity.LOW,
        staleness=Staleness.RETIRED,
        rung=Rung.E3,
        cause=Cause.CODE,
        rule=rule,
        message="",
    )


def test_markdown_is_silenced_by_an_html_comment() -> None:
    document = notebook(("markdown", "old <!-- mendloop: ignore[models/] -->\nold  # mendloop: ignore"))

    kept = apply([finding(0, 1), finding(0, 2), finding(0, 1, "links/dead")], document)

    assert [(one.place.line, one.rule) for one in kept if one.place] == [(2, "models/retired"), (1, "links/dead")]


def test_a_finding_about_the_whole_artifact_is_not_silenced_by_a_cell() -> None:
    document = notebook("# mendloop: ignore-cell")

    assert apply([finding(None)], document) == (finding(None),)


@given(st.text(alphabet="# mendloop:ignr-c[]/*\n'", max_size=60), st.sampled_from(["code", "markdown", "raw"]))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_without_harm(source: str, kind: str) -> None:
    document = notebook((kind, source))

    assert set(apply([finding(0)], document)) <= {finding(0)}
