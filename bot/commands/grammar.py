"""The words of a command: a closed grammar. What does not fit is refused with one of the sentences here, never quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bot.commands.command import Command, Fault, Malformed, Question, Reading, Unclear, Verb
from bot.commands.place import TooLongError, find
from bot.commands.spelling import inside, is_plain, looks_like_path

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 4000
"""Characters of a command with its guidance."""
MOST_PATHS = 20
MOST_ITERATIONS = 20


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    at: int
    quoted: bool


@dataclass(slots=True)
class _Head:
    """What stands before the guidance."""

    paths: list[str] = field(default_factory=list[str])
    options: dict[str, str] = field(default_factory=dict[str, str])
    used: int = 0
    """Words."""


_WORDS = re.compile(r'"(?P<double>[^"]*)"(?=[ \t]|$)|`(?P<tick>[^`]*)`(?=[ \t]|$)|(?P<plain>[^ \t]+)')
_OPTIONS = {"--iterations": Fault.ITERATIONS, "--engine": Fault.ENGINE}
_ITERATIONS = re.compile(r"[1-9][0-9]?", re.ASCII)
_ENGINE = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_FINDING = re.compile(r"[0-9a-f]{4,64}", re.ASCII)
_ALONE = frozenset({Verb.STATUS, Verb.STOP, Verb.RETRY, Verb.REBASE, Verb.RECREATE, Verb.REVERT})
_VERBS = frozenset(verb.value for verb in Verb if verb is not Verb.REPAIR)


def parse(body: str) -> Reading | None:
    """The first command of a comment; None where there is none."""
    try:
        found = find(body)
    except TooLongError:
        return Malformed(Fault.TOO_LONG)
    if found is None:
        return None
    if len(found.line) + len(found.after) > LONGEST:
        return Malformed(Fault.TOO_LONG)
    if not is_plain(found.line) or not is_plain(found.after):
        return Malformed(Fault.CHARACTERS)
    words = _words(found.line)
    if words and not words[0].quoted and words[0].text in _VERBS:
        return _verb(Verb(words[0].text), words[1:], found.line, found.after)
    return _repair(words, found.line, found.after)


def _words(line: str) -> list[_Word]:
    return [
        _Word(match.group(match.lastgroup or 0), match.start(), match.lastgroup != "plain")
        for match in _WORDS.finditer(line)
    ]


def _verb(verb: Verb, words: Sequence[_Word], line: str, after: str) -> Reading:
    if verb is Verb.HELP:
        return Command(verb=verb)
    if verb in _ALONE:
        return Malformed(Fault.ALONE) if words else Command(verb=verb)
    if verb in {Verb.CONTINUE, Verb.NOTE}:
        guidance = _guidance(words, line, after)
        return Command(verb=verb, guidance=guidance) if guidance else Malformed(Fault.NO_WORDS)
    if verb is Verb.EXPLAIN:
        fits = len(words) == 1 and _FINDING.fullmatch(words[0].text)
        return Command(verb=verb, finding=words[0].text) if fits else Malformed(Fault.ONE_FINDING)
    if len(words) != 1:
        return Malformed(Fault.ONE_PATH)
    path = inside(words[0].text)
    return Malformed(Fault.PATH) if path is None else Command(verb=verb, paths=(path,))


def _repair(words: Sequence[_Word], line: str, after: str) -> Reading:
    head = _head(words)
    if isinstance(head, Fault):
        return Malformed(head)
    rest = words[head.used :]
    doubt = _doubt(rest, alone=not head.used and not after)
    if doubt is not None:
        return doubt
    iterations = head.options.get("--iterations")
    return Command(
        verb=Verb.REPAIR,
        paths=tuple(dict.fromkeys(head.paths)),
        iterations=int(iterations) if iterations else None,
        engine=head.options.get("--engine"),
        guidance=_guidance(rest, line, after),
    )


def _head(words: Sequence[_Word]) -> _Head | Fault:
    """Paths and options in any order; the first word that is neither begins the guidance."""
    head = _Head()
    while head.used < len(words):
        word = words[head.used]
        if word.text.startswith("--") and not word.quoted:
            fault = _option(head, words)
        elif looks_like_path(word.text):
            fault = _path(head, word)
        else:
            break
        if fault is not None:
            return fault
    return head


def _option(head: _Head, words: Sequence[_Word]) -> Fault | None:
    name, joined, value = words[head.used].text.partition("=")
    if name not in _OPTIONS or name in head.options:
        return Fault.OPTION
    if not joined:
        head.used += 1
        value = words[head.used].text if head.used < len(words) else ""
    head.used += 1
    head.options[name] = value
    if name == "--engine":
        return None if _ENGINE.fullmatch(value) else Fault.ENGINE
    return None if _ITERATIONS.fullmatch(value) and int(value) <= MOST_ITERATIONS else Fault.ITERATIONS


def _path(head: _Head, word: _Word) -> Fault | None:
    path = inside(word.text)
    if path is None:
        return Fault.PATH
    if len(head.paths) == MOST_PATHS:
        return Fault.MANY_PATHS
    head.paths.append(path)
    head.used += 1
    return None


def _doubt(rest: Sequence[_Word], *, alone: bool) -> Malformed | Unclear | None:
    """Why these words had better not be taken for guidance; `alone` when nothing else was said."""
    if not rest:
        return None
    first = rest[0].text
    if looks_like_path(first.rstrip(",;:.")):
        return Malformed(Fault.SEPARATOR)
    if any(word.text.partition("=")[0] in _OPTIONS for word in rest):
        return Malformed(Fault.OPTION_LATE)
    if alone and len(first) > 3 and get_close_matches(first.casefold(), _VERBS, n=1, cutoff=0.8):  # noqa: PLR2004  # `not` is no `note`
        return Unclear(Question.NEAR_VERB)
    return Unclear(Question.BARE_WORD) if alone and len(rest) == 1 else None


def _guidance(words: Sequence[_Word], line: str, after: str) -> str:
    said = line[words[0].at :] if words else ""
    return f"{said}\n{after}".strip()
