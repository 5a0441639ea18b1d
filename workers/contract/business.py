"""The owner's business rules: what counts as stale here although it still runs.

Nothing in here applies unless the owner's configuration says so. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

_OF_CLIENTS = (
    "anthropic-completions-to-messages",
    "chromadb-settings-to-clients",
    "google-generativeai-to-genai",
    "mistral-client-to-mistral",
    "openai-module-to-client",
    "pinecone-module-to-client",
)
_OF_LIBRARIES = (
    "gensim-vectors",
    "gensim-items",
    "gensim-init-sims",
    "sklearn-splitters",
    "sklearn-root-errors",
    "pandas-ix",
    "pandas-window-functions",
    "pandas-time-grouper",
    "pandas-from-csv",
    "pandas-sort",
    "pandas-as-matrix",
    "pandas-get-value",
    "pandas-mad",
    "pandas-reduce-by-level",
    "pandas-group-columns",
    "pandas-in-place-column",
    "pandas-chained-assignment",
    "pandas-keywords-only",
    "keras-generators",
    "tensorflow-keras-generators",
    "keras-predict-classes",
    "tensorflow-keras-predict-classes",
    "keras-history-acc",
    "tensorflow-history-acc",
    "tensorflow-graphs",
    "langchain-llm-chain",
    "langchain-model-calls",
    "langchain-bound-functions",
    "langchain-retrievers",
    "pandas-resample-how",
    "pandas-write-frame",
    "pandas-mpl-style",
    "keras-optimizer-lr",
    "qdrant-recreate-collection",
    "transformers-load-in-bits",
    "transformers-spread-arguments",
    "transformers-target-tokenizer",
)
"""Ids of the shape rules that have no phrase besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One line of `modernize`: a shipped shape rule by its id, or the owner's own rename from `old` to `new`."""

    rule: str | None = None
    """Id of a shipped shape rule, see `known_mappings`; None for a plain rename."""
    old: str | None = None
    """Dotted call that is stale, e.g. `qdrant.search`; for a shipped rule only what the owner wrote."""
    new: str | None = None
    """Dotted call that takes its place."""
    receivers: tuple[str, ...] = ()
    """Names in the document that the rule holds for although they do not come from the library itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessRules:
    """Preferred models, modernisation mappings and what readers may expect. Empty turns everything off."""

    preferred_chat_model: str | None = None
    preferred_embedding_model: str | None = None
    deprecated_models: tuple[str, ...] = ()
    """Models the owner wants replaced, whatever their vendor says of them."""
    modernize: tuple[Mapping, ...] = ()
    reader_experience: tuple[str, ...] = ()
    """Sentences for readers' sake, as the owner wrote them; those that can be decided statically are checked."""


def known_mappings() -> dict[str, str]:
    """Phrase -> id of the shipped shape rule it means; every id stands for itself as well."""
    return {
        "client.chat.completions.create -> client.responses.create": "chat-completions-to-responses",
        "legacy function-calling schemas -> current tools schema": "functions-to-tools",
        "qdrant.search -> qdrant.query_points": "qdrant-search-to-query-points",
        "oaieval CLI examples -> current Evals API workflow": "oaieval-to-evals-api",
        "chat-completions-to-responses": "chat-completions-to-responses",
        "functions-to-tools": "functions-to-tools",
        "qdrant-search-to-query-points": "qdrant-search-to-query-points",
        "oaieval-to-evals-api": "oaieval-to-evals-api",
        "pandas-scatter-plot": "pandas-scatter-plot",
        "pandas-append-to-concat": "pandas-append-to-concat",
        "pandas-fillna-method": "pandas-fillna-method",
    } | {name: name for name in (*_OF_CLIENTS, *_OF_LIBRARIES)}


def mapping(phrase: str, receivers: tuple[str, ...] = ()) -> Mapping:
    """The mapping that a phrase (`old -> new`) or a rule's id means.

    A dotted phrase names its receiver: `qdrant.search -> qdrant.query_points` holds for the name `qdrant` too.

    Raises:
        ValueError: it is neither the id of a shipped rule nor of the form `old -> new`.
    """
    folded = " ".join(phrase.replace("\N{RIGHTWARDS ARROW}", "->").split())
    old, arrow, new = (part.strip() for part in folded.partition("->"))
    rule = known_mappings().get(folded if not arrow else f"{old} -> {new}")
    if rule is None and not (_dotted(old) and _dotted(new)):
        known = ", ".join(sorted(set(known_mappings().values())))
        raise ValueError(f"{phrase!r} is neither a rename like `name.old -> name.new` nor one of: {known}")
    if not arrow:
        return Mapping(rule=rule, receivers=receivers)
    named = (old.split(".")[0],) if _dotted(old) else ()
    return Mapping(rule=rule, old=old, new=new, receivers=tuple(dict.fromkeys(receivers + named)))


def _dotted(text: str) -> bool:
    parts = text.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)
