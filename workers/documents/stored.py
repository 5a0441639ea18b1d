"""What becomes of stored outputs in the copy that is delivered: kept, replaced by those of its run, or cleared."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from workers.contract.errors import EditError
from workers.contract.escapes import without_escapes
from workers.documents import outputs
from workers.documents.notebook import Notebook

if TYPE_CHECKING:
    from workers.contract.domain import Execution, Output
    from workers.documents.jsontext import Json
    from workers.protocols import Document
    from workers.settings import OutputsPolicy

log = structlog.get_logger()


def with_policy(base: Document, head: Document, run: Execution, policy: OutputsPolicy) -> Document:
    """The head as it is delivered, its stored outputs by the owner's policy. Sources stay as they are.

    A cell that did not run, or whose outputs are too large to be handed out of the box, keeps what it has.
    """
    if policy == "keep" or not isinstance(head, Notebook) or base.raw == head.raw:
        return head
    new = _cleared(head) if policy == "clear" else _shown(base, head, run, policy)
    try:
        return head.with_outputs(new.outputs, new.counts)
    except EditError as error:
        # The repair is good without them: an output that no file can hold must not cost it.
        log.warning("outputs_kept", artifact=head.path, error=str(error))
        return head


def refreshes(policy: OutputsPolicy) -> bool:
    """Whether the outputs of a run are needed whole."""
    return policy in {"changed", "refresh"}


def edited_cells(base: Document, head: Document) -> frozenset[int]:
    """Code cells whose source is another than before."""
    pairs = zip(base.cells, head.cells, strict=False)
    return frozenset(now.index for was, now in pairs if now.kind == "code" and was.source != now.source)


def restored(base: Document, copy: Document) -> tuple[int, ...]:
    """Code cells whose stored outputs in `copy` are others than in `base`."""
    if not isinstance(base, Notebook) or not isinstance(copy, Notebook):
        return ()
    code = (cell.index for cell in copy.cells if cell.kind == "code")
    return tuple(cell for cell in code if _stored(base, cell) != _stored(copy, cell))


def told_otherwise(base: Document, copy: Document, run: Execution) -> tuple[int, ...]:
    """Edited cells whose stored outputs are kept in `copy` although running it shows another text."""
    if not isinstance(base, Notebook) or not isinstance(copy, Notebook):
        return ()
    edited = edited_cells(base, copy)
    return tuple(
        shown.cell
        for shown in run.cells
        if shown.cell in edited
        and (shown.status == "ok" or shown.expected)
        and (kept := _stored(copy, shown.cell))
        and kept == _stored(base, shown.cell)
        and _stored_text(kept) != _printed_text(shown.outputs)
    )


@dataclass(frozen=True, slots=True)
class _New:
    outputs: dict[int, list[dict[str, Json]]] = field(default_factory=dict[int, "list[dict[str, Json]]"])
    counts: dict[int, int | None] = field(default_factory=dict[int, "int | None"])


def _cleared(head: Notebook) -> _New:
    counter = "prompt_number" if head.tree.is_v3 else "execution_count"
    code = [(index, node.node.members) for index, node in enumerate(head.tree.cells) if node.kind == "code"]
    counted: dict[int, int | None] = {
        index: None for index, members in code if (held := members.get(counter)) and held.value is not None
    }
    return _New({index: [] for index, _ in code}, counted)


def _shown(base: Document, head: Notebook, run: Execution, policy: OutputsPolicy) -> _New:
    new, edited = _New(), edited_cells(base, head)
    for shown in run.cells:
        if shown.raw and (policy == "refresh" or shown.cell in edited):
            told: Any = json.loads(shown.raw)
            new.outputs[shown.cell], new.counts[shown.cell] = told["outputs"], told["execution_count"]
    return new


def _stored(document: Notebook, cell: int) -> list[dict[str, Json]]:
    return outputs.stored(document.tree, document.tree.cells[cell])


def _stored_text(listed: list[dict[str, Json]]) -> str:
    return _folded("".join(_text_of(output) for output in listed))


def _text_of(output: dict[str, Json]) -> str:
    data = output.get("data")
    text = data.get("text/plain") if isinstance(data, dict) else output.get("text", output.get("evalue"))
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")


def _printed_text(listed: tuple[Output, ...]) -> str:
    return _folded("".join(output.text for output in listed))


def _folded(text: str) -> str:
    return " ".join(without_escapes(text).split())
