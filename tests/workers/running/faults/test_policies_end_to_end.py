"""`mendloop repair` over every policy, in real boxes and real environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.workers.running.faults.conftest import Repaired


def remaining(artifact: dict[str, Any]) -> str:
    return "\n".join(left["reason"] for left in artifact["remaining_delta"])


def test_by_code_the_code_is_repaired_and_said_to_be_for_the_new_versions_only(repaired: Repaired) -> None:
    artifact = repaired.artifacts["by-code/old.ipynb"]

    assert artifact["outcome"] == "repaired"
    assert artifact["changed_cells"] == [1]
    assert artifact["fault"]["side"] == "either"
    assert artifact["fault"]["whole"]
    assert [(each["versions"], each["copy"], each["status"]) for each in artifact["fault"]["tried"]] == [
        ("declared", "base", "failed"),
        ("of 2024-03-15", "base", "passed"),
        ("declared", "head", "passed"),
        ("of 2024-03-15", "head", "failed"),
    ]
    assert "passes with the declared versions only" in artifact["fault"]["reason"]


def test_by_env_the_version_is_suggested_the_release_is_named_and_no_code_is_edited(repaired: Repaired) -> None:
    artifact = repaired.artifacts["by-env/old.ipynb"]

    assert (artifact["outcome"], artifact["stop_reason"], artifact["iterations"]) == ("unrepaired", "needs_human", 0)
    assert artifact["fault"]["pins"] == ["tinykit==1.1"]
    assert artifact["fault"]["releases"] == ["tinykit 2.0 broke cell 1 (1.1 still ran)."]
    assert "declare tinykit==1.1 in requirements.txt (it fails with 2.1)" in remaining(artifact)
    assert {each["cause"] for each in artifact["findings"] if each["class"] == "broken"} == {"environment"}


def test_by_asking_both_are_said_and_a_person_decides(repaired: Repaired) -> None:
    artifact = repaired.artifacts["by-asking/old.ipynb"]

    assert (artifact["outcome"], artifact["stop_reason"], artifact["iterations"]) == ("unrepaired", "needs_human", 0)
    assert artifact["fault"]["side"] == "either"
    assert "repair the code, or hold versions of the date" in remaining(artifact)
    assert "a person has to decide" in artifact["reason"]


def test_where_the_allowance_is_short_what_was_found_stands_and_the_rest_is_said_to_be_open(repaired: Repaired) -> None:
    fault = repaired.artifacts["by-asking/old.ipynb"]["fault"]

    assert fault["pins"] == []
    assert fault["left_open"][-1] == "The search ended early: no more than 1 environments may be made for it."


def test_an_artifact_that_is_right_under_a_wrong_pin_is_not_edited_although_code_may_be(repaired: Repaired) -> None:
    artifact = repaired.artifacts["pinned/new.ipynb"]

    assert (artifact["outcome"], artifact["iterations"]) == ("unrepaired", 0)
    assert artifact["fault"]["side"] == "pin"
    assert artifact["fault"]["pins"] == ["tinykit==2.1"]
    assert artifact["fault"]["releases"] == ["tinykit 2.0 is the first with which cell 1 runs (1.1 still fails)."]
    assert "declare tinykit==2.1 in pinned.txt (it fails with 1.1)" in remaining(artifact)


def test_a_healthy_artifact_is_not_asked_about(repaired: Repaired) -> None:
    assert repaired.artifacts["healthy.ipynb"]["outcome"] == "fresh"
    assert repaired.artifacts["healthy.ipynb"]["fault"] is None


@pytest.mark.parametrize(
    "line",
    [
        "### Where the fault is: code or versions",
        "### Where the fault is: the declared versions",
        "| versions | base | head |",
        "| declared | failed: cell 1: AttributeError: ",
        "- `tinykit==1.1` instead of `2.1` makes it pass",
    ],
)
def test_the_pull_request_shows_the_matrix_and_names_the_side(repaired: Repaired, line: str) -> None:
    assert line in repaired.text
