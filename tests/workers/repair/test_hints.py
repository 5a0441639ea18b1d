from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.workers.asking import SHELF, Asking, library
from workers.contract.domain import (
    Cause,
    CellError,
    CellRun,
    Execution,
    Finding,
    IssueType,
    Place,
    Rung,
    Severity,
    Staleness,
)
from workers.protocols import Task
from workers.repair.hints import HintsRepairer

if TYPE_CHECKING:
    from workers.contract.domain import Repair
    from workers.documents.notebook import Notebook

SERIES = ("/env/lib/python3.12/site-packages/pandas/core/series.py", 959, "__getitem__")


@pytest.fixture
def box(tmp_path: Path) -> Asking:
    return library(tmp_path, SHELF)


def finding(rule: str, cell: int, line: int, *, cause: Cause = Cause.CODE, evidence: str = "") -> Finding:
    return Finding(
        id=f"{rule}{cell}{line}",
        artifact="a.ipynb",
        place=Place(cell=cell, line=line),
        issue_type=IssueType.BROKEN_EXECUTION,
        severity=Severity.HIGH,
        staleness=Staleness.BROKEN,
        rung=Rung.E5,
        cause=cause,
        rule=rule,
        message="",
        evidence=evidence,
    )


def after_error(
    document: Notebook,
    error: CellError,
    *,
    cell: int,
    cause: Cause = Cause.CODE,
    refused: frozenset[tuple[int, int, str, str]] = frozenset(),
) -> Task:
    """What the repairer gets to see when `error` ended `cell`."""
    return Task(
        document=document,
        findings=(finding("execution/error", cell, error.line or 1, cause=cause),),
        execution=Execution(status="failed", cells=(CellRun(cell=cell, status="error", error=error),)),
        records=(),
        refused=refused,
    )


def after_warning(document: Notebook, message: str, *, cell: int, line: int) -> Task:
    return Task(
        document=document,
        findings=(finding("execution/warning", cell, line, evidence=message),),
        execution=Execution(status="passed"),
        records=(),
        refused=frozenset(),
    )


def error(
    name: str, message: str, *, line: int = 1, cell: int = 0, frames: tuple[tuple[str, int, str], ...] = ()
) -> CellError:
    here = (f"cell:{cell}", line, "<module>")
    return CellError(name=name, message=message, traceback="", line=line, frames=(here, *frames))


def frequency(old: str, new: str, *, line: int = 1, cell: int = 0) -> CellError:
    """The error of pandas 3 about a unit that no longer is one."""
    said = f"Invalid frequency: {old}. Failed to parse with error message: ValueError('Invalid frequency: {old}. Did you mean {new}?')"
    return error("ValueError", said, line=line, cell=cell)


def offset(old: str, new: str, *, line: int = 1) -> CellError:
    said = f"'{old}' is no longer supported for offsets. Please use '{new}' instead."
    return error(
        "ValueError", f'Invalid frequency: {old}. Failed to parse with error message: ValueError("{said}")', line=line
    )


async def mended(box: Asking, task: Task) -> list[str]:
    """The sources of the code cells after the repair."""
    repair = await HintsRepairer(box).propose(task)
    assert repair is not None
    assert repair.by == "hints"
    assert repair.changes_made
    assert repair.findings == tuple(one.id for one in task.findings)
    return [cell.source for cell in task.document.edited(repair.edits).cells]


async def proposed(box: Asking, task: Task) -> Repair | None:
    return await HintsRepairer(box).propose(task)


async def test_hints_chain_over_iterations_of_real_messages(box: Asking) -> None:
    document = notebook("i = pd.date_range('2000', '2010', freq='A')")

    (first,) = await mended(box, after_error(document, frequency("A", "Y"), cell=0))
    (second,) = await mended(box, after_error(notebook(first), offset("Y", "YE"), cell=0))

    assert first == "i = pd.date_range('2000', '2010', freq='Y')"
    assert second == "i = pd.date_range('2000', '2010', freq='YE')"


