"""Records: what a run leaves behind, in a folder of its own outside any checkout, written whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.contract import messages, quarantine, report, runs
from workers.contract.errors import ConfigError, RunStoreError
from workers.contract.patch import patch
from workers.contract.paths import write_atomically
from workers.contract.pull_request import pull_request_markdown
from workers.contract.report import Delivery
from workers.documents.stored import restored, told_otherwise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.contract.domain import Record, Report, Run
    from workers.contract.redact import Redactor
    from workers.protocols import Document


def choose_store(out: Path | None, environ: Mapping[str, str], repo: Path, home: Path) -> Path:
    """The run store of a run over `repo`: `out`, MENDLOOP_RUNS_DIR, the state folder or a temporary one.

    Raises:
        ConfigError: the one that was asked for lies inside the checkout.
    """
    asked = out.expanduser().absolute() if out is not None else None
    if asked is None and environ.get("MENDLOOP_RUNS_DIR"):
        asked = runs.store(environ, home)
    if asked is not None:
        if _inside(asked, repo):
            raise ConfigError(f"{asked} lies inside the checkout {repo}; runs are kept outside of it, choose another")
        return asked
    temporary = Path(environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the folder in it is ours alone, see `_usable`
    for candidate in (runs.store(environ, home), temporary / f"mendloop-{os.getuid()}" / "runs"):
        if not _inside(candidate, repo) and _usable(candidate):
            return candidate
    raise ConfigError("no folder for runs outside the checkout; give one with --out or MENDLOOP_RUNS_DIR")


def _inside(folder: Path, repo: Path) -> bool:
    return folder.resolve().is_relative_to(repo.resolve())


def _usable(folder: Path) -> bool:
    """Whether runs can be written there and nobody else owns it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and os.access(folder, os.W_OK | os.X_OK)


@dataclass(slots=True, kw_only=True)
class RunFolder:
    """The folder of one run while it is being written.

    Everything is masked but bases, updated copies and patches: they are the owner's own file, and a masked copy would be
    another file.
    """

    folder: Path
    redactor: Redactor
    originals: Mapping[str, Document]
    """Artifact path -> the unchanged document."""
    copies: dict[tuple[str, int], Document] = field(default_factory=dict[tuple[str, int], "Document"])
    """(Artifact path, iteration) -> the updated copy."""

    @classmethod
    def create(cls, store: Path, run_id: str, redactor: Redactor, originals: Sequence[Document]) -> RunFolder:
        """Make the folder of a new run.

        Raises:
            RunStoreError: it is there already, or cannot be made.
        """
        folder = store / runs.checked_id(run_id)
        try:
            store.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise RunStoreError(f"no run can be kept in {store}: {error.strerror}") from error
        return cls(folder=folder, redactor=redactor, originals={document.path: document for document in originals})

    def discard(self) -> None:
        """Take the folder away, if nothing was learned that stands in it."""
        with suppress(OSError):
            self.folder.rmdir()

    def keep(self, document: Document, record: Record) -> None:
        """Write one iteration: the updated copy, its record and its patch. Also the loop's `on_record`."""
        path = document.path
        self.copies[path, record.iteration] = document
        folder = runs.record_folder(self.folder, record.iteration, path)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / Path(path).name, document.raw)
        write_atomically(folder / "patch.diff", patch(path, self.originals[path].raw, document.raw))
        self._write_json(folder / "record.json", messages.record_to_json(record))

    def finish(self, run: Run) -> dict[str, Delivery]:
        """Write the run and what it delivers; what there is for each artifact."""
        deliveries = {each.artifact.path: self._delivery(each) for each in run.reports}
        folder = self.folder / "deliverable"
        folder.mkdir(exist_ok=True)
        write_atomically(folder / "patch.diff", b"".join(self._patch(each) for each in run.reports))
        told = self.redactor.mask(runs.deliveries_json(deliveries).decode())
        write_atomically(self.folder / runs.DELIVERIES, told.encode(errors="replace"))
        self._keep_bases(run)
        quarantine.put_away(self.folder, run, self.redactor)
        body = self.redactor.mask(pull_request_markdown(run, deliveries))
        write_atomically(folder / "pull_request.md", body.encode(errors="replace"))
        # Last: a folder with a run.json is a whole run.
        self._write_json(self.folder / "run.json", messages.run_to_json(run))
        return deliveries

    def _keep_bases(self, run: Run) -> None:
        """The unchanged bytes of what is delivered: a later run at another base compares with them."""
        for each in run.reports:
            if self.delivered(each) is not None:
                place = runs.base_place(self.folder, each.artifact.path)
                place.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(place, self.originals[each.artifact.path].raw)

    def delivered(self, each: Report) -> Document | None:
        """The copy that is delivered; None where the artifact stays as it is."""
        record = report.delivered(each)
        return None if record is None else self.copies.get((each.artifact.path, record.iteration))

    def _patch(self, each: Report) -> bytes:
        copy = self.delivered(each)
        return b"" if copy is None else patch(copy.path, self.originals[copy.path].raw, copy.raw)

    def _delivery(self, each: Report) -> Delivery:
        path = each.artifact.path
        record = report.delivered(each) or (each.records[-1] if each.records else None)
        if record is None:
            return Delivery()
        place = runs.record_folder(Path(), record.iteration, path)
        copy = self.delivered(each)
        if copy is None:
            return Delivery(record=(place / "record.json").as_posix())
        return Delivery(
            changed_cells=changed_cells(self.originals[path], copy),
            outputs_changed=restored(self.originals[path], copy),
            outputs_kept=told_otherwise(self.originals[path], copy, report.head(each)),
            patch=(place / "patch.diff").as_posix(),
            record=(place / "record.json").as_posix(),
        )

    def _write_json(self, place: Path, value: dict[str, Any]) -> None:
        write_atomically(place, messages.encode(self.redactor.mask_all(value)))


def changed_cells(before: Document, after: Document) -> tuple[int, ...]:
    """Indexes of the cells whose source differs."""
    return tuple(a.index for a, b in zip(before.cells, after.cells, strict=False) if a.source != b.source)
