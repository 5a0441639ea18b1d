from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.environments import environment
from workers.contract.domain import Execution, Rung
from workers.documents.python import parse
from workers.protocols import Task
from workers.repair.rules import RulesRepairer
from workers.review.python2 import source as python2

if TYPE_CHECKING:
    from workers.contract.domain import Finding
    from workers.protocols import Document

NOW = environment("3.12")


def mended(*cells: str) -> list[str]:
    """The code cells after every certain edit."""
    document = notebook(*cells)
    edits = [
        edit
        for finding in python2.find(document, NOW)
        if finding.suggestion and finding.suggestion.resolved
        for edit in finding.suggestion.edits
    ]
    return [cell.source for cell in document.edited(edits).cells]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('print "a", b  # why', 'print("a", b)  # why'),
        ("print", "print()"),
        ("for i in range(3):\n    print i,\nprint", 'for i in range(3):\n    print(i, end=" ")\nprint()'),
        ('import sys\nprint >>sys.stderr, "a", b', 'import sys\nprint("a", b, file=sys.stderr)'),
        ('print ("a"),', 'print ("a", end=" ")\n'.strip()),
        ('print "%d of %d" % (\n    1,  # one\n    2,\n)', 'print("%d of %d" % (\n    1,  # one\n    2,\n))'),
        ('if a <> 3: print "x" ; print y,', 'if a != 3: print("x") ; print(y, end=" ")'),
        ("try:\n    f()\nexcept (A, B), e:\n    pass", "try:\n    f()\nexcept (A, B) as e:\n    pass"),
        ('raise E, "x"', 'raise E("x")'),
        ("raise E, (1, 2)", "raise E(1, 2)"),
        ("raise E, v, tb", "raise E(v).with_traceback(tb)"),
        ('exec "x = 1" in ns', 'exec("x = 1", ns)'),
        ("s = `a` + `b, c`", "s = repr(a) + repr((b, c))"),
        ("x = 0777 + 10L + 0xFFL", "x = 0o777 + 10 + 0xFF"),
        ("[x for x in 1, 2]", "[x for x in (1, 2)]"),
        (
            'def f(x, (a, b)):\n    """Doc."""\n    return a',
            'def f(x, a_b):\n    """Doc."""\n    (a, b) = a_b\n    return a',
        ),
        ("sorted(d, key=lambda (k, v): v.k + k)", "sorted(d, key=lambda k_v: k_v[1].k + k_v[0])"),
        ("p = ur'a\\b'", "p = r'a\\b'"),
        ('print "C:\\Users"', 'print("C:\\\\Users")'),
        (
            '%matplotlib inline\n!ls "x"\nprint "é ☃", y  # ü',
            '%matplotlib inline\n!ls "x"\nprint("é ☃", y)  # ü',
        ),
        ("%%time\nprint 1", "%%time\nprint(1)"),
        ("if x:\n        y = 1\n\tprint y", "if x:\n        y = 1\n        print(y)"),
    ],
)
def test_syntax_of_python_2_becomes_syntax_of_python_3_and_the_rest_stays(before: str, after: str) -> None:
    assert mended(before) == [after]
    assert parse(after) is not None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("for i in xrange(3): f(i)", "for i in range(3): f(i)"),
        ("isinstance(x, basestring)", "isinstance(x, str)"),
        ("print xrange(3), unicode(x)", "print(range(3), str(x))"),
        ("if d.has_key(k): pass", "if k in d: pass"),
        ("n = 1 + d.has_key(a or b)", "n = 1 + ((a or b) in d)"),
        ("d = {}\nfor k, v in d.iteritems(): f(k)", "d = {}\nfor k, v in d.items(): f(k)"),
        ("import csv\nr = csv.reader(f)\nh = r.next()", "import csv\nr = csv.reader(f)\nh = next(r)"),
        ("execfile('a.py')", "exec(open('a.py').read())"),
        ("'''Doc.'''\ntotal = reduce(f, xs)", "'''Doc.'''\nfrom functools import reduce\ntotal = reduce(f, xs)"),
        ("import sys\nn = sys.maxint", "import sys\nn = sys.maxsize"),
        ("import itertools as it\nit.izip(a, b)", "import itertools as it\nzip(a, b)"),
        ("from StringIO import StringIO", "from io import StringIO"),
        ("import cPickle as pickle", "import pickle as pickle"),
        (
            "from urllib2 import urlopen, HTTPError",
            "from urllib.error import HTTPError\nfrom urllib.request import urlopen",
        ),
        ("first = map(f, xs)[0]", "first = list(map(f, xs))[0]"),
        ("import numpy as np\nnp.array(map(f, xs))", "import numpy as np\nnp.array(list(map(f, xs)))"),
    ],
)
def test_names_that_are_gone_are_replaced(before: str, after: str) -> None:
    assert mended(before) == [after]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "import requests\nfrom StringIO import StringIO\npage = requests.get(url).content\nread(StringIO(page))",
            "import requests\nfrom io import BytesIO\npage = requests.get(url).content\nread(BytesIO(page))",
        ),
        (
            "import requests\nfrom StringIO import StringIO\nread(StringIO(requests.get(url).text))",
            "import requests\nfrom io import StringIO\nread(StringIO(requests.get(url).text))",
        ),
        (
            "import zipfile\nfrom cStringIO import StringIO\nz = zipfile.ZipFile(StringIO(got))\nout = StringIO()",
            "import zipfile\nfrom io import BytesIO, StringIO\nz = zipfile.ZipFile(BytesIO(got))\nout = StringIO()",
        ),
        (
            "import StringIO\nb = StringIO.StringIO(open(p, 'rb').read())\nt = StringIO.StringIO('a')",
            "import io\nb = io.BytesIO(open(p, 'rb').read())\nt = io.StringIO('a')",
        ),
        (
            "from StringIO import StringIO as Text\nb = Text(open(p, 'rb').read())",
            "from io import StringIO as Text\nb = Text(open(p, 'rb').read())",
        ),
        ("from StringIO import StringIO\nb = StringIO(load())", "from io import StringIO\nb = StringIO(load())"),
    ],
)
def test_a_buffer_for_bytes_is_told_from_one_for_text(before: str, after: str) -> None:
    assert mended(before) == [after]


