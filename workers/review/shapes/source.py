"""Shape rules: calls whose form changed, not only their name.

Off unless the owner's business rules name them. On without being asked where the installed version no longer has the old form, and
where it warns of a form that its library itself deprecates (`class: deprecated` of the shape). A rule whose target is itself being shut down keeps its finding and offers no edit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Staleness
from workers.knowledge.shape import shapes
from workers.review.drafts import findings
from workers.review.screen import spoken
from workers.review.shapes import chromadb, libraries, qdrant, rename
from workers.review.shapes.anthropic import messages as anthropic
from workers.review.shapes.genai import moves as genai
from workers.review.shapes.mistral import client as mistral
from workers.review.shapes.openai import client as openai_client
from workers.review.shapes.openai import responses as openai
from workers.review.shapes.openai import tools
from workers.review.shapes.pandas import calls as pandas
from workers.review.shapes.pinecone import client as pinecone
from workers.review.shapes.shape import Code, Hit, Mandate, draft
from workers.review.shapes.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from workers.contract.business import BusinessRules
    from workers.contract.domain import Finding
    from workers.knowledge.shape import Shape
    from workers.protocols import Document, Environment

RULES: dict[str, Callable[[Code, Mandate], Iterator[Hit]]] = {
    "chat-completions-to-responses": openai.find,
    "functions-to-tools": tools.find,
    "oaieval-to-evals-api": rename.oaieval,
    "openai-module-to-client": openai_client.find,
    "pandas-append-to-concat": pandas.append,
    "pandas-fillna-method": pandas.fillna,
    "pandas-scatter-plot": pandas.scatter_plot,
    "pinecone-module-to-client": pinecone.find,
    "anthropic-completions-to-messages": anthropic.find,
    "chromadb-settings-to-clients": chromadb.find,
    "google-generativeai-to-genai": genai.find,
    "mistral-client-to-mistral": mistral.find,
    "qdrant-search-to-query-points": qdrant.find,
    **libraries.RULES,
}
"""Rule by the id of its shape."""

WORDS = {
    "chat-completions-to-responses": "completions",
    "functions-to-tools": "parameters",
    "oaieval-to-evals-api": "oaieval",
    "openai-module-to-client": "openai",
    "pandas-append-to-concat": "append",
    "pandas-fillna-method": "fillna",
    "pandas-scatter-plot": "scatter_plot",
    "pinecone-module-to-client": "pinecone",
    "anthropic-completions-to-messages": "completions",
    "chromadb-settings-to-clients": "chromadb",
    "google-generativeai-to-genai": "generativeai",
    "mistral-client-to-mistral": "mistralai",
    "qdrant-search-to-query-points": "search",
    **libraries.WORDS,
}
"""A word without which the rule cannot hold: most documents have none of them and are not read any further."""

_OWN = Mandate(rule="shapes/own-rename", staleness=Staleness.POLICY, evidence="the owner's business rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Stale forms, and what their edits need of the environment."""

    findings: tuple[Finding, ...]
    targets: Targets


def find(document: Document, environment: Environment, rules: BusinessRules, as_of: date) -> Shapes:
    """Every stale form that the owner names or that the environment no longer has.

    What is resolved is told by a table of versions alone, until `targets` have been asked and settled.
    """
    text = spoken(document).text
    mandates = [
        (rule, _mandate(shapes()[name], environment, rules, as_of))
        for name, rule in RULES.items()
        if WORDS[name] in text
    ]
    wanted = [(rule, mandate) for rule, mandate in mandates if mandate is not None]
    renames = [mapping for mapping in rules.modernize if mapping.rule is None]
    if not wanted and not renames:
        return Shapes(findings=(), targets=Targets(by_finding={}))
    code = Code.of(document)
    hits = [(hit, mandate) for rule, mandate in wanted for hit in rule(code, mandate)]
    hits += [(hit, _OWN) for mapping in renames for hit in rename.renames(code, mapping)]
    return _shapes(document, hits)


def _shapes(document: Document, hits: list[tuple[Hit, Mandate]]) -> Shapes:
    # In the order of findings, so that each finding stands beside its hit.
    hits.sort(key=lambda each: (each[0].site.cell, each[0].start, each[1].rule))
    made = findings(document, [draft(hit, mandate) for hit, mandate in hits])
    needs = {finding.id: hit.needs for finding, (hit, _) in zip(made, hits, strict=True) if finding.suggestion}
    return Shapes(findings=made, targets=Targets(by_finding=needs))


def _mandate(shape: Shape, environment: Environment, rules: BusinessRules, as_of: date) -> Mandate | None:
    asked = [mapping for mapping in rules.modernize if mapping.rule == shape.id]
    staleness = _unasked(shape, environment)
    if not asked and staleness is None:
        return None
    return Mandate(
        rule=f"shapes/{shape.id}",
        staleness=staleness or Staleness.POLICY,
        evidence=f"{shape.source} as of {shape.as_of}",
        installed=shape.installed(environment) or "",
        environment=environment,
        receivers=frozenset(name for mapping in asked for name in mapping.receivers),
        resolves=shape.resolves_in(environment),
        closed=shape.closed(as_of),
        life=shape.life(as_of),
        with_responses=any(mapping.rule == "chat-completions-to-responses" for mapping in rules.modernize),
    )


def _unasked(shape: Shape, environment: Environment) -> Staleness | None:
    """What the old form is where nobody has to name the rule; None where it waits for the owner."""
    staleness = shape.staleness_in(environment)
    if staleness is Staleness.DEPRECATED and shape.staleness is not Staleness.DEPRECATED:
        return None
    return staleness
