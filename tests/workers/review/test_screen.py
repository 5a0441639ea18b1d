"""Signs: wherever a rule of Python 2 holds one of its signs stands, so that what is passed over holds nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.environments import environment
from workers.knowledge.spoken import Spoken
from workers.review.python2 import calls, grammar, imports
from workers.review.python2.calls import Calls
from workers.review.python2.cells import modern
from workers.review.python2.site import Mended
from workers.review.python2.source import find
from workers.review.python2.syntax import SIGNS, constructs
from workers.review.screen import Sign, said, spoken, standing

OLD = [
    "print x",
    "print",
    "print >>f, x",
    "print (x), y",
    "if x: print ('%s') % x",
    "try:\n    f()\nexcept E, e:\n    pass",
    "try:\n    f()\nexcept (A,\n        B), e:\n    pass",
    "exec code in space",
    "exec\tcode",
    "raise E, 'text'",
    "raise E(1,\n  2), 'text', trace",
    "`x`",
    "[x for x in 1, 2]",
    "[x[0]\n for x in f(a)[1:2], {1: 2}]",
    "a <> b",
    "0777",
    "x = 0xFFl",
    "x = 5L",
    "y = 1L if 2Lelse 3",
    "ur'a'",
    "UR'''a'''",
    "'C:\\user'",
    "def f((a, b)):\n    pass",
    "def f(a=g(')'),\n  (b, c)=(1, 2)):\n    pass",
    "lambda (a, b): a",
]
CALLED = [
    "d.has_key(1)",
    "{}.iteritems()",
    "x.viewkeys()",
    "(i for i in x).next()",
    "((i for i in x)\n .next())",
    "execfile('a')",
    "file('a')",
    "file ('a')",
    "map(f, x)[0]",
    "(zip(a, b)\n)[1]",
    "{}.keys()[0]",
    "({}.items( ))[0]",
    "len(map(f, x))",
    "len((\n  filter(f, x)))",
    "import numpy as np\nnp.array(zip(a, b))",
    "import numpy\nnumpy.asarray((map(f, a)))",
]


def missed(signs: dict[str, tuple[Sign, ...]], source: str) -> list[str]:
    """The constructs of a source whose signs do not stand in it."""
    tree = grammar.parse(source)
    return [each.what for each in (constructs(tree, source) if tree else ()) if not said(signs[each.what], source)]


@pytest.mark.parametrize("source", OLD)
def test_a_construct_of_python_2_has_a_sign(source: str) -> None:
    tree = grammar.parse(source)

    assert tree is not None
    assert constructs(tree, source)
    assert missed(SIGNS, source) == []


PIECE = st.sampled_from([*OLD, "x = [1, 2]", "for x in y:\n    z", "# print a, b", "print(a)", "'0777'", "s = 'for'"])


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECE, max_size=3).map("\n".join))
def test_whatever_stands_beside_it(source: str) -> None:
    assert missed(SIGNS, source) == []


def test_a_sign_that_says_too_much_is_caught() -> None:
    twin = SIGNS | {"print statement": (Sign(("print ",)),), "raise statement": (Sign((), re.compile("raise.*,")),)}

    assert missed(twin, "print\traise_it") == ["print statement"]
    assert missed(twin, "raise E(\n), 'text'") == ["raise statement"]


@pytest.mark.parametrize("source", CALLED)
def test_a_call_that_is_gone_has_a_sign(source: str) -> None:
    mended = Mended({each.cell.index: each for each in modern(notebook(source))})
    site = mended.at(0)

    assert site is not None
    assert list(Calls(mended, python2=True).stale(site))
    assert said(calls.SIGNS, source) or calls.WORDS & Spoken([source]).words


@pytest.mark.parametrize("module", sorted(imports.MODULES))
def test_a_module_that_moved_is_seen(module: str) -> None:
    document = notebook("x = 1", f"import os, {module} as m")

    assert [each.place.cell for each in find(document, environment("3.12")) if each.place] == [1]


def test_what_says_nothing_old_is_not_parsed() -> None:
    document = notebook("import os\nfor x in range(3):\n    y = {'a': x}\n    os.remove(y['a'])")

    (cell,) = modern(document)

    assert cell.mended is cell.cell
    assert not any(said(signs, cell.cell.source) for signs in SIGNS.values())


def test_pieces_stand_one_behind_the_other() -> None:
    sign = Sign(("a", "b"), re.compile("c$"))

    assert sign.stands("xaxbxc")
    assert not sign.stands("ba c")
    assert not sign.stands("ab c d")
    assert standing((sign, Sign(("ba",))), "abac") == (sign, Sign(("ba",)))


def test_words_are_read_once_for_all_who_ask_about_a_document() -> None:
    one, other = notebook("import a", ("markdown", "import b"), "c"), notebook("d")

    assert spoken(one) is spoken(one)
    assert spoken(one).words == {"import", "a", "c"}
    assert spoken(other).words == {"d"}
