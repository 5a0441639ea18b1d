"""Stale models: past their vendor's shutdown date, announced to end, or not what the owner prefers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - a field's type, read by who looks at the class
from typing import TYPE_CHECKING

from workers.contract.business import BusinessRules
from workers.contract.domain import IssueType, Rung, Severity, Staleness, Suggestion
from workers.knowledge.vendors import Model, model_of, models, vendor_of
from workers.review.drafts import Draft, findings, replace
from workers.review.models.choices import Stale, form
from workers.review.models.clients import Clients, clients
from workers.review.models.names import ADDRESS, ModelName, in_addresses, in_prose, model_names
from workers.review.screen import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.domain import Finding
    from workers.protocols import Document

_SAME_CALL = frozenset({"chat", "image", "audio", "video", "moderation", "rerank"})
"""Kinds whose successor answers the same call; the others change the endpoint or the size of every vector."""
_EVERYDAY: dict[str, str] = {
    **dict.fromkeys(("ada", "babbage", "curie", "davinci", "o1", "o3"), "openai"),
    **dict.fromkeys(("command", "command-light", "command-r", "command-r-plus"), "cohere"),
}
"""Names that are words or other people's models as well -> the vendor that has to be spoken of."""
_GATEWAYS = frozenset({"openai/", "anthropic/", "google/", "mistral/", "cohere/"})
_NOBODYS = BusinessRules()
_QUOTED = re.compile(r"(?<=['\"/])[A-Za-z0-9][\w.:@-]*(?=['\"])")
_DIMENSIONS = re.compile(r"\b(?:1536|3072)\b|\bdim\w*['\"]?\s*[=:]\s*\d|\bsize\s*=\s*\d{3,}")


def find(document: Document, rules: BusinessRules, as_of: date) -> tuple[Finding, ...]:
    """Every place that names a stale model, with its replacement where one string is enough.

    Prose is a finding only beside code that is: it follows what the code does.
    """
    if not _may_name(spoken(document).text, rules):
        return ()
    about = _About(
        rules=rules,
        as_of=as_of,
        clients=clients(document.cells),
        sized=any(cell.kind == "code" and _DIMENSIONS.search(cell.source) for cell in document.cells),
    )
    named = [one for one in model_names(document.cells) if _is_meant(one, about.clients)]
    addressed = list(in_addresses(document.cells))
    drafts = [draft for one in (*named, *addressed) if (draft := _draft(document, one, about)) is not None]
    drafts += _forms(document, named, about)
    mended = {draft.anchor for draft in drafts if draft.suggestion is not None}
    prose = [one for one in in_prose(document.cells) if one.name in mended] if mended else []
    drafts += [draft for one in prose if (draft := _draft(document, one, about)) is not None]
    return findings(document, drafts)


