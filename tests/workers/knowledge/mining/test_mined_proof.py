"""What lets a target through, beside twins that let more through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workers.knowledge.mining.libraries import release
from workers.knowledge.mining.found import Found, Presence
from workers.knowledge.mining.mine import mine
from workers.knowledge.mining.settling import settled
from workers.knowledge.mining.standing import stands

if TYPE_CHECKING:
    from pathlib import Path

    from workers.knowledge.mining.release import Release

_TABLE = """
DEPRECATED_LOOKUP = {"Chat": "community.chat"}
def __getattr__(name): return lookup(name)
"""
_PAIRS = """
def same(x, y=1): return new(x, y=y)
def other(x, y=1): return x + y
def shuffled(x, y=1): return new(y, x)
def fixed(x, y=1): return new(x, y=2)
def open_ended(*args, **kwargs): return new(*args, **kwargs)
def new(x, y=1): return x
def masked(x, **kwargs):
    kwargs["y"] = 2
    return new(x, **kwargs)
def doubled(x, y=1):
    x = x * 2
    return new(x, y=y)
def default(x, y=2): return new(x, y=y)
alias = new
"""


def _yes_to_all(_: str) -> Found:
    return Found(Presence.PRESENT)


def test_a_target_that_no_release_has_is_let_through_only_by_a_lookup_that_says_yes_to_all(tmp_path: Path) -> None:
    lib = release(tmp_path, "lib", "1.0", {"lib/__init__.py": "", "lib/chat.py": _TABLE})
    community = release(tmp_path, "community", "1.0", {"community/chat.py": "class Other: ...\n"})

    proven = {fact.old: fact.new for fact in mine([lib], {"community": community})}
    believed = {fact.old: fact.new for fact in settled([lib], _yes_to_all)}

    assert proven["lib.chat.Chat"] is None
    assert believed["lib.chat.Chat"] == "community.chat.Chat"


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("same", True),
        ("open_ended", True),
        ("alias", True),
        ("other", False),
        ("shuffled", False),
        ("fixed", False),
        ("default", False),
        ("masked", False),
        ("doubled", False),
    ],
)
def test_a_function_stands_for_another_only_if_it_hands_on_what_it_was_given(
    tmp_path: Path, old: str, *, expected: bool
) -> None:
    lib = release(tmp_path, "lib", "1.0", {"lib/__init__.py": _PAIRS})

    assert stands(lib, f"lib.{old}", "lib.new") is expected


def test_a_target_that_went_again_is_no_target(tmp_path: Path) -> None:
    said = (
        "from .d import deprecated\ndef new(x): ...\n@deprecated('1.0', alternative='new')\ndef old(x): return new(x)\n"
    )
    texts = [said, "def new(x): ...\n", ""]
    releases: list[Release] = [
        release(tmp_path, "lib", f"{at}.0", {"lib/__init__.py": text}) for at, text in enumerate(texts, start=1)
    ]

    until_then = {fact.old: fact.new for fact in mine(releases[:2], {})}
    in_the_end = {fact.old: fact.new for fact in mine(releases, {})}

    assert until_then["lib.old"] == "lib.new"
    assert in_the_end["lib.old"] is None


def test_a_target_in_a_module_that_went_with_the_old_name_is_no_target(tmp_path: Path) -> None:
    text = "from d import deprecated\ndef open(f): ...\n@deprecated('1.0', alternative='open')\ndef openfp(f): return open(f)\n"
    before = release(tmp_path, "lib", "1.0", {"lib/__init__.py": "", "aifc.py": text})
    after = release(tmp_path, "lib", "2.0", {"lib/__init__.py": ""})

    facts = {fact.old: fact for fact in mine([before, after], {})}

    assert facts["aifc"].removed == "2.0"
    assert (facts["aifc.openfp"].new, facts["aifc.openfp"].removed) == (None, "2.0")
