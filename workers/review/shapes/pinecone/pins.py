"""Lines that install the client of the old forms: what is installed has to have the new ones.

Beside it `pinecone-datasets` is often pinned to a release that keeps the whole command from being done: below 0.7 it asks for a pyarrow
that Python 3.12 has no wheel of, and 0.7 brings the old client along, in the place of the new: https://pypi.org/project/pinecone-datasets/.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from workers.knowledge.rule import reached, version
from workers.review.shapes.installed import commands
from workers.review.shapes.uses import imports, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.sites import Change, Site

_ASKED = (
    r"(?<![^\s\"'])(?P<whole>(?P<quote>[\"']?)(?P<name>{name})(?P<extra>\[[\w,]+\])?(?P<inner>[<>=!~][\w.*<>=!~,+]*)?"
    r"(?P=quote)(?P<outer>[<>=!~]=?=?[\"']?[\w.*+]+[\"']?)?)(?=\s|\Z|\\)"
)
_CLIENT = re.compile(_ASKED.format(name=r"pinecone[-_]client"))
_DATASETS = re.compile(_ASKED.format(name=r"pinecone[-_]datasets"))
_NEW = ("3.0.0", "3.1.0", "3.2.2", "4.1.2", "5.0.1", "6.0.0")
"""Releases of the old distribution that have the new forms."""
_NO_EXTRA = "10"
"""From there on gRPC comes with the package."""
_OWN_CLIENT = "1.0"
"""First release of the datasets that brings no client along."""
_SAME = frozenset({"pinecone_datasets", "pinecone_datasets.load_dataset", "pinecone_datasets.list_datasets"})
"""What is called as ever."""


def moved(code: Code, mandate: Mandate) -> Iterator[tuple[Site, Change]]:
    """The package under its name of today, in the installed version where the one that is asked for has only the old forms."""
    datasets = _datasets(code, mandate)
    for site in code.sites:
        for start, end in commands(site):
            for found in _CLIENT.finditer(site.source, start, end):
                new = _asked(found, mandate.installed)
                if new is not None:
                    yield site, (*found.span("whole"), new)
            for found in _DATASETS.finditer(site.source, start, end) if datasets else ():
                exact = _exact(_told(found))
                if exact and not reached(version(_OWN_CLIENT), version(exact)):
                    yield site, (*found.span("whole"), f"{found['name']}=={datasets}")


def _datasets(code: Code, mandate: Mandate) -> str:
    """The installed version of the datasets, if they are used as they can be in it; empty otherwise."""
    environment = mandate.environment
    installed = environment.packages.get("pinecone-datasets", "") if environment else ""
    if not environment or environment.python_version < (3, 12) or not reached(version(_OWN_CLIENT), version(installed)):
        return ""
    other = [use for use in uses(code, "pinecone_datasets") if use.dotted not in _SAME]
    deep = [one for _, one in imports(code, "pinecone_datasets") if getattr(one, "module", None) not in {None, *_SAME}]
    text = "\n".join(site.source for site in code.sites)
    return "" if other or deep or "to_pinecone_index" in text else installed


def _told(found: re.Match[str]) -> str:
    """The range that is asked for, without quotes."""
    return (found["inner"] or "") + re.sub(r"[\"']", "", found["outer"] or "")


def _asked(found: re.Match[str], installed: str) -> str | None:
    told = _told(found)
    if told and (not installed or not _old(told)):
        return None
    grpc = bool(installed) and reached(version(_NO_EXTRA), version(installed))
    extra = "" if grpc and found["extra"] == "[grpc]" else found["extra"] or ""
    quote = found["quote"] if extra or not told else ""
    return f"{quote}pinecone{extra}{f'=={installed}' if told else ''}{quote}"


def _exact(told: str) -> str:
    """The one release that is asked for; empty where there is none."""
    try:
        asked = list(SpecifierSet(told))
    except InvalidSpecifier:
        return ""
    exact = [one.version.removesuffix(".*") for one in asked if one.operator in {"==", "==="}]
    return exact[0] if len(exact) == len(asked) == 1 and exact[0][:1].isdigit() else ""


def _old(told: str) -> bool:
    """No release with the new forms is what is asked for."""
    try:
        asked = SpecifierSet(told, prereleases=True)
    except InvalidSpecifier:
        return False
    exact = _exact(told)
    if exact:
        return not reached(version(_NEW[0]), version(exact))
    return not any(one in asked for one in _NEW)
