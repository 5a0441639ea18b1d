"""`mendloop config check` and `config schema`: what is in force and where it comes from; what there is to set."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from workers.cli import terminal
from workers.contract import config
from workers.settings import assemble, judged_by
from workers.workspace import find_repo, load_config

app = typer.Typer(name="config", help="Look at the configuration.", no_args_is_help=True)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="The repository, or a path in it.")] = Path(),
    config_file: Annotated[Path | None, typer.Option("--config", help=f"Instead of {config.PATH}.")] = None,
) -> None:
    """Check the configuration and show every setting with its origin."""
    repo = find_repo([path], None)
    as_of = judged_by(None, os.environ, datetime.now(UTC).date())
    plan = assemble(load_config(repo, config_file), os.environ, {}, repo=repo, as_of=as_of)
    Console().print(terminal.settings(plan.values))


@app.command()
def schema() -> None:
    """Print the JSON schema of the configuration file."""
    sys.stdout.write(json.dumps(config.json_schema(), indent=2) + "\n")
