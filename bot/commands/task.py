"""Guidance as a task: what to do, and by what it will be seen to be done."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ITEM = re.compile(r"[ \t]{0,3}(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(?P<text>\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a maintainer wants."""

    text: str
    """In their words, without the list."""
    criteria: tuple[str, ...]
    """The items of their list, in order; empty when there was none."""


def task(guidance: str) -> Task:
    """Items of a list, with a box to tick or without, are the criteria; everything else is the text."""
    text: list[str] = []
    criteria: list[str] = []
    in_item = False
    for line in guidance.splitlines():
        item = _ITEM.fullmatch(line)
        if item:
            criteria.append(item.group("text").strip())
        elif in_item and line.startswith((" ", "\t")) and line.strip():
            criteria[-1] += f" {line.strip()}"
            continue
        else:
            text.append(line)
        in_item = item is not None
    return Task(text="\n".join(text).strip(), criteria=tuple(criteria))