def test_a_moved_module_is_renamed_in_every_cell_that_uses_it() -> None:
    cells = ("import urllib2, cPickle", "page = urllib2.urlopen(url)\nprint cPickle.dumps(page)")

    assert mended(*cells) == [
        "import urllib.request, pickle",
        "page = urllib.request.urlopen(url)\nprint(pickle.dumps(page))",
    ]


def test_a_module_imported_twice_and_two_lost_builtins_do_not_get_in_each_others_way() -> None:
    before = "import urllib2\nimport urllib2\nurllib2.urlopen(u).next()\nreduce(f, reload(m))"

    (after,) = mended(before)

    assert after == f"from functools import reduce\n{before.replace('urllib2', 'urllib.request')}"


@pytest.mark.parametrize(
    "healthy",
    [
        'print("a", b, sep="")',
        'print ("a", b)',
        "from six.moves import xrange\nxrange(3)",
        "try:\n    input = raw_input\nexcept NameError:\n    pass",
        "import sys\nif sys.version_info[0] < 3:\n    text = unicode\nelse:\n    text = str",
        "try:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle",
        "def xrange(n):\n    return range(n)\nxrange(3)",
        "s = 'print x and xrange'  # print x, xrange(3)",
        "node = node.next\nd.items()\nmap(f, xs)",
        "class L:\n    def next(self):\n        return 1\nL().next()",
        "%%bash\nprint x",
        "from urllib.parse import quote\nimport urllib.request",
        "x = = 1",
    ],
)
def test_python_3_is_left_alone(healthy: str) -> None:
    assert python2.find(notebook(healthy), NOW) == ()


def test_a_cell_of_which_python_2_is_only_a_part_of_the_trouble_gets_no_edit() -> None:
    found = python2.find(notebook("def f((a, b)): return lambda (c, (d, e)): a\nprint a"), NOW)

    assert found
    assert all(finding.suggestion is None for finding in found)


def test_an_environment_of_python_2_is_left_alone() -> None:
    assert python2.find(notebook("print 'a'"), environment("2.7")) == ()


def test_the_kernel_the_metadata_names_decides_nothing() -> None:
    document = notebook("print 'a'", kernelspec={"display_name": "Python 2", "language": "python", "name": "python2"})

    (finding,) = python2.find(document, NOW)

    assert finding.rung is Rung.E4
    assert finding.rule == "python2/print-statement"


def test_after_a_print_function_import_print_is_a_function_in_every_later_cell() -> None:
    assert mended("from __future__ import print_function", "try:\n    print(1, end='')\nexcept E, e:\n    pass") == [
        "from __future__ import print_function",
        "try:\n    print(1, end='')\nexcept E as e:\n    pass",
    ]


def test_each_construct_is_a_finding_at_its_own_place() -> None:
    found = python2.find(notebook("x = 1", "print 1\nprint 1\ny = `x`"), NOW)

    assert [(one.place.cell, one.place.line, one.place.column) for one in found if one.place] == [
        (1, 1, 1),
        (1, 2, 1),
        (1, 3, 5),
    ]
    assert len({one.id for one in found}) == 3


def test_an_unknown_receiver_is_a_hint_and_no_certain_edit() -> None:
    found = python2.find(notebook("print d", "for k in d.iteritems(): pass"), NOW)

    assert [(one.rung, bool(one.suggestion and one.suggestion.resolved)) for one in found] == [
        (Rung.E4, True),
        (Rung.E1, False),
    ]


PIECES = st.sampled_from(
    [
        "print x",
        "print 'a', `b`,",
        "print >>f, 10L",
        "for i in xrange(3):\n    print i",
        "try:\n    d.has_key(k)\nexcept E, e:\n    raise F, 'x'",
        "def f((a, b), c):\n    return reduce(a, c)",
        "import urllib2, StringIO",
        "urllib2.urlopen(u).next()",
        "exec code in ns",
        "%time f()",
        "x = '☃'  # é",
        "a <> b",
        "x =",
        "print('a', end='')",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=4).map("\n".join), min_size=1, max_size=3))
def test_it_never_raises_and_the_rules_rung_comes_to_an_end(cells: list[str]) -> None:
    document: Document = notebook(*cells)

    for _ in range(4):
        repair = asyncio.run(RulesRepairer().propose(task(document, python2.find(document, NOW))))
        document = document.edited(repair.edits if repair else ())

    assert [one for one in python2.find(document, NOW) if one.suggestion and one.rung is Rung.E4] == []


def task(document: Document, findings: tuple[Finding, ...]) -> Task:
    nothing = Execution(status="not_run")
    return Task(document=document, findings=findings, execution=nothing, records=(), refused=frozenset())


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    document = notebook(text.encode("utf-8", "ignore").decode().replace("\r", ""))

    for one in python2.find(document, NOW):
        edited = document.edited(one.suggestion.edits if one.suggestion else ())
        assert len(edited.cells) == len(document.cells)


def test_a_cell_longer_than_anyone_writes_is_not_parsed_as_python_2() -> None:
    document = notebook("print 1\n" * 20_000)

    assert python2.find(document, NOW) == ()
