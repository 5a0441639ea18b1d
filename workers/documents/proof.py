"""Proof that a splice changed what was asked and nothing else: a bug must not become a wrong file."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from workers.contract.errors import EditError
from workers.documents.edits import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.documents.jsontext import Json
    from workers.documents.notebooktree import Tree

Path: TypeAlias = "tuple[str | int, ...]"
"""Keys and indices from the notebook to a value."""


def prove(old: Tree, new: Tree, sources: Mapping[int, str], members: Mapping[tuple[int, str], Json]) -> None:
    """`new` is `old` but for these sources, by cell, and these members of cells.

    Raises:
        EditError: it is not.
    """
    if len(new.cells) != len(old.cells):
        raise EditError("the splice changed the number of cells")
    changes: dict[Path, Json] = {}
    for index, source in sources.items():
        node = new.cells[index]
        if plain(node.text) != source or type(node.source.value) is not type(old.cells[index].source.value):
            raise EditError(f"the splice of cell {index} came out wrong")
        changes[*node.path, node.key] = node.source.value
    for (index, key), value in members.items():
        # Through JSON once, for a tuple comes back as a list.
        changes[*new.cells[index].path, key] = json.loads(json.dumps(value))
    if _with(old.root.value, changes) != new.root.value:
        raise EditError("the splice changed more than was asked")


def _with(value: Json, changes: Mapping[Path, Json]) -> Json:
    """A copy of `value`, its unchanged parts shared, with each change at its path."""
    if () in changes:
        return changes[()]
    inner: defaultdict[str | int, dict[Path, Json]] = defaultdict(dict)
    for path, new in changes.items():
        inner[path[0]][path[1:]] = new
    if isinstance(value, dict):
        return {**value, **{str(key): _with(value.get(str(key)), below) for key, below in inner.items()}}
    if isinstance(value, list):
        return [_with(item, inner[index]) if index in inner else item for index, item in enumerate(value)]
    raise EditError(f"the splice lost {next(iter(changes))}")
