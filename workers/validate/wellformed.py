"""Well-formed: the head is a file of its kind, no worse than the base by its schema, and differs in edited sources alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import nbformat.validator

from workers.contract.domain import Case
from workers.contract.errors import DocumentError
from workers.documents import notebooktree
from workers.documents.notebooktree import DEFAULT_LIMITS
from workers.validate.statements import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.documents.notebooktree import Tree
    from workers.protocols import Change

_SHOWN = 3
_MOST_ERRORS = 1000


class WellFormed:
    """The head parses, breaks no rule of nbformat's schema that the base keeps, and changes only edited cells' bytes."""

    name = "well_formed"

    async def check(self, change: Change) -> Case:
        """Refuse a broken or needlessly different file, with a veto."""
        reasons = await asyncio.to_thread(lambda: list(_reasons(change)))
        return Case(
            name=self.name,
            passed=not reasons,
            veto=True,
            evidence="; ".join(reason for reason, _ in reasons[:_SHOWN]) or "no worse than before",
            feedback="Leave the file's form alone and change sources only." if reasons else "",
            cells=tuple(sorted({cell for _, cells in reasons for cell in cells})),
        )


def _reasons(change: Change) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _syntax(change)
    if change.base.kind != "notebook":
        return
    try:
        base, head = (notebooktree.read(document.raw, DEFAULT_LIMITS) for document in (change.base, change.head))
    except DocumentError as error:
        yield f"the file is no longer a notebook: it {error}", ()
        return
    new = _schema_errors(head) - _schema_errors(base)
    for where, rule in sorted(new):
        yield f"{where} breaks the notebook schema ({rule})", ()
    if len(base.cells) == len(head.cells) and _without_changed_sources(base, head) != _without_changed_sources(
        head, base
    ):
        yield "bytes outside the changed cells' sources differ", ()


def _syntax(change: Change) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Code that could be read before can be read now."""
    old = {cell.index: cell for cell in change.base.cells if cell.kind == "code"}
    for cell in change.head.cells:
        before = old.get(cell.index)
        if cell.kind == "code" and not read(cell.source).parses and (before is None or read(before.source).parses):
            yield f"cell {cell.index} does not parse", (cell.index,)


def _schema_errors(tree: Tree) -> Counter[tuple[str, str]]:
    """Where the schema is broken, and by which of its rules; texts are left out, for a repair changes them."""
    # Without types of its own.
    validator: Any = nbformat.validator
    found: Counter[tuple[str, str]] = Counter()
    try:
        for error in validator.iter_validate(tree.root.value, version=tree.version[0], version_minor=tree.version[1]):
            found["/".join(map(str, error.absolute_path)) or "the notebook", str(error.validator)] += 1
            if found.total() >= _MOST_ERRORS:
                break
    except Exception as error:  # noqa: BLE001 - nbformat raises anything for a file that is far off: as bad as it gets
        found["the notebook", type(error).__name__] += 1
    return found


def _without_changed_sources(tree: Tree, other: Tree) -> list[str]:
    """The text between the sources that differ from those of `other`; unchanged sources count as text."""
    kept: list[str] = [str(tree.bom)]
    at = 0
    for cell, twin in zip(tree.cells, other.cells, strict=True):
        if cell.text != twin.text:
            kept.append(tree.text[at : cell.source.start])
            at = cell.source.end
    return [*kept, tree.text[at:]]
