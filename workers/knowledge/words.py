"""What a library says about its own changes, read out of error messages and warnings.

The one place where messages are parsed. Deprecation texts follow a few habits (`X is deprecated, use Y instead`); the habits
are here, no list of particular renames.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 4000
"""Characters of a message that are read: the advice stands at its beginning."""

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


def targets(text: str) -> tuple[Hint, ...]:
    """Every hint in `text`, in reading order, equal ones once."""
    folded = _folded(text)
    if by_position(folded):
        return ()
    found = [hint for reader in _READERS for hint in reader(folded)] or list(_nameless(folded))
    best = {hint.old: hint for hint in reversed(found) if hint.old}
    return tuple(dict.fromkeys(hint for hint in found if hint.new and hint.old != hint.new and _trusted(hint, best)))


def _trusted(hint: Hint, best: dict[str, Hint]) -> bool:
    """False where an earlier reader knew better what the old text is."""
    return hint.kind == best.get(hint.old, hint).kind


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
    return hint.new if _moved(stale, hint.new) else None


def unexpected_keyword(text: str) -> str | None:
    """The keyword that a call did not take: `f() got an unexpected keyword argument 'normed'`."""
    found = re.search(r"got an unexpected keyword argument '(\w+)'", text)
    return found[1] if found else None


def respelled(old: str, candidates: tuple[str, ...]) -> str | None:
    """The one candidate that is `old` in another spelling (case and underscores), as `lineterminator` is `line_terminator`."""
    same = {name for name in candidates if name != old and _spelling(name) == _spelling(old)}
    return same.pop() if len(same) == 1 else None


def by_position(text: str) -> bool:
    """True when pandas says that an integer key of a Series stopped to mean a position."""
    return "treating keys as positions is deprecated" in text


def _spelling(name: str) -> str:
    return name.replace("_", "").casefold()


def _folded(text: str) -> str:
    """White space folded, terminal colours and Sphinx roles removed (the text of `` :meth:`~invoke` `` is `invoke`)."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text[:LONGEST])
    return " ".join(re.sub(r":\w+:`~?\.?([\w.]+)`", r"`\1`", plain).split())


_ABBREVIATED = {"numpy": "np", "pandas": "pd", "networkx": "nx", "seaborn": "sns", "tensorflow": "tf", "polars": "pl"}
"""How libraries call themselves in their own messages."""

_Q = r"[`'\"]{0,2}"
_DOTTED = r"-?\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_UNIT = r"[A-Za-z]{1,4}(?:-[A-Z]{3})?"
_NOUN = r"(?i:keyword|parameter|kwarg|argument|function|method|property|attribute|class|option|link|alias|name|module)"
_PARAMETER = re.compile(r"keyword|parameter|kwarg|argument|option", re.IGNORECASE)
_NO_NAME = (
    r"(?:and|or|also|but|which|that|these|this|they|it|has|have|is|function|method|module|argument|parameter|one)\b"
)

_SUBJECT = re.compile(
    rf"""(?P<before>(?:{_NOUN}\ )*)
    (?:{_Q}(?P<keyword>\w+)=['"](?P<was>[^'"]+)['"]{_Q} | (?<![\w.])(?!(?i:{_NO_NAME})){_Q}(?P<old>{_DOTTED})(?P<call>\(\))?{_Q})
    (?P<after>(?:\ {_NOUN})*)
    (?:\ of\ [\w.]+(?:\(\))?)?
    \ (?:is|was|has\ been|have\ been|will\ be)(?:\ now)?
    \ (?:a\ deprecated\ alias|an?\ alias|deprecated|removed|renamed|replaced)\b
    """,
    re.VERBOSE,
)

_TARGET = re.compile(
    rf"""(?P<verb>
        \b(?:[Pp]lease\ |directly\ |explicitly\ |instead\ |Instead,\ |You\ should\ |you\ should\ )?(?:[Uu]se|call|set|setting|[Pp]ass)
        | renamed(?:\ to)? | replaced\ (?:by|with) | in\ favou?r\ of | alias\ (?:for|of) | available\ (?:as|under)
    )\ (?P<noun>(?:the\ )?(?:{_NOUN}\ )*(?:builtin\ )?)
    (?:{_Q}(?P<keyword>\w+)=(?P<value>'[^']*'|"[^"]*"|[\w.]+){_Q}
      |(?P<quote>{_Q})(?P<new>{_DOTTED})(?P<call>\([^)]*\))?(?P<index>\[[^\]]*\])?{_Q})
    (?=(?P<rest>.{{0,120}}))
    """,
    re.VERBOSE,
)

