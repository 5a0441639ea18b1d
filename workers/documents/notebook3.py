"""The words of nbformat 3 for outputs, to and from those of nbformat 4.

https://nbformat.readthedocs.io/en/latest/changelog.html: `pyout` and `pyerr` became `execute_result` and `error`, the
representations moved into `data` under their mime types, and a stream's `stream` became its `name`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.documents.jsontext import Json

_MIME = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
}
_SHORT = {mime: short for short, mime in _MIME.items()}
_TYPES = {"pyout": "execute_result", "pyerr": "error"}
_OLD_TYPES = {new: old for old, new in _TYPES.items()}
_PLAIN = ("output_type", "metadata", "prompt_number", "execution_count")


def upgraded(output: dict[str, Json]) -> dict[str, Json]:
    """An output of nbformat 3 in the words of nbformat 4."""
    stated = output.get("output_type")
    kind = _TYPES.get(stated, stated) if isinstance(stated, str) else None
    if kind == "stream":
        return {"output_type": "stream", "name": output.get("stream", "stdout"), "text": output.get("text", "")}
    if kind not in ("display_data", "execute_result"):
        return {**output, "output_type": kind}
    data: dict[str, Json] = {_MIME.get(key, key): value for key, value in output.items() if key not in _PLAIN}
    made: dict[str, Json] = {"output_type": kind, "data": data, "metadata": output.get("metadata", {})}
    return made | ({"execution_count": output.get("prompt_number")} if kind == "execute_result" else {})


def downgraded(output: dict[str, Json]) -> dict[str, Json]:
    """An output of nbformat 4 in the words of nbformat 3."""
    stated = output.get("output_type")
    kind = _OLD_TYPES.get(stated, stated) if isinstance(stated, str) else None
    if kind == "stream":
        return {"output_type": "stream", "stream": output.get("name", "stdout"), "text": output.get("text", "")}
    data = output.get("data")
    if not isinstance(data, dict):
        return {**output, "output_type": kind}
    made: dict[str, Json] = {"output_type": kind, "metadata": output.get("metadata", {})}
    made |= {_SHORT.get(mime, mime): _text(mime, value) for mime, value in data.items()}
    return made | ({"prompt_number": output.get("execution_count")} if kind == "pyout" else {})


def _text(mime: str, value: Json) -> Json:
    """As text where it is JSON: so nbformat 3 holds it."""
    return json.dumps(value) if mime == "application/json" and not isinstance(value, (str, list)) else value
