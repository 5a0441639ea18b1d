"""Documents in one line, for tests whose point is elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workers.documents.notebook import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.documents.notebook import Notebook


def notebook(
    *cells: str | tuple[str, str],
    path: str = "a.ipynb",
    tags: dict[int, Iterable[str]] | None = None,
    outputs: dict[int, list[dict[str, Any]]] | None = None,
    **metadata: Any,
) -> Notebook:
    """A notebook of nbformat 4.5 in Jupyter's own layout: a string is a code cell, `("markdown", text)` another kind.

    `tags` and `outputs` are by cell; `metadata` is the notebook's, a python3 kernel unless it says otherwise.
    """
    made = [
        _cell(index, *(("code", cell) if isinstance(cell, str) else cell), (tags or {}).get(index, ()))
        for index, cell in enumerate(cells)
    ]
    for index, stored in (outputs or {}).items():
        made[index]["outputs"] = stored
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    content = {"cells": made, "metadata": kernel | metadata, "nbformat": 4, "nbformat_minor": 5}
    return parse(f"{json.dumps(content, indent=1, ensure_ascii=False)}\n".encode(), path)


def _cell(index: int, kind: str, source: str, tags: Iterable[str]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{index}", "metadata": {}}
    if labels := list(tags):
        cell["metadata"] = {"tags": labels}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    # Not splitlines: it would split on U+2028 too.
    lines = source.split("\n")
    return cell | {"source": [f"{line}\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])}
