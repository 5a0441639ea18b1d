"""What comes of all changes together, looked at before any of them is offered."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from workers.documents.python import comments, parse
from workers.review.shapes.together import once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site


def wrong(changes: Changes) -> str:
    """Why the changes would do harm: they overlap, lose a comment, or leave what does not parse; empty where they do not."""
    of_site: dict[Site, list[Change]] = defaultdict(list)
    for site, change in once(changes):
        of_site[site].append(change)
    return next(filter(None, (_wrong(site, told) for site, told in of_site.items())), "")


def _wrong(site: Site, changes: list[Change]) -> str:
    after = _spliced(site.source, changes)
    if after is None:
        return "two of its changes meet"
    if parse(after) is None:
        return f"what would come of cell {site.cell} does not parse"
    lost = Counter(_comments(site.source)) - Counter(_comments(after))
    return f"the comment `{next(iter(lost))}` would be lost" if lost else ""


def _comments(source: str) -> Iterable[str]:
    return (text.strip() for _, text in comments(source))


def _spliced(source: str, changes: list[Change]) -> str | None:
    """The source with the changes, which are in order; None where two of them overlap."""
    parts: list[str] = []
    at = 0
    for start, end, new in changes:
        if start < at:
            return None
        parts += [source[at:start], new]
        at = end
    return "".join([*parts, source[at:]])


def between(site: Site, start: int, end: int) -> list[str]:
    """The comments that start in a stretch."""
    ends = [0]
    for line in site.source.split("\n"):
        ends.append(ends[-1] + len(line) + 1)
    found = ((ends[line] - 1 - len(text), text) for line, text in comments(site.source))
    return [text for at, text in found if start <= at < end]
