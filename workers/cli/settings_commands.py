"""`mendloop config check` and `config schema`: what is in force and where it comes from; what there is to set."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workers.cli import session, terminal
from workers.contract import config
from workers.settings import assemble, judged_by
from workers.workspace import find_repo, load_config

if TYPE_CHECKING:
    from pathlib import Path


def check(path: Path, chosen: Path | None) -> None:
    """Check the configuration of the repository that holds `path` and show every setting with its origin.

    Raises:
        ConfigError: it is wrong.
    """
    repo = find_repo([path], None)
    as_of = judged_by(None, os.environ, datetime.now(UTC).date())
    plan = assemble(load_config(repo, chosen), os.environ, {}, repo=repo, as_of=as_of)
    session.tell_stale_preferences(plan)
    terminal.output().print(terminal.settings(plan.values))


def schema() -> None:
    """Print the JSON schema of the configuration file."""
    sys.stdout.write(json.dumps(config.json_schema(), indent=2) + "\n")
