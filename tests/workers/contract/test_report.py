import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from tests.workers.contract import samples
from workers.contract import report as numbers
from workers.contract.domain import (
    BaseEvidence,
    CellError,
    CellRun,
    Errored,
    Execution,
    Fresh,
    Improved,
    Repaired,
    Report,
    StopReason,
    Unrepaired,
)
from workers.contract.pull_request import BODY_CHARS, pull_request_markdown
from workers.contract.report import Delivery
from workers.contract.result import result_json

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "result.schema.json").read_text())
DELIVERIES = {
    "repaired.ipynb": Delivery(changed_cells=(1,), patch="iterations/1/repaired.ipynb/patch.diff", record="r.json"),
    "improved.ipynb": Delivery(changed_cells=(1, 3), patch="p.diff", record="r.json"),
    "unrepaired.ipynb": Delivery(record="r.json"),
}


def result(*reports: Report) -> dict[str, Any]:
    return result_json(samples.run(*reports), "/runs/x", DELIVERIES)


def by_outcome() -> dict[str, dict[str, Any]]:
    return {artifact["outcome"]: artifact for artifact in result()["artifacts"]}


def test_the_result_of_every_outcome_keeps_the_published_contract() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator: Any = jsonschema.Draft202012Validator(SCHEMA)

    assert [error.message for error in validator.iter_errors(result())] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2),
        (("artifacts", 0, "outcome"), "great"),
        (("artifacts", 0, "stop_reason"), "passed"),
        (("artifacts", 1, "stop_reason"), None),
        (("artifacts", 0, "more"), 1),
        (("artifacts", 0, "head", "status"), "flaky"),
        (("artifacts", 0, "findings", 0, "rung"), 5),
        (("totals", "fresh"), 0.5),
    ],
)
def test_the_schema_refuses_what_the_contract_does_not_say(path: tuple[str | int, ...], value: object) -> None:
    twin = result()
    place: Any = twin
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(twin, SCHEMA)


def test_each_outcome_says_why_it_stopped_and_what_it_rests_on() -> None:
    of = by_outcome()

    assert {name: artifact["stop_reason"] for name, artifact in of.items()} == {
        "fresh": None,
        "repaired": "passed",
        "improved": "needs_human",
        "unrepaired": "no_progress",
        "skipped": None,
        "errored": "operational_error",
    }
    assert {name: artifact["evidence_level"] for name, artifact in of.items()} == {
        "fresh": "partial",
        "repaired": "executed",
        "improved": "executed",
        "unrepaired": "partial",
        "skipped": "none",
        "errored": "none",
    }
    assert (of["repaired"]["executed_cells"], of["unrepaired"]["executed_cells"], of["skipped"]["executed_cells"]) == (
        2,
        1,
        0,
    )
    assert of["unrepaired"]["head"]["status"] == "not_run"
    assert of["repaired"]["base"] == {
        "status": "failed",
        "failed_cell": 1,
        "error_class": "AttributeError",
        "error": "no attribute 'bool'",
        "seconds": 1.25,
    }


def test_what_remains_says_its_cause_and_what_would_unlock_it() -> None:
    (left,) = by_outcome()["improved"]["remaining_delta"]

    assert left["id"] == samples.LEFT.id
    assert left["reason"].endswith("Cause: upstream. To unlock: an owner chooses a successor.")


def test_what_failed_in_its_first_cell_was_seen_to_fail() -> None:
    error = CellError(name="IndexError", message="list index out of range", traceback="", line=1)
    first = Execution(status="failed", cells=(CellRun(cell=2, status="error", error=error),))
    failed = Report(
        artifact=samples.REPORTS[0].artifact,
        outcome=Unrepaired(remaining=(samples.finding(),), reason=StopReason.NEEDS_HUMAN),
        base=BaseEvidence(first=first),
    )

    (artifact,) = result(failed)["artifacts"]

    jsonschema.validate(result(failed), SCHEMA)
    assert (artifact["evidence_level"], artifact["executed_cells"], artifact["until_cell"]) == ("partial", 0, None)
    assert numbers.shown_evidence(failed) == "partial, failed in cell 2"


def test_what_was_interrupted_is_not_called_unrepaired_to_people() -> None:
    interrupted = samples.report(Unrepaired(remaining=(), reason=StopReason.CANCELLED), base=False)

    (artifact,) = result(interrupted)["artifacts"]
    body = pull_request_markdown(samples.run(interrupted), {})

    assert (artifact["outcome"], artifact["stop_reason"]) == ("unrepaired", "cancelled")
    assert artifact["reason"] == "the run was interrupted; this artifact was not judged"
    assert "1 artifact: 1 interrupted." in body
    assert "findings left" not in body


def test_a_flaky_base_is_called_flaky() -> None:
    base = BaseEvidence(first=samples.FAILED, second=samples.PASSED)
    flaky = Report(
        artifact=samples.REPORTS[0].artifact,
        outcome=Unrepaired(remaining=(), reason=StopReason.NEEDS_HUMAN),
        base=base,
    )

    (artifact,) = result(flaky)["artifacts"]

    assert artifact["base"]["status"] == "flaky"


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((), 0),
        ((Fresh(), Repaired(iteration=1)), 0),
        ((Fresh(), Improved(iteration=1, remaining=(), reason=StopReason.BUDGET)), 1),
        ((Unrepaired(remaining=(), reason=StopReason.BUDGET),), 1),
        ((Errored(reason="x"), Unrepaired(remaining=(), reason=StopReason.BUDGET)), 3),
    ],
)
def test_the_exit_code_tells_the_worst_outcome(outcomes: tuple[Any, ...], code: int) -> None:
    run = (
        samples.run(*[samples.report(outcome) for outcome in outcomes]) if outcomes else samples.run(samples.REPORTS[0])
    )

    assert numbers.exit_code(run) == code


