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
from workers.review.models.source import stale_preferences
from workers.running.prepared import prepare
from workers.settings import assemble, judged_by
from workers.workspace import discover, find_repo, load_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workers.contract.redact import Redactor
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


def start(asked: Asked) -> Prepared:
    """Find the repository, read its configuration and its artifacts; say what a person may have meant otherwise.

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
    opened = prepare(repo, plan, discover(repo, asked.paths, plan), masking)
    told = [*notes.unread_variables(os.environ, near=True), notes.nothing_found(asked.paths, opened)]
    tell([*([] if asked.config else [notes.misnamed(repo)]), *told], masking)
    return opened


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
