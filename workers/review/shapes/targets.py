"""Does what a shape's edit would write exist in the artifact's environment? Asked before the edit is offered."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workers.protocols import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.contract.domain import Finding
    from workers.protocols import Answer

_POSITIONAL = "*"
"""Among the bad keywords of an answer: there are more positional arguments than the callable takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing that the environment has to have for an edit to work."""

    call: Question
    """The call as it will be: none of its arguments may be refused."""
    new: tuple[str, ...] = ()
    """Those of its keywords that the edit brings: they have to be seen to be taken."""
    of_class: str = ""
    """What made the receiver, dotted: only if that is a class does the question speak of what the receiver has."""
    arguments_only: bool = False
    """The name is where the library keeps it inside: that it stands elsewhere says nothing, that it refuses arguments does."""

    @property
    def brought(self) -> Question:
        """The name and what is new in its call. Whether a call binds as a whole often cannot be told."""
        return Question(name=self.call.name, keywords=self.new)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What to ask."""
        maker = (Question(name=self.of_class),) if self.of_class else ()
        return (self.call, self.brought, *maker)


def target(
    call: ast.Call,
    name: str,
    renamed: Mapping[str, str | None] | None = None,
    *,
    new: tuple[str, ...] = (),
    positional: bool = False,
) -> Target:
    """The target of a call that keeps its keywords but for `renamed` ones (to None: taken away) and gets `new` ones.

    With `positional` its other arguments stay where they are too.
    """
    changes = renamed or {}
    given = [one.arg for one in call.keywords if one.arg]
    kept = [keyword for keyword in given if keyword not in changes]
    brought = (*filter(None, (changes.get(keyword) for keyword in given)), *new)
    spread = any(isinstance(one, ast.Starred) for one in call.args)
    count = len(call.args) if positional and not spread else None
    return Target(call=Question(name=name, keywords=(*kept, *brought), positional=count), new=brought)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What each finding's edit needs, by the finding's id; a finding that is not in it needs nothing."""

    by_finding: Mapping[str, tuple[Target, ...]]

    @property
    def questions(self) -> tuple[Question, ...]:
        """All that is to be asked, each once."""
        asked = (one for targets in self.by_finding.values() for target in targets for one in target.questions)
        return tuple(dict.fromkeys(asked))

    def settled(self, found: Iterable[Finding], answers: Iterable[Answer]) -> list[Finding]:
        """The findings with what the environment said: no edit to what it does not have, none resolved that it did not show."""
        told = {answer.question: answer for answer in answers}
        return [_settled(finding, self.by_finding.get(finding.id, ()), told) for finding in found]


def _settled(finding: Finding, targets: tuple[Target, ...], told: Mapping[Question, Answer]) -> Finding:
    if finding.suggestion is None or not targets:
        return finding
    missing = list(dict.fromkeys(_missing(targets, told)))
    if missing:
        what = " and ".join(f"`{name}`" for name in missing)
        are = "is" if len(missing) == 1 else "are"
        return replace(
            finding,
            suggestion=None,
            message=f"{finding.message} ({what} {are} not in the installed version)",
            fix=f"{finding.fix} Not edited: {what} {are} not in the installed version.",
        )
    return replace(
        finding, suggestion=replace(finding.suggestion, resolved=all(_there(target, told) for target in targets))
    )


def _missing(targets: tuple[Target, ...], told: Mapping[Question, Answer]) -> Iterator[str]:
    """What the environment provably lacks."""
    for target in targets:
        answer = told.get(target.call)
        if answer is None or not _speaks_of_it(target, told):
            continue
        refused = sorted(f"{name}=" if name != _POSITIONAL else "..." for name in answer.bad_keywords)
        if refused:
            yield f"{target.call.name}({', '.join(refused)})"
        elif answer.status == "absent" and not target.arguments_only:
            yield target.call.name


def _there(target: Target, told: Mapping[Question, Answer]) -> bool:
    """True for what was seen and is not on its way out itself."""
    if target.arguments_only:
        return True
    answer = told.get(target.brought)
    return answer is not None and answer.status == "exists" and not answer.warning and _speaks_of_it(target, told)


def _speaks_of_it(target: Target, told: Mapping[Question, Answer]) -> bool:
    maker = told.get(Question(name=target.of_class)) if target.of_class else None
    return not target.of_class or (maker is not None and maker.status == "exists" and maker.kind == "class")
