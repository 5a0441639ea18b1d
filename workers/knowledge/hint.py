"""A hint: what a library says should be written in place of something, and how its names are completed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_ABBREVIATED = {"numpy": "np", "pandas": "pd", "networkx": "nx", "seaborn": "sns", "tensorflow": "tf", "polars": "pl"}
"""How libraries call themselves in their own messages."""

Kind = Literal["name", "builtin", "keyword", "value", "unit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One thing a message says should be written in place of another."""

    kind: Kind
    """`name`: a dotted or bare name, in code an attribute, a function or (when bare) a parameter; `builtin`: a name that
    a builtin replaces; `keyword`: surely a parameter; `value`: the content of a string; `unit`: the content of a string
    that may stand behind a multiple, as in `2H`."""
    old: str
    """As the message writes it, without quotes and parentheses; empty when it does not say."""
    new: str
    value: str = ""
    """Source text of the value that goes with a new keyword, where the message spells it out."""
    keyword: str = ""
    """The parameter a `value` is for, where the message says."""
    always: bool = False
    """True where the old text is wrong wherever a value of its kind stands, not for the one call only."""
    exact: bool = True
    """False where the message only points in a direction: alternatives, another shape, something private."""


def full_name(hint: Hint, stale: str) -> str | None:
    """The full dotted name that `hint` puts in place of `stale`, also in full; `builtins.int` for a builtin.

    None where the hint speaks of another name, or abbreviates a package in a way that cannot be told from `stale`.
    """
    parent, _, last = stale.rpartition(".")
    if hint.old.rpartition(".")[2] != last or hint.kind not in {"name", "builtin"}:
        return None
    if hint.kind == "builtin":
        return f"builtins.{hint.new}"
    old_home, new_home = hint.old.rpartition(".")[0], hint.new.rpartition(".")[0]
    if not new_home or new_home == old_home:
        return f"{parent}.{hint.new.rpartition('.')[2]}"
    root = stale.partition(".")[0]
    short = hint.new.partition(".")[0]
    if short == root:
        return hint.new
    if short in {old_home.partition(".")[0], _ABBREVIATED.get(root)}:
        return root + hint.new.removeprefix(short)
    return hint.new if moved(stale, hint.new) else None


def moved(old: str, new: str) -> bool:
    """True for the same last part in a module that is named."""
    return "." in new and old.rpartition(".")[2] == new.rpartition(".")[2]


def respelled(old: str, candidates: tuple[str, ...]) -> str | None:
    """The one candidate that is `old` in another spelling (case and underscores), as `lineterminator` is `line_terminator`."""
    same = {name for name in candidates if name != old and spelling(name) == spelling(old)}
    return same.pop() if len(same) == 1 else None


def spelling(name: str) -> str:
    """`name` without what spellings differ by."""
    return name.replace("_", "").casefold()
