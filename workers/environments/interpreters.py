"""Which CPythons this machine has, and which of them an artifact runs in."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from workers.contract.errors import EnvironmentBuildError
from workers.sandbox.interpreter import OLDEST, inspect_interpreter, our_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workers.environments.words import Decision
    from workers.sandbox.interpreter import Interpreter

MAX_CANDIDATES = 64
_AT_ONCE = 4
_PROGRAM = re.compile(r"python3\.(\d{1,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An interpreter that satisfies what is declared."""

    interpreter: Interpreter
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoInterpreter:
    """None of those here satisfies what is declared."""

    required: str
    origin: str
    available: tuple[str, ...]
    """Versions, the newest first."""
    nearest: Interpreter | None
    """What comes closest, for whoever wants to try all the same: it is not what is declared."""

    @property
    def why(self) -> str:
        """A sentence for the owner."""
        here = ", ".join(self.available) or "none"
        return f"No interpreter here satisfies {self.required} ({self.origin}); here are {here}."


async def available(environ: Mapping[str, str]) -> tuple[Interpreter, ...]:
    """Our own CPython first, then every other that can be started, one for each installation.

    Looks on PATH and where pyenv and uv keep theirs; asks each for its version, without its site. What does not start, is
    unreadable or older than 3.7 is passed over.
    """
    found = [await our_own()]
    gate = asyncio.Semaphore(_AT_ONCE)
    candidates = list(_candidates(environ))[:MAX_CANDIDATES]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_inspected(path, gate)) for path in candidates]
    found += [each for task in tasks if (each := task.result()) is not None]
    # One in a virtual environment is the installation that it was made of; the environment's packages are not wanted.
    kept: dict[tuple[tuple[int, int, int], str], Interpreter] = {}
    for each in found:
        kept.setdefault(_installation(each), each)
    return tuple(kept.values())


def choose(decision: Decision, interpreters: Sequence[Interpreter]) -> Chosen | NoInterpreter:
    """The interpreter for a decision among those of `available`.

    What is declared has to hold. Of those that fit, those that suit the notebook's own time are preferred, then the newest;
    where nothing at all is said, the first, which is our own.
    """
    fitting = [each for each in interpreters if satisfies(each.version, decision.python)]
    if not fitting:
        versions = sorted({each.version for each in interpreters}, reverse=True)
        return NoInterpreter(
            required=decision.python,
            origin=decision.python_origin,
            available=tuple(dotted(each) for each in versions),
            nearest=_nearest(decision.python, interpreters),
        )
    suited = [each for each in fitting if satisfies(each.version, decision.python_preferred)]
    if decision.python_preferred and suited:
        return Chosen(
            interpreter=_newest(suited), why=f"suits {decision.python_preferred}, what the notebook was made with"
        )
    if not decision.python:
        return Chosen(interpreter=fitting[0], why="nothing says which Python, so it is ours")
    return Chosen(
        interpreter=_newest(fitting), why=f"the newest here that satisfies {decision.python} ({decision.python_origin})"
    )


def satisfies(version: tuple[int, int, int], specifier: str) -> bool:
    """Whether a version of Python fits; an unreadable specifier is none."""
    try:
        return SpecifierSet(specifier).contains(dotted(version), prereleases=True)
    except InvalidSpecifier:
        return True


def dotted(version: tuple[int, int, int]) -> str:
    """As people write it."""
    return ".".join(map(str, version))


def _nearest(required: str, interpreters: Iterable[Interpreter]) -> Interpreter | None:
    """By minor version, to the versions that the specifier names."""
    named = [int(found) for found in re.findall(r"3\.(\d{1,2})", required)]
    ordered = sorted(interpreters, key=lambda each: each.version, reverse=True)
    if not named:
        return next(iter(ordered), None)
    return min(ordered, key=lambda each: min(abs(each.version[1] - minor) for minor in named), default=None)


def _newest(interpreters: Iterable[Interpreter]) -> Interpreter:
    return max(interpreters, key=lambda each: each.version)


def _installation(interpreter: Interpreter) -> tuple[tuple[int, int, int], str]:
    return interpreter.version, str(interpreter.base_prefix.resolve())


def _candidates(environ: Mapping[str, str]) -> Iterable[Path]:
    """Programs that may be interpreters we can use, each once. What pyenv puts on PATH are launchers of those it keeps."""
    home = Path(environ.get("HOME") or "/")
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    managed = Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    bins = [folder / "bin" for parent in (pyenv / "versions", managed) for folder in _entries(parent)]
    on_path = [Path(part) for part in environ.get("PATH", "").split(os.pathsep) if part.startswith("/")]
    folders = [*bins, *(folder for folder in on_path if folder != pyenv / "shims")]
    found = [path for folder in folders for path in _entries(folder) if _is_usable(path.name)]
    return list({os.path.realpath(path): path for path in reversed(found)}.values())[::-1]


def _is_usable(name: str) -> bool:
    found = _PROGRAM.fullmatch(name)
    return found is not None and int(found[1]) >= OLDEST[1]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


async def _inspected(path: Path, gate: asyncio.Semaphore) -> Interpreter | None:
    async with gate:
        try:
            return await inspect_interpreter(path)
        except EnvironmentBuildError:
            return None
