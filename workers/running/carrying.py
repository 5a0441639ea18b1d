"""What an earlier run left of artifacts: read from the run store, checked against the digests that the run names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from workers.contract import report as numbers
from workers.contract import runs
from workers.contract.errors import ConfigError, DocumentError
from workers.documents import notebook
from workers.repair.carried import Earlier
from workers.sandbox.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.contract.domain import Report
    from workers.running.prepared import Prepared

log = structlog.get_logger()


def earlier(store: Path, carry: Mapping[str, str], prepared: Prepared) -> dict[str, Earlier]:
    """The prepared artifacts that runs delivered, by their paths; none where a run is gone: it saves work, no more.

    `carry` names the run of each.
    """
    wanted = {document.path for document in prepared.documents} & carry.keys()
    found: dict[str, Earlier] = {}
    for run_id in sorted({carry[path] for path in wanted}):
        found |= _of_run(store, run_id, {path for path in wanted if carry[path] == run_id}, prepared)
    return found


def _of_run(store: Path, run_id: str, wanted: set[str], prepared: Prepared) -> dict[str, Earlier]:
    try:
        folder = store / runs.checked_id(run_id)
        reports = [each for each in runs.read_run(folder).reports if each.artifact.path in wanted]
    except (ConfigError, OSError) as error:
        log.warning("nothing_carried", run=run_id, reason=str(error))
        return {}
    found = {each.artifact.path: _earlier(folder, each, prepared) for each in reports if numbers.delivered(each)}
    return {path: each for path, each in found.items() if each is not None}


def _earlier(folder: Path, report: Report, prepared: Prepared) -> Earlier | None:
    path = report.artifact.path
    size_bytes = prepared.plan.root_for(path).settings.file_mb * MIB
    try:
        base, head = runs.read_base(folder, report, size_bytes), runs.read_delivered(folder, report, size_bytes)
        about = tuple(dict.fromkeys(name for record in report.records for name in record.repair.about))
        return Earlier(base=notebook.parse(base, path), head=notebook.parse(head or b"", path), about=about)
    except (ConfigError, DocumentError) as error:
        log.warning("nothing_carried", run=folder.name, artifact=path, reason=str(error))
        return None
