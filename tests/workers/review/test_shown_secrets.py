"""What a cell shows of what it read, and the edit after which it shows only that it is there."""

from __future__ import annotations

import pytest

from tests.builders import notebook
from workers.contract import leaks
from workers.contract.domain import CellRun, Execution, Finding, Staleness
from workers.protocols import Task
from workers.repair.rules import RulesRepairer
from workers.review import network


def found(*cells: str, leaking: int | None = None) -> tuple[Finding, ...]:
    cell = len(cells) - 1 if leaking is None else leaking
    run = Execution(status="passed", cells=(CellRun(cell=cell, status="ok", leaks=(leaks.CANARY,)),))
    return network.find(notebook(*cells), run)


def mended(*cells: str) -> str:
    """The last cell, which leaks, after the edit; unchanged where none is offered."""
    document = notebook(*cells)
    edits = [edit for one in found(*cells) if one.suggestion for edit in one.suggestion.edits]
    return document.edited(edits).cells[len(cells) - 1].source


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('print(os.environ["API_KEY"])', 'print(bool(os.environ["API_KEY"]))'),
        ('print("key:", os.getenv("API_KEY"))', 'print("key:", bool(os.getenv("API_KEY")))'),
        ('display(os.environ.get("TOKEN", ""))', 'display(bool(os.environ.get("TOKEN", "")))'),
        ("print(f\"é {os.environ['API_KEY']}!\")", "print(f\"é {bool(os.environ['API_KEY'])}!\")"),
        ('print(os.environ["API_KEY"][:4])', 'print(bool(os.environ["API_KEY"][:4]))'),
        ('print("key " + os.environ["API_KEY"])', 'print(bool("key " + os.environ["API_KEY"]))'),
        ('print("key %s" % os.environ["API_KEY"])', 'print(bool("key %s" % os.environ["API_KEY"]))'),
        ('print("{}".format(os.environ["API_KEY"]))', 'print(bool("{}".format(os.environ["API_KEY"])))'),
        ('os.environ["API_KEY"]', 'bool(os.environ["API_KEY"])'),
        ("print(os.environ)", "print(sorted(os.environ))"),
        ("print(dict(os.environ))", "print(sorted(os.environ))"),
        ("os.environ", "sorted(os.environ)"),
        ("display(os.environ.copy())", "display(sorted(os.environ))"),
        ("print(sorted(os.environ.items()))", "print(sorted(os.environ))"),
        (
            "for n, v in os.environ.items():\n    print(n, v)",
            "for n, v in os.environ.items():\n    print(n, bool(v))",
        ),
        ('if True:\n    print(os.environ["API_KEY"])', 'if True:\n    print(bool(os.environ["API_KEY"]))'),
        ('print(os.environ["HOME_OF"])', 'print(bool(os.environ["HOME_OF"]))'),
    ],
)
def test_what_was_read_is_shown_as_being_there(before: str, after: str) -> None:
    assert mended("import os", before) == after
    assert mended("import os", after) == after


@pytest.mark.parametrize(
    ("cells", "after"),
    [
        (("import os\nkey = os.environ['API_KEY']", "print(key)"), "print(bool(key))"),
        (("import os as o\nkey = o.environ['API_KEY']\nother = key.strip()", "other"), "bool(other)"),
        (("from os import environ, getenv\nkey = getenv('API_KEY')", "print(f'{key}')"), "print(f'{bool(key)}')"),
        (("import getpass\nkey = getpass.getpass()", "print(key)"), "print(bool(key))"),
        (("import os, openai\nopenai.api_key = os.environ['K']", "openai.api_key"), "bool(openai.api_key)"),
        (("from google.colab import userdata\nk = userdata.get('x')", "print(k)"), "print(bool(k))"),
        (("from os import environ", "environ"), "sorted(environ)"),
        (("import os\nfrom pprint import pprint", "pprint(dict(os.environ))"), "pprint(sorted(os.environ))"),
    ],
)
def test_a_name_that_is_bound_once_is_followed(cells: tuple[str, ...], after: str) -> None:
    assert mended(*cells) == after


@pytest.mark.parametrize(
    "kept",
    [
        'send(os.environ["API_KEY"])',
        'x = os.environ["API_KEY"]',
        'print(len(os.environ["API_KEY"]))',
        'print("API_KEY" in os.environ)',
        'print(bool(os.environ["API_KEY"]))',
        'print("sk-made-up")',
        'os.environ["API_KEY"];',
        'print(os.environ["API_KEY"], file=log)',
        "!env",
        "print(f\"{os.environ['API_KEY']:>20}\")",
        'print(os.environ["A"], os.environ["B"])',
        "print(environ)",
        "print(list(os.environ), sorted(os.environ))",
        "print(",
        'def bool(x): return x\nprint(os.environ["API_KEY"])',
        'def print(x): pass\nprint(os.environ["API_KEY"])',
        'print(x for x in [os.environ["API_KEY"]])',
    ],
)
def test_everything_else_is_told_and_left(kept: str) -> None:
    assert mended("import os", kept) == kept
    assert [one.rule for one in found("import os", kept)] == ["secret/printed"]


def test_what_is_called_like_a_secret_comes_first_and_the_rest_only_if_that_was_not_all() -> None:
    first = 'print(os.environ["HOME"], bool(os.environ["TOKEN"]))'

    assert mended("import os", 'print(os.environ["HOME"], os.environ["TOKEN"])') == first
    assert mended("import os", first) == 'print(bool(os.environ["HOME"]), bool(os.environ["TOKEN"]))'


def test_a_name_that_is_bound_again_is_nobodys_secret_for_sure() -> None:
    assert mended("import os\nkey = os.environ['API_KEY']", "key = 'x'\nprint(key)") == "key = 'x'\nprint(key)"


def test_only_the_cell_that_leaks_is_edited() -> None:
    cells = ("import os", 'print(os.environ["API_KEY"])', "print(1)")

    assert [one.suggestion for one in found(*cells)] == [None]


@pytest.mark.parametrize(("owner", "takes"), [(frozenset[Staleness](), False), (frozenset({Staleness.POLICY}), True)])
async def test_the_rules_repairer_takes_it_where_the_owner_has_turned_policy_on(
    owner: frozenset[Staleness], *, takes: bool
) -> None:
    cells = ("import os", 'print(os.environ["API_KEY"])')
    task = Task(
        document=notebook(*cells),
        findings=found(*cells),
        execution=Execution(status="passed"),
        records=(),
        refused=frozenset(),
    )

    repair = await RulesRepairer(owner).propose(task)

    assert (repair is not None) is takes