@pytest.mark.parametrize(
    ("source", "said", "expected"),
    [
        ("s.resample('2H').mean()", frequency("H", "h"), "s.resample('2h').mean()"),
        ('s.resample("Q-DEC")', offset("Q-DEC", "QE-DEC"), 's.resample("QE-DEC")'),
        ("pd.date_range(a, freq='M', name='M')", offset("M", "ME"), "pd.date_range(a, freq='ME', name='M')"),
        ("f('1H30T', freq='1H30T')", frequency("T", "min"), "f('1H30T', freq='1H30min')"),
        ("ä = 'é'; s.resample('A')", frequency("A", "Y"), "ä = 'é'; s.resample('Y')"),
        ("unit = 'A'\ns.resample(unit)", frequency("A", "Y", line=2), "unit = 'Y'\ns.resample(unit)"),
        ("s.resample(\n    'A'\n)", frequency("A", "Y"), "s.resample(\n    'Y'\n)"),
        ("%matplotlib inline\ns.resample('A')", frequency("A", "Y", line=2), "%matplotlib inline\ns.resample('Y')"),
    ],
)
async def test_the_literal_on_the_failing_line_takes_the_new_value(
    box: Asking, source: str, said: CellError, expected: str
) -> None:
    assert await mended(box, after_error(notebook(source), said, cell=0)) == [expected]


async def test_a_unit_that_is_wrong_everywhere_is_mended_everywhere_it_is_a_unit(box: Asking) -> None:
    document = notebook("a.resample('H')", "b.resample('2H')\nprint('H')", "pd.f(freq='H', name='H')")

    sources = await mended(box, after_error(document, frequency("H", "h"), cell=0))

    assert sources == ["a.resample('h')", "b.resample('2h')\nprint('H')", "pd.f(freq='h', name='H')"]


async def test_a_unit_that_is_wrong_for_offsets_only_is_left_where_it_may_be_a_period(box: Asking) -> None:
    document = notebook(
        "import pandas as pd\npd.date_range(x, freq='M')", "pd.date_range(y, freq='M')\nperiods.asfreq('M')"
    )

    sources = await mended(box, after_error(document, offset("M", "ME", line=2), cell=0))

    assert sources[1] == "pd.date_range(y, freq='ME')\nperiods.asfreq('M')"


@pytest.mark.parametrize(
    "source",
    [
        "s.resample(f'{n}A')",
        "s.resample('A' + rest)",
        "s[s.unit == 'A'].f()",
        "s.resample(unit)",
        "for unit in ['M', 'B']:\n    s.resample(unit)",
        "s.resample(b'A' if x else y)",
        "s.resample('\\x41')",
        "if x:\n    unit = 'A'\nelse:\n    unit = 'M'\ns.resample(unit)",
        "%%bash\necho 'A'",
    ],
)
async def test_a_value_that_is_made_at_run_time_or_ambiguous_is_left_alone(box: Asking, source: str) -> None:
    line = source.count("\n") + 1

    assert await proposed(box, after_error(notebook(source), frequency("A", "Y", line=line), cell=0)) is None


async def test_a_name_is_renamed_wherever_it_is_used_once_its_target_resolves(box: Asking) -> None:
    document = notebook("import shelf as s\ns.unicode_('a')", "x = [s.unicode_]\nlabel = 'unicode_'")
    said = error(
        "AttributeError", "`shelf.unicode_` was removed in the Shelf 2.0 release. Use `shelf.str_` instead.", line=2
    )

    sources = await mended(box, after_error(document, said, cell=0))

    assert sources == ["import shelf as s\ns.str_('a')", "x = [s.str_]\nlabel = 'unicode_'"]


async def test_a_repair_says_whose_names_its_edits_are_about(box: Asking) -> None:
    document = notebook("import shelf\nshelf.unicode_('a')\nshelf.read('a', normed=True)\ni = f(freq='A')")
    said = error("AttributeError", "`shelf.unicode_` was removed. Use `shelf.str_` instead.", line=2)
    keyword = "The 'normed' kwarg was deprecated in 2.1. Use 'density' instead."

    renamed = await proposed(box, after_error(document, said, cell=0))
    respelled = await proposed(box, after_warning(document, keyword, cell=0, line=3))
    unit = await proposed(box, after_error(document, frequency("A", "Y", line=4), cell=0))

    assert [each and each.about for each in (renamed, respelled, unit)] == [("shelf.unicode_",), ("shelf.read",), ()]


async def test_the_environment_is_asked_where_the_error_itself_has_no_words(box: Asking) -> None:
    document = notebook("from shelf import unicode_\nunicode_('a')")
    said = error("ImportError", "cannot import name 'unicode_' from 'shelf' (/x/shelf/__init__.py)")

    assert await mended(box, after_error(document, said, cell=0)) == [
        "from shelf import str_ as unicode_\nunicode_('a')"
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "import shelf\nshelf.nowhere",
            "`shelf.nowhere` was removed in the Shelf 2.0 release. Use `shelf.never` instead.",
        ),
        (
            "import shelf\nshelf.choice",
            "`shelf.choice` was removed in the Shelf 2.0 release. Use `shelf.a` or `shelf.b` instead.",
        ),
        ("import shelf\nshelf.gone", "module 'shelf' has no attribute 'gone'. Did you mean: 'add'?"),
        ("import shelf\nint = 1\nshelf.int(2)", "`shelf.int` was a deprecated alias for the builtin `int`."),
        ("import shelf\nshelf.write()", "'DataFrame' object has no attribute 'append'"),
    ],
)
async def test_a_target_that_does_not_resolve_or_is_a_choice_is_not_offered(
    box: Asking, source: str, said: str
) -> None:
    line = source.count("\n") + 1

    assert await proposed(box, after_error(notebook(source), error("AttributeError", said, line=line), cell=0)) is None


