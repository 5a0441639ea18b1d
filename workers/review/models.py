"""Stale models: past their vendor's shutdown date, announced to end, or not what the owner prefers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.contract.domain import IssueType, Rung, Severity, Staleness, Suggestion
from workers.knowledge.vendors import Model, models, vendor_of
from workers.review.drafts import Draft, findings, replace
from workers.review.model_names import ModelName, model_names

if TYPE_CHECKING:
    from datetime import date

    from workers.contract.business import BusinessRules
    from workers.contract.domain import Finding
    from workers.protocols import Document

_SAME_CALL = frozenset({"chat", "image", "audio", "video", "moderation", "rerank"})
"""Kinds whose successor answers the same call; the others change the endpoint or the size of every vector."""
_DIMENSIONS = re.compile(r"\b(?:1536|3072)\b|\bdim\w*['\"]?\s*[=:]\s*\d|\bsize\s*=\s*\d{3,}")


def find(document: Document, rules: BusinessRules, as_of: date) -> tuple[Finding, ...]:
    """Every literal that names a stale model, with its replacement where one string is enough."""
    sized = any(cell.kind == "code" and _DIMENSIONS.search(cell.source) for cell in document.cells)
    drafts: list[Draft] = []
    for named in model_names(document.cells):
        draft = _draft(document, named, rules, as_of, sized=sized)
        if draft is not None:
            drafts.append(draft)
    return findings(document, drafts)


def stale_preferences(rules: BusinessRules, as_of: date) -> tuple[str, ...]:
    """Sentences about preferred models that are themselves past their end or near it: the owner's to decide."""
    told: list[str] = []
    for name in (rules.preferred_chat_model, rules.preferred_embedding_model):
        model = models().get(name or "")
        if model is not None and model.retired(as_of):
            told.append(f"The preferred model {model.name} was shut down on {model.shutdown} ({model.source}).")
        elif model is not None and model.deprecated(as_of):
            told.append(f"The preferred model {model.name} ends on {model.shutdown} ({model.source}).")
    return tuple(told)


def preferred(name: str, rules: BusinessRules) -> str | None:
    """The owner's model for what `name` is used for; None where the owner has no opinion on it.

    A table's model counts only where the preferred one is its vendor's: another vendor's client would not take it.
    """
    if name in {rules.preferred_chat_model, rules.preferred_embedding_model}:
        return None
    model = models().get(name)
    named = name in rules.deprecated_models
    if model is None and not named:
        return None
    kind = model.kind if model else ("embedding" if "embed" in name else "chat")
    wanted = {"chat": rules.preferred_chat_model, "embedding": rules.preferred_embedding_model}.get(kind)
    if wanted is None or (not named and vendor_of(wanted) != vendor_of(name)):
        return None
    return wanted


def _draft(document: Document, named: ModelName, rules: BusinessRules, as_of: date, *, sized: bool) -> Draft | None:
    if named.name in {rules.preferred_chat_model, rules.preferred_embedding_model}:
        return None
    model = models().get(named.name)
    wanted = preferred(named.name, rules)
    judged = _judge(named.name, model, rules, wanted, as_of)
    if judged is None:
        return None
    staleness, rung, message = judged
    new = wanted or (_successor(model, as_of) if model else None)
    unlock = _unlock(named, model, new, sized=sized)
    edit = replace(document.cells[named.cell], named.start, named.end, new or "")
    return Draft(
        cell=named.cell,
        offset=named.start,
        rule=f"models/{staleness.value}",
        anchor=named.name,
        message=f"{message}{_who_chose(model, new, wanted)}",
        issue_type=IssueType.STALE_MODEL,
        severity=Severity.HIGH if staleness is Staleness.RETIRED else Severity.MEDIUM,
        staleness=staleness,
        rung=rung,
        evidence=_evidence(model),
        fix=f"Use {new}." if new else f"The vendor names {model.successor}." if model and model.successor else "",
        unlock=unlock,
        suggestion=Suggestion(edits=(edit,), resolved=True) if new and not unlock else None,
    )


def _who_chose(model: Model | None, new: str | None, wanted: str | None) -> str:
    """Who says what comes instead: a run whose output is the same proves nothing about a model that is never called."""
    if model is None or new is None or new == wanted:
        return ""
    return f"; {new} is its vendor's successor by the page of {model.as_of}, and was not called"


def _judge(
    name: str, model: Model | None, rules: BusinessRules, wanted: str | None, as_of: date
) -> tuple[Staleness, Rung, str] | None:
    """Class, rung and message; None for a model that nobody calls stale."""
    if model is not None and model.retired(as_of):
        return Staleness.RETIRED, Rung.E3, f"{name} was shut down on {model.shutdown}"
    if wanted is not None:
        return Staleness.POLICY, Rung.E2, f"{name} is not the preferred model {wanted}"
    if name in rules.deprecated_models:
        return Staleness.POLICY, Rung.E2, f"{name} is among the owner's deprecated models"
    if model is not None and model.deprecated(as_of):
        end = f"ends on {model.shutdown}" if model.shutdown else "is deprecated by its vendor"
        return Staleness.DEPRECATED, Rung.E2, f"{name} {end}"
    return None


def _successor(model: Model, as_of: date) -> str | None:
    """The end of the line of successors, as long as it is served and the same call takes it."""
    seen: set[str] = set()
    name, following = model.successor, models().get(model.successor or "")
    while following is not None and following.successor and following.deprecated(as_of) and name not in seen:
        seen.add(following.name)
        name, following = following.successor, models().get(following.successor)
    ended = following is not None and following.retired(as_of)
    return None if ended or model.kind not in _SAME_CALL else name


def _unlock(named: ModelName, model: Model | None, new: str | None, *, sized: bool) -> str:
    """What keeps one string from being enough; empty when nothing does."""
    if named.deployment:
        return "A deployment carries the account's own name: create one of a current model and name it here."
    if new is None:
        return "Choose a model: its vendor's successor needs another call or another index."
    if model is not None and model.kind == "embedding" and sized:
        return f"{new} makes vectors of another size, and the document states a size: change both and build the index anew."
    return ""


def _evidence(model: Model | None) -> str:
    if model is None:
        return ""
    told = f"announced {model.announced}; " if model.announced else ""
    end = f"shutdown {model.shutdown}; " if model.shutdown else ""
    return f"{told}{end}{model.source} as of {model.as_of}"
