"""Two releases of a package, read and asked for real: what went where, and what must not be taken for a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workers.review.whereto.releases import Shelf
from workers.contract.domain import Rung
from workers.review.whereto.candidates import Gone
from workers.review.whereto.following import Call

if TYPE_CHECKING:
    from pathlib import Path

OLD = '''
import warnings
from warnings import warn

from orchard._words import deprecated, renamed_parameter
from orchard.kit import saw
from orchard.trees import *


def plant(row, depth=3.5, water=True):
    """Plant a row.

    Parameters
    ----------
    depth : float
        How deep the hole has to be, in centimetres.
    """


def sow(row):
    msg = (
        "sow is deprecated and will be removed in orchard 2.0. "
        "Use plant instead."
    )
    warn(msg, DeprecationWarning, stacklevel=2)
    return plant(row)


def seed(row):
    """Put seeds in.

    .. deprecated:: 1.1
       Use :func:`sow` instead.
    """


@deprecated("1.3", alternative="prune")
def lop(tree):
    return tree


def prune(tree):
    return tree


@renamed_parameter("1.3", "sort", "kind")
def count(trees, kind=None):
    return len(trees)


def pick(fruit, basket=None, **more):
    if "crate" in more:
        warnings.warn("The `crate` parameter has been renamed to `basket`; please update your code.", FutureWarning)


def left(tree):
    warn("left is deprecated, use right instead", DeprecationWarning)


def right(tree):
    warn("right is deprecated, use left instead", DeprecationWarning)


def fell(tree):
    """.. deprecated:: 1.1 Use :func:`chop` instead."""


def graft(tree):
    """.. deprecated:: 1.1 Use :func:`splice` instead."""


def weigh(tree):
    warn("weigh is deprecated, please use common sense instead of scales.", DeprecationWarning)


def mow(height=4):
    """.. deprecated:: 1.1 Use :func:`cut` instead."""


def shake(tree, force):
    """.. deprecated:: 1.1 Use :func:`vibrate` instead."""


def measure(tree):
    """.. deprecated:: 1.1 Use `span` or `girth` instead."""


def silent(tree):
    return tree


hedge = deprecated(prune, message="Use something.")


def reap(row, twice=False, *rest, **more):
    """An alias of harvest."""
    msg = "'reap' is deprecated in favour of 'harvest'"
    warnings.warn(msg, DeprecationWarning, stacklevel=2)
    return harvest(row, twice, *rest, **more)


def harvest(row, twice=False, *rest, **more):
    return row


def glean(row, twice=False):
    warnings.warn("glean is deprecated in favour of harvest", DeprecationWarning)
    return harvest(row, twice=not twice)


@deprecated("1.3", alt_func="orchard.span")
def spray(tree):
    pass


def rate(trees, normalize=True):
    """.. deprecated:: 1.1 Use `score` instead."""


def score(trees, average="binary"):
    return 0


def split(*trees, **options):
    """.. deprecated:: 1.1 Use `cleave` instead."""


def cleave(*trees, **options):
    return trees


def every(*args, **kwargs):
    warnings.warn("`every` is deprecated. Use `each` instead.", DeprecationWarning)
    return each(*args, **kwargs)


def each(tree):
    return tree


def age_of(self):
    """.. deprecated:: 1.1 Use `orchard.Tree.age` instead."""
'''
NEW = '''
import warnings


def plant(row, depth_cm=3.5, water=True):
    """Plant a row.

    Parameters
    ----------
    depth_cm : float
        How deep the hole has to be, in centimetres.
    """


def prune(tree):
    return tree


def count(trees, kind=None):
    return len(trees)


def pick(fruit, basket=None):
    return fruit


def splice(tree):
    warnings.warn("splice is deprecated.", DeprecationWarning)


def cut(height=9):
    return height


def vibrate(tree):
    return tree


def span(tree):
    return tree


def girth(tree):
    return tree


def each(tree):
    return tree


def score(trees, average="binary"):
    return 0


def cleave(*trees, size=None):
    return trees


def harvest(row, twice=False, *rest, **more):
    return row


class Tree:
    def age(self):
        return 0
'''
WORDS = """
def deprecated(since, *, alternative=""):
    return lambda function: function


def renamed_parameter(since, old, new):
    return lambda function: function
