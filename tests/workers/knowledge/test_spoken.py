"""What a code can be about: whatever it is about is among it, in every way of writing."""

from __future__ import annotations

import ast
import datetime as dt

import pytest

from tests.builders import notebook
from tests.environments import environment
from workers.documents.python import ImportMap, parse
from workers.knowledge.packs import shipped
from workers.knowledge.rule import Symbol
from workers.knowledge.spoken import Spoken
from workers.protocols import Cell
from workers.review.rules import find

NOW = environment("3.12", numpy="2.4.0", pandas="3.0.0", scikit_learn="1.6.0")


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nnp.NaN",
        "import numpy as np\nnp . NaN",
        "import numpy as np\nnp.\\\nNaN",
        "import os, numpy as np; np.NaN",
        "from numpy import (\n    nan,\n    NaN,\n)",
        "from numpy import nan, \\\n    NaN",
        "from numpy import NaN as missing",
        "import numpy.linalg\nnumpy.NaN",
        "if True: import numpy; numpy.NaN",
    ],
)
def test_a_name_is_seen_however_it_is_reached(code: str) -> None:
    spoken = [rule.id for rule in shipped().speaking(Spoken([code]))]

    assert "numpy/NaN" in spoken


@pytest.mark.parametrize("code", ["NaN = 1", "import numpy as np\nnp.nan", "x = 'NaN'", "import pandas as numpy\nNaN"])
def test_what_cannot_be_it_is_left_out(code: str) -> None:
    assert "numpy/NaN" not in [rule.id for rule in shipped().speaking(Spoken([code]))]


def test_words_are_the_same_with_and_without_other_letters() -> None:
    assert Spoken(["é", "a.b_1 = 'c-d'"]).words == Spoken(["a.b_1 = 'c-d'"]).words | {"é"}


def test_most_rules_say_nothing_about_a_document() -> None:
    spoken = shipped().speaking(
        Spoken(["import numpy as np\nimport pandas as pd\ndf = pd.read_csv('a')\ndf.append(1)"])
    )

    assert {rule.change.old for rule in spoken if isinstance(rule.change, Symbol)} <= {"pandas.Series.append"}


@pytest.mark.parametrize(
    ("binding", "kept"),
    [
        ("np.x = 1", True),
        ("f(np.array(1))", True),
        ("np[0] = 1", True),
        ("np = 1", False),
        ("for np in x: pass", False),
        ("with a as np: pass", False),
        ("a, np = 1, 2", False),
        ("def np(): pass", False),
        ("class np: pass", False),
        ("import a.np, np.b", False),
        ("from a import b as np", False),
        ("from a import (b,\n np)", False),
        ("from a import b, \\\n  np", False),
        ("\N{FULLWIDTH LATIN SMALL LETTER N}p = 1", False),
        ("del np", False),
        ("print np; np = 2", True),
    ],
)
def test_a_name_is_what_the_last_cell_that_binds_it_made_of_it(binding: str, *, kept: bool) -> None:
    cells = [
        Cell(index=at, kind="code", source=text) for at, text in enumerate(("import numpy as np", binding, "np.NaN"))
    ]
    tree = parse("np.NaN")
    assert tree is not None
    (statement,) = tree.body
    assert isinstance(statement, ast.Expr)

    origin = ImportMap(cells).dotted(statement.value, 2)

    assert (origin == "numpy.NaN") is kept


def test_a_call_by_a_name_of_the_imports_own_giving_is_found() -> None:
    document = notebook("from pandas import read_csv as read", "x = 1", "read('a', delim_whitespace=True)")

    assert [one.rule for one in find(document, shipped(), NOW, as_of=dt.date(2026, 11, 20))] == [
        "pandas/read_csv-delim_whitespace"
    ]
