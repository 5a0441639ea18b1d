from __future__ import annotations

from tests.builders import notebook
from tests.workers.validate.changes import change
from workers.contract.domain import BaseEvidence, CellRun, Execution, Output
from workers.validate.outputs import compare_outputs
from workers.validate.values import replaced


def run(*texts: str) -> Execution:
    cells = tuple(
        CellRun(cell=n, status="ok", outputs=(Output(kind="stream", name="stdout", text=text),))
        for n, text in enumerate(texts)
    )
    return Execution(status="passed", cells=cells)


def test_the_text_that_an_edit_replaced_is_known() -> None:
    made = change(notebook("MODEL = 'old-model'; n = 1"), notebook("MODEL = 'new-model'; n = 1"))

    assert replaced(made, {0}) == (("old-model", "new-model"),)


def test_a_short_text_or_another_number_of_texts_is_no_replaced_value() -> None:
    short = change(notebook("f = 'A'"), notebook("f = 'YE'"))
    more = change(notebook("f = 'first'"), notebook("f = 'first', 'second'"))

    assert replaced(short, {0}) == ()
    assert replaced(more, {0}) == ()


def test_an_unedited_cell_may_show_the_new_value_where_it_showed_the_old_one() -> None:
    base, head = run("", "uses old-model\n"), run("", "uses new-model\n")

    case = compare_outputs(BaseEvidence(first=base), head, frozenset({0}), values=(("old-model", "new-model"),))

    assert case.passed
    assert "1 follows" in case.evidence


def test_whatever_else_an_unedited_cell_shows_differently_is_refused() -> None:
    base, head = run("", "old-model scores 0.93\n"), run("", "new-model scores 0.88\n")

    case = compare_outputs(BaseEvidence(first=base), head, frozenset({0}), values=(("old-model", "new-model"),))

    assert not case.passed
    assert case.veto


def test_without_knowing_the_value_the_same_output_is_refused() -> None:
    base, head = run("", "uses old-model\n"), run("", "uses new-model\n")

    assert not compare_outputs(BaseEvidence(first=base), head, frozenset({0})).passed
