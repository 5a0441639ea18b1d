from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from workers.contract.business import BusinessRules
from workers.contract.domain import Cause, Staleness
from workers.review.reader import source as reader

ALL = BusinessRules(
    reader_experience=(
        "Fresh-environment setup is explicit.",
        "No manual result-file placeholders.",
        "Runtime prerequisites and side effects are stated before readers run cells.",
        "Keep the teaching goal.",
    )
)
Cell = str | tuple[str, str]


def rules_of(*cells: Cell, rules: BusinessRules = ALL) -> list[str]:
    return [one.rule for one in reader.find(notebook(*cells), rules)]


def prose(text: str) -> tuple[str, str]:
    return ("markdown", text)


@pytest.mark.parametrize(
    ("violating", "clean"),
    [
        (["import numpy as np"], ["!pip install numpy", "import numpy as np"]),
        (["from sklearn import svm"], [prose("Install the packages of requirements.txt."), "from sklearn import svm"]),
        (["import numpy"], ["%pip install numpy", "import numpy"]),
    ],
)
def test_a_document_that_needs_packages_says_how_to_get_them(violating: list[Cell], clean: list[Cell]) -> None:
    assert rules_of(*violating) == ["reader/setup"]
    assert rules_of(*clean) == []


@pytest.mark.parametrize(
    ("violating", "clean"),
    [
        ('log = "run.jsonl"  # EDIT THIS', 'log = "run.jsonl"  # the log of the run above'),
        ('key = "YOUR_API_KEY"', 'text = "Enter the key you were given"'),
        ('key = "<your-token>"', 'html = "<b>bold</b>"'),
        ('data = open("path/to/data.csv")', 'data = open("paths/data.csv")'),
        ("x = None  # TODO: fill in", "x = None  # filled below"),
        ("key = 'YOUR API KEY'", "key = getpass('Enter your API key: ')"),
        ("!tool --key=<YOUR KEY>", "!tool --key=$KEY"),
        ("def f():\n    x = 'replace-me'", "def f():\n    '''Reads path/to/file, see YOUR_API_KEY.'''"),
    ],
)
def test_a_placeholder_is_found_and_what_only_speaks_of_one_is_not(violating: str, clean: str) -> None:
    assert rules_of(violating) == ["reader/placeholder"]
    assert rules_of(clean) == []


def test_a_placeholder_for_a_key_is_a_matter_of_secrets() -> None:
    (finding,) = reader.find(notebook('key = "YOUR_API_KEY"'), ALL)

    assert finding.cause is Cause.SECRET
    assert finding.staleness is Staleness.READER
    assert finding.suggestion is None


@pytest.mark.parametrize(
    ("violating", "clean"),
    [
        (
            ['import os\nkey = os.environ["KEY_X"]'],
            [prose("Set `KEY_X` first."), 'import os\nkey = os.environ["KEY_X"]'],
        ),
        (['import os\nos.getenv("KEY_X")'], [prose("You need an API key."), 'import os\nos.getenv("KEY_X")']),
        (['import os\nkey = os.environ["KEY_X"]'], ['import os\nos.environ["KEY_X"] = "1"\nkey = os.environ["KEY_X"]']),
        (['import os\nos.getenv("KEY_X")'], ['import os\nregion = os.getenv("REGION") or "eu"']),
        (["print(total)", "total = 3"], ["total = 3", "print(total)"]),
        (["f()", "def f(): ..."], ["def g(): return late", "late = 1", "g()"]),
    ],
)
def test_prerequisites_come_before_the_cells_that_need_them(violating: list[Cell], clean: list[Cell]) -> None:
    assert rules_of(*violating) == ["reader/prerequisite"]
    assert rules_of(*clean) == []


@pytest.mark.parametrize(
    ("violating", "clean"),
    [
        (['open("a.txt", "w")'], [prose("The next cell writes a.txt."), 'open("a.txt", "w")']),
        (['frame.to_csv("a.csv")'], [prose("We save the result."), 'frame.to_csv("a.csv")']),
        (["!wget https://example.com/a"], [prose("Download the data."), "!wget https://example.com/a"]),
        (["import shutil\nshutil.rmtree(d)"], [prose("This deletes the folder."), "import shutil\nshutil.rmtree(d)"]),
        (["import urllib.request\nurllib.request.urlopen(u)"], ["import urllib.parse\nurllib.parse.quote(u)"]),
        (['open("a.txt", mode="a")'], ['open("a.txt").read()']),
    ],
)
def test_side_effects_are_announced(violating: list[Cell], clean: list[Cell]) -> None:
    assert rules_of(*violating) == ["reader/side-effect"]
    assert rules_of(*clean) == []


def test_only_the_rules_that_the_owner_speaks_of_are_on() -> None:
    cells = ("import numpy", 'key = "YOUR_API_KEY"', 'open("a", "w")')

    assert rules_of(*cells, rules=BusinessRules()) == []
    assert rules_of(*cells, rules=BusinessRules(reader_experience=("no placeholders",))) == ["reader/placeholder"]
    assert rules_of(*cells, rules=BusinessRules(reader_experience=("reader/setup",))) == ["reader/setup"]
    assert rules_of(*cells, rules=BusinessRules(reader_experience=("Be kind.",))) == []


def test_a_star_import_or_a_run_line_may_define_anything() -> None:
    assert rules_of("from math import *", "print(total)", "total = 3") == []
    assert rules_of("%run other.py", "print(total)", "total = 3") == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_text_is_read_without_an_error(cells: list[str]) -> None:
    sources = [cell.encode("utf-8", "ignore").decode().replace("\r", "") for cell in cells]

    assert all(one.suggestion is None for one in reader.find(notebook(*sources), ALL))
