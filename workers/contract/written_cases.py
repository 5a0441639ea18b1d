"""The cases of a rule as they are written: what it must do, and what it must leave alone."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


VersionText = Annotated[str, StringConstraints(strict=True, pattern=r"^\d+(\.\d+)*$")]
"""Quoted in YAML: unquoted, 1.20 is the number 1.2."""
Code = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=10_000)]
Cells = Annotated[
    tuple[Code, ...],
    BeforeValidator(_one_or_more, json_schema_input_type=Code | tuple[Code, ...]),
    Field(min_length=1, max_length=20),
]
"""The cells of a small notebook; one may be written without a list."""


class Strict(BaseModel):
    """Knows its keys, and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Case(Strict):
    """One thing a rule must do or leave: `before` and `after`, `reported`, or `untouched`."""

    given: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    """A cell before the others, instead of the entry's or the pack's; empty for none."""
    before: Cells | None = None
    """What the rule mends."""
    after: Cells | None = None
    """What comes of it, exactly."""
    reported: Cells | None = None
    """What the rule finds and leaves to a person."""
    untouched: Cells | None = None
    """What the rule has nothing to say about."""
    installed: dict[str, VersionText] = Field(default_factory=dict[str, str], alias="with", max_length=20)
    """Package -> version; left out, the rule's own package at the first version in which the old form fails or warns."""

    @model_validator(mode="after")
    def _one_claim(self) -> Case:
        if (self.before is None) != (self.after is None):
            raise ValueError("`before` and `after` go together; without a mend it is `reported`")
        if sum(text is not None for text in (self.before, self.reported, self.untouched)) != 1:
            raise ValueError("a case is one of `before` with `after`, `reported`, `untouched`")
        return self


class Each(Strict):
    """A case for every name of a table.

    `{old}` and `{new}` are whole, `{name}` and `{new_name}` their last parts, `{module}` and `{new_module}` what is before them,
    `{owner}` the last part of that. Values have `{old}` and `{new}` alone.
    """

    before: Code
    after: Code | None = None
    """Left out for names that nothing takes the place of."""
