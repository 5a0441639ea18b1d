"""Poetry's version constraints as PEP 440 specifiers: https://python-poetry.org/docs/dependency-specification/."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

MAX_CHARS = 500
_OPERATOR = re.compile(r"\s*(\^|~=|~|===|==|!=|>=|<=|=|>|<)?\s*v?([\w.!+*-]+)\s*")


def specifier(text: str) -> str | None:
    """`text` as a specifier, empty for any version; None when it is no constraint.

    Of alternatives (`^1.0 || ^3.0`) comes the range from the lowest to the highest: a specifier knows no gaps.
    """
    if len(text) > MAX_CHARS:
        return None
    found = [_conjunction(part) for part in text.split("||")]
    known = [each for each in found if each is not None]
    if len(known) != len(found):
        return None
    return known[0] if len(known) == 1 else _hull(known)


def _conjunction(text: str) -> str | None:
    """Clauses apart by commas or spaces."""
    clauses: list[str] = []
    rest = text.replace(",", " ").strip() or "*"
    while rest:
        found = _OPERATOR.match(rest)
        clause = _clause(found[1] or "", found[2]) if found else None
        if found is None or clause is None:
            return None
        clauses.append(clause)
        rest = rest[found.end() :]
    try:
        return str(SpecifierSet(",".join(each for each in clauses if each)))
    except InvalidSpecifier:
        return None


def _clause(operator: str, version: str) -> str | None:
    plain = version.rstrip("*").rstrip(".")
    if not plain:
        return ""
    try:
        parsed = Version(plain)
    except InvalidVersion:
        return None
    if version.endswith("*") and operator in {"", "=", "==", "!="}:
        return f"{'!=' if operator == '!=' else '=='}{plain}.*"
    if operator in {"^", "~"}:
        return f">={plain},<{_next(parsed, caret=operator == '^')}"
    return f"{'==' if operator in {'', '='} else operator}{plain}"


def _next(version: Version, *, caret: bool) -> str:
    """The first version that is no longer compatible."""
    release = list(version.release)
    if caret:
        # The leftmost part that is not zero may not change; of zeros alone, the last that is written.
        at = next((index for index, part in enumerate(release) if part), len(release) - 1)
    else:
        at = min(1, len(release) - 1)
    return ".".join(map(str, [*release[:at], release[at] + 1, *([0] if at == 0 else [])]))


def _hull(specifiers: list[str]) -> str:
    """One range that holds all of them; open where one of them is."""
    lows = [_bounds(each, (">=", ">", "==", "~=")) for each in specifiers]
    highs = [_bounds(each, ("<", "<=", "==")) for each in specifiers]
    low = f">={min(map(Version, lows))}" if all(lows) else ""
    high = _highest(highs) if all(highs) else ""
    return str(SpecifierSet(",".join(each for each in (low, high) if each)))


def _bounds(specifier: str, operators: tuple[str, ...]) -> str:
    found = [each for each in SpecifierSet(specifier) if each.operator in operators]
    if not found:
        return ""
    version = found[0].version.removesuffix(".*")
    is_high = found[0].operator == "==" and "<" in operators
    return _next(Version(version), caret=False) if is_high else version


def _highest(bounds: list[str]) -> str:
    return f"<{max(map(Version, bounds))}"
