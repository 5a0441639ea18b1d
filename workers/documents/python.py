"""Python source as the stages read it: magics masked, a tree with true offsets, and what each name stands for."""

from __future__ import annotations

from workers.documents.imports import Assigned, ImportMap
from workers.documents.magics import Masked, comments, mask
from workers.documents.syntax import Offsets, Positioned, children, of_kind, parse, walked

__all__ = [
    "Assigned",
    "ImportMap",
    "Masked",
    "Offsets",
    "Positioned",
    "children",
    "comments",
    "mask",
    "of_kind",
    "parse",
    "walked",
]
