"""Questions to an environment as the request for the program inside, and its lines as answers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workers.contract.errors import SandboxUnavailableError
from workers.protocols import Answer, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workers.sandbox.guestcall import Reply

RESOLVER = Path(__file__).parent / "guest" / "resolve.py"
"""The program, started by the environment's interpreter: `python -I RESOLVER`. It imports its siblings in the same folder."""

STATUSES = frozenset({"exists", "absent", "unimportable", "undecided"})
KINDS = frozenset({"module", "class", "function", "instance"})
_TEXT = 4000


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
    )


def _text(value: object) -> str:
    return value[:_TEXT] if isinstance(value, str) else ""


def _names(value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(name for name in items if isinstance(name, str))
