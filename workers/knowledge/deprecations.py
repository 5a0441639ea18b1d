"""How libraries announce deprecations, as in `The X function is deprecated since 1.0. Use Y instead`.

A subject, a verb, a target, and what stands around them: whether the target takes the subject's place as it is, or only points
in a direction.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.knowledge.hint import Hint, moved

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTE = r"[`'\"]{0,2}"
DOTTED = r"-?\.?[A-Za-z_]\w{0,80}(?:\.[A-Za-z_]\w{0,80}){0,12}"
"""Bounded, as every repetition here: a hostile text is read in time that grows with its length."""
_NOUN = r"(?i:keyword|parameter|kwarg|argument|function|method|property|attribute|class|option|link|alias|name|module)"
_PARAMETER = re.compile(r"keyword|parameter|kwarg|argument|option", re.IGNORECASE)
_NO_NAME = (
    r"(?:and|or|also|but|which|that|these|this|they|it|has|have|is|function|method|module|argument|parameter|one)\b"
)

_SUBJECT = re.compile(
    rf"""(?P<before>(?:{_NOUN}\ ){{0,3}})
    (?:{QUOTE}(?P<keyword>\w+)=['"](?P<was>[^'"]+)['"]{QUOTE} | (?<![\w.])(?!(?i:{_NO_NAME})){QUOTE}(?P<old>{DOTTED})(?P<call>\(\))?{QUOTE})
    (?P<after>(?:\ {_NOUN}){{0,3}})
    (?:\ of\ [\w.]+(?:\(\))?)?
    \ (?:(?:is|was|has|has\ been|have\ been|will\ be|got|is\ being|is\ scheduled\ to\ be)(?:\ now)?
        \ (?:a\ deprecated\ alias|an?\ alias|deprecated|removed|renamed|replaced|moved|relocated|superseded|obsoleted?
          |discontinued|deleted|dropped|retired|gone|no\ longer\ (?:available|supported|provided|part|exported|in))
      |no\ longer\ exists|moved\ (?:to|into)|now\ (?:lives|resides))\b
    """,
    re.VERBOSE,
)

_HOMES = r"""(?:[Mm]oved|[Rr]elocated)\ (?:to|into|under) | [Mm]erged\ into | \b(?:lives|resides)\ in
        | \b(?:available|found|accessible|located|defined|provided|exists|importable)\ (?:in|at|from|through|via)
        | \b[Ii]mport(?:ed)?\ (?:it\ |this\ |them\ |directly\ )?from"""
"""What stands before the module that has the name now."""

_TARGET = re.compile(
    rf"""(?P<verb>
        \b(?:[Pp]lease\ |directly\ |explicitly\ |instead\ |Instead,\ |You\ should\ |you\ should\ )?(?:[Uu]se|[Cc]all|set|setting|[Pp]ass)
        | [Rr]enamed(?:\ to|\ as|\ into)? | [Rr]eplaced\ (?:by|with) | [Ii]n\ favou?r\ of | [Aa]lias\ (?:for|of)
        | available\ (?:as|under) | now\ (?:called|named|known\ as) | (?:[Ss]uperseded|subsumed|obsoleted)\ by
        | \b(?:[Ss]witch|[Mm]igrate|[Cc]hange\ (?:it|this|your\ code))\ (?:over\ )?to | \b[Cc]onsider\ (?:using|calling)
        | (?:replacement|successor)\ is | (?P<home>{_HOMES})
    )\ (?P<noun>(?:the\ )?(?:new(?:er)?\ )?(?:{_NOUN}\ ){{0,3}}(?:builtin\ )?)
    (?:{QUOTE}from\ {QUOTE}(?P<module>{DOTTED}){QUOTE}\ import\ {QUOTE}(?P<member>[A-Za-z_]\w*){QUOTE}
      |{QUOTE}(?P<keyword>\w+)=(?P<value>'[^']*'|"[^"]*"|[\w.]+){QUOTE}
      |(?P<quote>{QUOTE})(?P<new>{DOTTED})(?P<call>\([^)]*\))?(?P<index>\[[^\]]*\])?{QUOTE})
    (?=(?P<rest>.{{0,120}}))
    """,
    re.VERBOSE,
)

_ALTERNATIVE = re.compile(r"\s*(?:,? or |, ?[`'\"]|/| and [`'\"\w.]*[._`'\"]|\(or )")
_SHAPED = re.compile(r"\s*(?:instead )?(?:with |and pass |followed |on )")
_CLOSED = re.compile(
    r"\s*(?:instead|[.,;:(]|$|which is equivalent|for the same|since|in version|from version|by itself|builtin|as of|in v?\d"
    r"|in [A-Z]\w* v?\d|and (?:will|is going to) |(?:sub)?(?:module|package)\b|namespace\b)"
)
_CAVEAT = re.compile(
    r"Note that|\bsurprising\b|\b[Hh]owever,|[Bb]e aware|\bdefaults? [^.]{0,80}(?:has|have) changed|\bnot (?:a drop-in|equivalent|identical)|"
    r"\b(?:different|slightly different) (?:behaviou?r|signature|semantics|interface|order|default)"
)
"""What follows is not quite the same."""
_DIRECTION = re.compile(r"favo|upers|subsumed|obsoleted|onsider|witch|igrate|uccessor")
"""Verbs after which a name seldom does quite the same: good for moves alone."""
_CONDITION = re.compile(
    r"\b(?:To (?!avoid|keep|silence|suppress)|[Ff]or (?!example)|[Ii]f |[Ww]hen |In new )(?:[^.]|\.(?=\S))*$"
)
"""Advice for one purpose only: `To calculate ..., use ...`, `for regular grids use ...`."""
_CIRCUMSTANCE = re.compile(
    r"\b(?:with|without|as|assigning|passing|setting|calling|specifying|using|on|from)\s$", re.IGNORECASE
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
            hint = _hint(subject, target, before=stretch[: target.start()])
            # Also behind the next sentence that has a subject of its own.
            yield replace(hint, exact=False) if _CAVEAT.search(text, subject.end()) else hint


def _plausible(stretch: str) -> Iterator[re.Match[str]]:
    """Targets that are names beyond doubt: quoted, dotted, called, capitalised, or closed by `instead`."""
    for target in _TARGET.finditer(stretch):
        new = target["new"] or target["module"] or ""
        marked = (
            not new
            or target["quote"]
            or target["call"]
            or (new[:1].isupper() and not new.isupper())
            or re.search(r"[._\d]", new)
        )
        if marked or re.match(r"\s*(?:instead|since|in version|in v?\d|as of)\b", target["rest"]):
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
    if target["module"] or target["home"]:
        return _moved(target, old, exact=exact)
    new = target["new"].lstrip(".")
    if "builtin" in target["noun"] or target["rest"].startswith(" builtin"):
        return Hint(kind="builtin", old=old, new=new, exact=exact)
    parameter = _PARAMETER.search(subject["before"] + subject["after"])
    return Hint(kind="keyword" if parameter else "name", old=old, new=new, exact=exact and _same_place(old, new))


def _moved(target: re.Match[str], old: str, *, exact: bool) -> Hint:
    """Another module has it: under the name that is imported there, or under the one it had."""
    last = old.rpartition(".")[2]
    if target["module"]:
        new = f"{target['module']}.{target['member']}"
        return Hint(kind="name", old=old, new=new, exact=exact and moved(old, new))
    home = target["new"].lstrip(".")
    if home.rpartition(".")[2] == last:
        return Hint(kind="name", old=old, new=home, exact=exact and "." in home)
    # What is called or capitalised is no module: what has the name now is that thing itself, or in it.
    plain = not target["call"] and not home.rpartition(".")[2][:1].isupper()
    return Hint(kind="name", old=old, new=f"{home}.{last}" if plain else home, exact=exact and plain)


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
    if target["module"]:
        new = target["member"]
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
        or _CONDITION.search(before)
        or (_DIRECTION.search(target["verb"]) and not moved(old, new) and "setting" not in rest)
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
