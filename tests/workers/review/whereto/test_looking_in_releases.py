"""Sources as libraries write them, read without being imported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.review.whereto.releases import Texts
from workers.review.whereto.library import Library
from workers.review.whereto.looking import elsewhere, sight

FILES = {
    "orchard/__init__.py": """
from orchard import trees
from .fruit import *
from .trees import Tree as Plant, missing
from elsewhere_lib import borrowed
if trees:
    from .late import late
else:
    late = None
try:
    import speedups
except ImportError:
    speedups = None
alias = trees.Tree.age
_lazy = {"pear": ".fruit.kinds", "orchard.late": ["evening"]}
__version__ = "1"
""",
    "orchard/trees.py": '''
class Plant:
    """A plant."""
    def water(self, litres=2):
        pass

class Tree(Plant):
    def __init__(self, height, *, kind="oak", **more):
        """Grow.

        Args:
            height: How tall.
            kind (str): Of which kind
                it is.
        """
    def age(self):
        pass
    @property
    def leaves(self):
        raise AttributeError("leaves was removed. Use `foliage` instead.")

if __name__ == "__main__":
    from orchard.trees import Tree
''',
    "orchard/fruit/__init__.py": """
from .kinds import *
__all__ = ["apple"]
__all__ += ["plum"]
""",
    "orchard/fruit/kinds.py": """
def apple(): pass
def plum(): pass
def pear(): pass
def _seed(): pass
""",
    "orchard/late.py": "def late(): pass\ndef evening(): pass\n",
    "orchard/fast.cpython-312-x86_64-linux-gnu.so": "",
    "orchard/broken.py": "def (:\n",
    "orchard/old/__init__.py": '"""Old things.\n\n.. deprecated:: 1.0 Use orchard.trees instead.\n"""\nfrom ..trees import Tree\n',
    "orchard/hooked.py": """
def __getattr__(name):
    if name == "ladder":
        raise AttributeError("`ladder` was removed. Use `steps` instead.")
""",
}
LIBRARY = Library(Texts(FILES))


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("orchard.trees", "orchard.trees"),
        ("orchard.Plant", "orchard.trees.Tree"),
        ("orchard.apple", "orchard.fruit.kinds.apple"),
        ("orchard.plum", "orchard.fruit.kinds.plum"),
        ("orchard.pear", "orchard.fruit.kinds.pear"),
        ("orchard.evening", "orchard.late.evening"),
        ("orchard.late", "orchard.late.late"),
        ("orchard.trees.Tree", "orchard.trees.Tree"),
        ("orchard.trees.Tree.water", "orchard.trees.Plant.water"),
        ("orchard.alias", "orchard.trees.Tree.age"),
        ("orchard.borrowed", "elsewhere_lib.borrowed"),
        ("orchard.old.Tree", "orchard.trees.Tree"),
    ],
)
def test_a_name_leads_to_its_definition(name: str, home: str) -> None:
    seen = sight(LIBRARY, name, "1")

    assert seen is not None
    assert seen.home == home


@pytest.mark.parametrize(
    "name",
    [
        "orchard.cherry",
        "orchard._seed",
        "orchard.missing",
        "orchard.trees.Tree.fly",
        "orchard.broken.thing",
        "other.apple",
        "orchard.apple.colour",
        "",
        "..",
    ],
)
def test_what_is_not_there_is_not_seen(name: str) -> None:
    assert sight(LIBRARY, name, "1") is None


def test_a_class_takes_what_its_constructor_takes() -> None:
    seen = sight(LIBRARY, "orchard.Plant", "1")

    assert seen is not None
    assert [(each.name, each.default, each.doc) for each in seen.parameters or ()] == [
        ("height", "", "How tall."),
        ("kind", "'oak'", "Of which kind it is."),
    ]
    assert seen.open


def test_a_property_that_only_raises_says_so() -> None:
    seen = sight(LIBRARY, "orchard.trees.Tree.leaves", "1")

    assert seen is not None
    assert [note.text for note in seen.notes] == ["leaves was removed. Use `foliage` instead."]


def test_what_a_module_says_of_itself_is_about_what_is_in_it() -> None:
    seen = sight(LIBRARY, "orchard.old.Tree", "1")

    assert seen is not None
    assert [(note.text, note.whole) for note in seen.notes] == [("Use orchard.trees instead.", True)]
    assert "orchard.trees.Tree" in seen.same


def test_a_hook_that_speaks_of_another_name_says_nothing_of_this_one() -> None:
    hook = """
def rung(): pass
def __getattr__(name):
    if name == "ladder":
        raise AttributeError("`ladder` was removed. Use `rungs` instead.")
"""
    library = Library(Texts({"a/__init__.py": "", "a/b.py": hook}))
    seen = sight(library, "a.b.rung", "1")

    assert seen is not None
    assert not seen.notes


def test_objects_of_a_name_are_found_in_the_public_modules() -> None:
    assert elsewhere(LIBRARY, "orchard.tools.evening") == ("orchard.evening",)
    assert elsewhere(LIBRARY, "orchard.tools._seed") == ("orchard.fruit.kinds._seed",)
    assert elsewhere(LIBRARY, "orchard.tools.nothing") == ()


def test_modules_that_lead_in_a_circle_come_to_an_end() -> None:
    files = {
        "a/__init__.py": "from .b import x, y\nfrom .b import *\nz = z\n",
        "a/b.py": "from a import x\nfrom a import *\nclass K(K): pass\nclass L(M): pass\nclass M(L): pass\n",
    }
    library = Library(Texts(files))

    for name in ("a.x", "a.y", "a.q", "a.z", "a.b.K.k", "a.b.L.m"):
        seen = sight(library, name, "1")
        assert seen is None or seen.name == name


@given(st.text(max_size=300))
def test_no_source_is_too_strange(text: str) -> None:
    library = Library(
        Texts({"a/__init__.py": text, "a/b.py": f"'''{text}'''\ndef f(x):\n    '''.. deprecated:: {text}'''\n"})
    )

    for name in ("a.f", "a.b.f"):
        seen = sight(library, name, "1")
        assert seen is None or seen.name == name
