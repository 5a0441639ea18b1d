"""What was read out of a repository's declarations, and what was decided from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One requirement, and who asks for it."""

    requirement: str
    """PEP 508, as we write it: no option, no address, no path."""
    origin: str
    """For a reader: `requirements.txt:3`, `pyproject.toml [project.dependencies]`, `cell 2 (%pip)`, `import in cell 4`."""
    declared: bool = True
    """False for what nobody declared: taken from an import."""
    hashes: tuple[str, ...] = ()
    """`sha256:<hex>` of the files that the declaration allows; empty: any."""
    address: str = ""
    """Where else than on the index it lies, only ever set where the owner allows that: `https://...` or `git+https://...`
    without credentials, or `repo:` and the path of an archive in the repository. Empty: on the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that is not followed, and why."""

    text: str
    """As it stands, capped, credentials masked."""
    origin: str
    why: str
    name: str = ""
    """The distribution that it stands for, normalised, where that can be told: nothing of the same name is taken for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that no package index of ours can give: a conda or system package, another language."""

    name: str
    origin: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPackage:
    """The package that the repository itself is."""

    name: str
    folder: str
    """Relative to the repository, POSIX; `.` for its root. Holds the `pyproject.toml` or `setup.cfg`."""
    packages: tuple[str, ...]
    """Directories and modules to import from, relative to the repository, when it is pure Python; empty when it must be built."""
    version: str = ""
    """As it is declared; empty when it is computed or nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an artifact's environment is to hold, and why."""

    source: str
    """What decided: a file, or `imports`, or `nothing`."""
    asked: tuple[Asked, ...] = ()
    constraints: tuple[Asked, ...] = ()
    """Versions that hold if a package is wanted at all: constraint files and lock files."""
    python: str = ""
    """A version specifier such as `>=3.9,<3.13`; empty: any."""
    python_origin: str = ""
    python_preferred: str = ""
    """A specifier that is better satisfied and need not be: what the notebook was last saved with, or the Python of its day."""
    as_of: date | None = None
    """Nothing that was published after this day is taken; None: today's."""
    as_of_origin: str = ""
    own: OwnPackage | None = None
    refused: tuple[Refused, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """What a reader should know besides, a sentence each."""

    @property
    def undeclared(self) -> tuple[Asked, ...]:
        """What is supplied beyond what is declared: a set-up gap."""
        return tuple(each for each in self.asked if not each.declared)
