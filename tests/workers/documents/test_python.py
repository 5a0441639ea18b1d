from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.documents.python import ImportMap, Offsets, comments, mask, of_kind, parse, walked
from workers.documents.scopes import scopes
from workers.protocols import Cell

SOURCES = st.one_of(
    st.text(alphabet=st.sampled_from("ab=!%?\\\n\r\t '\"#()[]{}.,:é\u2028é"), max_size=60),
    st.lists(st.sampled_from(["ls", "cd ..", "conda install é", " ", "\n", "\r\n", "\\\n", "x = 1"]), max_size=6).map(
        "".join
    ),
)


def code(*sources: str) -> list[Cell]:
    return [Cell(index=index, kind="code", source=source) for index, source in enumerate(sources)]


def dotted(*sources: str) -> dict[str, str | None]:
    """Every whole attribute chain of the last cell as written -> its origin."""
    cells = code(*sources)
    names = ImportMap(cells)
    tree = parse(cells[-1].source)
    assert tree is not None
    chains = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    inner = {id(node.value) for node in chains}
    return {ast.unparse(node): names.dotted(node, cells[-1].index) for node in chains if id(node) not in inner}


@pytest.mark.parametrize(
    ("source", "masked"),
    [
        ("!ls", "0##"),
        ("!", "0"),
        ("%time x", "0######"),
        ("a = !ls 'x", "a = 0#####"),
        ("d['k'], e = %timeit -o f()", "d['k'], e = 0#############"),
        ("foo?", "0###"),
        ("foo.bar??", "0########"),
        ("?foo", "0###"),
        ("if x:\n    !ls \\\n  more\ny", "if x:\n    0####\n######\ny"),
        ("%%time\nx", "######\nx"),
        ("%%time\n%%bash\nls é", "######\n######\n####"),
        ("%%html\n<b>", "######\n###"),
        ("\n%%bash\nls", "\n######\n##"),
        ("pip install x", "0############"),
        ("\n\n conda install x", "\n\n 0##############"),
        ("print 'a %s' % b\n!ls", "print 'a %s' % b\n0##"),
        ("é = 1\nb = !é", "é = 1\nb = 0#"),
    ],
)
def test_what_is_not_python_is_masked_in_place(source: str, masked: str) -> None:
    assert mask(source).text == masked


@pytest.mark.parametrize(
    "source",
    [
        "x = (3\n% 4)",
        "x = 3 \\\n% 4",
        "'''\n!ls\n%time\n'''",
        "f('%d' % x)",
        "x %= 3",
        "a != b",
        "f(a=!b)",
        "x = '?'  # why?",
        "pip = 3",
        "ls.sort()",
    ],
)
def test_what_only_looks_like_a_magic_stays(source: str) -> None:
    assert mask(source).text == source
    assert mask(source).magics == ()


def test_magics_are_listed_with_their_lines() -> None:
    masked = mask("%%time\na = !ls\nif a:\n    %matplotlib inline\nfoo?")

    assert masked.cell_magic == "time"
    assert masked.magics == ((1, "%%time"), (2, "!ls"), (4, "%matplotlib inline"), (5, "foo?"))


@given(SOURCES)
@settings(max_examples=200, deadline=None)
def test_masking_keeps_length_and_line_breaks(source: str) -> None:
    masked = mask(source).text

    assert len(masked) == len(source)
    assert [at for at, c in enumerate(masked) if c in "\r\n"] == [at for at, c in enumerate(source) if c in "\r\n"]


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_can_be_parsed_or_refused(source: str) -> None:
    tree = parse(source)

    assert tree is None or isinstance(tree, ast.Module)
    ImportMap(code(source))


@pytest.mark.parametrize("source", ["print 'x'", "def f(:", "\0", "\ud800", "(" * 500, "x = [" * 3000])
def test_what_is_not_python_3_has_no_tree(source: str) -> None:
    assert parse(source) is None