def test_the_pull_request_and_the_result_say_the_same_numbers() -> None:
    run = samples.run()

    body = pull_request_markdown(run, DELIVERIES)
    totals = result()["totals"]

    assert "6 artifacts: 1 fresh, 1 repaired, 1 improved, 1 unrepaired, 1 skipped, 1 errored." in body
    assert f"{totals['model_calls']} model calls, {totals['cost_usd']:.2f} US dollars" in body
    assert (totals["model_calls"], totals["cost_usd"]) == (8, 1.0)
    for artifact in result()["artifacts"]:
        row = next(line for line in body.splitlines() if line.startswith(f"| `{artifact['path']}`"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1] == artifact["outcome"]
        assert cells[2:4] == [
            artifact["base"]["status"].replace("_", " "),
            artifact["head"]["status"].replace("_", " "),
        ]
        assert int(cells[5]) == artifact["iterations"]
        assert int(cells[6]) == len(artifact["remaining_delta"])


def test_the_pull_request_tells_what_was_wrong_what_changed_what_proves_it_and_what_is_left() -> None:
    body = pull_request_markdown(samples.run(samples.REPORTS[2]), DELIVERIES)

    assert "- cell 1, line 1: `np.bool` is gone (high, broken, E5, `numpy/bool`). Seen: `AttributeError" in body
    assert "try 2 (iteration 2, rules)" in body
    assert "try 1" not in body, "a refused iteration changed nothing that is delivered"
    assert "| 1 | `AttributeError: no attribute 'bool'` | ok, 0.0 s, 1 warning |" in body
    assert "| 1 | `rules` | 1 | 1 | `execution`: it fails earlier now | 0 | 2.0 |" in body
    assert re.search(
        r"- \[ \] cell 1: `oaieval` is .* Cause: upstream\. To unlock: an owner chooses a successor\.", body
    )
    assert "Changed cells: 1, 3." in body


HOSTILE = [
    "[click](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "@everyone see #1 and https://evil.example",
    "`` ` ``` @someone",
    "a | b | c\n| d |",
    "</details><img src=x onerror=alert(1)>",
    "line\n\n## Heading\n- [ ] task",
    "1. first - second + third",
    "see 0123abcd and GH-12 or JIRA-3, *bold* _it_ :smile: www.evil.example user@evil.example $x$ ~~no~~",
    "`odd @someone",
    "`a` @someone `b`",
    "`@someone`",
    "[click](https://evil.example)` `",
    "@someone` `` ``",
    "`a`` `@someone` `",
    "\x1b[31mred\u202eevil\u200b\U000e0041",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_in_a_pull_request_is_inert(text: str) -> None:
    error = CellError(name="Error", message=text, traceback="", line=None)
    base = Execution(status="failed", cells=(CellRun(cell=0, status="error", error=error),))
    hostile = Report(
        artifact=samples.REPORTS[0].artifact,
        outcome=Unrepaired(remaining=(samples.finding(text, unlock=text),), reason=StopReason.NEEDS_HUMAN),
        findings=(samples.finding(text),),
        base=BaseEvidence(first=base),
        note=text,
    )

    body = pull_request_markdown(samples.run(hostile), {})

    assert interpreted(body) <= {
        "Heading: What was wrong",
        "Heading: What is left",
        "Heading: Base and head, cell by cell",
    }
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\u200b\U000e0041]", body)


def interpreted(body: str) -> set[str]:
    """What a reader of the Markdown would see besides words: links, images, HTML, headings, mentions, references."""
    found: set[str] = set()
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    for index, token in enumerate(tokens):
        if token.type in {"html_block", "hr", "blockquote_open", "code_block"}:
            found.add(f"{token.type}: {token.content}")
        if token.type == "heading_open" and token.tag == "h3":
            found.add(f"Heading: {tokens[index + 1].content}")
        for child in token.children or ():
            if child.type in {"link_open", "image", "html_inline", "strong_open", "em_open"}:
                found.add(child.type)
            if child.type == "text":
                found |= set(re.findall(r"@\S+|#\d+|\S+://\S*|www\.\S+|\b[0-9a-f]{7,40}\b|\bGH-\d+", child.content))
    return found


@pytest.mark.parametrize("text", [*HOSTILE[:3], HOSTILE[5], "### Title", "- ---", "commit 0123abcd, GH-12, *x*, <b>"])
def test_a_template_that_trusts_text_is_caught(text: str) -> None:
    assert interpreted(f"{text}\n")


def test_a_long_run_is_bounded_and_says_so() -> None:
    reports = [
        samples.report(Repaired(iteration=1), f"{number}.ipynb", records=(samples.record(),)) for number in range(400)
    ]

    body = pull_request_markdown(samples.run(*reports), {})

    assert len(body) <= BODY_CHARS + 200
    assert re.search(r"\d+ sections left out here for length", body)
