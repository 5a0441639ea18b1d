"""Rules as people write them, in a pack or in the repository's configuration: which keys there are and what they may hold."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from workers.contract import patterns
from workers.contract.domain import Severity, Staleness
from workers.contract.written_cases import Case, Each, Strict, VersionText
from workers.contract.written_match import Constraint, Dotted, Match, Places, Where

NO_PACKAGE = "none"
"""The `package` of a rule that is an owner's convention and holds whatever is installed."""


def _day(value: object) -> object:
    if not isinstance(value, str | date):
        raise ValueError("a date like 2026-11-20")  # noqa: TRY004 - pydantic tells the owner of a ValueError
    return value


Source = Annotated[str, StringConstraints(pattern=r"^https://", max_length=500)]
Day = Annotated[date, BeforeValidator(_day)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[\w][\w./+-]*$", max_length=100)]


class Keyword(Strict):
    """A keyword that calls pass in another way now."""

    old: str
    new: str | None = None
    values: dict[str, str] = Field(default_factory=dict[str, str])
    drop: tuple[str, ...] = ()


class Shared(Strict):
    """What a rule may leave to its pack."""

    package: Name | None = None
    """Distribution the gates speak of; `python` for the interpreter, `none` for an owner's convention."""
    source: Source | None = None
    """Address of the official words."""
    as_of: Day | None = None
    """When they were read."""
    given: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    """A cell that stands before the cells of every case."""
    cases: Annotated[tuple[Case, ...], Field(max_length=200)] = ()
    """What `mendloop rules test` tries."""


class Entry(Shared):
    """One rule, or a table of rules with one gate."""

    id: Name | None = None
    """Last part of the rule's id."""
    since: VersionText | None = None
    """First version that has the new form."""
    deprecated: VersionText | None = None
    """First version that warns of the old form."""
    removed: VersionText | None = None
    """First version in which the old form fails."""
    restored: VersionText | None = None
    """First version in which the old form is fine again."""
    staleness: Literal["deprecated", "policy"] | None = Field(default=None, alias="class")
    """What it is while the old form still works; `deprecated`, if nothing is said."""
    match: Match | None = None
    """What is looked for."""
    where: Where | None = None
    """What has to hold besides a pattern."""
    fix: Annotated[str, StringConstraints(strict=True, max_length=2000)] | None = None
    """What takes its place: a dotted name, keyword or value; for a pattern, text with its metavariables."""
    target: Dotted | None = None
    """A dotted name that the fix of a pattern needs: it has to resolve before anything is edited."""
    old: Dotted | None = None
    new: Dotted | None = None
    renames: dict[Dotted, Dotted | None] = Field(default_factory=dict[str, str | None])
    """Old -> new, each a rule of its own with the id `pack/old`."""
    add: dict[str, str] = Field(default_factory=dict[str, str])
    """Keywords that a call of the target has to pass to mean what it meant."""
    reachable: bool = False
    """The target's modules need no import of their own."""
    whole: bool = False
    """A module of which everything has moved."""
    call: tuple[Dotted, ...] = ()
    keyword: Keyword | None = None
    arguments: Places | str = Field(default_factory=dict[str, Any])
    """Call -> [keyword, position], or the name of such a table in the pack."""
    values: dict[str, str | None] = Field(default_factory=dict[str, str | None])
    syntax: Literal["frequency"] | None = None
    severity: Severity | None = None
    message: Annotated[str, StringConstraints(max_length=1000)] = ""
    """What a reader has to know beyond old and new."""
    target_until: Day | None = None
    """The last day the target lives."""
    each: Each | None = None
    """A case for every name of the table."""

    @model_validator(mode="after")
    def _pattern_holds_together(self) -> Entry:
        if self.match is None or self.match.pattern is None:
            if self.where is not None or self.target is not None:
                raise ValueError("`where` and `target` belong to a `pattern`")
            return self
        if problem := patterns.problem(self.match.pattern, self.match.language, self.conditions(), self.fix):
            raise ValueError(problem)
        if self.match.language != "python" and any(one.is_ for one in self._variables().values()):
            raise ValueError("`is` needs names that can be followed: `language: python`")
        return self

    @property
    def says(self) -> bool:
        """True when it names something that changed."""
        return bool(self.match or self.old or self.renames or self.keyword or self.values)

    def conditions(self) -> patterns.Conditions:
        """The conditions of the pattern as ast-grep has them; what a name stands for is not among them."""
        where = self.where or Where.model_validate({})
        return patterns.Conditions(
            variables={
                name: {"regex": one.regex, "not regex": one.not_regex, "kind": one.kind}
                for name, one in self._variables().items()
            },
            inside=where.inside,
            not_inside=where.not_inside,
            has=where.has,
            not_has=where.not_has,
        )

    def stands_for(self) -> dict[str, str]:
        """Metavariable -> the dotted thing or type it has to be."""
        return {name: one.is_ for name, one in self._variables().items() if one.is_}

    def _variables(self) -> dict[str, Constraint]:
        return self.where.variables if self.where else {}

    def lacks(self, pack: Shared | None = None) -> list[str]:
        """What nobody may leave out, in words; empty for a rule that can be judged."""
        package = self.package or (pack.package if pack else None)
        wanted = {
            "a `source`": self.source or (pack.source if pack else None),
            "an `as_of`": self.as_of or (pack.as_of if pack else None),
            "a `package`": package,
            "`cases`": self.cases,
        }
        gate = self.deprecated or self.removed
        missing = [name for name, value in wanted.items() if not value]
        if package == NO_PACKAGE and (self.staleness != Staleness.POLICY.value or gate):
            missing.append("`class: policy` and no version, as it is `package: none`")
        elif package != NO_PACKAGE and not gate:
            missing.append(
                "a gate: `deprecated` or `removed`, a version in quotes (or `package: none` with `class: policy`)"
            )
        return missing


def _complete(entry: Entry) -> Entry:
    if not entry.id:
        raise ValueError("a rule of the repository needs an `id`")
    if not entry.says:
        raise ValueError(f"rule {entry.id}: needs a `match`")
    if missing := entry.lacks():
        raise ValueError(f"rule {entry.id}: needs {', '.join(missing)}")
    return entry


OwnRule = Annotated[Entry, AfterValidator(_complete)]
"""A rule of the repository's own configuration: nothing may be left to a pack."""
