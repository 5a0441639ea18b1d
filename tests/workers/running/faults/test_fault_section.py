"""The matrix and the side in a pull request, in a message and in the result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from markdown_it import MarkdownIt

from tests.workers.contract import samples
from workers.contract import messages
from workers.contract import report as numbers
from workers.contract.artifact_section import artifact_section
from workers.contract.domain import StopReason, Unrepaired
from workers.contract.fault_section import fault_section
from workers.contract.faults import Fault, Pin, Side, Tried
from workers.contract.result import result_json

SCHEMA = json.loads((Path(__file__).parents[4] / "docs" / "result.schema.json").read_text())
FAULT = Fault(
    side=Side.EITHER,
    sentence="The environment moved under the code.",
    tried=(
        Tried(versions="declared", copy="base", status="failed", words="cell 1: AttributeError: `a.b` | is gone"),
        Tried(versions="of 2024-01-15", copy="base", status="passed"),
        Tried(versions="declared", copy="head", status="passed"),
        Tried(versions="of 2024-01-15", copy="head", status="not_run", words="the time is used up"),
    ),
    pins=(Pin(name="a", version="1.1", instead_of="2.0"),),
    releases=("a 2.0 broke cell 1 (1.1 still ran).",),
    left_open=("Of 5 packages, two are left.",),
)
REPORT = replace(samples.report(Unrepaired(remaining=(), reason=StopReason.NEEDS_HUMAN)), fault=FAULT)


def test_the_section_has_the_side_the_matrix_the_versions_and_what_is_open() -> None:
    text = "\n\n".join(fault_section(FAULT))

    assert text.startswith("### Where the fault is: code or versions\n\nThe environment moved under the code.")
    tables = MarkdownIt("commonmark").enable("table").render(text)
    assert tables.count("<tr>") == 3
    assert tables.count("<td>") == 6
    assert "is gone" in tables
    assert "not run: the time is used up" in text
    assert "Not every field of this table was run." in text
    assert "- `a==1.1` instead of `2.0` makes it pass" in text
    assert "broke cell 1" in text
    assert "two are left" in text
    assert "Where the fault is" in artifact_section(REPORT, numbers.NOTHING)


def test_where_nothing_was_asked_there_is_no_section() -> None:
    assert list(fault_section(None)) == []
    assert "Where the fault is" not in artifact_section(replace(REPORT, fault=None), numbers.NOTHING)


@pytest.mark.parametrize("side", Side)
def test_every_side_has_a_name(side: Side) -> None:
    assert next(fault_section(replace(FAULT, side=side))).startswith("### Where the fault is: ")


def test_foreign_words_stay_text() -> None:
    tried = (
        Tried(versions="declared", copy="base", status="failed", words="@someone [x](http://example.org) | #1\n# no"),
    )

    text = "\n\n".join(fault_section(replace(FAULT, tried=tried, sentence="<img src=x> @someone")))

    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<a " not in html
    assert "<img" not in html
    assert html.count("<h1>") == 0


def test_a_fault_crosses_as_a_message_and_stands_in_the_result_by_its_contract() -> None:
    assert messages.report_from_json(messages.encode(messages.report_to_json(REPORT))) == REPORT

    result = result_json(samples.run(REPORT), "/runs/x", {})

    jsonschema.validate(result, SCHEMA)
    assert result["artifacts"][0]["fault"]["pins"] == ["a==1.1"]
    assert not result["artifacts"][0]["fault"]["whole"]
