"""Stored outputs of a cell: read, and written in the file's own habits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.errors import EditError
from workers.documents import notebook3
from workers.documents.edits import Replacement, lines
from workers.documents.jsontext import seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.documents.habits import Habits
    from workers.documents.jsontext import Json
    from workers.documents.notebooktree import CellNode, Tree

# What nbformat splits into lines besides text: https://github.com/jupyter/nbformat, v4/rwbase.py
_SPLIT = ("application/javascript", "image/svg+xml")


def stored(tree: Tree, cell: CellNode) -> list[dict[str, Json]]:
    """The outputs in the words of nbformat 4; texts are strings or lists of lines, as the file has them."""
    node = cell.node.members.get("outputs")
    found = node.value if node and isinstance(node.value, list) else []
    outputs = [output for output in found if isinstance(output, dict)]
    return [notebook3.upgraded(output) for output in outputs] if tree.is_v3 else outputs


def for_file(tree: Tree, outputs: Sequence[dict[str, Json]]) -> list[Json]:
    """Outputs of nbformat 4 as this file would hold them: its version's words, and lines where it holds lines."""
    listed = any(isinstance(cell.source.value, list) for cell in tree.cells)
    made = [_lined(output) if listed else output for output in outputs]
    return [notebook3.downgraded(output) if tree.is_v3 else output for output in made]


def _lined(output: dict[str, Json]) -> dict[str, Json]:
    data, text = output.get("data"), output.get("text")
    made = dict(output)
    if isinstance(text, str):
        made["text"] = [*lines(text)]
    if isinstance(data, dict):
        made["data"] = {mime: _split(mime, value) for mime, value in data.items()}
    return made


def _split(mime: str, value: Json) -> Json:
    split = isinstance(value, str) and (mime.startswith("text/") or mime in _SPLIT)
    return [*lines(value)] if split and isinstance(value, str) else value


def ordered(tree: Tree) -> bool:
    """Whether the file's writer sorts keys, as nbformat does."""
    return all(list(cell.node.members) == sorted(cell.node.members) for cell in tree.cells)


def member(cell: CellNode, key: str, value: Json, habits: Habits, *, sort_keys: bool) -> Replacement | None:
    """Sets one member of a cell in the file as it is seen; None where the cell holds that value already.

    Raises:
        EditError: the value is none that JSON knows.
    """
    held = cell.node.members.get(key)
    if held is not None and held.value == value:
        return None
    anchor = held or cell.source
    try:
        token = habits.written(value, anchor.key, sort_keys=sort_keys)
    except (TypeError, ValueError, RecursionError) as error:
        raise EditError(f"cell {cell.path[-1]}: {key} cannot be written as JSON: {error}") from error
    if held is not None:
        return Replacement(held.start, held.end, seen(token))
    lead = habits.lead(anchor.key)
    comma = habits.comma if lead is None else f",{lead}"
    return Replacement(anchor.end, anchor.end, seen(f'{comma}"{key}"{habits.colon}{token}'))