def test_a_sum_of_many_terms_is_no_deeper_than_we_can_look() -> None:
    source = "import numpy as np\n" + "+".join(["np.x"] * 1500)

    assert set(dotted(source).values()) == {"numpy.x"}


@pytest.mark.parametrize(
    "source", ["é = 1; bb = é", "x\r\nyy = 1", "x\ryy = 1", "a = 'é'\nb = !é", "\x0cx = 1\n\u2028"]
)
def test_offsets_point_at_the_characters_of_every_name(source: str) -> None:
    tree, offsets = parse(source), Offsets(source)

    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Name):
            start, end = offsets.span(node)
            assert source[start:end] == node.id
            assert offsets.line_column(start)[0] == node.lineno
            assert offsets.at(*_utf8(source, start, node.lineno)) == start


def _utf8(source: str, offset: int, line: int) -> tuple[int, int]:
    """The same place as `ast` counts it."""
    begin = max(source.rfind("\n", 0, offset), source.rfind("\r", 0, offset)) + 1
    return line, len(source[begin:offset].encode())


def test_comments_are_real_ones() -> None:
    assert comments("x = '# no'  # yes\n!ls # no\n'''\n# no\n'''\n# é") == ((1, "# yes"), (6, "# é"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import numpy as np\nnp.random.mtrand.x", {"np.random.mtrand.x": "numpy.random.mtrand.x"}),
        ("import a.b\na.b.c", {"a.b.c": "a.b.c"}),
        ("import a.b as c\nc.d", {"c.d": "a.b.d"}),
        ("from a import b as c\nc.d", {"c.d": "a.b.d"}),
        ("from a import *\nb.c", {"b.c": None}),
        ("from . import b\nb.c", {"b.c": None}),
        ("import np\nnp = 3\nnp.x", {"np.x": None}),
        ("import np\nnp = np.x", {"np.x": "np.x"}),
        ("import np\nfor np in y: pass\nnp.x", {"np.x": None}),
        ("import np\nwith y as np: pass\nnp.x", {"np.x": None}),
        ("import np\ndel np\nnp.x", {"np.x": None}),
        ("import np\ndef np(): pass\nnp.x", {"np.x": None}),
        ("import np\nclass np: pass\nnp.x", {"np.x": None}),
        ("import np\n(np := 3)\nnp.x", {"np.x": None}),
        ("import np\nmatch y:\n    case np: pass\nnp.x", {"np.x": None}),
        ("import np\ndef f(np): np.x", {"np.x": None}),
        ("import np\ndef f(*np): np.x", {"np.x": None}),
        ("import np\nlambda np: np.x", {"np.x": None}),
        ("import np\n[np.x for np in y]", {"np.x": None}),
        ("import np\ndef f():\n    np.x\n    np = 3", {"np.x": None}),
        ("import np\ndef f():\n    def g(): np.x\n    np = 3", {"np.x": None}),
        ("import np\nclass A:\n    np = 3\n    def f(self): np.x", {"np.x": "np.x"}),
        ("import np\nclass A:\n    np = 3\n    np.x", {"np.x": None}),
        ("import np\ndef f(a=np.x): pass", {"np.x": "np.x"}),
        ("import np\n@np.x\ndef f(np): pass", {"np.x": "np.x"}),
        ("def f(): np.x\nimport np", {"np.x": "np.x"}),
        ("def f():\n    import numpy as np\n    np.x", {"np.x": "numpy.x"}),
        ("import np\ndef f():\n    global np\n    np = 3\nnp.x", {"np.x": None}),
        ("try:\n    import a as m\nexcept ImportError:\n    import b as m\nm.x", {"m.x": "b.x"}),
    ],
)
def test_a_name_stands_for_what_it_was_bound_to_last(source: str, expected: dict[str, str | None]) -> None:
    assert dotted(source) == expected


def test_names_live_on_from_cell_to_cell_and_not_backwards() -> None:
    assert dotted("import numpy as np", "np.x") == {"np.x": "numpy.x"}
    assert dotted("import numpy as np", "np = 3", "np.x") == {"np.x": None}
    names = ImportMap(code("np.x", "import numpy as np"))
    first = parse("np.x")
    assert first is not None
    assert names.dotted(next(n for n in ast.walk(first) if isinstance(n, ast.Attribute)), 0) is None


