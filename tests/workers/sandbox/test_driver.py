"""What a run tells about cells that behave: outputs, warnings, errors, tags, magics."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, printed
from workers.contract.domain import KernelWarning, Output

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Execution


async def test_outputs_are_told_by_kind(place: Place) -> None:
    run = await place.run(
        "import sys\nprint('a', end='')\nprint('b')\nsys.stdout.flush()\nprint('c', file=sys.stderr, flush=True)\nprint('d')",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\n{'b': 1, 'a': [1]}",
        "display({'application/json': {'b': 1, 'a': 2}, 'text/plain': 'j'}, raw=True)",
    )

    assert run.cells[0].outputs == (
        Output(kind="stream", name="stdout", text="ab\n"),
        Output(kind="stream", name="stderr", text="c\n"),
        Output(kind="stream", name="stdout", text="d\n"),
    )
    html = ("text/html", hashlib.sha256(b"<b>x</b>").hexdigest())
    assert run.cells[1].outputs == (
        Output(kind="display_data", text="<IPython.core.display.HTML object>", mime=(html,)),
        Output(kind="execute_result", text="{'b': 1, 'a': [1]}"),
    )
    digest = hashlib.sha256(json.dumps({"a": 2, "b": 1}).encode()).hexdigest()
    assert run.cells[2].outputs[0].mime == (("application/json", digest),)


async def test_a_display_that_is_updated_or_cleared_is_told_as_it_ends(place: Place) -> None:
    run = await place.run(
        "from IPython.display import display, clear_output\nhandle = display('first', display_id=True)\nhandle.update('second')",
        "print('gone'); clear_output(wait=True); print('kept')",
    )

    assert run.cells[0].outputs[0].text == "'second'"
    assert printed(run, 1) == "kept\n"


async def test_the_first_error_ends_the_run_with_its_place(place: Place) -> None:
    run = await place.run(
        "def outer(x):\n    return inner(x)\n\n\ndef inner(x):\n    return 1 / x", "y = 1\n\nouter(0)", "print('after')"
    )

    assert (run.status, run.failed_cell, run.until_cell, run.ended) == ("failed", 1, 0, "")
    assert run.error is not None
    assert (run.error.name, run.error.message, run.error.line) == ("ZeroDivisionError", "division by zero", 3)
    assert run.error.frames == (("cell:1", 3, "<module>"), ("cell:0", 2, "outer"), ("cell:0", 6, "inner"))
    assert "1 / x" in run.error.traceback
    assert run.cells[2].status == "not_run"


ERRORS = {
    "syntax": ("x = 1\nprint 'x'", "SyntaxError", 2),
    "indentation": ("if True:\nx = 1", "IndentationError", 2),
    "import": ("\nimport nothing_of_that_name", "ModuleNotFoundError", 2),
    "in a library": ("import json\n\njson.loads('{')", "JSONDecodeError", 3),
    "chained": ("try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('v') from e", "ValueError", 4),
    "timed": ("%%time\nx = 1\nundefined_name", "NameError", 3),
    "captured": ("%%capture\nx = 1\nundefined_name", "NameError", 3),
    "exit code": ("import sys\nsys.exit(3)", "SystemExit", 2),
    "input": ("\ninput('name? ')", "StdinNotImplementedError", 2),
    "getpass": ("import getpass\ngetpass.getpass()", "StdinNotImplementedError", 2),
    "deep recursion": ("def f(): return f()\nf()", "RecursionError", 1),
    "group": ("raise ExceptionGroup('g', [ValueError('v')])", "ExceptionGroup", 1),
    "unknown magic": ("x = 1\n%no_such_magic", "UsageError", 2),
    "awaited": ("import asyncio\nasync def f(): 1 / 0\nawait f()", "ZeroDivisionError", 2),
}


@pytest.fixture(scope="module")
def failing(place: Place) -> Execution:
    """All of ERRORS in one run, each expected."""
    cells = [cell for cell, _, _ in ERRORS.values()]
    return asyncio.run(place.run(*cells, tags={index: ["raises-exception"] for index in range(len(cells))}))


@pytest.mark.parametrize(("index", "name"), list(enumerate(ERRORS)), ids=ERRORS)
def test_an_error_is_named_with_its_line_in_the_cell(failing: Execution, index: int, name: str) -> None:
    _, kind, line = ERRORS[name]
    run = failing.cells[index]

    assert run.error is not None
    assert (run.status, run.expected, run.error.name) == ("error", True, kind)
    assert run.error.line == line
    assert kind in run.error.traceback


async def test_a_long_message_keeps_head_and_tail(place: Place) -> None:
    run = await place.run("raise ValueError('start' + 'x' * 100_000 + 'end')")

    assert run.error is not None
    assert len(run.error.message) < 5000
    assert len(run.error.traceback) < 13_000
    assert run.error.message.startswith("start")
    assert run.error.message.endswith("end")
    assert "characters left out" in run.error.message


async def test_warnings_are_told_and_still_printed(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    workspace = tmp_path_factory.mktemp("repository")
    (workspace / "local_module.py").write_text(
        "import warnings\ndef f(): warnings.warn('from a module', FutureWarning)\n"
    )

    run = await place.run(
        "import warnings\n\nwarnings.warn('old', DeprecationWarning)\ndef g():\n    warnings.warn('later', FutureWarning)",
        "import local_module; local_module.f()\ng()",
        "with warnings.catch_warnings(record=True): warnings.warn('caught')\nwarnings.simplefilter('ignore'); warnings.warn('unseen')",
        workspace=workspace,
    )

    assert run.cells[0].warnings == (KernelWarning(category="DeprecationWarning", message="old", line=3),)
    assert "DeprecationWarning: old" in printed(run, 0)
    module, earlier = run.cells[1].warnings
    assert (module.message, module.line, module.filename) == ("from a module", None, "/repository/local_module.py")
    assert (earlier.message, earlier.line, earlier.filename) == ("later", 5, "cell:0")
    assert run.cells[2].warnings == ()


async def test_tags_say_what_is_expected_and_what_is_not_run(place: Place) -> None:
    run = await place.run(
        "raise ValueError('meant')",
        "raise RuntimeError('not to be run')",
        "print('on')",
        "print('did not raise')",
        tags={0: ["raises-exception"], 1: ["skip-execution"], 3: ["raises-exception"]},
    )

    assert run.status == "passed"
    assert [(cell.status, cell.expected) for cell in run.cells] == [
        ("error", True),
        ("not_run", False),
        ("ok", False),
        ("ok", False),
    ]
    assert run.cells[0].error is not None
    assert run.error is None


async def test_empty_cells_and_an_empty_notebook_are_fine(place: Place) -> None:
    assert (await place.run("", "  \n", "# only a comment")).status == "passed"
    assert (await place.run()).status == "passed"


MAGICS = {
    "shell": ("!echo shell", "shell"),
    "shell to a name": ("x = !echo kept\nprint(x[0])", "kept"),
    "bash": ("%%bash\necho bash", "bash"),
    "writefile": ("%%writefile made.py\nx = 1", "Writing made.py"),
    "run": ("open('r.py', 'w').write('print(7)')\n%run r.py", "7"),
    "system": ("get_ipython().system('echo system')", "system"),
    "timeit": ("%timeit -n1 -r1 1", "loop"),
    "pip, there": ("%pip install ipykernel-is-not-it; pip", "ERROR"),
    "pip for what is there": (
        "%pip install -q --upgrade 'pytest>=1' pytest-asyncio",
        "Requirement already satisfied: pytest>=1",
    ),
    "pip for what is not": ("%pip install no-such-thing-here==1", "ERROR: no-such-thing-here==1 is not installed"),
    "pip by the shell": ("!pip install pytest no-such-thing-here", "ERROR: no-such-thing-here"),
    "pip too old": ("!pip3 install 'pytest<1'", "is not met by the installed"),
    "pip from a file": (
        "open('r.txt', 'w').write('pytest\\n# no\\nno-such-thing-here\\n')\n!pip install -r r.txt",
        "no-such-thing-here",
    ),
    "pip by address": ("!pip install git+https://example.org/x.git", "there is no network here"),
    "not there": ("!conda install x", "not found"),
}


@pytest.fixture(scope="module")
def magical(place: Place) -> Execution:
    """All of MAGICS in one run."""
    return asyncio.run(place.run(*(cell for cell, _ in MAGICS.values())))


@pytest.mark.parametrize(("index", "name"), list(enumerate(MAGICS)), ids=MAGICS)
def test_r127_magics_and_shell_lines_run_in_the_box_and_fail_fast(magical: Execution, index: int, name: str) -> None:
    run = magical.cells[index]

    assert (run.status, run.error) == ("ok", None)
    assert MAGICS[name][1] in "".join(output.text for output in run.outputs)
    assert run.seconds < 3


async def test_r127_loading_a_missing_extension_is_an_error(place: Place) -> None:
    run = await place.run("%load_ext no_such_extension")

    assert run.error is not None
    assert run.error.name == "ModuleNotFoundError"


async def test_r128_a_debugger_that_waits_for_input_ends(place: Place) -> None:
    run = await place.run("1 / 0", "%debug", tags={0: ["raises-exception"]})

    assert run.status in ("failed", "passed")
    assert run.ended == ""
    assert run.seconds < SMALL.cell_timeout_s


async def test_names_and_dictionaries_are_the_same_in_every_run(place: Place) -> None:
    cell = "print(hash('x'), {*'abcdef'}, __name__)"

    first, second = [await place.run(cell) for _ in range(2)]

    assert printed(first) == printed(second)
    assert first.environment == second.environment != ""
    assert first.boxed
