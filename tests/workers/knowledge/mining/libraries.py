"""Small libraries, a wheel per release, and what is mined out of them."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from tests.workers.sandbox.tiny_wheels import write_wheel
from workers.knowledge.mining.mine import mine, read
from workers.knowledge.mining.tree import of_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.knowledge.mining.fact import Fact
    from workers.knowledge.mining.release import Release

Files = dict[str, str]


def release(folder: Path, name: str, version: str, files: Files) -> Release:
    """One release, read out of a wheel."""
    texts = {path: dedent(text) for path, text in files.items()}
    return read(name, version, of_wheel(write_wheel(folder, name, version, texts)))


def mined(folder: Path, *releases: Files, others: Mapping[str, Release] | None = None) -> dict[str, Fact]:
    """The facts about `lib`, whose releases are 1.0, 2.0, ..., by what is old; keywords as `call(keyword)`."""
    read_ones = [release(folder, "lib", f"{at}.0", files) for at, files in enumerate(releases, start=1)]
    found = mine(read_ones, others or {})
    return {_label(fact): fact for fact in found}


def _label(fact: Fact) -> str:
    match fact.kind:
        case "symbol":
            return fact.old
        case "keyword":
            return f"{fact.calls[0]}({fact.old})"
        case "value":
            return f"{fact.calls[0]}({fact.name}={fact.old})"
