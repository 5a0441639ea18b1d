"""Ruff on what an edit wrote: real ruff, real notebooks; and broken twins that every case of it would let pass or refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.validate.changes import change, rewritten
from workers.contract.domain import BaseEvidence, CellRun, Execution
from workers.documents.notebook import Notebook, parse
from workers.validate.linting import MOST_BYTES, LinterError, Violation, violations
from workers.validate.style import Style
from workers.validate.verdict import Validator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.contract.domain import Case, Finding, Validation
    from workers.protocols import Check, Document

BREAKING = {
    "F821": ("def later(x):\n    return np.bool(x)", "def later(x):\n    return npp.bool_(x)"),
    "F823": ("n = 1\ndef f():\n    m = 2\n    return n", "n = 1\ndef f():\n    print(n)\n    n = 2\n    return n"),
    "F507": ("'%s' % (1,)", "'%s %s' % (1,)"),
    "invalid-syntax": ("x = 1", "x: int = 1\nglobal x"),
    "F706": ("x = 1", "x = 1\nif x > 1:\n    return"),
    "F633": ("print(1)", "print >> 1"),
}
BAD = {
    "F401": ("np.int(1)", "import json\nint(1)"),
    "F541": ("print('a')", "print(f'a')"),
    "F632": ("x = 1\nx == 1", "x = 1\nx is 1"),
    "F811": ("import os\nos.sep", "import os\nimport os\nos.sep"),
    "F841": ("def f():\n    return 1", "def f():\n    value = 1\n    return 1"),
    "E711": ("x = 1\nx is None", "x = 1\nx == None"),
    "E722": ("x = 1", "try:\n    x = 1\nexcept:\n    x = 2"),
    "W605": ("'a'", r"'\d'"),
}


IMPORT = "import numpy as np"


async def judged(before: str, after: str, *others: str) -> Case:
    base, head = notebook(IMPORT, before, *others), notebook(IMPORT, after, *others)
    return await Style().check(change(base, head))


@pytest.mark.parametrize("rule", BREAKING)
async def test_what_fails_when_it_runs_is_refused_though_nothing_runs(rule: str) -> None:
    case = await judged(*BREAKING[rule])

    assert (case.passed, case.veto, case.cells) == (False, True, (1,))
    assert case.evidence.startswith(f"{rule} in cell 1, line ")
    assert rule in case.feedback


@pytest.mark.parametrize("rule", BAD)
async def test_bad_style_in_an_edit_fails_and_is_no_veto(rule: str) -> None:
    case = await judged(*BAD[rule])

    assert (case.passed, case.veto, case.cells) == (False, False, (1,))
    assert f"{rule} in cell 1, line " in case.evidence


async def test_a_violation_is_named_with_the_line_it_stands_in() -> None:
    case = await rewritten_case("# one\nx = 1\ny = np.int(x)", "# one\nx = 1\ny = np.int_(z)")

    assert case.evidence == "F821 in cell 2, line 3: Undefined name `z`"


async def rewritten_case(before: str, after: str, setup: str = "") -> Case:
    return await Style().check(rewritten(before, after, setup))


OLD = "import os, json\nx == None\nundefined\nf'a'\ntry:\n    1\nexcept:\n    pass"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OLD, f"# moved down\n\n{OLD}"),
        (OLD, OLD.replace("undefined", "undefined(undefined)")),
        (f"y = 1\n{OLD}\nnp.int(1)", f"{OLD}\ny = 1\nint(1)"),
        ("if x == None: y = np.int(1)", "if x == None: y = int(1)"),
    ],
)
async def test_what_was_there_before_stays_nobodys_business(before: str, after: str) -> None:
    assert (await judged(before, after, OLD)).passed


async def test_a_violation_elsewhere_is_none_of_the_edits() -> None:
    assert (await judged("np.int(1)", "np.int_(1)", OLD, "import sys\nprint(f'')")).passed


async def test_a_second_violation_of_the_same_words_is_new() -> None:
    case = await judged("x = 1\nx == None", "x = 1\nx == None\nif x:\n    x == None")

    assert (case.passed, case.cells) == (False, (1,))
    assert case.evidence.startswith("E711 in cell 1, line 4:")


async def test_an_import_or_variable_that_an_edit_leaves_unused_stays_the_authors() -> None:
    emptied = await Style().check(
        change(notebook("import numpy as np\nx = np.int(3)"), notebook("import numpy as np\nx = int(3)"))
    )
    unread = await judged("def f():\n    a = g()\n    return np.int(a)", "def f():\n    a = g()\n    return np.int_(1)")

    assert emptied.passed, emptied.evidence
    assert unread.passed, unread.evidence


async def test_a_name_that_an_edit_takes_away_is_missed_in_the_cells_that_read_it() -> None:
    base = notebook("from os.path import join, exists", "def f():\n    return join('a')")
    head = notebook("from os.path import exists", "def f():\n    return join('a')")

    case = await Style().check(change(base, head))

    assert (case.passed, case.veto, case.cells) == (False, True, (1,))
    assert case.evidence == "F821 in cell 1, line 2: Undefined name `join`"


async def test_names_are_known_across_cells_magics_and_ipython() -> None:
    for setup, after in (
        ("import json", "json.dumps(1)"),
        ("def f():\n    return later()\nlater = 1", "f(later)"),
        ("files = !ls\n%matplotlib inline", "files"),
        ("%%capture seen\nx = 1", "seen, x"),
        ("%%cython\ndef fast(x): return x", "fast(1)"),
        ("%run setup.py", "whatever"),
        ("%pylab inline", "plot(array(1))"),
        ("from os.path import *", "join(1)"),
        ("exec('a = 1')", "a"),
        ("get_ipython().run_line_magic('pylab', 'inline')", "plot(1)"),
        ("x = 1", "display(_, __, _12, _i3, In, Out, await x)"),
        ("spark.range(1)", "spark.range(2)"),
    ):
        case = await rewritten_case("1", after, setup)
        assert case.passed, (after, case.evidence)


async def test_a_use_in_a_magic_is_a_use() -> None:
    assert (await judged("1", "import os\n!ls {os.getcwd()}")).passed
    assert (await judged("1", "import timeit\n%timeit timeit.default_timer()")).passed


async def test_magics_do_not_hide_a_violation_nor_move_it() -> None:
    case = await judged("%%time\n!ls\n%timeit f(1)\nx = 1", "%%time\n!ls\n%timeit f(1)\nx = nowhere")

    assert case.evidence == "F821 in cell 1, line 4: Undefined name `nowhere`"


async def test_a_comment_for_linters_hides_nothing() -> None:
    case = await judged("1", "import json  # noqa: F401")

    assert "F401" in case.evidence


async def test_the_repositorys_own_configuration_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ruff.toml").write_text("lint.select = ['ALL']\nlint.ignore = ['F821']")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUFF_CONFIG", str(tmp_path / "ruff.toml"))

    taste = await judged("1", "l = 1; print(l)")
    undefined = await judged("1", "nowhere")

    assert taste.passed, taste.evidence
    assert not undefined.passed
    assert names(tmp_path) == ["ruff.toml"]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("base", "head"),
    [
        (notebook("print 'a'", "reload(x)"), notebook("print('a')", "nowhere(x)")),
        (
            notebook("x <- 1", language_info={"name": "R"}, kernelspec={}),
            notebook("y <- 1", language_info={"name": "R"}, kernelspec={}),
        ),
        (notebook(("markdown", "a"), "nowhere"), notebook(("markdown", "b"), "nowhere")),
        (notebook("def f(:", "1"), notebook("def f(): nowhere", "1")),
        (notebook("def f(:", "1"), notebook("def f(:", "f(1)")),
        (notebook("x: int = 1\nglobal x", "1"), notebook("x: int = 1\nglobal x", "nowhere")),
    ],
    ids=["Python 2", "R", "prose", "mended", "defined in what cannot be read", "compiles nowhere"],
)
async def test_what_ruff_cannot_judge_passes(base: Notebook, head: Notebook) -> None:
    assert (await Style().check(change(base, head))).passed


async def test_a_new_cell_is_judged_and_cells_that_moved_are_not_new() -> None:
    base = notebook("import numpy as np", OLD)
    moved = notebook("import numpy as np", "y = 1", OLD)
    ids = json.loads(moved.raw)
    for cell, name in zip(ids["cells"], ("cell-0", "new", "cell-1"), strict=True):
        cell["id"] = name

    case = await Style().check(change(base, parse(json.dumps(ids).encode(), "a.ipynb")))

    assert case.passed, case.evidence


# Twins, and a ruff that gives no answer


async def sees_nothing(sources: Sequence[str]) -> tuple[Violation, ...]:
    return ()


async def test_twins_that_see_nothing_or_forget_the_base_are_told_apart() -> None:
    asked: list[Sequence[str]] = []

    async def forgets_the_base(sources: Sequence[str]) -> tuple[Violation, ...]:
        asked.append(sources)
        return await violations(sources) if len(asked) % 2 == 0 else ()

    broken = rewritten(*BREAKING["F507"])
    fine = rewritten(f"{OLD}\nnp.int(1)", f"{OLD}\nint(1)")

    assert [(await Style(linter).check(broken)).passed for linter in (violations, sees_nothing)] == [False, True]
    assert [(await Style(linter).check(fine)).passed for linter in (violations, forgets_the_base)] == [True, False]


DEAF = {
    "missing": (None, "cannot be started"),
    "failing": ("exit 2", "exit status 2"),
    "talking nonsense": ("echo hello", "another form"),
    "talking of nothing": ("echo '{}'", "another form"),
    "talking for ever": ("exec yes", "more to say"),
    "silent": ("exec sleep 60", "longer than"),
    "deaf": ("exec <&-; exit 2", "exit status 2"),
}


@pytest.mark.parametrize("kind", DEAF)
async def test_a_ruff_that_gives_no_answer_is_not_held_against_the_owner(tmp_path: Path, kind: str) -> None:
    script, said = DEAF[kind]
    program = tmp_path / "ruff"
    if script is not None:
        program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        program.chmod(0o755)

    async def linter(sources: Sequence[str]) -> tuple[Violation, ...]:
        return await violations(sources, program=str(program), timeout_s=1 if kind == "silent" else 20)

    case = await Style(linter).check(rewritten("1", "nowhere"))

    assert case.passed
    assert case.evidence.startswith("not judged: ")
    assert said in case.evidence


async def test_more_code_than_anybody_writes_is_not_sent() -> None:
    with pytest.raises(LinterError, match="too many"):
        await violations(["x = 1\n" * (MOST_BYTES // 6)])


# Among the other rules


class Fine:
    """A run on paper in which every cell is fine: what is wrong is never reached."""

    async def execute(self, document: Document) -> Execution:
        code = (cell.index for cell in document.cells if cell.kind == "code")
        return Execution(status="passed", cells=tuple(CellRun(cell=cell, status="ok") for cell in code))


async def nothing_found(document: Document, execution: Execution) -> tuple[Finding, ...]:
    return ()


async def validated(before: str, after: str, *rules: Check) -> Validation:
    base, head = notebook(IMPORT, before), notebook(IMPORT, after)
    ran = await Fine().execute(base)
    validator = Validator(rules, Fine(), nothing_found, lambda one: True)
    return await validator(change(base, head, BaseEvidence(first=ran, second=ran)))


async def test_what_would_fail_never_runs_and_bad_style_runs_but_does_not_pass() -> None:
    breaking, bad = BREAKING["F821"], BAD["F541"]

    refused, failed = await validated(*breaking, Style()), await validated(*bad, Style())
    without = [await validated(*pair) for pair in (breaking, bad)]

    assert refused.refused is not None
    assert refused.refused.name == "coding_standards"
    assert refused.head.status == "not_run"
    assert (failed.refused, failed.passed, failed.head.status) == (None, False, "passed")
    assert [verdict.passed for verdict in without] == [True, True]
