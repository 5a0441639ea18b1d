"""ast-grep patterns: how a rule's words become ast-grep's, and whether they can be used at all.

ast-grep is loaded when a pattern is looked at, not before: most runs have none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Language = Literal[
    "python",
    "javascript",
    "typescript",
    "tsx",
    "bash",
    "go",
    "rust",
    "java",
    "ruby",
    "c",
    "cpp",
    "csharp",
    "php",
    "kotlin",
    "scala",
    "swift",
    "lua",
    "html",
    "css",
    "json",
    "yaml",
]
"""What patterns can be written in."""
LANGUAGES: frozenset[str] = frozenset(get_args(Language))
PATTERN_CHARS = 1000
SEVERAL = 4
"""Metavariables for any number of things in one pattern: each is searched within the others."""

VARIABLE = re.compile(r"\$\$\$[A-Z_][A-Z0-9_]*|\$\$\$|\$[A-Z_][A-Z0-9_]*")
"""A metavariable where it stands."""
_LAST = re.compile(r",\s*\$\$\$[A-Z_0-9]*(?=\s*[)\]}])")
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What has to hold besides the pattern."""

    variables: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict[str, dict[str, str | None]])
    """`$NAME` -> `regex`, `not regex`, `kind`."""
    inside: str | None = None
    not_inside: str | None = None
    has: str | None = None
    not_has: str | None = None


def config(pattern: str, conditions: Conditions) -> dict[str, Any]:
    """The rule as ast-grep's own configuration."""
    around = [(conditions.inside, "inside", False), (conditions.not_inside, "inside", True)]
    within = [(conditions.has, "has", False), (conditions.not_has, "has", True)]
    asked = [_relation(text, relation, negated=negated) for text, relation, negated in (*around, *within) if text]
    constraints = {name[1:]: made for name, told in conditions.variables.items() if (made := _constraint(told))}
    looked_for = {"any": [{"pattern": text} for text in _with_and_without(pattern)]}
    found: dict[str, Any] = {"rule": {"all": [looked_for, *asked]}}
    return found | ({"constraints": constraints} if constraints else {})


def _with_and_without(pattern: str) -> list[str]:
    """The pattern, and as it is where a last `$$$` holds nothing: to ast-grep the comma before it is a part of it."""
    return list(dict.fromkeys([pattern, _LAST.sub("", pattern)]))


def _relation(text: str, relation: str, *, negated: bool) -> dict[str, Any]:
    made = {relation: {"pattern": text, "stopBy": "end"}}
    return {"not": made} if negated else made


def _constraint(told: Mapping[str, str | None]) -> dict[str, Any]:
    made: list[dict[str, Any]] = [{key: told[key]} for key in ("regex", "kind") if told.get(key)]
    if told.get("not regex"):
        made.append({"not": {"regex": told["not regex"]}})
    return {"all": made} if made else {}


def variables(text: str) -> frozenset[str]:
    """The metavariables of a pattern or a fix, with their dollars."""
    return frozenset(VARIABLE.findall(text))


def words(pattern: str) -> frozenset[str]:
    """Words that stand in every text the pattern matches; what has none of them need not be parsed."""
    return frozenset(_WORD.findall(VARIABLE.sub(" ", pattern)))


def problem(pattern: str, language: str, conditions: Conditions, fix: str | None) -> str | None:
    """Why a rule cannot be used, in words; None when it can."""
    known = variables(pattern)
    strangers = sorted(variables(fix or "") - known) or sorted(set(conditions.variables) - known)
    if strangers:
        return f"`{strangers[0]}` is no metavariable of the pattern `{pattern}`"
    if sum(name.startswith("$$$") for name in VARIABLE.findall(pattern)) > SEVERAL:
        return f"more than {SEVERAL} `$$$` in one pattern"
    if not words(pattern):
        return f"the pattern `{pattern}` names nothing: it would match everything"
    texts = (pattern, conditions.inside, conditions.not_inside, conditions.has, conditions.not_has)
    broken = next((text for text in texts if text and not _parses(text, language)), None)
    if broken is not None:
        return f"`{broken}` is no {language}"
    return _refused(language, config(pattern, conditions))


def _parses(pattern: str, language: str) -> bool:
    from ast_grep_py import SgRoot  # noqa: PLC0415 - see the module's docstring

    # A name in place of each metavariable: what stands for any number may stand alone in a list.
    plain = VARIABLE.sub("mv_x", pattern)
    return SgRoot(plain, language).root().find({"rule": {"kind": "ERROR"}}) is None


def _refused(language: str, rule: dict[str, Any]) -> str | None:
    from ast_grep_py import SgRoot  # noqa: PLC0415 - see the module's docstring

    try:
        SgRoot("", language).root().find(rule)  # pyright: ignore[reportArgumentType, reportCallIssue]  # a plain dictionary is what it reads
    except RuntimeError as error:
        causes = str(error).partition("Stack backtrace")[0].strip().splitlines()
        said = " ".join(line.strip() for line in causes[3:]) or "refused"
        return f"ast-grep cannot use it: {re.sub(r'[0-9]+: ', '', said)[:300]}"
    return None
