"""One requirement of a stranger's as one of ours: PEP 508, normalised; or the reason why it is not followed."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name, is_normalized_name

from workers.environments.declared.texts import refuse
from workers.environments.words import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.environments.words import Refused

MAX_CHARS = 4096

VARIABLE = "it asks for a variable, and variables are not filled in"
ADDRESS = "it names an address; only releases on the configured index are taken"
CHECKOUT = "it names somebody's checkout; only releases on the configured index are taken"
PATH = "it names a file or folder; only releases on the configured index are taken"
NO_REQUIREMENT = "it is no requirement"
NOT_ALLOWED = "it lies outside the configured index, and the owner has not allowed that"

_ARCHIVE = re.compile(r"\.(whl|zip|egg|tgz|tbz|txz|tar|tar\.(gz|bz2|xz|zst|lzma))(?=$|[#?;\s\[])", re.IGNORECASE)
_CHECKOUT = re.compile(r"(git|hg|svn|bzr)(\+|@|:)|[\w.-]+@[\w.-]+:(?!//)")
# A frozen list made inside a conda environment names the folder of whoever built the package.
_BUILT_ELSEWHERE = re.compile(r"file:/+.*(/croot/|/conda|/tmp/build/|feedstock|/work\b|/ci[_/])", re.IGNORECASE)
_FETCHABLE = re.compile(r"(git\+)?https://[^\s@/]+/\S+")
_CONDA_EXPORT = re.compile(r"(?P<name>\w[\w.-]*)=(?P<version>[0-9][\w.!+]*)(=(?P<build>[\w.]+))?")

_REFUSALS: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda text: len(text) > MAX_CHARS, f"it is longer than {MAX_CHARS} characters"),
    (lambda text: not text.replace("\t", " ").isprintable(), "it has a control or invisible character"),
    (lambda text: "${" in text, VARIABLE),
    (_CHECKOUT.match, CHECKOUT),
    (lambda text: "://" in text.split("@", 1)[0] or text.startswith("file:"), ADDRESS),
    (lambda text: text.startswith((".", "/", "~", "\\")) or ("@" not in text and _ARCHIVE.search(text)), PATH),
)


def asked(text: str, origin: str, hashes: tuple[str, ...] = ()) -> Asked | Refused:
    """`text` as a requirement, or refused. What names an https address says so in `address`: whether it may is decided later."""
    text = text.strip()
    name = stands_for(text)
    if why := refusal(text):
        if why in {ADDRESS, CHECKOUT} and name and _FETCHABLE.fullmatch(text):
            return Asked(requirement=name, origin=origin, hashes=hashes, address=text)
        return refuse(text, origin, why, name)
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return refuse(text, origin, NO_REQUIREMENT)
    if requirement.url is not None:
        return _addressed(requirement, text, origin, hashes)
    return Asked(requirement=written(requirement), origin=origin, hashes=hashes)


def written(requirement: Requirement) -> str:
    """The requirement in our own words."""
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def refusal(text: str) -> str:
    """Why a text is not even looked at as a requirement; empty when it is."""
    return next((why for refuses, why in _REFUSALS if refuses(text)), "")


def specifier(text: str) -> str:
    """A version specifier normalised, in which a bare version means exactly that; empty when it is none."""
    text = text.strip()
    bare = text[:1].isdigit()
    try:
        return str(SpecifierSet(f"=={text}" if bare else text))
    except (InvalidSpecifier, ValueError, RecursionError):
        return ""


def python_specifier(text: str) -> str:
    """As `specifier`, for the interpreter: an exact patch release is not what anybody depends on, and seldom to be had."""
    return re.sub(r"(?<![\d.])==(3\.\d+)\.[\d*]+(\.\*)?", r"==\1.*", specifier(text))


def stands_for(text: str) -> str:
    """The distribution that an address or path stands for, normalised; empty when that cannot be told."""
    text = text.strip().split(" ;")[0]
    name, at, _ = text.partition("@")
    if at and (found := _name(name.split("[")[0])):
        return found
    try:
        parts = urlsplit(text.removeprefix("git+"))
    except ValueError:
        return ""
    for piece in parts.fragment.split("&"):
        if piece.startswith("egg="):
            return _name(unquote(piece[4:]).split("[")[0])
    last = posixpath.basename(parts.path.rstrip("/")).partition("@")[0].removesuffix(".git")
    return _name(last.split("-")[0] if _ARCHIVE.search(last) else last)


def conda_export(text: str) -> re.Match[str] | None:
    """A line such as `numpy=1.19.2=py37_0`, as `conda list --export` writes it into a requirements file."""
    return _CONDA_EXPORT.fullmatch(text)


def _addressed(requirement: Requirement, text: str, origin: str, hashes: tuple[str, ...]) -> Asked | Refused:
    url, requirement.url = requirement.url or "", None
    if _BUILT_ELSEWHERE.match(url):
        # The package is a released one, only its version is not told.
        return Asked(requirement=written(requirement), origin=f"{origin}, frozen without a version")
    if _FETCHABLE.fullmatch(url):
        return Asked(requirement=written(requirement), origin=origin, hashes=hashes, address=url)
    why = CHECKOUT if _CHECKOUT.match(url) else ADDRESS
    return refuse(text, origin, why, canonicalize_name(requirement.name))


def _name(text: str) -> str:
    name = canonicalize_name(text.strip())
    return name if is_normalized_name(name) else ""
