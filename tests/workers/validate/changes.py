"""Changes for the tests of validation: a base, a head and nothing that was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import notebook
from workers.contract.domain import BaseEvidence, Execution, Repair
from workers.protocols import Change

if TYPE_CHECKING:
    from workers.protocols import Document

NOT_RUN = Execution(status="not_run", reason="no box")


def change(base: Document, head: Document, evidence: BaseEvidence | None = None) -> Change:
    """What a validation judges."""
    return Change(
        base=base,
        head=head,
        repair=Repair(edits=(), by="rules", changes_made=()),
        base_evidence=evidence or BaseEvidence(first=NOT_RUN),
        base_findings=(),
    )


def rewritten(before: str, after: str, setup: str = "") -> Change:
    """One code cell, `before` then `after`, below a heading and a cell of set-up."""
    above = (("markdown", "# Title"), setup or "import numpy as np")
    return change(notebook(*above, before), notebook(*above, after))
