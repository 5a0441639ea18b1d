"""Lines that install the client of the old forms: what is installed has to have the new ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from workers.knowledge.rule import reached, version
from workers.review.shapes.installed import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code
    from workers.review.sites import Change, Site

_ASKED = re.compile(
    r"(?<![^\s\"'])(?P<whole>(?P<quote>[\"']?)(?P<name>pinecone[-_]client)(?P<extra>\[[\w,]+\])?(?P<inner>[<>=!~][\w.*<>=!~,+]*)?"
    r"(?P=quote)(?P<outer>[<>=!~]=?=?[\"']?[\w.*+]+[\"']?)?)(?=\s|\Z|\\)"
)
_NEW = ("3.0.0", "3.1.0", "3.2.2", "4.1.2", "5.0.1", "6.0.0")
"""Releases of the old distribution that have the new forms."""
_NO_EXTRA = "10"
"""From there on gRPC comes with the package."""


def moved(code: Code, installed: str) -> Iterator[tuple[Site, Change]]:
    """The package under its name of today, in the installed version where the one that is asked for has only the old forms."""
    for site in code.sites:
        for start, end in commands(site):
            for found in _ASKED.finditer(site.source, start, end):
                new = _asked(found, installed)
                if new is not None:
                    yield site, (*found.span("whole"), new)


def _asked(found: re.Match[str], installed: str) -> str | None:
    told = (found["inner"] or "") + (found["outer"] or "").translate({ord(quote): None for quote in "\"'"})
    if told and (not installed or not _old(told)):
        return None
    grpc = bool(installed) and reached(version(_NO_EXTRA), version(installed))
    extra = "" if grpc and found["extra"] == "[grpc]" else found["extra"] or ""
    quote = found["quote"] if extra or not told else ""
    return f"{quote}pinecone{extra}{f'=={installed}' if told else ''}{quote}"


def _old(told: str) -> bool:
    """No release with the new forms is what is asked for."""
    try:
        asked = SpecifierSet(told, prereleases=True)
    except InvalidSpecifier:
        return False
    exact = [one.version for one in asked if one.operator in {"==", "==="} and one.version[:1].isdigit()]
    if exact:
        return not any(reached(version("3.0.0"), version(one.removesuffix(".*"))) for one in exact)
    return not any(one in asked for one in _NEW)
