"""What a library says about its own changes, read out of error messages and warnings.

With `deprecations` the one place where messages are parsed: the habits of libraries are here, no list of particular renames.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.contract.escapes import without_escapes
from workers.knowledge.deprecations import DOTTED, QUOTE, deprecations
from workers.knowledge.hint import Hint, moved, spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 4000
"""Characters of a message that are read: the advice stands at its beginning."""


def targets(text: str) -> tuple[Hint, ...]:
    """Every hint in `text`, in reading order, equal ones once."""
    folded = _folded(text)
    if by_position(folded):
        return ()
    found = [hint for reader in _READERS for hint in reader(folded)] or list(_nameless(folded))
    best = {hint.old: hint for hint in reversed(found) if hint.old}
    return tuple(dict.fromkeys(hint for hint in found if hint.new and hint.old != hint.new and _trusted(hint, best)))


def about(name: str, text: str, *, keyword: bool = False) -> tuple[Hint, ...]:
    """The hints in a text that is known to speak of `name`, also where it does not say so, as in `Use X instead`."""
    said = tuple(hint for hint in targets(text) if hint.old.rpartition(".")[2] == name)
    if said:
        return said
    subject = f"The `{name}` keyword is deprecated." if keyword else f"`{name}` is deprecated."
    return tuple(hint for hint in targets(f"{subject} {_impersonal(text)}") if hint.old == name)


def _impersonal(text: str) -> str:
    """`It has been moved to` and `Deprecated since 1.2, renamed to` with nothing before what counts."""
    return re.sub(r"^\W{0,9}(?:DEPRECATED|[Dd]eprecated|[Oo]bsolete)\b[\s:.,;-]{0,9}", "", text[:LONGEST].lstrip())


def _trusted(hint: Hint, best: dict[str, Hint]) -> bool:
    """False where an earlier reader knew better what the old text is."""
    return hint.kind == best.get(hint.old, hint).kind


def first_line(text: str) -> str:
    """The first line of a message that says something, bounded; empty when none does."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:300]


def unexpected_keyword(text: str) -> str | None:
    """The keyword that a call did not take: `f() got an unexpected keyword argument 'normed'`."""
    found = re.search(r"got an unexpected keyword argument '(\w+)'", text)
    return found[1] if found else None


def by_position(text: str) -> bool:
    """True when pandas says that an integer key of a Series stopped to mean a position."""
    return "treating keys as positions is deprecated" in text


def _folded(text: str) -> str:
    """White space folded, terminal colours and Sphinx roles removed (the text of `` :meth:`~invoke` `` is `invoke`)."""
    return " ".join(re.sub(r"(?::\w{1,20}){1,2}:`~?\.?([\w.]+)`", r"`\1`", without_escapes(text[:LONGEST])).split())


_UNIT = r"[A-Za-z]{1,4}(?:-[A-Z]{3})?"


def _units(text: str) -> Iterator[Hint]:
    """Offsets of pandas, as in `'M' is no longer supported for offsets. Please use 'ME' instead.`."""
    patterns = (
        rf"'(?P<old>{_UNIT})' is (?:deprecated|no longer supported)[^']{{0,80}}?[Pp]lease use '(?P<new>{_UNIT})' instead",
        rf"[Pp]lease use '(?P<new>{_UNIT})' instead of '(?P<old>{_UNIT})'",
        rf"Invalid frequency: (?P<old>{_UNIT})\b(?:(?!Invalid frequency).)*?Did you mean (?P<new>{_UNIT})\?",
    )
    for pattern in patterns:
        for found in re.finditer(pattern, text):
            yield Hint(kind="unit", old=found["old"], new=found["new"], always="Invalid frequency" in pattern)


def _values(text: str) -> Iterator[Hint]:
    """`'bset' is not a valid value for loc. Did you mean: 'best'?`: one suggestion only."""
    pattern = r"'(?P<old>[^']+)' is not a valid value for (?P<keyword>\w+)[.;] Did you mean:? '(?P<new>[^']+)'\?"
    for found in re.finditer(pattern, text):
        yield Hint(kind="value", old=found["old"], new=found["new"], keyword=found["keyword"])
    for found in re.finditer(
        r"The (?P<keyword>\w+) '(?P<old>[^']+)' was deprecated .*?Use `\w+='(?P<new>[^']+)'`", text
    ):
        yield Hint(kind="value", old=found["old"], new=found["new"], keyword=found["keyword"])


def _namespaces(text: str) -> Iterator[Hint]:
    """A name that moved: its module is named apart from it."""
    patterns = (
        rf"[Pp]lease (?:use|import) `(?P<name>\w+)` from the `(?P<new>{DOTTED})` namespace[,;] the `(?P<old>{DOTTED})`",
        rf"Importing (?P<name>\w+) from (?P<old>{DOTTED}) is deprecated.{{0,60}}?import (?:it )?from (?P<new>{DOTTED}\w)",
    )
    for pattern in patterns:
        for found in re.finditer(pattern, text):
            yield Hint(kind="name", old=f"{found['old']}.{found['name']}", new=f"{found['new']}.{found['name']}")
    pattern = rf"class `(?P<name>\w+)` was deprecated.*?`?from `?(?P<new>{DOTTED}) import (?P=name)\b"
    for found in re.finditer(pattern, text):
        yield Hint(kind="name", old=found["name"], new=f"{found['new']}.{found['name']}")


def _relocated(text: str) -> Iterator[Hint]:
    """`A.X and A.Y have been removed in favor of B.Y`: the one of the old names that keeps its last part."""
    found = re.search(
        rf"(?P<first>{DOTTED}) and (?P<second>{DOTTED}) have been removed in favor of (?P<new>{DOTTED})", text
    )
    for old in (found["first"], found["second"]) if found else ():
        if found and moved(old, found["new"]):
            yield Hint(kind="name", old=old, new=found["new"])


def _nameless(text: str) -> Iterator[Hint]:
    """Advice that does not say what it is about, as `Please use assertEqual instead.`: never exact."""
    for found in re.finditer(rf"\b[Uu]se {QUOTE}(?P<new>{DOTTED})(?:\(\))?{QUOTE} instead", text):
        yield Hint(kind="name", old="", new=found["new"].lstrip("."), exact=False)


def _guesses(text: str) -> Iterator[Hint]:
    """Python's own `Did you mean`: it knows spelling, not history, so it is exact for another spelling only."""
    pattern = r"has no attribute '(?P<old>\w+)'[^?]*?Did you mean: '(?P<new>\w+)'\?"
    for found in re.finditer(pattern, text):
        same = spelling(found["old"]) == spelling(found["new"])
        yield Hint(kind="name", old=found["old"], new=found["new"], exact=same)


_READERS: tuple[Callable[[str], Iterator[Hint]], ...] = (
    _units,
    _values,
    _namespaces,
    _relocated,
    deprecations,
    _guesses,
)
"""In order of trust: what an earlier reader found comes first."""