async def test_a_function_whose_parameters_changed_places_is_no_rename(box: Asking) -> None:
    same = after_warning(
        notebook("import shelf\nshelf.add(1, 2)"),
        "`shelf.add` is deprecated. Use `shelf.add_up` instead.",
        cell=0,
        line=2,
    )
    turned = after_warning(
        notebook("import shelf\nshelf.add(1, 2)"),
        "`shelf.add` is deprecated. Use `shelf.turned` instead.",
        cell=0,
        line=2,
    )

    assert await mended(box, same) == ["import shelf\nshelf.add_up(1, 2)"]
    assert await proposed(box, turned) is None


@pytest.mark.parametrize(
    ("source", "said", "expected"),
    [
        ("p.plot(x, normed=True)", "The 'normed' kwarg was deprecated in 2.1. Use 'density' instead.", "p.plot(x, density=True)"),
        ("p.line(ci=None)", "The `ci` parameter is deprecated. Use `errorbar=None` for the same effect.", "p.line(errorbar=None)"),
        ("m.wv.index2word[0]", "The index2word attribute has been replaced by index_to_key since 4.0.0.", "m.wv.index_to_key[0]"),
        ("frame.applymap(f)", "DataFrame.applymap has been deprecated. Use DataFrame.map instead.", "frame.map(f)"),
        ("SGD(loss='log', name='log')", "The loss 'log' was deprecated in v1.1. Use `loss='log_loss'` which is equivalent.", "SGD(loss='log_loss', name='log')"),
        ("s = x[0] + y", "Series.__getitem__ treating keys as positions is deprecated. To access a value by position, use `ser.iloc[pos]`", "s = x.iloc[0] + y"),
    ],
)  # fmt: skip
async def test_a_warning_that_names_the_change_is_followed_at_its_line(
    box: Asking, source: str, said: str, expected: str
) -> None:
    assert await mended(box, after_warning(notebook("1", source), said, cell=1, line=1)) == ["1", expected]


async def test_a_keyword_of_a_known_function_is_renamed_only_to_one_that_binds(box: Asking) -> None:
    document = notebook("import shelf\nshelf.read('a', normed=True)")

    good = after_warning(document, "The 'normed' kwarg was deprecated in 2.1. Use 'density' instead.", cell=0, line=2)
    bad = after_warning(document, "The 'normed' kwarg was deprecated in 2.1. Use 'unknown' instead.", cell=0, line=2)

    assert await mended(box, good) == ["import shelf\nshelf.read('a', density=True)"]
    assert await proposed(box, bad) is None


async def test_a_keyword_that_changed_its_spelling_is_respelled_and_another_is_not_guessed(box: Asking) -> None:
    document = notebook("import shelf\nshelf.write(1, line_terminator='')", "import shelf\nshelf.write(1, ending='')")

    spelling = error("TypeError", "write() got an unexpected keyword argument 'line_terminator'", line=2)
    other = error("TypeError", "write() got an unexpected keyword argument 'ending'", line=2, cell=1)

    assert "lineterminator=''" in (await mended(box, after_error(document, spelling, cell=0)))[0]
    assert await proposed(box, after_error(document, other, cell=1)) is None


async def test_access_by_position_becomes_iloc_for_the_same_object(box: Asking) -> None:
    document = notebook(
        "res = fit()\nother = fit()",
        "print(res.params[0])\nprint(res.params[1], other.params[1])\nres.params['a']",
        "res.params[-1]",
    )

    sources = await mended(box, after_error(document, error("KeyError", "0", cell=1, frames=(SERIES,)), cell=1))

    assert sources[1:] == [
        "print(res.params.iloc[0])\nprint(res.params.iloc[1], other.params[1])\nres.params['a']",
        "res.params.iloc[-1]",
    ]