_ALTERNATIVE = re.compile(r"\s*(?:,? or |/| and [`'\"\w.]*[._`'\"]|\(or )")
_SHAPED = re.compile(r"\s*(?:instead )?(?:with |and pass |followed |on )")
_CLOSED = re.compile(
    r"\s*(?:instead|[.,;:(]|$|which is equivalent|for the same|since|in version|from version|by itself|builtin)"
)
_CONDITION = re.compile(
    r"\b(?:To (?!avoid|keep|silence|suppress)|[Ff]or (?!example)|[Ii]f |[Ww]hen |In new )(?:[^.]|\.(?=\S))*$"
)
"""Advice for one purpose only: `To calculate ..., use ...`, `for regular grids use ...`."""
_CIRCUMSTANCE = re.compile(
    r"\b(?:with|without|as|assigning|passing|setting|calling|specifying|using|on)\s$", re.IGNORECASE
)
"""`Passing palette without assigning hue is deprecated`: not the name is deprecated, but a way to use it."""


def _deprecations(text: str) -> Iterator[Hint]:
    """`The X function is deprecated since 1.0. Use Y instead.` and its relatives."""
    subjects = list(_SUBJECT.finditer(text))
    for number, subject in enumerate(subjects):
        if _CIRCUMSTANCE.search(text[: subject.start()]):
            continue
        following = subjects[number + 1].start() if number + 1 < len(subjects) else len(text)
        stretch = text[subject.start("after") if subject["old"] else subject.end() : following]
        target = next(_plausible(stretch), None)
        if target is not None:
            yield _hint(subject, target, before=stretch[: target.start()])


def _plausible(stretch: str) -> Iterator[re.Match[str]]:
    """Targets that are names beyond doubt: quoted, dotted, called, capitalised, or closed by `instead`."""
    for target in _TARGET.finditer(stretch):
        new = target["new"] or ""
        marked = not new or target["quote"] or target["call"] or new[:1].isupper() or re.search(r"[._\d]", new)
        if marked or re.match(r"\s*(?:instead|since)\b", target["rest"]):
            yield target


def _hint(subject: re.Match[str], target: re.Match[str], *, before: str) -> Hint:
    exact = _exact(subject, target, before)
    if subject["was"]:
        return _value(subject, target, exact=exact)
    old = subject["old"].lstrip(".-")
    if target["keyword"]:
        if target["verb"] == "setting":
            return Hint(kind="keyword", old=old, new=target["keyword"], exact=exact)
        return _with_value(subject, target, old, exact=exact)
    new = target["new"].lstrip(".")
    if "builtin" in target["noun"] or target["rest"].startswith(" builtin"):
        return Hint(kind="builtin", old=old, new=new, exact=exact)
    parameter = _PARAMETER.search(subject["before"] + subject["after"])
    return Hint(kind="keyword" if parameter else "name", old=old, new=new, exact=exact and _same_place(old, new))


def _value(subject: re.Match[str], target: re.Match[str], *, exact: bool) -> Hint:
    same = target["keyword"] == subject["keyword"]
    return Hint(
        kind="value",
        old=subject["was"],
        new=(target["value"] or "").strip("'\"") if same else "",
        keyword=subject["keyword"],
        exact=exact or target["rest"].startswith(" or remove this parameter"),
    )


def _with_value(subject: re.Match[str], target: re.Match[str], old: str, *, exact: bool) -> Hint:
    """`Use errorbar=None`, of a parameter `ci`; or `Use loss='log_loss'`, of a loss called `log`."""
    noun = (subject["before"] + subject["after"]).split()
    if target["keyword"] in noun:
        return Hint(kind="value", old=old, new=target["value"].strip("'\""), keyword=target["keyword"], exact=exact)
    return Hint(kind="keyword", old=old, new=target["keyword"], value=target["value"], exact=exact)


