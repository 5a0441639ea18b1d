"""Where a new index lives is told when it is made: `spec=...`, as `init` said it before, or where a new one is put by default.

Pods are not made any more by clients from 10 on, which is the API of 2026-07: https://docs.pinecone.io/guides/legacy/pod-based-indexes/create-a-pod-based-index.
A serverless index has a cloud and a region. Where the document only says that a reader has one to fill in, it is the region that every
plan may use, and that clients use themselves where none is said: https://docs.pinecone.io/reference/api/database-limits/object-limits.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.knowledge.rule import reached, version
from workers.review.shapes.pinecone.adding import added
from workers.review.shapes.shape import keyword, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.review.shapes.shape import Code
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change, Site

_POD = re.compile(r"[a-z]+(?:-[a-z]+)?-?\d?(?:-\d)?-(?:gcp|aws|azure)")
"""An environment of pods: `us-west1-gcp`, `us-east-1-aws`, `eastus-azure`. The free ones are closed."""
_SERVERLESS = {
    "us-east-1-aws": ("aws", "us-east-1"),
    "us-west-2-aws": ("aws", "us-west-2"),
    "eu-west-1-aws": ("aws", "eu-west-1"),
    "us-central1-gcp": ("gcp", "us-central1"),
    "eu-west4-gcp": ("gcp", "europe-west4"),
}
"""Environments of pods in whose region serverless indexes are made."""
_DEFAULT = ("aws", "us-east-1")
_NO_PODS = "10"
"""First client that makes no pods."""
_OF_PODS = ("replicas", "shards", "pods", "pod_type", "metadata_config", "source_collection")
_SCALED = frozenset({"replicas", "shards", "pods", "pod_type", "metadata_config"})
"""What a serverless index needs nobody to say: it scales by itself and indexes all metadata."""
_KEPT = frozenset({"name", "dimension", "metric", "timeout"})
_UNKNOWN = "which environment the index is to be in is not written out: choose a `spec`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where new indexes are put."""

    kind: str
    """The class of the package that says so."""
    arguments: str
    chosen: bool = False
    """The document said nothing of it."""


def home(code: Code, inits: Sequence[Use], installed: str) -> Home | str:
    """Where the indexes of the document are put, or why nobody but its author can say."""
    values = [_told(use) for use in inits]
    named = {text for value in values if value is not None for text in _texts(code, value, inits[0].site)}
    pods = {text for text in named if _POD.fullmatch(text)}
    if installed and reached(version(_NO_PODS), version(installed)):
        if len(pods) > 1 or not pods <= _SERVERLESS.keys():
            return "pods are not made any more, and there is no serverless index in that environment: choose a `spec`"
        return _serverless(_SERVERLESS[min(pods)] if pods else _DEFAULT, chosen=not pods)
    told = {_environment(code, use) for use in inits} if inits else {None}
    if len(told) == 1 and (text := told.pop()) is not None:
        return Home(kind="PodSpec", arguments=f"environment={text}")
    if pods or not all(value is None or isinstance(value, ast.Constant) for value in values):
        return _UNKNOWN
    return _serverless(_DEFAULT, chosen=True)


def _serverless(place: tuple[str, str], *, chosen: bool) -> Home:
    cloud, region = place
    return Home(kind="ServerlessSpec", arguments=f'cloud="{cloud}", region="{region}"', chosen=chosen)


def specified(site: Site, call: ast.Call, where: Home | str, prefix: str) -> tuple[Change, ...] | str:
    """The changes of `create_index`, or why there are none."""
    told = {one.arg for one in call.keywords}
    if "spec" in told:
        return ()
    if isinstance(where, str):
        return where
    if len(call.args) > 2 or not told <= {*_KEPT, *_OF_PODS}:  # noqa: PLR2004 - name and dimension
        return "it is given what has no counterpart"
    moved = [one for name in _OF_PODS if (one := keyword(call, name)) is not None]
    at = site.span(call.args[1])[0] if len(call.args) == 2 else None  # noqa: PLR2004 - name and dimension
    named: tuple[Change, ...] = ((at, at, "dimension="),) if at is not None else ()
    if where.kind == "ServerlessSpec" and any(one.arg not in _SCALED for one in moved):
        return "an index is not made of a collection any more"
    kept = moved if where.kind == "PodSpec" else []
    arguments = ", ".join([where.arguments, *(site.text(one) for one in kept)])
    changes = _put(site, call, moved, f"spec={prefix}{where.kind}({arguments})")
    return changes if isinstance(changes, str) else (*named, *changes)


def _put(site: Site, call: ast.Call, moved: list[ast.keyword], new: str) -> tuple[Change, ...] | str:
    """In the place of what pods were told, or behind all else."""
    if not moved:
        return added(site, call, new)
    first, *rest = sorted(moved, key=lambda one: site.span(one)[0])
    gone = [without(site, call, one) for one in rest]
    if any("#" in site.source[start:end] for start, end, _ in ((*site.span(first), ""), *gone)):
        return "a comment stands among its arguments"
    return ((*site.span(first), new), *gone)


def _told(use: Use) -> ast.expr | None:
    call = use.site.around(use.node)[0]
    given = keyword(call, "environment") if isinstance(call, ast.Call) else None
    return given.value if given else None


def _texts(code: Code, value: ast.expr, site: Site) -> frozenset[str]:
    """Texts that the environment may be, as far as they are written out."""
    if isinstance(value, ast.Name):
        held = code.imports.assigned(value, site.cell)
        return frozenset(
            text for one in held if not isinstance(one.value, ast.Name) for text in _texts(code, one.value, site)
        )
    return frozenset(
        node.value for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _environment(code: Code, use: Use) -> str | None:
    """The expression that `init` is told, where it can be said again; None for what is known to be no environment of pods."""
    value = _told(use)
    if isinstance(value, ast.Name):
        held = code.imports.assigned(value, use.site.cell)
        one = held[0].value if len(held) == 1 and held[0].item is None else None
        return None if one is None or not _of_pods(one) else value.id
    if value is None or not _of_pods(value) or not _sayable(value):
        return None
    return use.site.text(value)


def _of_pods(value: ast.expr) -> bool:
    """A text has to look like an environment of pods; what is only read when it runs was one before, for there was nothing else."""
    return not isinstance(value, ast.Constant) or (
        isinstance(value.value, str) and _POD.fullmatch(value.value) is not None
    )


def _sayable(value: ast.expr) -> bool:
    """Reading it twice is reading it once: texts, names, and what is read from the environment."""
    calls = (node.func for node in ast.walk(value) if isinstance(node, ast.Call))
    known = all(ast.unparse(function) in {"os.getenv", "getenv", "os.environ.get", "environ.get"} for function in calls)
    kinds = ast.Constant | ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.BoolOp | ast.Or | ast.expr_context
    return known and all(isinstance(node, kinds) for node in ast.walk(value))
