"""Repositories as a worker process gets them: plain files in a folder, the configuration from elsewhere."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tests.builders import notebook
from tests.workers import orchard
from workers.contract import runs
from workers.contract.redact import redactor
from workers.running.means import Means
from workers.running.unattended import Commission

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STALE = notebook("import collections", "print(collections.Mapping)").raw
MENDED = STALE.replace(b"collections.Mapping", b"collections.abc.Mapping")
FRESH = notebook("print(1)").raw
TODAY = date(2026, 11, 20)


def files(folder: Path, content: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    for path, raw in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(raw)
    return folder


def commission(repo: Path, *artifacts: str, configuration: str | None = None, **more: Any) -> Commission:
    """What to mend in `repo`; its run is kept beside it."""
    made: dict[str, Any] = {
        "repo": repo,
        "configuration": None if configuration is None else configuration.encode(),
        "artifacts": artifacts,
        "as_of": TODAY,
        "run_id": f"{runs.new_id(datetime.now(UTC), 'test')}-{secrets.token_hex(2)}",
        "store": repo.parent / "runs",
        "redactor": redactor({}, "/home/alice"),
    }
    return Commission(**(made | more))


def means(shared: Path, **more: Any) -> Means:
    """Without a box, so that it is quick; packages come from the test's own wheels alone."""
    index = {"UV_FIND_LINKS": str(shared / "wheels"), "UV_OFFLINE": "1"}
    made: dict[str, Any] = {"cache": orchard.cache(shared), "index": index, "sandbox": "none"}
    return Means(**(made | more))
