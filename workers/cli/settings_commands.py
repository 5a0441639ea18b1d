"""`mendloop config check` and `config schema`: what is in force and where it comes from; what there is to set."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from workers.cli import notes, session, terminal
from workers.contract import config
from workers.contract.errors import ConfigError
from workers.contract.redact import redactor
from workers.settings import assemble, judged_by
from workers.workspace import find_repo, load_config


def check(path: Path, chosen: Path | None) -> None:
    """Check the configuration of the repository that holds `path` and show every setting with its origin.

    Raises:
        ConfigError: it is wrong, or names what the repository does not have.
    """
    repo = find_repo([path], None)
    as_of = judged_by(None, os.environ, datetime.now(UTC).date())
    file = load_config(repo, chosen)
    plan = assemble(file, os.environ, {}, repo=repo, as_of=as_of)
    notes.refuse_missing_requirements(plan)
    session.tell_stale_preferences(plan)
    terminal.output().print(terminal.settings(plan.values))
    absent = "" if file else f"there is no {config.PATH} in {repo}: what is shown are the defaults"
    told = [notes.misnamed(repo) or absent] if chosen is None else []
    session.tell([*told, *notes.unread_variables(os.environ, near=False)], redactor(os.environ, str(Path.home())))
    wrong = list(notes.mistakes(repo, plan, file))
    if wrong:
        raise ConfigError("\n".join(wrong))


def schema() -> None:
    """Print the JSON schema of the configuration file."""
    sys.stdout.write(json.dumps(config.json_schema(), indent=2) + "\n")