def _may_name(source: str, rules: BusinessRules) -> bool:
    """Whether a quoted word of the source is a model of the table or of the owner's: most documents have none."""
    if ADDRESS.search(source):
        return True
    quoted = set(_QUOTED.findall(source))
    words = quoted.union(found.partition(":")[2] for found in quoted)
    return any(model_of(word) is not None or word in rules.deprecated_models for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What a name is judged by."""

    rules: BusinessRules
    as_of: date
    clients: Clients
    sized: bool
    """The document states the size of a vector."""


def _is_meant(named: ModelName, used: Clients) -> bool:
    """False for everyday words of a document that speaks of no such vendor, and for names that are a gateway's own."""
    if used.gateway and named.prefix in _GATEWAYS:
        return False
    vendor = _EVERYDAY.get(named.name)
    return vendor is None or vendor in used.mentioned


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
    model = model_of(name)
    named = name in rules.deprecated_models
    if not named and (model is None or name.startswith("ft:")):
        return None
    kind = model.kind if model else ("embedding" if "embed" in name else "chat")
    wanted = {"chat": rules.preferred_chat_model, "embedding": rules.preferred_embedding_model}.get(kind)
    if wanted is None or (not named and vendor_of(wanted) != vendor_of(name)):
        return None
    return wanted


def _draft(document: Document, named: ModelName, about: _About) -> Draft | None:
    rules = about.rules
    if named.name in {rules.preferred_chat_model, rules.preferred_embedding_model}:
        return None
    model = model_of(named.name)
    if model is not None and (about.clients.vertex or named.prefix == "vertex_ai/"):
        model = model.on_vertex()
    wanted = preferred(named.name, rules)
    judged = _judge(named.name, model, rules, wanted, about.as_of)
    if judged is None:
        return None
    if named.deployment or (about.clients.azure and model is not None and model.vendor == "openai"):
        return _deployment(named, judged[2])
    staleness, rung, message = judged
    new, needs = (wanted, "") if wanted else _successor(model, about.as_of) if model else (None, "")
    unlock = needs or _unlock(named, model, new, about)
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


def _forms(document: Document, named: Sequence[ModelName], about: _About) -> list[Draft]:
    """Choices beside names, where the names are those of the vendor."""
    if about.clients.azure or about.clients.gateway:
        return []
    every = (form(document, one, lambda name: _stale(name, about)) for one in named if one.whole and not one.deployment)
    return [one for one in every if one is not None]


def _stale(name: str, about: _About) -> Stale | None:
    model = model_of(name)
    model = model.on_vertex() if model is not None and about.clients.vertex else model
    judged = _judge(name, model, _NOBODYS, None, about.as_of)
    if model is None or judged is None:
        return None
    new, needs = _successor(model, about.as_of)
    usable = not needs and model.vendor not in about.clients.outgrown
    return Stale(staleness=judged[0], message=judged[2], evidence=_evidence(model), new=new if usable else None)


def _deployment(named: ModelName, message: str) -> Draft:
    """A deployment is the account's: what it is called proves nothing about the model in it."""
    return Draft(
        cell=named.cell,
        offset=named.start,
        rule="models/deployment",
        anchor=named.name,
        message=f"a deployment is named like a model of which its vendor says: {message}",
        issue_type=IssueType.STALE_MODEL,
        severity=Severity.LOW,
        staleness=Staleness.READER,
        rung=Rung.E1,
        unlock="A deployment carries the account's own name: look up which model it holds, Azure dates models by itself.",
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


def _successor(model: Model, as_of: date) -> tuple[str | None, str]:
    """The end of the line of successors, as long as it is served and the same call takes it; and what else it needs."""
    seen: set[str] = set()
    needs = _needs(model)
    name, following = model.successor, models().get(model.successor or "")
    while following is not None and following.successor and following.deprecated(as_of) and name not in seen:
        seen.add(following.name)
        needs = needs or _needs(following)
        name, following = following.successor, models().get(following.successor)
    ended = following is not None and following.shutdown is not None and following.shutdown <= as_of
    return (None if ended or model.kind not in _SAME_CALL or model.vendor == "bedrock" else name), needs


def _needs(model: Model) -> str:
    return f"The vendor's successor {model.successor or ''} needs {model.needs}." if model.needs else ""


def _unlock(named: ModelName, model: Model | None, new: str | None, about: _About) -> str:
    """What keeps one string from being enough; empty when nothing does."""
    if new is None:
        return "Choose a model: its vendor's successor needs another call or another index."
    if not named.whole:
        return f"The name is put together: use {new} where its parts come from."
    if model is not None and model.vendor in about.clients.outgrown:
        return f"{new} does not answer the calls made here: change them first."
    if model is not None and model.kind == "embedding" and about.sized:
        return f"{new} makes vectors of another size, and the document states a size: change both and build the index anew."
    return ""


def _evidence(model: Model | None) -> str:
    if model is None:
        return ""
    told = f"announced {model.announced}; " if model.announced else ""
    end = f"shutdown {model.shutdown}; " if model.shutdown else ""
    return f"{told}{end}{model.source} as of {model.as_of}"
