"""The cases of shape rules: `knowledge/cases/*.yml`, by the id of the shape, in the form that packs have theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.business import BusinessRules, mapping
from workers.knowledge.shape import shapes
from workers.knowledge.written.shaped import cases
from workers.review.shapes import source as shape_rules
from workers.review.trying import failures

if TYPE_CHECKING:
    from datetime import date

    from workers.contract.domain import Finding
    from workers.knowledge.written.cases import Trial
    from workers.protocols import Document, Environment
    from workers.review.trying import Failure, Finder


def trials() -> dict[str, tuple[Trial, ...]]:
    """Id of the shape -> its trials, of every shape that has some."""
    return cases(shapes())


def shape_failures(tried: dict[str, tuple[Trial, ...]], as_of: date) -> list[Failure]:
    """Every trial that fails; each shape is tried as if the owner had named it."""
    return [failure for name, every in tried.items() for failure in failures(every, _finder(name, as_of))]


def _finder(name: str, as_of: date) -> Finder:
    asked = BusinessRules(modernize=(mapping(name),)) if shapes()[name].staleness.value == "policy" else BusinessRules()

    def find(document: Document, environment: Environment) -> tuple[Finding, ...]:
        return shape_rules.find(document, environment, asked, as_of).findings

    return find
