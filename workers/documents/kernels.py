"""Which language a notebook's metadata says its code is in. Metadata is a stranger's: it is read, never obeyed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.documents.jsontext import Json

PYTHON = "python"

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_+#. -]{0,39}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")

# Kernels whose name is all that an old notebook says; https://github.com/jupyter/jupyter/wiki/Jupyter-kernels
_KNOWN = {"ir": "r", "bash": "bash", "deno": "typescript", "tslab": "typescript", "javascript": "javascript"}
_KNOWN_STARTS = {"julia": "julia", "xcpp": "c++", "octave": "octave", "scala": "scala", "ruby": "ruby"}


def kernel_name(metadata: dict[str, Json]) -> str:
    """`kernelspec.name`; empty where it is absent or no kernel could be named so."""
    name = _member(metadata, "kernelspec", "name")
    return name if _NAME.fullmatch(name) else ""


def language(metadata: dict[str, Json], cell_languages: Iterable[Json] = ()) -> str:
    """Lower-case language; `python` where nothing says otherwise. `cell_languages` are nbformat 3's, one per cell."""
    stated = (
        _member(metadata, "kernelspec", "language"),
        _member(metadata, "language_info", "name"),
        *(each for each in cell_languages if isinstance(each, str)),
    )
    for word in stated:
        if _WORD.fullmatch(word):
            return _plain(word.lower())
    return _of_kernel(kernel_name(metadata).lower())


def _of_kernel(name: str) -> str:
    if name in _KNOWN:
        return _KNOWN[name]
    return next((spoken for start, spoken in _KNOWN_STARTS.items() if name.startswith(start)), PYTHON)


def _plain(word: str) -> str:
    """`python2`, `python 3` and `ipython` are Python."""
    return PYTHON if re.fullmatch(r"i?python[ 0-9.]*", word) else word


def _member(metadata: dict[str, Json], outer: str, inner: str) -> str:
    found = metadata.get(outer)
    value = found.get(inner) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""
