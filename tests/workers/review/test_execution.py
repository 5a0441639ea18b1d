from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from workers.contract.domain import (
    Cause,
    CellError,
    CellRun,
    Execution,
    Finding,
    IssueType,
    KernelWarning,
    Rung,
    Severity,
    Staleness,
)
from workers.review.execution import find

SITE = "/env/lib/python3.12/site-packages"


def failed(
    name: str, message: str, *, cell: int = 0, line: int | None = 1, frames: tuple[str, ...] = (), trace: str = ""
) -> Execution:
    """A run that ended in cell `cell`; the cells before it ran."""
    error = CellError(
        name=name,
        message=message,
        traceback=trace,
        line=line,
        frames=((f"cell:{cell}", line or 1, "<module>"), *((file, 1, "f") for file in frames)),
    )
    before = tuple(CellRun(cell=index, status="ok") for index in range(cell))
    return Execution(status="failed", cells=(*before, CellRun(cell=cell, status="error", error=error)))


def warned(*warnings: KernelWarning, cell: int = 0) -> Execution:
    return Execution(status="passed", cells=(CellRun(cell=cell, status="ok", warnings=warnings),))


def test_the_error_that_ended_a_run_is_broken_code_at_its_line() -> None:
    document = notebook(("markdown", "# Title"), "import numpy as np\nx = np.unicode_('a')")
    said = "`np.unicode_` was removed in the NumPy 2.0 release. Use `np.str_` instead."

    (finding,) = find(document, failed("AttributeError", said, cell=1, line=2, trace="Traceback ..."))

    assert finding.place is not None
    assert (finding.place.cell, finding.place.line) == (1, 2)
    assert (finding.staleness, finding.rung, finding.severity) == (Staleness.BROKEN, Rung.E5, Severity.HIGH)
    assert (finding.cause, finding.issue_type) == (Cause.CODE, IssueType.BROKEN_EXECUTION)
    assert said in finding.message
    assert "np.str_" in finding.fix


def test_a_healthy_run_has_no_finding() -> None:
    assert find(notebook("1 + 1"), warned()) == ()


def test_the_id_survives_cells_that_are_moved_and_changes_with_the_stale_line() -> None:
    error = ("AttributeError", "module 'numpy' has no attribute 'foo'")
    stale = "import numpy as np\nnp.foo"

    (first,) = find(notebook(stale), failed(*error, line=2))
    (moved,) = find(notebook("1", "2", stale), failed(*error, cell=2, line=2))
    (other,) = find(notebook("import numpy as np\nnp.foo()"), failed(*error, line=2))

    assert first.id == moved.id
    assert first.id != other.id


def test_evidence_is_bounded_and_keeps_the_end_of_the_traceback() -> None:
    (finding,) = find(notebook("f()"), failed("ValueError", "no", trace="begin" + "." * 50_000 + "the failing frame"))

    assert len(finding.evidence) <= 2000
    assert finding.evidence.endswith("the failing frame")


CODE = [
    ("AttributeError", "module 'pandas' has no attribute 'tools'", ()),
    ("ImportError", f"cannot import name 'float_' from 'numpy' ({SITE}/numpy/__init__.py)", ()),
    (
        "ImportError",
        "\n`load_boston` has been removed from scikit-learn since version 1.2.",
        (f"{SITE}/sklearn/datasets/__init__.py",),
    ),
    ("ModuleNotFoundError", "No module named 'pandas.tools'", ()),
    ("ModuleNotFoundError", "No module named 'urllib2'", ()),
    ("ModuleNotFoundError", "No module named 'imp'", ()),
    ("KeyError", "1", (f"{SITE}/pandas/core/series.py",)),
    ("KeyError", "'column'", (f"{SITE}/pandas/core/frame.py",)),
    ("TypeError", "histogram() got an unexpected keyword argument 'normed'", ()),
    ("TypeError", "f() got an unexpected keyword argument 'api_key'", ()),
    ("OSError", "'seaborn' is not a valid package style, path of style file, URL of style file", ()),
    ("SyntaxError", "Missing parentheses in call to 'print'. Did you mean print(...)?", ()),
    ("LinAlgError", "SVD did not converge", ()),
    ("AttributeError", "module 'numpy' has no attribute 'int'.", (f"{SITE}/numpy/__init__.py",)),
    ("KernelDied", "the cell ended the kernel by exit() and there are cells after it", ()),
]


@pytest.mark.parametrize(("name", "message", "frames"), CODE)
def test_what_the_code_does_wrong_is_called_code(name: str, message: str, frames: tuple[str, ...]) -> None:
    (finding,) = find(notebook("f()"), failed(name, message, frames=frames))

    assert finding.cause is Cause.CODE
    assert finding.issue_type is IssueType.BROKEN_EXECUTION
    assert not finding.unlock


