"""The shapes in which libraries announce that something moved, in made-up names: each shape stands for many libraries."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workers.knowledge.words import LONGEST, about, targets

SAID = {
    # a subject, a verb, a target
    "`orchard.hew` has been superseded by `orchard.fell.hew`.": "orchard.fell.hew",
    "orchard.hew is obsolete, use orchard.fell instead.": "orchard.fell",
    "`hew` was dropped in orchard 2.0. Please use `fell` instead.": "fell",
    "hew() has been discontinued; call fell() instead": "fell",
    "`hew` is no longer available. Use `fell` instead.": "fell",
    "`orchard.hew` no longer exists, use `orchard.fell` instead": "orchard.fell",
    "`hew` got renamed to `fell` in v3": "fell",
    "`hew` was renamed to `fell` and will be removed in a later release.": "fell",
    "`hew` has been renamed as `fell`.": "fell",
    "The `hew` function is now called `fell`.": "fell",
    "`hew` is deprecated as of 2.1 and is now known as `fell`.": "fell",
    "hew is deprecated and was replaced with fell in version 4.": "fell",
    "hew will be removed in 5.0, use fell() as of 4.2": "fell",
    # another module has it
    "`orchard.hew` has moved to `orchard.tools`.": "orchard.tools.hew",
    "`orchard.hew` was moved to the `orchard.tools` module in 2.0.": "orchard.tools.hew",
    "`orchard.hew` was moved to `orchard.tools.hew`.": "orchard.tools.hew",
    "`orchard.hew` has been relocated to orchard.tools.": "orchard.tools.hew",
    "`orchard.hew` is deprecated. It is available in `orchard.tools`.": "orchard.tools.hew",
    "`orchard.hew` is deprecated, import it from `orchard.tools` instead.": "orchard.tools.hew",
    "`orchard.hew` is deprecated; please import from orchard.tools instead.": "orchard.tools.hew",
    "`orchard.hew` is deprecated. Use `from orchard.tools import hew` instead.": "orchard.tools.hew",
    "`orchard.hew` now lives in `orchard.tools`.": "orchard.tools.hew",
    "`orchard.hew` has been merged into `orchard.tools`.": "orchard.tools.hew",
}
"""Message about `hew` -> where it went."""

OF_ITS_OWN = {
    "Use fell instead.": "fell",
    "Please use `fell` instead.": "fell",
    "Use :func:`~orchard.fell` instead.": "orchard.fell",
    "Use :py:meth:`.fell` instead.": "fell",
    "Deprecated; please use `fell` instead.": "fell",
    "DEPRECATED: Use fell() instead.": "fell",
    "Deprecated since version 1.2: use `fell` instead.": "fell",
    "Renamed to `fell`.": "fell",
    "Moved to `orchard.tools`.": "orchard.tools.hew",
    "Import it from `orchard.tools` instead.": "orchard.tools.hew",
    "This function will be removed in 3.0. Use `fell` instead.": "fell",
    "This method has been replaced by `fell`.": "fell",
    "it was renamed to `fell`": "fell",
    "Alias for `fell`.": "fell",
    "Call `fell` instead": "fell",
}
"""What stands in the docstring or decorator of `hew` itself."""

MORE_THAN_A_NAME = (
    # a choice
    "Use `fell` or `lop` instead.",
    "`hew` was replaced by `fell`, `lop` and `prune`.",
    "Use `fell` for trees and `lop` for branches.",
    # a direction
    "Consider using `fell`, which does more.",
    "`hew` was superseded by `lop`.",
    "Switch to `chainsaw.fell`.",
    "`hew` is deprecated in favor of `lop`.",
    # not quite the same
    "`hew` has been renamed to `fell`. Note that the default of `depth` has changed.",
    "`hew` has been renamed to `fell`. The original name will be removed. Note that `depth` is another thing now.",
    "Use `fell` instead. However, it does not return the stump.",
    "Use `fell` instead, which has a different signature.",
    "Use `fell(tree, axe)` instead.",
    "Use `fell` with an axe.",
    # no name at all
    "Use common sense instead of this.",
    "Please use it no more.",
    "It has moved to the attic.",
    "hew is deprecated. Use at your own risk.",
    "moved to another place",
    "Use with care instead.",
    "This is going to be removed; there is no replacement.",
    "Use the new API.",
)
"""What must not be taken for a rename of `hew`."""


@pytest.mark.parametrize("message", SAID)
def test_an_announcement_is_read_whatever_its_words(message: str) -> None:
    assert [hint.new for hint in about("hew", message) if hint.exact] == [SAID[message]]


@pytest.mark.parametrize("text", OF_ITS_OWN)
def test_what_stands_at_the_thing_itself_needs_no_subject(text: str) -> None:
    assert [hint.new for hint in about("hew", text) if hint.exact] == [OF_ITS_OWN[text]]


@pytest.mark.parametrize("text", MORE_THAN_A_NAME)
def test_what_is_more_than_another_name_is_never_exact(text: str) -> None:
    assert not [hint for hint in about("hew", text) if hint.exact]


def test_a_parameter_is_told_from_a_function() -> None:
    (hint,) = about("size", "Use `height` instead.", keyword=True)

    assert (hint.kind, hint.new) == ("keyword", "height")


def test_words_about_another_name_say_nothing_about_this_one() -> None:
    assert not [hint for hint in about("hew", "`lop` was renamed to `fell`.") if hint.exact]


HOSTILE = (
    "`" * 5000,
    "a." * 3000,
    "use " * 3000,
    "keyword " * 2000 + "is deprecated",
    "`hew` is " + "now " * 2000 + "deprecated",
    "`hew` is deprecated. Use `" + "a." * 2000,
    "from from from import import " * 300,
    ":func:`~" * 1500,
    "\x00\x1b[31m\u202e`hew` is deprecated\ud800",
    "`hew` is deprecated " + "(" * 3000,
    "is deprecated " * 1000,
    "moved to " * 1000,
)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from([*SAID, *MORE_THAN_A_NAME, *HOSTILE])).map(" ".join)))
@example(HOSTILE[0])
def test_no_words_are_too_strange(text: str) -> None:
    for hint in (*about("hew", text), *about("size", text, keyword=True)):
        assert hint.new
        assert hint.old != hint.new
        assert len(hint.new) <= LONGEST


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_read_to_their_end(text: str) -> None:
    assert all(len(hint.new) <= LONGEST for hint in (*targets(text), *about("hew", text)))
