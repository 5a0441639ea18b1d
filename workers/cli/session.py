"""What every command starts with: the repository, its settings, the artifacts in it, and a box to run them in."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.cli import logs
from workers.contract.domain import Report
from workers.contract.redact import redactor
from workers.review.models import stale_preferences
from workers.sandbox import environments
from workers.sandbox.limits import MIB, Limits
from workers.settings import assemble, judged_by
from workers.workspace import discover, find_repo, load, load_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.contract.redact import Redactor
    from workers.protocols import Document
    from workers.sandbox.environments import InstalledEnvironment
    from workers.settings import Plan, Root, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed, the same for every command that reads artifacts."""

    paths: Sequence[Path]
    repo: Path | None
    config: Path | None
    date: str | None
    flags: Mapping[str, Any]
    """As `settings.assemble` takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A repository opened for a command."""

    repo: Path
    plan: Plan
    documents: tuple[Document, ...]
    unread: tuple[Report, ...]
    """Artifacts that are not judged, and why."""
    redactor: Redactor

    def groups(self) -> list[tuple[Root, tuple[Document, ...]]]:
        """The documents by the root that holds them."""
        by_root = [
            (root, tuple(d for d in self.documents if self.plan.root_for(d.path) is root)) for root in self.plan.roots
        ]
        return [(root, documents) for root, documents in by_root if documents]


def start(asked: Asked) -> Session:
    """Find the repository, read its configuration and its artifacts.

    Raises:
        ConfigError: a path, a flag, a variable or the configuration is wrong.
    """
    masking = redactor(os.environ, str(Path.home()))
    logs.configure(masking)
    repo = find_repo(asked.paths, asked.repo)
    today = datetime.now(UTC).date()
    plan = assemble(
        load_config(repo, asked.config),
        os.environ,
        asked.flags,
        repo=repo,
        as_of=judged_by(asked.date, os.environ, today),
    )
    tell_stale_preferences(plan)
    paths = discover(repo, asked.paths, plan)
    loaded = [load(repo, path, plan.root_for(path).settings.file_mb * MIB) for path in paths]
    return Session(
        repo=repo,
        plan=plan,
        documents=tuple(each for each in loaded if not isinstance(each, Report)),
        unread=tuple(each for each in loaded if isinstance(each, Report)),
        redactor=masking,
    )


async def environment_for(root: Root) -> InstalledEnvironment:
    """The environment that a root's artifacts run in.

    Raises:
        EnvironmentBuildError: the interpreter or the requirements cannot be used.
    """
    if root.requirements is not None:
        return await environments.from_requirements(root.requirements, cache=cache())
    if root.python is not None:
        return await environments.from_interpreter(_interpreter(root.python))
    return await environments.standard_library(cache=cache())


def _interpreter(name: str) -> Path:
    """A bare name as it is, to be looked up on PATH; anything else as an absolute path, so that the two stay apart."""
    return Path(name).expanduser().absolute() if "/" in name else Path(name)


def cache() -> Path:
    """Where environments are kept: https://specifications.freedesktop.org/basedir-spec/."""
    stated = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(stated) if stated.startswith("/") else Path.home() / ".cache") / "mendloop"


def box_limits(settings: Settings) -> Limits:
    """The bounds of a box."""
    return Limits(
        wall_s=settings.timeout_s,
        cell_timeout_s=settings.cell_timeout_s,
        # Wall time is the bound meant; every core may be busy until then.
        cpu_s=max(1, int(settings.timeout_s) * (os.cpu_count() or 1)),
        memory_bytes=settings.memory_mb * MIB,
        tmpfs_bytes=settings.disk_mb * MIB,
        file_bytes=settings.disk_mb * MIB,
        output_bytes_total=settings.output_mb * MIB,
    )


def tell_stale_preferences(plan: Plan) -> None:
    """Tell the owner which preferred models are themselves past their end or near it, each once."""
    told = (stale_preferences(root.settings.business, root.settings.as_of) for root in plan.roots)
    for sentence in dict.fromkeys(sentence for sentences in told for sentence in sentences):
        say(f"mendloop: {sentence} Choose another in the configuration.")


def say(text: str) -> None:
    """A line for the person, where it never mixes with results."""
    sys.stderr.write(f"{text}\n")
