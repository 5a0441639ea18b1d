"""What is asked for, as exact versions: the resolver works in a box and sees pages and metadata alone.

Of its answer only names and versions are taken. Which files they are and what their hashes are is asked of the index by
us: a hash that came out of a box would be worth nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from workers.contract.errors import EnvironmentBuildError
from workers.environments import mirror
from workers.environments.errors import IndexUnreachable, NoWheel, Unsatisfiable, words
from workers.environments.install_box import SOCKET, UV, InstallBox, Ran, Stage
from workers.environments.mirror import Mirror
from workers.environments.staging import staged
from workers.sandbox.requirements import normalised
from workers.sandbox.unprivileged import Mount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.environments.catalogue import Catalogue
    from workers.environments.words import Asked, Decision

MAX_LOCKED = 2_000
_TIMEOUT_S = 300.0
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9.!+_-]*)")
_SOURCE = re.compile(r"(?:http://127\.0\.0\.1:\d+)?/(\d+)/(simple|links)/?")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/(\d+)/(?:simple|links)/?")
_NO_WHEEL = re.compile(
    r"no usable wheels|no wheels with a matching|no source distribution|building from source is disabled|no compatible wheels"
)
_UNANSWERED = re.compile(r"error sending request|operation timed out|error decoding response body")
_LACKING = re.compile(r"Wheels are required for `([A-Za-z0-9._-]+)`")
_LACKING_VERSION = re.compile(r"([A-Za-z0-9._-]+)==(\S+) has no usable wheels")
_NAMES = re.compile(r"(?<![\w.-])([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Requirements and constraints as the resolver reads them: plain lines that we have written."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    hashes: tuple[tuple[str, tuple[str, ...]], ...]
    """(normalised name, `sha256:<hex>` of the files that may be taken) where a declaration says."""

    @classmethod
    def of(cls, decision: Decision) -> Wanted:
        """What a decision asks for, each line read once more.

        Raises:
            EnvironmentBuildError: a line is no plain requirement.
        """
        return cls(
            requirements=_plain(decision.asked),
            constraints=_plain(decision.constraints),
            hashes=_hashes((*decision.asked, *decision.constraints)),
        )

    def allowed(self, name: str) -> tuple[str, ...]:
        """The hashes of which a file of `name` must have one; empty: any."""
        return dict(self.hashes).get(name, ())


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a resolution."""

    name: str
    version: str
    source: int | None
    """Where the resolver found it; None when it does not say."""


async def resolve(wanted: Wanted, catalogue: Catalogue, box: InstallBox, staging: Path) -> tuple[Pin, ...]:
    """The versions that satisfy everything, resolved in the box for its interpreter. `staging` is where to put a socket.

    Raises:
        EnvironmentBuildError: of the kind that tells why they cannot be had; see `errors`.
    """
    if not wanted.requirements:
        return ()
    watched = Mirror(catalogue)
    async with staged(staging) as place, mirror.listening(watched, place / "index"):
        (ran,) = await box.run(
            [Stage(commands=(_command(catalogue, box.python),), timeout_s=_TIMEOUT_S)],
            files={
                "requirements.in": "".join(f"{line}\n" for line in wanted.requirements),
                "constraints.in": "".join(f"{line}\n" for line in wanted.constraints),
            },
            env=dict(catalogue.indexes.options),
            read=[Mount(place / "index", str(Path(SOCKET).parent))],
        )
    if ran.returncode == 0:
        return _pins(ran.stdout)
    raise _error(ran, watched, wanted, box)


def _command(catalogue: Catalogue, python: str) -> tuple[str, ...]:
    return (
        *(UV, "pip", "compile", "--quiet", "--no-config", "--python-preference", "only-system"),
        *("--no-build", "--no-sources", "--no-header", "--no-annotate", "--emit-index-annotation", "--color", "never"),
        *("--python", python, "--constraints", "constraints.in"),
        *_places(catalogue),
        "requirements.in",
    )


def _places(catalogue: Catalogue) -> tuple[str, ...]:
    found: list[str] = []
    for at, source in enumerate(catalogue.indexes.sources):
        address = f"{{index}}/{at}/{'links/' if source.kind == 'links' else 'simple/'}"
        found += [{"extra": "--index", "default": "--default-index", "links": "--find-links"}[source.kind], address]
    asked = any(source.kind != "links" for source in catalogue.indexes.sources)
    return tuple(found) if asked else (*found, "--no-index")


def _plain(asked: Iterable[Asked]) -> tuple[str, ...]:
    """One line each. Hashes do not go to the resolver: it would want one for everything."""
    lines = normalised(each.requirement for each in asked)
    return tuple(dict.fromkeys(line.partition(" --hash=")[0] for line in lines))


def _hashes(asked: Iterable[Asked]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, set[str]] = {}
    for each in asked:
        try:
            name = canonicalize_name(Requirement(each.requirement.partition(" --hash=")[0]).name)
        except InvalidRequirement:
            continue
        inline = (part.strip() for part in each.requirement.split("--hash=")[1:])
        given = {digest for digest in (*each.hashes, *inline) if digest.startswith("sha256:")}
        if given:
            found.setdefault(name, set()).update(given)
    return tuple((name, tuple(sorted(digests))) for name, digests in sorted(found.items()))


def _pins(stdout: str) -> tuple[Pin, ...]:
    found: list[Pin] = []
    for line in stdout.splitlines():
        text = line.strip()
        if text.startswith("#"):
            source = _SOURCE.search(text)
            if source and found:
                found[-1] = Pin(found[-1].name, found[-1].version, int(source[1]))
        elif text:
            match = _PIN.fullmatch(text.partition(" ")[0])
            if match is None or len(found) >= MAX_LOCKED:
                raise EnvironmentBuildError(f"The resolver says {text[:100]!r}, which is no exact version.")
            found.append(Pin(canonicalize_name(match[1]), match[2], None))
    return tuple(found)


def _error(ran: Ran, watched: Mirror, wanted: Wanted, box: InstallBox) -> EnvironmentBuildError:
    """What failed outside is the reason, whatever the resolver makes of it; else its own words are."""
    if watched.failures:
        return watched.failures[0]
    said = _ADDRESS.sub("index/", words(ran.stderr)) or "the resolver said nothing about why"
    if _UNANSWERED.search(said):
        return IndexUnreachable(f"The resolver was not answered in time: {said}")
    python = ".".join(map(str, box.interpreter.version))
    names = {canonicalize_name(name) for name in _NAMES.findall(said)}
    known = {canonicalize_name(Requirement(line).name) for line in wanted.requirements} | set(watched.catalogue.names)
    packages = sorted(names & known)
    when = watched.catalogue.as_of
    until = f" Only what was published until {when} was looked at." if when else ""
    message = f"What is asked for cannot be installed for Python {python}: {said}{until}"
    if not _NO_WHEEL.search(said):
        return Unsatisfiable(message, packages)
    lacking = {canonicalize_name(name) for name in _LACKING.findall(said)}
    return NoWheel(message, sorted(lacking) or packages, dict(_LACKING_VERSION.findall(said)))
