"""Commit messages: one artifact, what changed in it, and the trailers that the owner configured. Nobody else's words rule.

GitHub reads a message: `@name` notifies, `fixes #7` closes an issue, and a last paragraph of `Key: value` lines is taken
for trailers. Text of models and repositories stands in list items with all of that taken out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.contract.markdown import capped, seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.config_github import PullRequests

SUBJECT_CHARS = 72
LINE_CHARS = 200
LINES = 20
_ACTIVE = (
    (re.compile(r"@(?=\w)"), "@ "),
    (re.compile(r"#(?=\d)"), "# "),
    (re.compile(r"\bGH-(?=\d)", re.IGNORECASE), "GH "),
    (re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://", re.IGNORECASE), ""),
    (re.compile(r"\[(?=(?:skip|no|ci)[ -])|\[(?=ci skip)|\[(?=skip ci)", re.IGNORECASE), "("),
)


def inert(text: str, chars: int = LINE_CHARS) -> str:
    """Foreign text on one line that GitHub makes nothing of."""
    line = " ".join(capped(seen(text), chars).split())
    for pattern, instead in _ACTIVE:
        line = pattern.sub(instead, line)
    return line


def message(subject: str, changes: Sequence[str], settings: PullRequests, signer: str) -> str:
    """Subject, a list of changes, and the trailers of the configuration. `signer` is `Name <address>`, ours."""
    listed = [f"- {inert(change)}" for change in changes[:LINES]]
    if len(changes) > LINES:
        listed.append(f"- and {len(changes) - LINES} more")
    parts = [inert(subject, SUBJECT_CHARS), "\n".join(listed), "\n".join(_trailers(settings, signer))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _trailers(settings: PullRequests, signer: str) -> list[str]:
    signed = [f"Signed-off-by: {signer}"] if settings.sign_off else []
    together = [f"Co-authored-by: {settings.co_author}"] if settings.co_author else []
    return [*together, *signed]
