"""Texts that a cell showed, fit to be told: without terminal codes, and bounded."""

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_NAME_CHARACTERS = 400


def plain(text):
    """The text without terminal codes."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def bounded(text, most):
    """The head and the tail of a text longer than `most`, with a note of what is left out between them."""
    if len(text) <= most:
        return text
    half = most // 2
    return "%s\n[... %d characters left out ...]\n%s" % (text[:half], len(text) - 2 * half, text[-half:])


def short_name(text):
    """The name of a class or a file; somebody may have made a very long one."""
    return bounded(text, _NAME_CHARACTERS)
