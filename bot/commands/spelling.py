"""What paths and words may be spelled with."""

from __future__ import annotations

import re
import unicodedata

SUFFIXES = (".ipynb", ".md", ".rst")
LONGEST_PATH = 400
# Joiners belong to emoji and to several scripts; other invisible characters hide something.
_JOINERS = "\u200c\u200d"
_REFUSED = re.compile(r"[\\*?\[\]{}<>|\"`]|://")


def looks_like_path(text: str) -> bool:
    """Whether a word is meant as a path: it has a `/`, or a suffix of a notebook or page."""
    return "/" in text or text.casefold().endswith(SUFFIXES)


def inside(text: str) -> str | None:
    """`text` as a path relative to the repository, without `./` before and `/` behind; None when it is none."""
    path = text.removeprefix("./").removesuffix("/")
    parts = path.split("/")
    if not path or len(path) > LONGEST_PATH or path[0] in "-~:" or _REFUSED.search(path):
        return None
    if any(part in {"", ".", ".."} or part.casefold() == ".git" for part in parts):
        return None
    return path if all(_is_visible(character) for character in path) else None


def is_plain(text: str) -> bool:
    """Whether `text` has no control characters but tab and line feed, and none that a reader cannot see."""
    return all(character in "\t\n" or character in _JOINERS or _is_seen(character) for character in text)


def _is_seen(character: str) -> bool:
    return character != "\ufffd" and unicodedata.category(character) not in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def _is_visible(character: str) -> bool:
    """Stricter, for paths: of all white space only the space."""
    return character == " " or (_is_seen(character) and unicodedata.category(character) != "Zs")
