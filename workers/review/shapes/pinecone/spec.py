"""Where a new index lives is told when it is made: `spec=PodSpec(environment=...)`, as `init` said it before."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.review.shapes.shape import keyword, separator, without

if TYPE_CHECKING:
    from workers.review.shapes.shape import Code
    from workers.review.shapes.uses import Use
    from workers.review.sites import Change, Site

_POD = re.compile(r"[a-z]+(?:-[a-z]+)?-?\d?(?:-\d)?-(?:gcp|aws|azure)")
"""An environment of pods: `us-west1-gcp`, `us-east-1-aws`, `eastus-azure`. The free ones are closed."""
_OF_PODS = ("replicas", "shards", "pods", "pod_type", "metadata_config", "source_collection")
_KEPT = frozenset({"name", "dimension", "metric", "timeout"})


def specified(code: Code, site: Site, call: ast.Call, inits: list[Use], prefix: str) -> tuple[Change, ...] | str:
    """The changes of `create_index`, or why there are none."""
    environments = {_environment(code, use) for use in inits}
    environment = environments.pop() if len(environments) == 1 else None
    if environment is None:
        return "which environment the index is to be in is not written out: choose a `spec`"
    told = {one.arg for one in call.keywords}
    if len(call.args) > 2 or not told <= {*_KEPT, *_OF_PODS}:  # noqa: PLR2004 - name and dimension
        return "it is given what has no counterpart"
    pods = [keyword(call, name) for name in _OF_PODS]
    moved = [one for one in pods if one is not None]
    arguments = ", ".join([f"environment={environment}", *(site.text(one) for one in moved)])
    kept = [one for one in call.keywords if one.arg in _KEPT]
    last = kept[-1] if kept else (call.args[-1] if call.args else None)
    if last is None or (moved and site.span(moved[0])[0] < site.span(last)[1]):
        return "its arguments stand in an order that is left to a person"
    changes: list[Change] = [without(site, call, one) for one in moved]
    if len(call.args) == 2:  # noqa: PLR2004 - name and dimension
        at = site.span(call.args[1])[0]
        changes.append((at, at, "dimension="))
    between = separator(site, last) if isinstance(last, ast.keyword) else ", "
    end = site.span(last)[1]
    return (*changes, (end, end, f"{between}spec={prefix or 'pinecone.'}PodSpec({arguments})"))


def _environment(code: Code, use: Use) -> str | None:
    """The expression that `init` is told, where it can be said again; None for what is known to be no environment of pods."""
    call = use.site.around(use.node)[0]
    given = keyword(call, "environment") if isinstance(call, ast.Call) else None
    value = given.value if given else None
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
