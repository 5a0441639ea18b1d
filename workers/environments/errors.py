"""Why an environment cannot be had, by kind: what the owner can mend, and what only the weather can."""

# ruff: noqa: N818 - kinds of one error, whose name says that they are

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.contract.errors import EnvironmentBuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WORDS_CHARS = 3000
"""How much of what an installer says is passed on."""
_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


class Unsatisfiable(EnvironmentBuildError):
    """Theirs: no set of versions fits what is asked for."""

    def __init__(self, message: str, packages: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.packages = tuple(packages)
        """The distributions that the resolver speaks of, normalised."""


class NoWheel(Unsatisfiable):
    """Theirs: a package comes only as source, or not for this interpreter, and nothing may be built."""

    def __init__(self, message: str, packages: Iterable[str] = (), versions: Mapping[str, str] | None = None) -> None:
        super().__init__(message, packages)
        self.versions = dict(versions or {})
        """The version that is meant, where the resolver says."""


class MissingLibrary(EnvironmentBuildError):
    """Theirs: a package must be built and needs a library or a program of the system that is not there."""

    def __init__(self, message: str, library: str = "") -> None:
        super().__init__(message)
        self.library = library


class BuildFailed(EnvironmentBuildError):
    """Theirs: a package's own build code failed."""


class TooBig(EnvironmentBuildError):
    """Theirs: more bytes or files than an environment may have."""


class IndexRefused(EnvironmentBuildError):
    """Ours to allow, or the index's fault: it leads to a host that is not allowed, or wants a name and password."""


class Tampered(EnvironmentBuildError):
    """Nobody's to mend here: a file is not the one that its index or the declaration says it is. Nothing of it was used."""


class Weather(EnvironmentBuildError):
    """Not the owner's doing: trying again later may well succeed."""


class IndexUnreachable(Weather):
    """The package index does not answer, or answers with an error of its own."""


class TookTooLong(Weather):
    """The installer was still working when its time was up."""


class NoRoom(Weather):
    """This machine's disk is full."""


def is_weather(error: BaseException) -> bool:
    """Whether what went wrong is not for the owner of the repository to mend."""
    return isinstance(error, (Weather, IndexRefused))


def words(said: str) -> str:
    """What an installer said: bounded, without terminal codes and without the credentials an address may hold."""
    text = _CONTROL.sub("", _ADDRESS.sub("***@", said)).strip()
    half = WORDS_CHARS // 2
    return text if len(text) <= WORDS_CHARS else f"{text[:half]}\n...\n{text[-half:]}"
