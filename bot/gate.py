"""The gate: what has to be true before a byte of a repair is written to GitHub. There is no way round it.

Nothing here trusts the loop: what may be written, what was proven and what would leak is judged again from the run's own
records and from what GitHub has now.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bot import commits
from workers.contract import report as numbers
from workers.contract.domain import Improved, Repaired
from workers.contract.paths import ARTIFACT_SUFFIXES, PROTECTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.github import Api
    from workers.contract.config import Config, NamedRoot
    from workers.contract.domain import Report
    from workers.contract.redact import Redactor

MB = 2**20
PATH_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Same:
    """GitHub has the bytes that were repaired."""

    blob: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Moved:
    """GitHub has others by now, or none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """It may not be written at all."""

    why: str


def refused_path(path: str, wanted: Sequence[str]) -> str | None:
    """Why `path` may not be written; None when it may. `wanted` are the artifacts or folders that were asked for."""
    pure = PurePosixPath(path)
    parts = path.split("/")
    if not path or len(path) > PATH_CHARS or pure.is_absolute() or "\\" in path or any(ord(c) < 32 for c in path):  # noqa: PLR2004 - controls
        return "its path is no plain path inside the repository"
    if any(part in {"", ".", ".."} for part in parts):
        return "its path is no plain path inside the repository"
    if pure.suffix.lower() not in ARTIFACT_SUFFIXES:
        return "it is not a notebook or page; nothing else is written"
    if any(part.lower() in PROTECTED for part in parts):
        return "it lies in a protected folder"
    if wanted and not any(path == each or path.startswith(f"{each.rstrip('/')}/") or each == "." for each in wanted):
        return "it was not asked for"
    return None


def refused_verdict(report: Report) -> str | None:
    """Why the run's own verdict is not enough to publish; None when it is."""
    record = numbers.delivered(report)
    if record is None:
        return "nothing is delivered for it"
    if record.validation.refused is not None:
        return "a rule of the validation refused it"
    match report.outcome:
        case Repaired():
            return None if record.validation.passed else "its validation did not pass"
        case Improved(remaining=left):
            return None if _shrank(report, left) else "what is left of it did not shrink"
        case _:
            return "nothing is delivered for it"


def _shrank(report: Report, left: Sequence[object]) -> bool:
    """Something of the first findings is gone; the loop's own records say the same of what remained."""
    record = numbers.delivered(report)
    if record is None or tuple(left) != record.validation.remaining:
        return False
    remaining = {finding.id for finding in record.validation.remaining}
    return bool({finding.id for finding in report.findings} - remaining)


def refused_text(before: bytes, after: bytes, redactor: Redactor) -> str | None:
    """Why the added text may not be published: it holds something shaped like a secret that the base does not."""
    leaked = secrets_in(after, redactor) - secrets_in(before, redactor)
    return "it would add what looks like a secret" if leaked else None


def secrets_in(raw: bytes, redactor: Redactor) -> frozenset[str]:
    """What in a file looks like a secret, or is one that this process holds."""
    text = raw.decode(errors="replace")
    patterns = [pattern for pattern, _ in redactor.shapes]
    patterns += [pattern for pattern in (redactor.values, redactor.hexes) if pattern is not None]
    return frozenset(found[0] for pattern in patterns for found in pattern.finditer(text))


def size_limit(config: Config, path: str) -> int:
    """How many bytes an artifact may have."""
    deepest = root_of(config, path)
    return MB * max(config.limits.file_mb, deepest.limits.file_mb if deepest is not None else 0)


def root_of(config: Config, path: str) -> NamedRoot | None:
    """The deepest root that holds `path`; None where only the top of the file speaks of it."""
    holding = [root for root in config.roots if root.path == "." or path.startswith(f"{root.path}/")]
    return max(holding, key=lambda root: len(root.path), default=None)


async def on_github(api: Api, tree: str, path: str, digest: str) -> Same | Moved | Refusal:
    """What GitHub has at `path` in a tree, beside the digest of what was repaired."""
    there = await commits.entry(api, tree, path)
    if there is None:
        return Moved()
    if there.type != "blob" or there.mode != commits.REGULAR:
        return Refusal("it is not a plain file on GitHub")
    raw = await commits.content(api, there.sha)
    return Same(there.sha, raw) if hashlib.sha256(raw).hexdigest() == digest else Moved()