async def test_the_next_candidate_is_offered_when_the_first_was_refused(box: Asking) -> None:
    document = notebook("rows[0] + s[0]")
    said = error("KeyError", "0", frames=(SERIES,))

    first = await proposed(box, after_error(document, said, cell=0))
    assert first is not None
    refused = frozenset(edit.key for edit in first.edits)
    second = await proposed(box, after_error(document, said, cell=0, refused=refused))
    assert second is not None
    both = refused | {edit.key for edit in second.edits}

    assert document.edited(first.edits).cells[0].source == "rows.iloc[0] + s[0]"
    assert document.edited(second.edits).cells[0].source == "rows[0] + s.iloc[0]"
    assert await proposed(box, after_error(document, said, cell=0, refused=both)) is None


@pytest.mark.parametrize(
    ("source", "message", "frames"),
    [
        ("d[1]", "1", ()),
        ("s[2]", "1", (SERIES,)),
        ("s['1']", "'1'", (SERIES,)),
        ("s.loc[1]", "1", (SERIES,)),
        ("s[i]", "1", (SERIES,)),
        ("s[True]", "1", (SERIES,)),
        ("print(f'{s[i]}')", "1", (SERIES,)),
    ],
)
async def test_a_missing_key_that_is_no_position_of_a_series_is_left_alone(
    box: Asking, source: str, message: str, frames: tuple[tuple[str, int, str], ...]
) -> None:
    assert await proposed(box, after_error(notebook(source), error("KeyError", message, frames=frames), cell=0)) is None


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.CODE])
async def test_what_is_not_the_codes_fault_is_left_alone(box: Asking, cause: Cause) -> None:
    task = after_error(notebook("s.resample('A')"), frequency("A", "Y"), cell=0, cause=cause)

    assert await proposed(box, task) is None


async def test_a_repair_that_was_refused_is_not_offered_again(box: Asking) -> None:
    document = notebook("s.resample('A')")
    first = await proposed(box, after_error(document, frequency("A", "Y"), cell=0))
    assert first is not None

    refused = frozenset(edit.key for edit in first.edits)

    assert await proposed(box, after_error(document, frequency("A", "Y"), cell=0, refused=refused)) is None


async def test_a_literal_of_the_caller_is_mended_where_it_stands(box: Asking) -> None:
    document = notebook("def by(unit):\n    return s.resample(unit)", "by('A')")
    said = CellError(
        name="ValueError",
        message=frequency("A", "Y").message,
        traceback="",
        line=1,
        frames=(("cell:1", 1, "<module>"), ("cell:0", 2, "by"), SERIES),
    )

    assert (await mended(box, after_error(document, said, cell=1)))[1] == "by('Y')"


async def test_error_and_warnings_are_mended_together_and_a_second_look_offers_nothing(box: Asking) -> None:
    document = notebook("frame.applymap(f)", "s.resample('A')")
    task = after_error(document, frequency("A", "Y"), cell=1)
    warning = finding(
        "execution/warning", 0, 1, evidence="DataFrame.applymap has been deprecated. Use DataFrame.map instead."
    )
    both = Task(
        document=document,
        findings=(*task.findings, warning),
        execution=task.execution,
        records=(),
        refused=frozenset(),
    )

    sources = await mended(box, both)

    assert sources == ["frame.map(f)", "s.resample('Y')"]
    again = Task(
        document=notebook(*sources), findings=both.findings, execution=both.execution, records=(), refused=frozenset()
    )
    assert await proposed(box, again) is None


texts = st.sampled_from(
    [
        "`shelf.a` was removed in 2.0. Use `shelf.b` instead.",
        "Invalid frequency: A. Did you mean Y?",
        "f() got an unexpected keyword argument 'x'",
        "1",
        "The `x` parameter is deprecated. Use `y=None` for the same effect.",
    ]
)
sources = st.sampled_from(
    ["f(x='A')[1]", "s[1]; s.x", "f(", "%%bash\n1", "", "x = 1\nif x:\n    f('A', x=2)", "f'{s[1]!r}'"]
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(sources | st.text(max_size=30), min_size=1, max_size=3),
    st.sampled_from(["KeyError", "TypeError", "ValueError"]),
    texts | st.text(),
    st.integers(1, 4),
    st.integers(0, 3),
)
async def test_no_task_is_too_strange_and_every_edit_fits(
    cells: list[str], name: str, message: str, line: int, cell: int
) -> None:
    document = notebook(*cells)
    said = error(name, message, line=line, cell=cell, frames=(SERIES,))

    repair = await proposed(Asking(Path("nowhere")), after_error(document, said, cell=cell))

    assert repair is None or document.edited(repair.edits) != document
