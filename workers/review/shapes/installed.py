"""Lines of a notebook that install a package which goes by another name now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.sites import Change, Site

_INSTALL = re.compile(r"^[ \t]*[!%][ \t]*(?:python3? -m )?pip3?[ \t]+install\b(?:\\\n|[^\n])*", re.MULTILINE)


def commands(site: Site) -> Iterator[tuple[int, int]]:
    """Where the commands of a cell stand that install something with pip."""
    for line in _INSTALL.finditer(site.source):
        yield line.span()


def renamed(code: Code, old: str, new: str) -> Iterator[tuple[Site, Change]]:
    """The name where it is installed in whatever version is newest; a version that is asked for belongs to the old name."""
    name = re.compile(rf"(?<![\w./@=-]){re.escape(old)}(?=(?:\[[\w,]+\])?(?:[\s\"']|$))")
    for site in code.sites:
        for start, end in commands(site):
            for found in name.finditer(site.source, start, end):
                yield site, (*found.span(), new)