def _exact(subject: re.Match[str], target: re.Match[str], before: str) -> bool:
    """False for alternatives, other shapes, private names, advice for one purpose (`To calculate ..., use ...`)."""
    new, rest = target["new"] or "", target["rest"]
    old = subject["old"] or ""
    vague = (
        _ALTERNATIVE.match(rest)
        or _SHAPED.match(rest)
        or not _CLOSED.match(rest)
        or target["index"]
        or (target["call"] and target["call"] != "()")
        or new.startswith("-")
        or any(part.startswith("_") for part in new.split("."))
        or "__" in old
        or "Note that" in rest
        or _CONDITION.search(before)
        or ("favo" in target["verb"] and not _moved(old, new) and "setting" not in rest)
        or ("module" in subject["before"] + subject["after"])
        or ("method" in subject["before"].lower() and (target["new"] or "").startswith("."))
        or (re.search(r"function|method|class", target["noun"]) and not re.search("function|method|class", subject[0]))
    )
    return not vague


def _moved(old: str, new: str) -> bool:
    return "." in new and old.rpartition(".")[2] == new.rpartition(".")[2]


def _same_place(old: str, new: str) -> bool:
    """True where one name can stand for the other: in one namespace, or the same name in another module.

    A bare name is taken to live where the other does; who edits must see that it does.
    """
    old_home, _, _ = old.rpartition(".")
    new_home, _, _ = new.rpartition(".")
    same_root = old.partition(".")[0] == new.partition(".")[0]
    return not old_home or not new_home or same_root or _moved(old, new)


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
        rf"[Pp]lease (?:use|import) `(?P<name>\w+)` from the `(?P<new>{_DOTTED})` namespace[,;] the `(?P<old>{_DOTTED})`",
        rf"Importing (?P<name>\w+) from (?P<old>{_DOTTED}) is deprecated.{{0,60}}?import (?:it )?from (?P<new>{_DOTTED}\w)",
    )
    for pattern in patterns:
        for found in re.finditer(pattern, text):
            yield Hint(kind="name", old=f"{found['old']}.{found['name']}", new=f"{found['new']}.{found['name']}")
    pattern = rf"class `(?P<name>\w+)` was deprecated.*?`?from `?(?P<new>{_DOTTED}) import (?P=name)\b"
    for found in re.finditer(pattern, text):
        yield Hint(kind="name", old=found["name"], new=f"{found['new']}.{found['name']}")


def _relocated(text: str) -> Iterator[Hint]:
    """`A.X and A.Y have been removed in favor of B.Y`: the one of the old names that keeps its last part."""
    found = re.search(
        rf"(?P<first>{_DOTTED}) and (?P<second>{_DOTTED}) have been removed in favor of (?P<new>{_DOTTED})", text
    )
    for old in (found["first"], found["second"]) if found else ():
        if found and _moved(old, found["new"]):
            yield Hint(kind="name", old=old, new=found["new"])


def _nameless(text: str) -> Iterator[Hint]:
    """Advice that does not say what it is about, as `Please use assertEqual instead.`: never exact."""
    for found in re.finditer(rf"\b[Uu]se {_Q}(?P<new>{_DOTTED})(?:\(\))?{_Q} instead", text):
        yield Hint(kind="name", old="", new=found["new"].lstrip("."), exact=False)


def _guesses(text: str) -> Iterator[Hint]:
    """Python's own `Did you mean`: it knows spelling, not history, so it is exact for another spelling only."""
    pattern = r"has no attribute '(?P<old>\w+)'[^?]*?Did you mean: '(?P<new>\w+)'\?"
    for found in re.finditer(pattern, text):
        same = _spelling(found["old"]) == _spelling(found["new"])
        yield Hint(kind="name", old=found["old"], new=found["new"], exact=same)


_READERS: tuple[Callable[[str], Iterator[Hint]], ...] = (
    _units,
    _values,
    _namespaces,
    _relocated,
    _deprecations,
    _guesses,
)
"""In order of trust: what an earlier reader found comes first."""