"""
TREES = '''
__all__ = ["Tree", "Shrub", "hidden_helper", "haul"]


class Tree:
    def age(self):
        return 0

    years = age


def haul(wood, *, far=True):
    """DEPRECATED: orchard.trees.haul has been moved to orchard.kit.carry. It will be removed in 2.0."""


Shrub = Tree


def hidden_helper():
    pass
'''
OLD_FILES = {
    "orchard/__init__.py": OLD,
    "orchard/_words.py": WORDS,
    "orchard/trees.py": TREES,
    "orchard/kit.py": "def saw(tree, teeth=5):\n    return tree\n",
}
NEW_FILES = {
    "orchard/__init__.py": NEW,
    "orchard/kit.py": "def saw(tree, teeth=5):\n    return tree\n\n\ndef carry(wood, *, far=True): pass\n",
    "orchard/trees.py": "",
    "orchard/shed.py": "def hidden_helper():\n    pass\n",
}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, "orchard", {"1.4": OLD_FILES, "2.0": NEW_FILES})


@pytest.mark.parametrize(
    ("name", "target", "rung"),
    [
        ("orchard.sow", "orchard.plant", Rung.E3),
        ("orchard.lop", "orchard.prune", Rung.E3),
        ("orchard.Shrub", "orchard.Tree", Rung.E2),
        ("orchard.hedge", "orchard.prune", Rung.E2),
        ("orchard.reap", "orchard.harvest", Rung.E3),
        ("orchard.spray", "orchard.span", Rung.E3),
        ("orchard.trees.haul", "orchard.kit.carry", Rung.E3),
        ("orchard.saw", "orchard.kit.saw", Rung.E2),
        ("orchard.Tree.years", "orchard.Tree.age", Rung.E2),
    ],
)
async def test_a_name_is_followed_to_where_the_release_before_says_it_went(
    shelf: Shelf, name: str, target: str, rung: Rung
) -> None:
    where = await shelf.where(name)

    assert where.target is not None
    assert (where.target.new, where.target.rung) == (target, rung)
    assert "orchard 1.4" in where.target.evidence


async def test_a_chain_is_followed_to_its_end(shelf: Shelf) -> None:
    where = await shelf.where("orchard.seed")

    assert where.target is not None
    assert where.target.new == "orchard.plant"
    assert "; then " in where.target.evidence


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("orchard.left", "two names say each other"),
        ("orchard.fell", "the target does not exist"),
        ("orchard.graft", "the target warns when it is called"),
        ("orchard.weigh", "the word is no name"),
        ("orchard.measure", "there are two of them"),
        ("orchard.glean", "it is called with another argument"),
        ("orchard.silent", "nobody says anything"),
        ("orchard.never_there", "no release ever had it"),
    ],
)
async def test_nothing_is_written_where(shelf: Shelf, name: str, why: str) -> None:
    assert (await shelf.where(name)).target is None, why


async def test_a_call_that_does_not_bind_is_left_alone(shelf: Shelf) -> None:
    bare = await shelf.where("orchard.shake", "", Call(keywords=(), positional=1))
    forceful = await shelf.where("orchard.shake", "", Call(keywords=("force",), positional=1))

    assert bare.target is not None
    assert forceful.target is None
    assert "`orchard.vibrate`" in "".join(f"`{each.new}`" for each in forceful.directions)


async def test_a_default_that_a_call_relies_on_has_to_be_the_same(shelf: Shelf) -> None:
    relying = await shelf.where("orchard.mow", "", Call())
    saying = await shelf.where("orchard.mow", "", Call(keywords=("height",)))

    assert relying.target is None
    assert saying.target is not None


async def test_a_parameter_that_did_something_unasked_must_not_be_lost(shelf: Shelf) -> None:
    assert (await shelf.where("orchard.rate", "", Call(positional=1))).target is None


async def test_what_could_stand_for_each_other_once_goes_wherever_the_call_binds(shelf: Shelf) -> None:
    good = await shelf.where("orchard.split", "", Call(positional=2, keywords=("size",)))
    bad = await shelf.where("orchard.split", "", Call(positional=2, keywords=("weight",)))

    assert good.target is not None
    assert good.target.new == "orchard.cleave"
    assert bad.target is None


async def test_what_was_handed_on_whole_needs_no_signature_of_its_own(shelf: Shelf) -> None:
    assert (await shelf.where("orchard.every", "", Call(positional=1))).target is not None
    assert (await shelf.where("orchard.every", "", Call(positional=3))).target is None


async def test_a_method_is_no_function_to_put_in_the_place_of_one(shelf: Shelf) -> None:
    assert (await shelf.where("orchard.age_of", "", Call(positional=1))).target is None


async def test_alternatives_are_told_and_not_chosen_from(shelf: Shelf) -> None:
    where = await shelf.where("orchard.measure")

    assert [each.new for each in where.directions] == ["orchard.span"]
    assert "or `girth`" in where.directions[0].evidence


@pytest.mark.parametrize(
    ("function", "keyword", "new"), [("orchard.count", "sort", "kind"), ("orchard.pick", "crate", "basket")]
)
async def test_a_keyword_is_followed_by_what_the_release_before_says(
    shelf: Shelf, function: str, keyword: str, new: str
) -> None:
    where = await shelf.where(function, keyword)

    assert where.target is not None
    assert (where.target.new, where.target.rung) == (new, Rung.E3)


async def test_a_parameter_in_the_place_of_a_gone_one_is_a_hypothesis_and_no_target(shelf: Shelf) -> None:
    where = await shelf.where("orchard.plant", "depth")

    assert where.target is None
    assert [(each.new, each.rung) for each in where.directions] == [("depth_cm", Rung.E1)]
    assert "same default and description" in where.directions[0].evidence


async def test_an_object_of_the_same_name_elsewhere_is_a_hypothesis_and_no_target(shelf: Shelf) -> None:
    where = await shelf.where("orchard.hidden_helper")

    assert where.target is None
    assert [(each.new, each.rung) for each in where.directions] == [("orchard.shed.hidden_helper", Rung.E1)]


async def test_without_releases_the_environments_own_words_decide_alone(shelf: Shelf) -> None:
    follower = shelf.follower
    follower.releases = None
    gone = "`orchard.hew` was removed in orchard 2.0. Use `orchard.prune` instead."

    where = await follower.where(Gone(name="orchard.hew"), (gone,))

    assert where.target is not None
    assert where.target.new == "orchard.prune"
