"""Symbol rules applied to a document: what is stale in the environment that runs it, and the edit that follows.

Names are followed through imports and assignments; strings, comments, file names and whatever only looks like the name
are left alone. Pure: what the environment really has is asked with `questions` and read back with `with_resolution`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, IssueType, Rung, Severity, Staleness, Suggestion
from workers.contract.written import NO_PACKAGE
from workers.knowledge import facts
from workers.knowledge.rule import BUILTINS, Keyword, Pattern, Symbol, Value, judge
from workers.protocols import Question
from workers.review import patterns
from workers.review.arguments import arguments as stale_arguments
from workers.review.code import Code
from workers.review.drafts import Draft, findings
from workers.review.matches import Index, Match
from workers.review.moves import imports
from workers.review.screen import spoken
from workers.review.symbols import attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from workers.contract.domain import Finding
    from workers.knowledge.rule import Packs, Rule, Verdict, Version
    from workers.protocols import Answer, Document, Environment


_MINED = "mined/"
"""First part of the ids of facts that were read out of the packages themselves."""


def find(document: Document, packs: Packs, environment: Environment, *, as_of: date) -> tuple[Finding, ...]:
    """Everything the packs know to be stale in `environment`, in document order; rung E2.

    The class comes from the installed version. A package that is not installed gives a finding whose suggestion is not
    resolved: nothing proves it.
    """
    active = {rule.id: (rule, verdict) for rule in _speaking(document, packs) if (verdict := judge(rule, environment))}
    if not active:
        return ()
    usable = [_usable(rule, verdict, as_of) for rule, verdict in active.values()]
    drafts = [_draft(match, *active[match.rule.id], as_of) for match in _matches(document, packs.makes, usable)]
    return findings(document, drafts)


def _speaking(document: Document, packs: Packs) -> Iterator[Rule]:
    """The rules that may hold somewhere. A document of which none speaks is not parsed."""
    if document.language == "python":
        said = spoken(document)
        yield from packs.speaking(said)
        mined = facts.rules_for(said.bound, said.words) if packs.with_mined else ()
        yield from (rule for rule in mined if packs.speaks(rule.change, said))
    yield from patterns.speaking(document, packs)


def questions(found: Iterable[Finding], packs: Packs) -> tuple[Question, ...]:
    """What to ask the environment so that `with_resolution` can say more, each question once."""
    asked = (question for finding in found for question in _questions(finding, _rule(finding.rule, packs)))
    return tuple(dict.fromkeys(asked))


def with_resolution(found: Iterable[Finding], answers: Iterable[Answer], packs: Packs) -> tuple[Finding, ...]:
    """The findings with what the environment said.

    An old name that is absent is E4 and broken; a target that resolves may be edited in, one that does not takes its
    edit along.
    """
    by_question = {answer.question: answer for answer in answers}
    return tuple(_resolved(finding, _rule(finding.rule, packs), by_question) for finding in found)


def _rule(identity: str, packs: Packs) -> Rule | None:
    """The rule of a finding; one that was mined is looked up by the name it speaks of."""
    if not identity.startswith(_MINED):
        return packs.rule(identity)
    name = identity.removeprefix(_MINED).partition("/")[2].partition("-")[0]
    return next((rule for rule in facts.targets(name) if rule.id == identity), None)


def _usable(rule: Rule, verdict: Verdict, as_of: date) -> Rule:
    """The rule without its target where that is retired, or not yet in the installed version."""
    if not _retired(rule, as_of) and (verdict.installed is None or verdict.reachable):
        return rule
    return replace(rule, change=replace(rule.change, new=None))


def _retired(rule: Rule, as_of: date) -> bool:
    return rule.target_until is not None and rule.target_until < as_of


def _matches(document: Document, makes: Mapping[str, str], rules: Sequence[Rule]) -> Iterator[Match]:
    index = Index(rules)
    code = Code(document, makes)
    called = code.renamed(index.calls)
    for cell in code.cells_with(index.last, called) if index else ():
        yield from attributes(code, cell, index)
        yield from imports(code, cell, index)
        yield from stale_arguments(code, cell, index, called)
    yield from patterns.matches(document, code, rules)


def _draft(match: Match, rule: Rule, verdict: Verdict, as_of: date) -> Draft:
    broken = verdict.staleness is Staleness.BROKEN
    suggestion = _suggestion(match, verdict)
    return Draft(
        cell=match.cell,
        offset=match.start,
        rule=rule.id,
        anchor=match.anchor,
        message=_message(rule, verdict),
        issue_type=IssueType.DEPRECATED_API,
        severity=rule.severity or (Severity.HIGH if broken else Severity.MEDIUM),
        staleness=verdict.staleness,
        # What holds nowhere in particular is the word that a rule was stopped: for a reader, and nothing to mend.
        rung=Rung.E2 if match.anchor else Rung.E1,
        cause=Cause.CODE,
        evidence=f"{rule.source} (as of {rule.as_of.isoformat()})",
        fix=_fix(match, rule, verdict, as_of),
        suggestion=suggestion,
    )


def _suggestion(match: Match, verdict: Verdict) -> Suggestion | None:
    edits, _ = match.mended
    if not edits:
        return None
    target = None if (match.target or "").startswith(BUILTINS) else match.target
    # What was mined is edited in when the environment itself says that the target is there, and not before.
    proven = verdict.installed is not None and target is None and not match.rule.id.startswith(_MINED)
    return Suggestion(edits=edits, target=target, resolved=proven)


def _fix(match: Match, rule: Rule, verdict: Verdict, as_of: date) -> str:
    """The direction in words, and why it was not taken where it was not."""
    if _retired(rule, as_of):
        return f"The target is retired since {rule.target_until}: a person has to choose another."
    edits, note = match.mended
    said = [_direction(rule), rule.message]
    if verdict.installed and not verdict.reachable:
        said.append(f"The installed {rule.package} {verdict.installed} does not have it yet.")
    elif not edits and note:
        said.append(f"Not edited: {note}.")
    return " ".join(part for part in said if part)


def _message(rule: Rule, verdict: Verdict) -> str:
    gate = rule.gate
    if rule.package == NO_PACKAGE:
        return f"{_stale(rule)} is not what this repository wants."
    said = [f"was deprecated in {rule.package} {_dotted(gate.deprecated)}"] if gate.deprecated else []
    said += [f"was removed in {rule.package} {_dotted(gate.removed)}"] if gate.removed else []
    installed = f"installed: {verdict.installed}" if verdict.installed else "not installed here"
    return f"{_stale(rule)} {' and '.join(said)} ({installed})."


def _dotted(gate: Version) -> str:
    return ".".join(map(str, gate))


def _stale(rule: Rule) -> str:
    match rule.change:
        case Symbol(old=old):
            return f"`{old}`"
        case Keyword(old=old, calls=calls):
            return f"The keyword `{old}` of `{calls[0]}`"
        case Value(old=old):
            return f"The value `{old}`"
        case Pattern(old=old):
            return f"Code like `{old}`"


def _direction(rule: Rule) -> str:
    change = rule.change
    if isinstance(change, Keyword) and change.drop:
        return "Leave it out."
    return f"Use `{change.new.removeprefix(BUILTINS)}`." if change.new else ""


def _questions(finding: Finding, rule: Rule | None) -> Iterator[Question]:
    target = finding.suggestion.target if finding.suggestion else None
    match rule.change if rule else None:
        case Symbol(old=old):
            yield Question(name=old)
            if target:
                yield Question(name=target)
        case Keyword(old=old, new=new) if target:
            yield Question(name=target, keywords=(old,))
            if new:
                yield Question(name=target, keywords=(new,))
        case Pattern() if target:
            yield Question(name=target)
        case _:
            return


def _resolved(finding: Finding, rule: Rule | None, answers: Mapping[Question, Answer]) -> Finding:
    if rule is None or isinstance(rule.change, Value):
        return finding
    asked = list(_questions(finding, rule))
    if isinstance(rule.change, Pattern):
        return _with_target(finding, rule, answers.get(asked[0]) if asked else None)
    old = answers.get(asked[0]) if asked else None
    new = answers.get(asked[1]) if len(asked) > 1 else None
    return _with_target(_with_old(finding, rule, old), rule, new)


def _with_old(finding: Finding, rule: Rule, answer: Answer | None) -> Finding:
    """What the environment says of the stale name."""
    if answer is None:
        return finding
    said = answer.message or answer.warning
    seen = replace(finding, evidence=f"{said[:300]} {finding.evidence}") if said else finding
    if isinstance(rule.change, Symbol) and answer.status == "absent":
        return replace(seen, rung=Rung.E4, staleness=Staleness.BROKEN, severity=rule.severity or Severity.HIGH)
    if answer.bad_keywords:
        # The class stays with the gate: a decorator may still take a keyword that the signature has lost.
        return replace(seen, rung=Rung.E4)
    return replace(seen, rung=Rung.E3) if answer.warning else finding


def _with_target(finding: Finding, rule: Rule, answer: Answer | None) -> Finding:
    """What the environment says of the target."""
    if finding.suggestion is None:
        return finding
    if isinstance(rule.change, Keyword) and rule.change.drop:
        return replace(finding, suggestion=replace(finding.suggestion, resolved=True))
    if answer is None:
        return finding
    fits = not answer.bad_keywords and answer.status == "exists"
    if fits:
        return replace(finding, suggestion=replace(finding.suggestion, resolved=True))
    if answer.status in {"absent", "unimportable"} or answer.bad_keywords:
        missing = answer.question.name + "".join(f"({name}=)" for name in answer.bad_keywords)
        return replace(finding, suggestion=None, fix=f"{finding.fix} Not edited: `{missing}` does not resolve here.")
    return finding