OTHERS = [
    ("import sklearn", "ModuleNotFoundError", "No module named 'sklearn'", (), Cause.ENVIRONMENT, "scikit-learn"),
    ("import cv2", "ModuleNotFoundError", "No module named 'cv2'", (), Cause.ENVIRONMENT, "opencv-python"),
    ("import my_pkg", "ModuleNotFoundError", "No module named 'my_pkg'", (), Cause.ENVIRONMENT, "my-pkg"),
    ("pd.read_excel(f)", "ImportError", "Missing optional dependency 'openpyxl'.  Use pip or conda to install openpyxl.", (), Cause.ENVIRONMENT, "openpyxl"),
    ("import old", "AttributeError", "module 'numpy' has no attribute 'int'.", (f"{SITE}/old/core.py", f"{SITE}/numpy/__init__.py"), Cause.ENVIRONMENT, "versions of old and numpy"),
    ("import old", "ImportError", "cannot import name 'a' from 'scipy.x'", (f"{SITE}/old/core.py",), Cause.ENVIRONMENT, "versions of old and scipy"),
    ("get(url)", "URLError", "<urlopen error [Errno -3] Temporary failure in name resolution>", (), Cause.ENVIRONMENT, "needs network"),
    ("get(url)", "ConnectionError", "HTTPSConnectionPool(host='example.org', port=443): Max retries exceeded with url: /a", (), Cause.ENVIRONMENT, "needs network (example.org)"),
    ("get(url)", "gaierror", "[Errno -2] Name or service not known", (), Cause.ENVIRONMENT, "needs network"),
    ("get(url)", "OSError", "[Errno 101] Network is unreachable", (), Cause.ENVIRONMENT, "needs network"),
    ("get(url)", "PermissionError", "[Errno 1] Operation not permitted", ("/usr/lib/python3.12/socket.py",), Cause.ENVIRONMENT, "needs network"),
    ("get(url)", "ConnectError", "[Errno -2] Name or service not known", (), Cause.ENVIRONMENT, "needs network"),
    ("pd.read_csv(u)", "HTTPError", "HTTP Error 404: Not Found", (), Cause.UPSTREAM, "404"),
    ("pd.read_csv(u)", "HTTPError", "410 Client Error: Gone for url: https://example.org/a.csv", (), Cause.UPSTREAM, "410"),
    ("pd.read_csv('a.csv')", "FileNotFoundError", "[Errno 2] No such file or directory: 'a.csv'", (), Cause.DATA, "a.csv"),
    ("pd.read_csv('a.csv')", "FileNotFoundError", "[Errno 2] File b'a.csv' does not exist: b'a.csv'", (), Cause.DATA, "a.csv"),
    ("check_call(['dot'])", "FileNotFoundError", "[Errno 2] No such file or directory: 'dot'", ("/usr/lib/python3.12/subprocess.py",), Cause.ENVIRONMENT, "program dot"),
    ("key = os.environ['OPENAI_API_KEY']", "KeyError", "'OPENAI_API_KEY'", ("<frozen os>",), Cause.SECRET, "OPENAI_API_KEY"),
    ("OpenAI()", "OpenAIError", "The api_key client option must be set either by passing api_key to the client or by setting the OPENAI_API_KEY environment variable", (), Cause.SECRET, "OPENAI_API_KEY"),
    ("client.chat()", "AuthenticationError", "Error code: 401", (), Cause.SECRET, "key"),
    ("getpass('key')", "StdinNotImplementedError", "getpass was called, but this frontend does not support input requests.", (), Cause.SECRET, "person"),
    ("name = input()", "StdinNotImplementedError", "raw_input was called, but this frontend does not support input requests.", (), Cause.ENVIRONMENT, "person"),
    ("f()", "Timeout", "", (), Cause.ENVIRONMENT, "time"),
    ("f()", "Killed", "", (), Cause.ENVIRONMENT, "memory"),
    ("f()", "MemoryError", "", (), Cause.ENVIRONMENT, "memory"),
    ("f()", "OutputLimit", "", (), Cause.ENVIRONMENT, "output"),
    ("x.cuda()", "RuntimeError", "Found no NVIDIA driver on your system.", (), Cause.ENVIRONMENT, "GPU"),
    ("x.cuda()", "AssertionError", "Torch not compiled with CUDA enabled", (), Cause.ENVIRONMENT, "GPU"),
    ("%pip install x", "CalledProcessError", "Command returned non-zero exit status 1.", (), Cause.ENVIRONMENT, "install"),
    ("open('/data', 'w')", "OSError", "[Errno 30] Read-only file system: '/data'", (), Cause.ENVIRONMENT, "write"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "name", "message", "frames", "cause", "unlock"), OTHERS)
def test_what_no_edit_can_bring_is_not_called_stale_code(
    source: str, name: str, message: str, frames: tuple[str, ...], cause: Cause, unlock: str
) -> None:
    (finding,) = find(notebook(source), failed(name, message, frames=frames))

    assert finding.cause is cause
    assert unlock in finding.unlock
    assert not finding.fix
    assert finding.suggestion is None


