"""The run store: one folder per run, outside any checkout. Naming, finding and reading runs."""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from workers.contract import messages, paths, report
from workers.contract.errors import ConfigError, DocumentError
from workers.contract.report import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from workers.contract.domain import Record, Report, Run

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z0-9]{1,40}(?:-[a-z0-9]{1,40}){0,5}")
"""UTC stamp and slug: `20261120T081500Z-notebooks-3f9a`."""
SLUG_CHARS = 24
DELIVERIES = "deliverable/deliveries.json"
QUARANTINE = "quarantine"
"""Where what a policy stopped is put away, in the folder of a run."""
DELIVERIES_BYTES = 4 * 2**20
_DELIVERIES = TypeAdapter(dict[str, Delivery])


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


def read_delivered(folder: Path, about: Report, size_bytes: int) -> bytes | None:
    """The bytes of the copy that a run delivers for an artifact; None where the artifact stays as it is.

    Raises:
        ConfigError: the report names a place outside of the run's folder.
        DocumentError: the copy is not there, no regular file, too large, or other bytes than were proven.
    """
    record = report.delivered(about)
    if record is None:
        return None
    place = record_folder(Path(), record.iteration, about.artifact.path) / Path(about.artifact.path).name
    raw = paths.read_bounded(folder, place.as_posix(), size_bytes)
    if hashlib.sha256(raw).hexdigest() != record.updated:
        raise DocumentError("not-proven", f"{about.artifact.path} in the run's folder is not the copy that was proven")
    return raw


def base_place(folder: Path, artifact: str) -> Path:
    """Where the unchanged bytes of a delivered artifact stand."""
    return folder / "base" / artifact


def read_base(folder: Path, about: Report, size_bytes: int) -> bytes:
    """The bytes of an artifact as the run found it.

    Raises:
        ConfigError: the report names a place outside of the run's folder.
        DocumentError: they were not kept, are too large, or are others than the report names.
    """
    place = base_place(Path(), about.artifact.path)
    raw = paths.read_bounded(folder, place.as_posix(), size_bytes)
    if hashlib.sha256(raw).hexdigest() != about.artifact.digest:
        raise DocumentError("not-the-base", f"{about.artifact.path} in the run's folder is not what the run repaired")
    return raw


def deliveries_json(deliveries: Mapping[str, Delivery]) -> bytes:
    """What a run left for each artifact, as its folder keeps it."""
    return _DELIVERIES.dump_json(dict(deliveries), indent=1)


def read_deliveries(folder: Path) -> dict[str, Delivery]:
    """What a run left for each artifact, by its path; nothing where the folder does not say.

    Raises:
        ConfigError: the file is none of this version.
    """
    try:
        return _DELIVERIES.validate_json(paths.read_bounded(folder, DELIVERIES, DELIVERIES_BYTES))
    except DocumentError:
        return {}
    except ValidationError as error:
        raise ConfigError(f"{DELIVERIES} is not one of this version: {error.errors()[0]['msg']}") from error


def quarantined(folder: Path) -> bool:
    """Whether a policy stopped something of this run."""
    place = folder / QUARANTINE
    return place.is_dir() and any(place.iterdir())


def deliverables(folder: Path, size_bytes: int) -> dict[str, bytes]:
    """The files that a run leaves for people, by their path under the run's folder; larger ones are left out."""
    places = sorted((folder / "deliverable").glob("*"))
    wanted = [place for place in places if place.is_file() and not place.is_symlink()]
    small = [place for place in wanted if place.stat().st_size <= size_bytes]
    return {place.relative_to(folder).as_posix(): place.read_bytes() for place in small}
