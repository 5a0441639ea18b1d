"""Questions to an environment as the request for the program inside, and its lines as answers."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workers.contract.errors import SandboxUnavailableError
from workers.protocols import Answer, BadValue, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workers.sandbox.guestcall import Reply

RESOLVER = Path(__file__).parent / "guest" / "resolve.py"
"""The program, started by the environment's interpreter: `python -I RESOLVER`. It imports its siblings in the same folder."""

STATUSES = frozenset({"exists", "absent", "unimportable", "undecided"})
KINDS = frozenset({"module", "class", "function", "instance"})
_TEXT = 4000
_PARTS = 4
_WORD = re.compile(r"[\w.+-]{1,100}")


def request(questions: Sequence[Question], path: Sequence[str]) -> dict[str, Any]:
    """The request; `path` are directories as the program sees them, for the end of `sys.path`."""
    return {"questions": [asdict(question) for question in questions], "path": list(path)}


def told(questions: Sequence[Question], reply: Reply) -> tuple[Answer, ...]:
    """What a reply answers, in the order of the questions.

    Raises:
        SandboxUnavailableError: the resolver never spoke; nothing was learned about the environment.
    """
    if not reply.lines:
        raise SandboxUnavailableError(f"The box did not start: {reply.stderr.strip() or reply.ended}")
    return answers(questions, reply.lines, f"the environment did not answer {reply.ended}".strip())


def answers(questions: Sequence[Question], lines: Iterable[Mapping[str, Any]], missing: str) -> tuple[Answer, ...]:
    """One answer per question, in their order.

    What came out of a box is a stranger's word: fields of a wrong type are dropped, a question without a usable line is
    undecided, and `missing` says why.
    """
    said: dict[int, Mapping[str, Any]] = {}
    for line in lines:
        if line.get("event") == "answer" and isinstance(line.get("index"), int) and line.get("status") in STATUSES:
            said.setdefault(line["index"], line)
    return tuple(
        _answer(question, said[index])
        if index in said
        else Answer(question=question, status="undecided", message=missing)
        for index, question in enumerate(questions)
    )


def _answer(question: Question, line: Mapping[str, Any]) -> Answer:
    asked = {*question.keywords, "*"}
    return Answer(
        question=question,
        status=line["status"],
        bad_keywords=tuple(name for name in _names(line.get("bad_keywords")) if name in asked),
        parameters=_names(line.get("parameters")),
        message=_text(line.get("message")),
        missing_at=_text(line.get("missing_at")),
        kind=_text(line.get("kind")) if line.get("kind") in KINDS else "",
        warning=_text(line.get("warning")),
        owner=_dotted(line.get("owner")),
        bad_values=tuple(_bad_values(question, line.get("bad_values"))),
    )


def _bad_values(question: Question, value: object) -> Iterator[BadValue]:
    """Those about arguments that were asked about."""
    asked = {argument for argument, _ in question.values}
    for item in cast("list[object]", value) if isinstance(value, list) else []:
        parts = _names(item)
        if len(parts) == _PARTS and parts[0] in asked:
            argument, status, words, instead = parts
            yield BadValue(
                argument=argument, words=words[:_TEXT], deprecated=status == "deprecated", instead=_word(instead)
            )


def _dotted(value: object) -> str:
    text = _text(value)
    return text if all(part.isidentifier() for part in text.split(".")) else ""


def _word(text: str) -> str:
    """A replacement that may stand between quotes: nothing that could end them."""
    return text if _WORD.fullmatch(text) else ""


def _text(value: object) -> str:
    return value[:_TEXT] if isinstance(value, str) else ""


def _names(value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(name for name in items if isinstance(name, str))
