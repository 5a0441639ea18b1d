"""Packages that an error speaks of: worth trying before the others. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from workers.knowledge.distributions import distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.contract.domain import CellError

MOST = 3


def suspects(error: CellError | None, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` (normalised) that the error's message or its frames name, the message's first; a few at most."""
    if error is None:
        return ()
    wanted = set(names)
    spoken = (canonicalize_name(distribution(module)) for module in _modules(error))
    return tuple(dict.fromkeys(name for name in spoken if name in wanted))[:MOST]


def _modules(error: CellError) -> Iterator[str]:
    yield from (word.partition(".")[0] for word in re.findall(r"[A-Za-z_][\w.]*", error.message[:2000]))
    for file, _, _ in reversed(error.frames):
        if found := re.search(r"-packages/(\w+)", file):
            yield found[1]
    # The line of the cell that failed.
    yield from re.findall(r"[A-Za-z_]\w*", error.traceback[-2000:])
