"""What a document asks about values: followed where one value is possible, silent everywhere else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from workers.protocols import Question
from workers.review.resolution.api import questions


def asked(*cells: str) -> set[str]:
    """Names of the questions about values."""
    return {
        one.name for one in questions(notebook(*cells)) if not all(part.isidentifier() for part in one.name.split("."))
    }


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import p\nx = p.read('a.csv', sep=sep, n=3)\nx.gone", "p.read('a.csv', sep=..., n=3).gone"),
        ("import p\nx = p.read()\nx = x.dropna()\nx.gone", "p.read().dropna().gone"),
        ("import p\nf, a = p.subplots(1, 2)\na.gone", "(*p.subplots(1, 2),)[1].gone"),
        ("import p\na = p.subplots()[1]\na.gone", "p.subplots()[1].gone"),
        ("import p\np.read()['a'].gone", "p.read()['a'].gone"),
        ("import p\np.read()[['a', 'b']].gone", "p.read()[[...]].gone"),
        ("import p\nx = p.read()\nx[x.a > 3].gone", "p.read()[~...].gone"),
        ("import p\np.read()[1:].gone", "p.read()[:].gone"),
        ("import p\np.read()[-1].gone", "p.read()[-1].gone"),
        ("import p\np.read(*a, **b).gone", "p.read(*..., **...).gone"),
        ("import p\na, b = p.One(), p.Two()\nb.gone", "p.Two().gone"),
        ("import p\nasync def f():\n    return (await p.read()).gone", "(await p.read()).gone"),
        ("d = {}\nd.has_key", "builtins.dict().has_key"),
        ("d = dict(a=1)\nd.has_key", "builtins.dict(a=1).has_key"),
        ("import p\nif a:\n    x = p.read()\nx.gone", "p.read().gone"),
        ("import p\nx = p.read()\nfor i in y:\n    x.gone", "p.read().gone"),
        ("import p\nx = p.read()\ndef f():\n    return x.gone", "p.read().gone"),
    ],
)
def test_the_one_possible_value_is_followed(source: str, name: str) -> None:
    assert name in asked(source)


def test_values_are_followed_through_cells() -> None:
    assert asked("import p", "x = p.read()", "x.gone") == {"p.read().gone"}


@pytest.mark.parametrize(
    "source",
    [
        "import p\nclass C:\n    pass\nx = C()\nx.gone",
        "import p\nx = p.read()\nx = other()\nx.gone",
        "import p\nx = p.read()\nif a:\n    x = p.other()\nx.gone",
        "import p\nx = p.read()\nfor x in y:\n    pass\nx.gone",
        "import p\nx = p.read()\nfor i in y:\n    x.gone\n    x = other(x)",
        "import p\nx = p.read()\nwhile True:\n    x.gone()\n    x, y = f()",
        "import p\nx = p.read()\ndef f():\n    return x.gone\nx = other()",
        "import p\ndef f(x=p.read()):\n    return x.gone",
        "import p\nx = p.read()\nx += 1\nx.gone",
        "import p\nx = p.read()\ndel x\nx.gone",
        "import p\nx = p.read()\nx.gone = 3\nx.gone",
        "import p\nx = p.read()\nsetattr(x, 'gone', 3)\nx.gone",
        "import p\np.Table.gone = print\nx = p.Table()\nx.gone()",
        "import p\n@p.register_accessor('gone')\nclass A: ...\np.Table().gone",
        "import p\nx = p.read()\nif hasattr(x, 'gone'):\n    x.gone",
        "import p\nx = p.read()\nx.gone if hasattr(x, 'gone') else None",
        "import p\nx = p.read()\ntry:\n    x.gone\nexcept AttributeError:\n    pass",
        "import p\nfrom contextlib import suppress\nx = p.read()\nwith suppress(AttributeError):\n    x.gone",
        "import p\nimport pytest\nwith pytest.raises(AttributeError):\n    p.read().gone",
        "import p\np = object()\np.read().gone",
        "import p\np.read = lambda: 1\nx = p.read()\nx.gone",
        "x = f'{y}'.gone2\n'import p; p.read().gone'\n# p.read().gone",
        "from p import *\nd = dict()\nd.gone",
        "def dict(): ...\nd = dict()\nd.gone",
        "import p\nx = p.read() or 1\nx.gone",
        "import p\nx = [y.gone for y in p.read()]",
        "import p\nwith p.open() as x:\n    x.gone",
        "import p\nx = x.again()\nx.gone",
    ],
)
def test_where_more_than_one_value_is_possible_nothing_is_asked(source: str) -> None:
    assert not [name for name in asked(source) if name.endswith("gone")]


def test_a_cell_that_is_meant_to_raise_asks_nothing_of_values() -> None:
    document = notebook("import p", "p.read().gone")

    tagged = notebook("import p", "p.read().gone", tags={1: ["raises-exception"]})

    assert "p.read().gone" in {one.name for one in questions(document)}
    assert "p.read().gone" not in {one.name for one in questions(tagged)}


def test_a_call_is_asked_with_its_arguments_and_its_short_texts() -> None:
    (question,) = [one for one in questions(notebook("import p\np.read().run(1, 'M', freq='H')")) if "run" in one.name]

    assert question == Question(
        name="p.read().run", keywords=("freq",), positional=2, values=(("1", "M"), ("freq", "H"))
    )


def test_guarded_imports_are_named_where_values_are_asked_about() -> None:
    guarded = "try:\n    import plugin\nexcept ImportError:\n    pass\n"

    assert Question(name="plugin") in questions(notebook(guarded + "import p\np.read().gone"))
    assert Question(name="plugin") not in questions(notebook(guarded + "import p\np.gone"))


def test_a_name_that_leads_back_to_itself_ends() -> None:
    lines = ["import p", "x = p.read()", *("x = x.step()" for _ in range(500)), "x.gone"]

    assert len(questions(notebook("\n".join(lines)))) < 600


sources = st.lists(
    st.sampled_from(
        [
            "x = p.read()",
            "x = x[0]",
            "x, y = x.f()",
            "y = [x]",
            "x.gone()",
            "for x in y: x.gone",
            "del x",
            "def x(): return x.a",
        ]
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(sources)
def test_every_question_reads_as_an_expression(lines: list[str]) -> None:
    assert all(map(is_expression, asked("import p", "\n".join(lines))))


def is_expression(text: str) -> bool:
    try:
        compile(text, "<question>", "eval")
    except SyntaxError:
        return False
    return True
