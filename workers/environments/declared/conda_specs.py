"""One conda requirement as one of ours: https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from workers.environments.declared.plain import python_specifier
from workers.environments.declared.texts import refuse, shown
from workers.environments.names import names, other_than_python
from workers.environments.words import Asked, Missing, Refused

_SPEC = re.compile(
    r"(?:(?P<channel>[\w./:+-]+?)::?)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*"
    r"(?:\[(?P<bracket>[^\]]*)\]|(?P<rest>[\s=<>!~].*)|)"
)
_BRACKET_VERSION = re.compile(r"version\s*=\s*[\"']?([^\"'\]]+)")
_CLAUSE = re.compile(r"(?P<operator>==|~=|!=|>=|<=|=|<|>)?\s*(?P<version>[\w.!+*-]+)")
_PYTHON_BUILD = re.compile(r"=\s*(py\d{2,3}(_|h)|pyh)[\w.]*\s*$")
"""Behind the version: the build of a package that holds modules of Python."""
_NO_COUNTERPART = "a conda package without a known counterpart on a package index"
MAX_CHARS = 1000
PYTHON = "python"


def read(text: str, origin: str) -> Asked | Missing | Refused:
    """What a dependency of an `environment.yml` asks for; `python` itself comes back as an `Asked` of that name."""
    found = _SPEC.fullmatch(text.strip()) if len(text) <= MAX_CHARS else None
    if found is None:
        return refuse(text, origin, "it is no conda requirement")
    stated = found["rest"] or ""
    if bracket := found["bracket"]:
        version = _BRACKET_VERSION.search(bracket)
        stated = version[1] if version else ""
    built = _PYTHON_BUILD.search(stated) is not None
    return counterpart(found["name"], specifier(stated), origin, is_python=built)


def counterpart(name: str, versions: str, origin: str, *, is_python: bool = False) -> Asked | Missing:
    """What a conda package is on a package index, if it is known there; `versions` is a specifier of ours.

    One that is not known and shows that it `is_python` is taken by its name: most projects have one name everywhere.
    """
    normal = canonicalize_name(name)
    if normal == PYTHON:
        return Asked(requirement=f"{PYTHON}{versions}", origin=origin)
    if what := other_than_python(normal):
        return Missing(name=shown(name), origin=origin, why=f"{what}, not a Python package of an index")
    if name.startswith("_"):
        return Missing(name=shown(name), origin=origin, why="a detail of conda, not a Python package of an index")
    if normal.startswith("r-") and normal not in names().conda:
        return Missing(name=shown(name), origin=origin, why="a package of R, not of Python")
    distribution = names().conda.get(normal, normal if is_python else None)
    if distribution is None:
        return Missing(name=shown(name), origin=origin, why=_NO_COUNTERPART)
    return Asked(requirement=f"{distribution}{versions}", origin=f"{origin} (conda)")


def python_of(item: object) -> str | None:
    """The specifier of an item that asks for `python` itself, empty for any version; None for every other item."""
    asked = item.requirement if isinstance(item, Asked) else ""
    is_python = re.fullmatch(rf"{PYTHON}(?![\w.\[-]).*", asked)
    return python_specifier(asked.removeprefix(PYTHON)) if is_python else None


def specifier(text: str) -> str:
    """A conda version such as `=1.2`, `1.2.*`, `>=1.2,<2` or `=1.2=py37_0` as a specifier; empty where it cannot be one.

    One of several (`1.2|1.3`) cannot: any version is taken then.
    """
    text = text.strip()
    if "|" in text or not text:
        return ""
    # The build: behind a second `=`, or the third word.
    text = re.sub(r"^(=?=?\s*[^=<>!~,\s]+)(\s*=|\s+)\s*[^=<>!~,\s][^,]*$", r"\1", text)
    clauses = [_clause(part.strip()) for part in text.split(",")]
    try:
        return str(SpecifierSet(",".join(clauses))) if all(clauses) else ""
    except InvalidSpecifier:
        return ""


def _clause(text: str) -> str:
    found = _CLAUSE.fullmatch(text)
    if found is None or found["version"].strip("*.") == "":
        return ""
    operator, version = found["operator"], found["version"]
    starred = version.endswith("*")
    plain = version.rstrip("*").rstrip(".")
    if not _is_version(plain):
        return ""
    if operator in {None, "="}:
        # A single `=` means whatever starts so; a bare version is exact, but nobody's pinned build is on an index.
        return f"=={plain}" if operator is None and not starred else f"=={plain}.*"
    if starred:
        return f"{operator}{plain}.*" if operator in {"==", "!="} else f"{operator}{plain}"
    return f"{operator}{plain}"


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
