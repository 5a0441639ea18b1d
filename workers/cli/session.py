"""What every command starts with: from what was typed to a repository made ready, with its settings and artifacts."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.cli import logs, notes
from workers.contract.markdown import seen
from workers.contract.redact import redactor
from workers.contract.report import sentence
from workers.documents import notebook
from workers.review.models.source import stale_preferences
from workers.running.prepared import prepare
from workers.settings import assemble, judged_by
from workers.workspace import discover, find_repo, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workers.contract.domain import Report
    from workers.contract.redact import Redactor
    from workers.protocols import Document
    from workers.running.prepared import Prepared
    from workers.settings import Plan


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
class Begun:
    """A repository with its settings, and where its artifacts are. None of them was read."""

    repo: Path
    """Its folder, absolute and without links."""
    plan: Plan
    paths: tuple[str, ...]
    """Of the artifacts, as `workspace.discover` tells them."""
    redactor: Redactor

    def prepared(
        self, read: Callable[[bytes, str], Document] = notebook.parse, unread: Sequence[Report] | None = None
    ) -> Prepared:
        """All artifacts, read; where it is known what of them cannot be (`unread`), that alone."""
        paths = self.paths if unread is None else ()
        return prepare(self.repo, self.plan, paths, self.redactor, unread or (), read)


def start(asked: Asked) -> Prepared:
    """`begin`, and read every artifact.

    Raises:
        ConfigError: a path, a flag, a variable or the configuration is wrong.
    """
    return begin(asked).prepared()


def begin(asked: Asked) -> Begun:
    """Find the repository, read its configuration, look for its artifacts; say what a person may have meant otherwise.

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
    notes.refuse_missing_requirements(plan)
    tell_stale_preferences(plan)
    begun = Begun(repo=repo, plan=plan, paths=discover(repo, asked.paths, plan), redactor=masking)
    nothing = "" if begun.paths else notes.nothing_found(asked.paths, begun.prepared())
    told = [*notes.unread_variables(os.environ, near=True), nothing]
    tell([*([] if asked.config else [notes.misnamed(repo)]), *told], masking)
    return begun


def tell(sentences: Iterable[str], masking: Redactor) -> None:
    """Notes for the person, each on its line; empty ones are none."""
    for text in filter(None, sentences):
        say(f"mendloop: {sentence(seen(masking.mask(text)))}")


def cache() -> Path:
    """Where environments are kept: https://specifications.freedesktop.org/basedir-spec/."""
    stated = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(stated) if stated.startswith("/") else Path.home() / ".cache") / "mendloop"


def tell_stale_preferences(plan: Plan) -> None:
    """Tell the owner which preferred models are themselves past their end or near it, each once."""
    told = (stale_preferences(root.settings.business, root.settings.as_of) for root in plan.roots)
    for text in dict.fromkeys(text for texts in told for text in texts):
        say(f"mendloop: {text} Choose another in the configuration.")


def say(text: str) -> None:
    """A line for the person, where it never mixes with results."""
    sys.stderr.write(f"{text}\n")
