"""The run store: one folder per run, outside any checkout. Naming, finding and reading runs."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract import messages
from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from workers.contract.domain import Record, Run

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z0-9]{1,40}(?:-[a-z0-9]{1,40}){0,5}")
"""UTC stamp and slug: `20261120T081500Z-notebooks-3f9a`."""
SLUG_CHARS = 24


def new_id(started: datetime, about: str) -> str:
    """A run id: when it started (UTC), what it is about, and four random characters."""
    slug = re.sub(r"[^a-z0-9]+", "-", about.lower())[:SLUG_CHARS].strip("-") or "run"
    # A slug of the pattern has at most five parts besides the random one.
    slug = "-".join(slug.split("-")[:5])
    return f"{started:%Y%m%dT%H%M%SZ}-{slug}-{secrets.token_hex(2)}"


def checked_id(run_id: str) -> str:
    """The id, when it is one.

    Raises:
        ConfigError: it is not; a path in its place would leave the run store.
    """
    if not RUN_ID.fullmatch(run_id):
        raise ConfigError(f"{run_id!r} is not a run id like 20261120T081500Z-notebooks-3f9a")
    return run_id


def store(environ: Mapping[str, str], home: Path) -> Path:
    """The run store: MENDLOOP_RUNS_DIR, or `mendloop/runs` in the XDG state folder."""
    if environ.get("MENDLOOP_RUNS_DIR"):
        return Path(environ["MENDLOOP_RUNS_DIR"]).expanduser().absolute()
    state = environ.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored: https://specifications.freedesktop.org/basedir-spec/
    base = Path(state) if state.startswith("/") else home / ".local" / "state"
    return base / "mendloop" / "runs"


def find(where: str, runs: Path) -> Path:
    """The folder of a run, by its id in the store `runs` or by its path.

    Raises:
        ConfigError: there is none.
    """
    folder = runs / where if RUN_ID.fullmatch(where) else Path(where)
    if not (folder / "run.json").is_file():
        raise ConfigError(f"no run at {folder}: it has no run.json")
    return folder


def listed(runs: Path) -> tuple[str, ...]:
    """Ids of the runs in the store, the newest first."""
    if not runs.is_dir():
        return ()
    names = (entry.name for entry in runs.iterdir() if (entry / "run.json").is_file())
    return tuple(sorted((name for name in names if RUN_ID.fullmatch(name)), reverse=True))


def read_run(folder: Path) -> Run:
    """The run in a run folder.

    Raises:
        ConfigError: its run.json is not one of this version.
    """
    return messages.run_from_json((folder / "run.json").read_bytes())


def read_record(folder: Path, iteration: int, artifact: str) -> Record:
    """The record of one iteration of one artifact.

    Raises:
        ConfigError: its record.json is not one of this version.
    """
    return messages.record_from_json((record_folder(folder, iteration, artifact) / "record.json").read_bytes())


def record_folder(folder: Path, iteration: int, artifact: str) -> Path:
    """Where the record and the updated copy of an artifact stand."""
    return folder / "iterations" / str(iteration) / artifact