@pytest.mark.parametrize("ended", ["timeout", "memory", "pids", "disk", "output"])
@pytest.mark.parametrize("name", ["BrokenProcessPool", "CalledProcessError", "RuntimeError", "AttributeError"])
def test_an_error_of_a_run_that_a_limit_ended_is_never_called_code(name: str, ended: str) -> None:
    run = replace(failed(name, "module 'numpy' has no attribute 'int'."), ended=ended)

    (finding,) = find(notebook("f()"), run)

    assert (finding.cause, finding.issue_type) == (Cause.ENVIRONMENT, IssueType.RUNTIME_RISK)
    assert finding.unlock
    assert not finding.fix


def test_a_run_that_ended_before_any_cell_did_is_a_finding_of_the_whole_artifact() -> None:
    run = Execution(status="failed", reason="the box ran out of memory", ended="memory")

    (finding,) = find(notebook("1"), run)

    assert finding.place is None
    assert finding.cause is Cause.ENVIRONMENT


def test_a_deprecation_is_a_finding_at_its_line_once() -> None:
    document = notebook("import pandas as pd\npd.to_timedelta('1H')")
    said = "'H' is deprecated and will be removed in a future version. Please use 'h' instead of 'H'."
    one = KernelWarning(category="Pandas4Warning", message=said, line=2)

    (finding,) = find(document, warned(one, one))

    assert finding.place is not None
    assert finding.place.line == 2
    assert (finding.staleness, finding.rung) == (Staleness.DEPRECATED, Rung.E3)
    assert (finding.issue_type, finding.cause) == (IssueType.DEPRECATED_API, Cause.CODE)
    assert finding.fix == "`H` -> `h`"


def test_warnings_that_speak_of_something_else_are_no_staleness() -> None:
    categories = ("UserWarning", "RuntimeWarning", "SettingWithCopyWarning", "ConvergenceWarning")
    noise = [KernelWarning(category=category, message="careful", line=1) for category in categories]

    assert find(notebook("f()"), warned(*noise)) == ()


def test_a_deprecation_inside_a_library_is_mild_and_not_the_codes_fault() -> None:
    said = "distutils Version classes are deprecated. Use packaging.version instead."
    inside = KernelWarning(category="DeprecationWarning", message=said, line=None, filename=f"{SITE}/a/b.py")

    (finding,) = find(notebook("import a"), warned(inside))

    assert finding.severity is Severity.LOW
    assert finding.cause is Cause.ENVIRONMENT


def test_a_library_that_warns_at_its_own_line_about_the_call_points_at_the_call() -> None:
    said = "\nforest_str is deprecated as of version 3.1. Use generate_network_text instead.\n"
    inside = KernelWarning(category="DeprecationWarning", message=said, line=None, filename=f"{SITE}/networkx/text.py")

    (finding,) = find(notebook("import networkx as nx\nprint(nx.forest_str(g))"), warned(inside))

    assert finding.place is not None
    assert finding.place.line == 2
    assert finding.cause is Cause.CODE


def test_a_warning_from_a_function_of_another_cell_stands_where_the_function_is() -> None:
    warning = KernelWarning(category="FutureWarning", message="old", line=2, filename="cell:0")

    (finding,) = find(notebook("def f():\n    old()", "f()"), warned(warning, cell=1))

    assert finding.place is not None
    assert (finding.place.cell, finding.place.line) == (0, 2)


def test_a_promised_error_that_stays_away_is_a_finding() -> None:
    document = notebook("1 / 1", "1 / 0", tags={0: ["raises-exception"], 1: ["raises-exception"]})
    error = CellError(name="ZeroDivisionError", message="division by zero", traceback="", line=1)
    run = Execution(
        status="passed",
        cells=(CellRun(cell=0, status="ok"), CellRun(cell=1, status="error", error=error, expected=True)),
    )

    (finding,) = find(document, run)

    assert finding.rule == "execution/expected-error"
    assert finding.place is not None
    assert finding.place.cell == 0
    assert finding.suggestion is None


def test_a_promise_is_not_broken_by_a_run_that_never_came_so_far() -> None:
    document = notebook("1", tags={0: ["raises-exception"]})

    assert find(document, Execution(status="not_run", cells=(CellRun(cell=0, status="not_run"),))) == ()


errors = st.builds(
    CellError,
    name=st.sampled_from(["KeyError", "ImportError", "HTTPError", "OSError", "TypeError", "Timeout"]) | st.text(),
    message=st.text(),
    traceback=st.text(),
    line=st.none() | st.integers(-1, 9),
    frames=st.lists(st.tuples(st.text(), st.integers(), st.text())).map(tuple),
)
notices = st.builds(
    KernelWarning,
    category=st.sampled_from(["FutureWarning", "DeprecationWarning"]) | st.text(),
    message=st.text(),
    line=st.none() | st.integers(-1, 9),
    filename=st.sampled_from(["", "cell:0", "cell:9", "x.py"]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=3), errors, st.lists(notices, max_size=3), st.integers(0, 4))
def test_no_run_is_too_strange_to_be_read(
    sources: list[str], error: CellError, warnings: list[KernelWarning], cell: int
) -> None:
    run = CellRun(cell=cell, status="error", error=error, warnings=tuple(warnings))

    found = find(notebook(*sources), Execution(status="failed", cells=(run,)))

    assert all(isinstance(one, Finding) for one in found)
    assert len({one.id for one in found}) == len(found)
