"""Terminal escape sequences: colours and titles that a program printed, taken out of its text."""

from __future__ import annotations

import re

# A title that never ends is bounded: it must not swallow what follows.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?|[@-Z\\-_])")


def without_escapes(text: str) -> str:
    """`text` as a terminal would show it, in one colour."""
    return _ESCAPE.sub("", text) if "\x1b" in text else text
