"""What of a run is compared, and when other versions can matter at all."""

from __future__ import annotations

import pytest

from tests.builders import notebook
from workers.contract.domain import CellError, CellRun, Execution
from workers.running.faults.endings import Failed, Passed, Unseen, ending

DOCUMENT = notebook("import a", "a.f()")


def failing(name: str, message: str, *frames: str, ended: str = "") -> Execution:
    error = CellError(
        name=name, message=message, traceback="", line=1, frames=tuple((file, 1, "f") for file in ("cell:1", *frames))
    )
    ran = (CellRun(cell=0, status="ok"), CellRun(cell=1, status="error", error=error))
    return Execution(status="failed", cells=ran, ended=ended)


GONE = "module 'a' has no attribute 'f'"
MATTERS = {
    "a name is gone": (failing("AttributeError", GONE), True),
    "a package uses what another no longer has": (failing("AttributeError", GONE, "/x/site-packages/user/m.py"), True),
    "the kernel dies": (failing("KernelDied", "", ended="kernel_died"), True),
    "a file is missing": (failing("FileNotFoundError", "No such file or directory: 'x.csv'"), False),
    "a key is missing": (failing("OpenAIError", "the api_key must be set"), False),
    "the network is missing": (failing("gaierror", "Name or service not known"), False),
    "an address is gone": (failing("HTTPError", "HTTP Error 404: Not Found"), False),
    "a package is missing": (failing("ModuleNotFoundError", "No module named 'seaborn'"), False),
    "a limit ended it": (failing("Timeout", "", ended="timeout"), False),
}


@pytest.mark.parametrize("name", MATTERS)
def test_other_versions_are_tried_only_where_they_can_matter(name: str) -> None:
    run, matters = MATTERS[name]

    seen = ending(run, DOCUMENT)

    assert isinstance(seen, Failed)
    assert seen.versions_matter is matters
    assert seen.cell == 1


def test_the_same_cell_and_class_of_error_is_the_same_failure_whatever_it_says() -> None:
    one, again = (ending(failing("AttributeError", text), DOCUMENT) for text in (GONE, "another message"))
    other = ending(failing("TypeError", GONE), DOCUMENT)

    assert isinstance(one, Failed)
    assert one.same(again)
    assert not one.same(other)
    assert not one.same(Passed())


def test_what_was_not_run_is_unseen_and_a_limit_between_cells_has_no_cell() -> None:
    assert ending(Execution(status="not_run", reason="no box"), DOCUMENT) == Unseen(words="no box")
    assert ending(Execution(status="passed"), DOCUMENT) == Passed()
    ended = ending(Execution(status="failed", reason="memory", ended="memory"), DOCUMENT)
    assert isinstance(ended, Failed)
    assert ended.cell is None
