"""What a written rule looks for, and what has to hold besides."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workers.contract import patterns
from workers.contract.written_cases import Strict

_KINDS = ("symbol", "keyword", "value", "pattern")
_METAVARIABLE = re.compile(r"\$[A-Z_][A-Z0-9_]*")
Dotted = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$", max_length=300)]
Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)]
Pattern = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=patterns.PATTERN_CHARS)]
Places = dict[Dotted, tuple[str] | tuple[str, int]]


class Constraint(Strict):
    """What a metavariable has to be."""

    regex: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=300)] | None = None
    """Holds somewhere in its text; the syntax of Rust's `regex`, which never takes long."""
    not_regex: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=300)] | None = Field(
        default=None, alias="not regex"
    )
    """Holds nowhere in its text."""
    kind: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z_]+$", max_length=60)] | None = None
    """The grammar's name of the node, e.g. `string`."""
    is_: Dotted | None = Field(default=None, alias="is")
    """What it stands for by the imports and assignments of the document: a type, or a thing itself. Python only."""


class Where(BaseModel):
    """What has to hold besides the pattern: of metavariables by their names, and of what is around and within."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, Constraint]  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic reads it so

    inside: Pattern | None = None
    """A pattern that something around it has to match."""
    not_inside: Pattern | None = Field(default=None, alias="not inside")
    """A pattern that nothing around it may match."""
    has: Pattern | None = None
    """A pattern that something within it has to match."""
    not_has: Pattern | None = Field(default=None, alias="not has")
    """A pattern that nothing within it may match."""

    @model_validator(mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        known = ["inside", "not inside", "has", "not has"]
        if not isinstance(value, dict):
            return value
        keys = cast("dict[object, object]", value)
        for key in map(str, keys):
            if key not in known and not _METAVARIABLE.fullmatch(key):
                near = get_close_matches(key, known, n=1, cutoff=0.5)
                advice = f"did you mean `{near[0]}`?" if near else f"a metavariable like `$X`, or {', '.join(known)}"
                raise ValueError(f"unknown key `{key}`; {advice}")
        return keys

    @property
    def variables(self) -> dict[str, Constraint]:
        """What is said of metavariables, by `$NAME`."""
        return self.__pydantic_extra__ or {}


class Match(Strict):
    """What a rule looks for: exactly one of `symbol`, `keyword`, `value` and `pattern`."""

    symbol: Dotted | None = None
    """A dotted name, found through imports and assignments."""
    keyword: Text | None = None
    """A keyword of the calls in `of`."""
    value: Text | None = None
    """A string passed to the calls in `of`."""
    of: Annotated[tuple[Dotted, ...] | Places, Field(max_length=200)] = ()
    """Dotted names of calls; for a value, call -> [keyword, position from 0]."""
    pattern: Pattern | None = None
    """Code with metavariables: `$X` for one thing, `$$$ARGS` for any number."""
    language: patterns.Language = "python"
    """What the pattern is written in."""

    @model_validator(mode="after")
    def _one_kind(self) -> Match:
        named = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"one of {', '.join(_KINDS)}")
        if named[0] == "value" and not isinstance(self.of, dict):
            raise ValueError("a value needs `of`: call -> [keyword, position]")
        if named[0] == "keyword" and (isinstance(self.of, dict) or not self.of):
            raise ValueError("a keyword needs `of`: a list of calls")
        return self
