"""An environment as a value, for what only reads versions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenEnvironment:
    """An interpreter and packages that somebody wrote down."""

    python: Path
    python_version: tuple[int, int, int]
    packages: Mapping[str, str]
    digest: str


def environment(python: str = "3.12", **packages: str) -> FrozenEnvironment:
    """Python `3.12` (or `3.12.1`) with packages by normalised name, an underscore for each hyphen."""
    major, minor, micro = (*map(int, python.split(".")), 0)[:3]
    named = {name.replace("_", "-"): version for name, version in packages.items()}
    return FrozenEnvironment(
        python=Path("/usr/bin/python3"),
        python_version=(major, minor, micro),
        packages=MappingProxyType(named),
        digest=repr((python, sorted(named.items()))),
    )
