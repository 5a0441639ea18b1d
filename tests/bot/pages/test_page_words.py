from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.pages.run_view import run_view
from bot.pages.words import prose, text
from tests.workers.contract import samples

TEXT = st.text(alphabet=st.sampled_from("a<>&\"'`/ \u202e"), max_size=40)


@given(TEXT)
def test_no_tag_but_code_comes_of_any_text(said: str) -> None:
    shown = str(prose(text(said)))

    assert re.findall(r"<(?!/?code>)", shown) == []
    assert shown.count("<code>") == shown.count("</code>")
    assert "\u202e" not in shown


def test_backticks_are_code_where_they_come_in_pairs() -> None:
    assert prose("move `np.bool` to `bool`") == "move <code>np.bool</code> to <code>bool</code>"
    assert prose("one ` <alone>") == "one ` &lt;alone&gt;"


def test_long_text_and_long_diffs_are_bounded_and_say_so() -> None:
    view = run_view(samples.run(), "+x\n" * 5000)

    assert len(view.diff) + view.diff_left_out == 5000
    assert view.diff_left_out > 0
    assert len(text("x" * 100_000)) <= 1200


def test_the_lines_of_a_diff_are_told_apart() -> None:
    patch = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n same\n--- gone\n+++ come\n--- a/y\n"

    kinds = [line.kind for line in run_view(samples.run(), patch).diff]

    # Within a hunk a line that begins with `---` is one that went.
    assert kinds == ["file", "file", "hunk", "same", "del", "add", "del"]
