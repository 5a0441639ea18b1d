"""Who answers a document's model names: the vendor itself, a cloud that dates and names models by itself, or a gateway."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.documents.python import of_kind, parse, walked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.protocols import Cell

_AZURE = re.compile(r"(?:Async)?Azure\w*OpenAI\w*|azure_(?:endpoint|deployment|ad_token\w*)")
_VERTEX = re.compile(r"vertexai|google\.cloud\.aiplatform\S*|langchain_google_vertexai\S*|\w*VertexAI\w*")
_GATEWAY = re.compile(
    r"openrouter\.ai|models\.github\.ai|models\.inference\.ai\.azure|api\.portkey|gateway\.ai\.cloudflare"
)
_MENTIONS = {
    "openai": re.compile(r"openai|litellm|tiktoken", re.IGNORECASE),
    "cohere": re.compile(r"cohere|litellm", re.IGNORECASE),
}
FOREIGN = re.compile(
    r"(?i)ollama|llama_?cpp|hugging_?face|transformers|vllm|groq|together|fireworks|openrouter|replicate|deepinfra"
    r"|watsonx|oci_?gen|sagemaker|nvidia|databricks|bedrock|predibase|anyscale"
)
"""Callables of those who serve models under names of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """What the code of a document calls models with."""

    azure: bool = False
    """Azure OpenAI: every name is that of a deployment."""
    vertex: bool = False
    """Vertex AI, which has dates of its own."""
    gateway: bool = False
    """Somebody between: `openai/gpt-4` is a name of theirs."""
    mentioned: frozenset[str] = frozenset()
    """Vendors whose clients are spoken of; of those whose models have everyday names."""
    outgrown: frozenset[str] = frozenset()
    """Vendors that are called in a way their newer models do not answer."""


def clients(cells: Sequence[Cell]) -> Clients:
    """What the code cells say, comments and prose left out."""
    trees = [tree for cell in cells if cell.kind == "code" and (tree := parse(cell.source)) is not None]
    words = [word for tree in trees for node in walked(tree) for word in _words(node)]
    said = frozenset(vendor for vendor, pattern in _MENTIONS.items() if any(pattern.search(word) for word in words))
    return Clients(
        azure=any(_AZURE.fullmatch(word) for word in words) or any(_typed_azure(tree) for tree in trees),
        vertex=any(_VERTEX.fullmatch(word) for word in words),
        gateway=any(_GATEWAY.search(word) for word in words),
        mentioned=said,
        outgrown=frozenset(vendor for tree in trees for node in walked(tree) for vendor in _outgrown(node, said)),
    )


def _words(node: ast.AST) -> Iterator[str]:
    """Names that are used, imported modules and addresses; a client that is only imported is not used yet."""
    match node:
        case ast.Name(id=word) | ast.keyword(arg=str(word)):
            yield word
        case ast.Attribute(attr=word):
            yield word
        case ast.Import(names=names):
            yield from (each.name for each in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield module
            yield from (f"{module}.{each.name}" for each in names)
        case ast.Constant(value=str(text)) if "://" in text:
            yield text
        case _:
            pass


def _typed_azure(tree: ast.Module) -> bool:
    """`openai.api_type = "azure"`, as an assignment or a keyword."""
    for node in (*of_kind(tree, ast.Assign), *of_kind(tree, ast.keyword)):
        match node:
            case (
                ast.Assign(
                    targets=[ast.Attribute(attr="api_type") | ast.Name(id="api_type")],
                    value=ast.Constant(value=str(kind)),
                )
                | ast.keyword(arg="api_type" | "openai_api_type", value=ast.Constant(value=str(kind)))
            ):
                if kind.startswith("azure"):
                    return True
            case _:
                pass
    return False


def _outgrown(node: ast.AST, mentioned: frozenset[str]) -> Iterator[str]:
    match node:
        case ast.keyword(arg="max_tokens_to_sample") | ast.Name(id="HUMAN_PROMPT") | ast.Attribute(attr="HUMAN_PROMPT"):
            yield "anthropic"
        case ast.Call(func=ast.Attribute(attr="generate" | "summarize" | "classify")) if "cohere" in mentioned:
            yield "cohere"
        case _:
            pass
