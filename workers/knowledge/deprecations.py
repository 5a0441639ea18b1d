"""How libraries announce deprecations, as in `The X function is deprecated since 1.0. Use Y instead`.

A subject, a verb, a target, and what stands around them: whether the target takes the subject's place as it is, or only points
in a direction.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.knowledge.hint import Hint, moved

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTE = r"[`'\"]{0,2}"
DOTTED = r"-?\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_NOUN = r"(?i:keyword|parameter|kwarg|argument|function|method|property|attribute|class|option|link|alias|name|module)"
_PARAMETER = re.compile(r"keyword|parameter|kwarg|argument|option", re.IGNORECASE)
_NO_NAME = (
    r"(?:and|or|also|but|which|that|these|this|they|it|has|have|is|function|method|module|argument|parameter|one)\b"
)

_SUBJECT = re.compile(
    rf"""(?P<before>(?:{_NOUN}\ )*)
    (?:{QUOTE}(?P<keyword>\w+)=['"](?P<was>[^'"]+)['"]{QUOTE} | (?<![\w.])(?!(?i:{_NO_NAME})){QUOTE}(?P<old>{DOTTED})(?P<call>\(\))?{QUOTE})
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
    (?:{QUOTE}(?P<keyword>\w+)=(?P<value>'[^']*'|"[^"]*"|[\w.]+){QUOTE}
      |(?P<quote>{QUOTE})(?P<new>{DOTTED})(?P<call>\([^)]*\))?(?P<index>\[[^\]]*\])?{QUOTE})
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


def deprecations(text: str) -> Iterator[Hint]:
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
        or ("favo" in target["verb"] and not moved(old, new) and "setting" not in rest)
        or ("module" in subject["before"] + subject["after"])
        or ("method" in subject["before"].lower() and (target["new"] or "").startswith("."))
        or (re.search(r"function|method|class", target["noun"]) and not re.search("function|method|class", subject[0]))
    )
    return not vague


def _same_place(old: str, new: str) -> bool:
    """True where one name can stand for the other: in one namespace, or the same name in another module.

    A bare name is taken to live where the other does; who edits must see that it does.
    """
    old_home, _, _ = old.rpartition(".")
    new_home, _, _ = new.rpartition(".")
    same_root = old.partition(".")[0] == new.partition(".")[0]
    return not old_home or not new_home or same_root or moved(old, new)