def test_a_cell_of_python_2_still_says_what_it_imports() -> None:
    assert dotted("import numpy as np\nprint 'x'", "np.x") == {"np.x": "numpy.x"}
    assert dotted("import numpy as np", "np = 3\nprint 'x'", "np.x") == {"np.x": None}


def test_an_assignment_is_remembered_with_the_item_that_was_unpacked() -> None:
    cells = code("import plt\nfig, ax = plt.subplots()", "ax")
    tree = parse("ax")
    assert tree is not None
    name = next(node for node in ast.walk(tree) if isinstance(node, ast.Name))

    (assigned,) = ImportMap(cells).assigned(name, 1)

    assert (ast.unparse(assigned.value), assigned.item, assigned.cell) == ("plt.subplots()", 1, 0)


def test_a_branch_leaves_both_values_possible_and_a_loop_target_none() -> None:
    def values(source: str) -> list[str]:
        tree = parse(source)
        assert tree is not None
        last = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "x"][-1]
        return [ast.unparse(one.value) for one in ImportMap(code(source)).assigned(last, 0)]

    assert values("x = a()\nif y:\n    x = b()\nz(x)") == ["a()", "b()"]
    assert values("x = a()\nfor x in y: pass\nz(x)") == []


BINDING = [
    "import a.b as c\nfrom d import e",
    "x, (y, z) = f(w := 1, [q for q in r])",
    "x[i] = o.p = s = u[v]",
    "for i, j in k:\n    l += m\nelse:\n    n: int = 0",
    "with a as b, c as (d, e):\n    del f, g.h",
    "try:\n    pass\nexcept E as e:\n    x = [*y]",
    "def f(a, b=(c), *d, **e) -> g:\n    global h\n    h = i\nclass J(k, l=m):\n    n = o",
    "match p:\n    case [q, *r]: pass\n    case {'s': t, **u}: pass",
    "x = {a: b for a in c}\ny = f'{(z := 1)}'\nlambda g=(h := 2): i",
]


@pytest.mark.parametrize("source", BINDING)
def test_what_is_passed_over_binds_no_name(source: str) -> None:
    # A lambda anywhere has every expression of the cell looked into.
    every = scopes(parse(f"{source}\n(lambda: 0)") or ast.Module([], []), 0)
    found = scopes(parse(source) or ast.Module([], []), 0)

    told = [{name: [one.position for one in bound] for name, bound in each.names.items()} for each in every]
    assert any(told)
    assert [{name: [one.position for one in bound] for name, bound in each.names.items()} for each in found] == [
        each for each, scope in zip(told, every, strict=True) if scope.start < (source.count("\n") + 2, 0)
    ]


def test_walking_a_tree_leaves_out_nothing_but_contexts() -> None:
    tree = parse("\n".join(source for source in BINDING if "match" not in source) + "\nprint(-a < 1 and not b, c.d)")

    assert tree is not None
    assert list(walked(tree)) == [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    assert list(of_kind(tree, ast.Call)) == [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("ab =(\n\\'\"#,."), max_size=20))
def test_what_has_no_magic_stays_as_it_is_beside_one_and_alone(source: str) -> None:
    assert mask(source).text == source
    assert mask(f"%time\n{source}").text == f"{mask('%time').text}\n{source}"


def test_what_a_name_holds_is_a_node_of_the_tree_of_today_though_trees_are_let_go() -> None:
    cells = code("made = build()\nmade.run()")

    for _ in range(2):
        tree = parse(cells[0].source)
        assert tree is not None
        read = next(one for one in ast.walk(tree) if isinstance(one, ast.Attribute)).value
        assert isinstance(read, ast.Name)
        (held,) = ImportMap(cells).assigned(read, 0)

        assert any(held.value is one for one in ast.walk(tree))
        parse.cache_clear()
