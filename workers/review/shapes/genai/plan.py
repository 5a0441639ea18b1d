"""A document on its way from google.generativeai to google.genai: what every part of the move has to know."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.review.shapes.following.values import Source
from workers.review.shapes.uses import position

if TYPE_CHECKING:
    from workers.review.shapes.following.values import Kind
    from workers.review.shapes.shape import Code
    from workers.review.sites import Change, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The document, its client, the answers to follow, and what other edits already bring along."""

    code: Code
    client: str
    module: str
    """What the package is called at the top of the document; empty where it is called so nowhere."""
    since: tuple[int, int]
    """Where that name is first there: cell and character."""
    made: tuple[tuple[Site, ast.expr], ...]
    """Where a client is made."""
    sources: list[Source] = field(default_factory=list[Source])
    names: set[str] = field(default_factory=set[str])
    """What models and chats are called."""
    spent: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """Uses, by cell and node, whose text an edit of something around them brings along."""
    objects: set[str] = field(default_factory=set[str])
    """Names of settings that are no dictionaries: nothing can be put beside what is in them."""
    aside: list[tuple[Site, Change]] = field(default_factory=list[tuple["Site", "Change"]])
    """Changes where settings that go by a name are written."""
    guarded: set[str] = field(default_factory=set[str])
    """Names of settings that have settings of safety in them."""
    retries: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """Names of google.api_core's `Retry` that go, by cell and node."""

    def answers(self, site: Site, call: ast.Call, kind: Kind) -> None:
        """Note that a call returns that."""
        self.sources.append(Source(site=site, node=call, kind=kind))

    def spend(self, site: Site, node: ast.expr) -> None:
        """Note that a use goes with what stands around it."""
        self.spent.add((site.cell, id(node)))

    def has_client(self, site: Site, node: ast.expr) -> bool:
        """A client is made before the node runs: earlier, or anywhere where it stands in a function."""
        return any(deferred(site, node) or position(at, one) < position(site, node) for at, one in self.made)

    def types(self, site: Site, node: ast.expr) -> str:
        """How `google.genai.types` is reached where the node runs; empty where it is not."""
        there = bool(self.module) and (deferred(site, node) or self.since < position(site, node))
        return f"{self.module}.types" if there else ""


def deferred(site: Site, node: ast.expr) -> bool:
    """It stands in a function, which runs after it is defined."""
    return any(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for one in site.around(node))
