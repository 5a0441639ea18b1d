"""The rung before all others, where the base moved: what an earlier run did to cells that the new base left alone.

Three versions of each cell decide: the old base, what was made of it, and what stands there now. A cell that the new base
changed too is left to the rungs that follow. Nothing counts as proven: the attempt is judged on the new base like any other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Edit, Repair

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workers.protocols import Cell, Document, Task

SHOWN = 60
"""Characters of an edit that its sentence quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An artifact in an earlier run: what it was, and the copy that was delivered."""

    base: Document
    head: Document
    about: tuple[str, ...] = ()
    """Dotted names that its edits are about, as `Repair.about`."""


class CarriedRepairer:
    """Makes the edits of an earlier run again, cell by cell, where there still stands what they were made for."""

    def __init__(self, earlier: Mapping[str, Earlier]) -> None:
        """`earlier` has the artifacts of that run by their paths; the others get nothing from here."""
        self._earlier = earlier

    @property
    def name(self) -> str:
        """As records and the pull request show it."""
        return "carried"

    async def propose(self, task: Task) -> Repair | None:
        """All edits that may be carried over and were not refused, or None."""
        earlier = self._earlier.get(task.document.path)
        edits = (
            tuple(edit for edit in carried(earlier, task.document) if edit.key not in task.refused) if earlier else ()
        )
        if not edits:
            return None
        cells = {edit.cell for edit in edits}
        return Repair(
            edits=edits,
            by=self.name,
            changes_made=tuple(_sentence(edit) for edit in edits),
            findings=tuple(dict.fromkeys(each.id for each in task.findings if each.place and each.place.cell in cells)),
            about=earlier.about if earlier else (),
        )


def carried(earlier: Earlier, now: Document) -> Iterator[Edit]:
    """One edit for each cell that was edited then and is now as it was before that."""
    places = _places(earlier.base.cells, now.cells)
    for old, new in zip(earlier.base.cells, earlier.head.cells, strict=False):
        here = places.get(old.index)
        if old.source != new.source and here is not None and here.source == old.source:
            yield _edit(here.index, old.source, new.source)


def _places(then: Sequence[Cell], now: Sequence[Cell]) -> dict[int, Cell]:
    """Index of a cell then -> the cell that it is now: by its id, else by a source that no other cell has."""
    by_id = _once([(cell.id, cell) for cell in now if cell.id is not None])
    by_source = _once([((cell.kind, cell.source), cell) for cell in now])
    alone = Counter((cell.kind, cell.source) for cell in then)
    found: dict[int, Cell] = {}
    for cell in then:
        here = by_id.get(cell.id) if cell.id is not None else None
        if here is None and alone[cell.kind, cell.source] == 1:
            here = by_source.get((cell.kind, cell.source))
        if here is not None and here.kind == cell.kind:
            found[cell.index] = here
    return found


def _once(pairs: Sequence[tuple[object, Cell]]) -> dict[object, Cell]:
    """Of those whose key occurs a single time: an id that two cells share names neither."""
    often = Counter(key for key, _ in pairs)
    return {key: cell for key, cell in pairs if often[key] == 1}


def _edit(cell: int, old: str, new: str) -> Edit:
    """The stretch that differs, without what is equal at both ends."""
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    end = next((at for at in range(most - start) if old[-1 - at] != new[-1 - at]), most - start)
    return Edit(
        cell=cell, start=start, end=len(old) - end, old=old[start : len(old) - end], new=new[start : len(new) - end]
    )


def _sentence(edit: Edit) -> str:
    return (
        f"Kept the edit of cell {edit.cell}, which the base left alone: `{_short(edit.old)}` -> `{_short(edit.new)}`."
    )


def _short(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= SHOWN else f"{folded[: SHOWN - 3]}..."
