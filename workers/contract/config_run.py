"""The part of the owner's configuration that speaks of runs that are shorter than their artifact."""

from __future__ import annotations

import json
import keyword
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from workers.contract.reduced import ReducedRun


def _glob(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise ValueError("a glob may not be empty")
    return value


def _assignable(value: str) -> str:
    if not value.isidentifier() or keyword.iskeyword(value):
        raise ValueError("not a name that a value can be given to")
    return value


Glob = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_glob)]
Scalar = None | bool | int | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=1000)]
Value = Scalar | Annotated[tuple[Scalar, ...], Field(max_length=500, strict=False)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_assignable)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Reduced(_Strict):
    """How artifacts are run that are too long or too large to be run in full. Their evidence is `partial`, never `executed`."""

    artifacts: tuple[Glob, ...] = Field(min_length=1, max_length=500)
    """Globs, as in a .gitignore, relative to the repository. The first entry that means an artifact decides."""
    until_cell: int | None = Field(default=None, ge=0)
    """The last cell to run, from 0, counted over all cells; left out all run."""
    parameters: dict[Name, Value] = Field(default={}, max_length=100)
    """Values to set after the cell with the tag `parameters`; an artifact without one runs as it is."""

    @model_validator(mode="after")
    def _reduces(self) -> Reduced:
        if self.until_cell is None and not self.parameters:
            raise ValueError("`until_cell`, `parameters`, or both")
        return self

    def run(self) -> ReducedRun:
        """As the box reads it."""
        values = tuple((name, json.dumps(value)) for name, value in self.parameters.items())
        return ReducedRun(artifacts=self.artifacts, until_cell=self.until_cell, parameters=values)
