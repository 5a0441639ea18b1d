from __future__ import annotations

import time

import pytest

from bot.commands import Command, Fault, Malformed, Verb, parse

STATUS = "/repair status"
OUTSIDE = {
    "alone": "/repair status",
    "after a paragraph": "Thanks!\n\n/repair status",
    "on a later line of a paragraph": "Thanks!\n/repair status\nSee you.",
    "with Windows line ends": "Thanks!\r\n/repair status\r\nSee you.\r\n",
    "with old Mac line ends": "Thanks!\r/repair status\r",
    "with spaces behind": "/repair status   ",
    "with tabs between": "/repair\tstatus\t",
    "after a quote and an empty line": "> what now?\n\n/repair status",
    "after a list and an empty line and a heading": "- a\n\n## Now\n/repair status",
    "after a closed fence": "```\ncode\n```\n/repair status",
    "after a closed HTML comment": "<!-- hidden -->\n\n/repair status",
    "after a closed details block": "<details>\n\nx\n\n</details>\n\n/repair status",
    "after a table and an empty line": "| a |\n|---|\n| b |\n\n/repair status",
    "after an image": "![shot](https://example.org/a.png)\n/repair status",
    "after a hard break": "now\\\n/repair status",
    "after a stray backtick": "it`s\n/repair status",
    "after a rule": "---\n/repair status",
    "before a quote": "/repair status\n> as you said",
    "after a command in code": "`/repair stop` or\n/repair status",
    "after a command in a quote": "> /repair stop\n\n/repair status",
    "before another command": "/repair status\n/repair stop",
    "before another command in its own paragraph": "/repair status\n\n/repair stop",
}
INSIDE = {
    "in a fence": "```\n/repair status\n```",
    "in a fence of tildes": "~~~sh\n/repair status\n~~~",
    "in a longer fence": "````\n```\n/repair status\n```\n````",
    "in a fence that never ends": "```\n/repair status",
    "in an indented block": "x\n\n    /repair status",
    "in a block indented by a tab": "x\n\n\t/repair status",
    "in inline code": "`/repair status`",
    "in inline code over lines": "`x\n/repair status\ny`",
    "in doubled inline code": "``\n/repair status\n``",
    "in a quote": "> /repair status",
    "in a quote without a space": ">/repair status",
    "in a quote carried on lazily": "> so\n/repair status",
    "in a nested quote": "> > /repair status",
    "in a quoted fence": "> ```\n> /repair status\n> ```",
    "in an HTML comment": "<!-- /repair status -->",
    "in an HTML comment over lines": "<!--\n/repair status\n-->",
    "in an HTML comment over paragraphs": "<!-- a\n\n/repair status\n\n-->",
    "in an HTML comment that never ends": "<!--\n\n/repair status",
    "in an HTML comment within a paragraph": "so <!--\n/repair status\n-->",
    "in an HTML block": "<div>\n/repair status\n</div>",
    "between HTML tags": "<details>\n<summary>s</summary>\n\n/repair status\n\n</details>",
    "between inline tags": "so <del>\n/repair status\n</del>",
    "in a pre block": "<pre>\n\n/repair status\n\n</pre>",
    "in a table's cell": "| a |\n|---|\n| /repair status |",
    "in a table's head": "/repair status | b\n--- | ---\n1 | 2",
    "in a table's row without bars before": "a | b\n--- | ---\n/repair status | 2",
    "in a footnote": "x[^1]\n\n[^1]: /repair status",
    "in a footnote carried on": "x[^1]\n\n[^1]: so\n/repair status",
    "in a footnote's paragraph": "x[^1]\n\n[^1]: so\n\n    /repair status",
    "in a link's text": "[/repair status](https://example.org)",
    "in a link's text over lines": "[so\n/repair status](https://example.org)",
    "in a link's address": "[so](\n/repair)",
    "in a link's title": '[so](https://example.org "\n/repair status\n")',
    "in a reference's address": "[so]:\n/repair\n\n[so]",
    "in an image's text": "![so\n/repair status](https://example.org/a.png)",
    "in a list": "- /repair status",
    "in a list carried on lazily": "- so\n/repair status",
    "in a numbered list": "1. /repair status",
    "in a heading": "# /repair status",
    "in an underlined heading": "/repair status\n---",
    "in bold": "**so\n/repair status\nthere**",
    "in italics": "*so\n/repair status\nthere*",
    "struck out": "~~so\n/repair status\nthere~~",
    "after words": "please /repair status",
    "after a space": " /repair status",
    "after a mention": "@mendloop /repair status",
    "escaped": "\\/repair status",
}
NOT_THE_WORD = {
    "a longer word": "/repairs status",
    "a word with a hyphen": "/repair-all",
    "a word with a colon": "/repair: status",
    "a path": "/repair/status",
    "a capital": "/Repair status",
    "a full-width slash": "\uff0frepair status",
    "a division slash": "\u2215repair status",
    "a Cyrillic letter": "/r\u0435pair status",
    "full-width letters": "/\uff52\uff45\uff50\uff41\uff49\uff52 status",
    "a zero-width space within": "/rep\u200bair status",
    "a zero-width space behind": "/repair\u200b status",
    "a zero-width space before": "\u200b/repair status",
    "a soft hyphen": "/rep\u00adair status",
    "a byte order mark": "\ufeff/repair status",
    "a no-break space behind": "/repair\u00a0status",
    "a direction mark": "\u202e/repair status",
    "a tag character": "/repair\U000e0041 status",
    "a character reference": "&#47;repair status",
    "a NUL within": "/rep\0air status",
    "a line separator behind": "/repair\u2028status",
    "empty": "",
    "only a slash": "/",
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_c35_a_command_stands_in_plain_words_at_the_start_of_a_line(name: str) -> None:
    assert parse(OUTSIDE[name]) == Command(verb=Verb.STATUS)


@pytest.mark.parametrize("name", INSIDE)
def test_c35_a_command_inside_anything_else_is_none(name: str) -> None:
    assert parse(INSIDE[name]) is None


@pytest.mark.parametrize("name", NOT_THE_WORD)
def test_c36_what_looks_like_the_word_is_not_the_word(name: str) -> None:
    assert parse(NOT_THE_WORD[name]) is None


def test_a_pattern_that_knows_no_markdown_would_obey_quotations() -> None:
    fooled = [name for name, body in INSIDE.items() if any(line.startswith("/repair") for line in body.splitlines())]

    assert len(fooled) > 20


def test_a_comment_too_long_to_be_read_is_told_so_only_if_it_may_hold_a_command() -> None:
    assert parse("x" * 30_000) is None
    assert parse("x" * 30_000 + "\n/repair") == Malformed(Fault.TOO_LONG)


@pytest.mark.parametrize(
    "twist", ["[", "`", "`` ` ", "*a_ ", "<!--", "<a ", "> ", "- ", "[a](", "![a]", "~~a ", "&", "|a"]
)
def test_a_twisted_comment_is_read_in_time(twist: str) -> None:
    body = f"/repair\n{twist * (19_000 // len(twist))}\n"
    started = time.perf_counter()

    parse(body)

    # The worst takes 0.2 s where nothing else runs.
    assert time.perf_counter() - started < 10
