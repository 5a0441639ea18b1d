"""Lock files: which version of a package, and which files of it, if it is wanted at all.

`uv.lock`, `poetry.lock`, `pdm.lock`, `pylock.toml` (https://packaging.python.org/en/latest/specifications/pylock-toml/) and
`Pipfile.lock`. What they say of where files lie is not followed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from workers.environments.declared import poetry_versions
from workers.environments.declared.plain import CHECKOUT, asked, specifier
from workers.environments.declared.said import MAX_ITEMS, Said, said
from workers.environments.declared.texts import (
    MAX_LOCK_BYTES,
    UnreadableError,
    json_object,
    listed,
    refuse,
    shown,
    table,
    text_of,
    texts_of,
    toml,
    unread,
    within,
)
from workers.environments.words import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.environments.declared.said import Item, Open

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOCAL = frozenset({"editable", "virtual", "directory"})
_ELSEWHERE = frozenset({"git", "url", "path", "file", "vcs", "archive"})


def read_toml(raw: bytes, path: str, _open: Open) -> Said:
    """A lock file in TOML as constraints."""
    try:
        stated = toml(raw, MAX_LOCK_BYTES)
    except UnreadableError as error:
        return unread(path, error)
    python = _python(stated)
    old = table(within(stated, "metadata", "files"))
    packages = listed(stated.get("package")) or listed(stated.get("packages"))
    found = _constraints(_packages(packages[:MAX_ITEMS], old, path))
    return replace(
        found,
        python=python,
        python_origin=f"python of {path}" if python else "",
        members=_members(packages[:MAX_ITEMS]),
    )


def read_pipfile_lock(raw: bytes, path: str, _open: Open) -> Said:
    """A `Pipfile.lock` as constraints: https://pipenv.pypa.io/en/latest/pipfile.html."""
    try:
        stated = json_object(raw)
    except UnreadableError as error:
        return unread(path, error)
    packages = {**table(stated.get("develop")), **table(stated.get("default"))}
    versions = text_of(within(stated, "_meta", "requires", "python_version"))
    python = specifier(f"=={versions}.*") if versions else ""
    found = _constraints(_pipenv(name, table(each), path) for name, each in list(packages.items())[:MAX_ITEMS])
    return replace(found, python=python, python_origin=f"python of {path}" if python else "")


def _members(packages: list[Any]) -> frozenset[str]:
    """The projects that the lock was made for."""
    local = [table(each) for each in packages if _LOCAL & {*table(table(each).get("source"))}]
    return frozenset(canonicalize_name(text_of(each.get("name"))) for each in local)


def _constraints(items: Iterable[Item]) -> Said:
    found = said(items)
    return replace(found, asked=(), constraints=found.asked)


def _python(stated: dict[str, Any]) -> str:
    python = text_of(stated.get("requires-python")) or text_of(within(stated, "metadata", "requires_python"))
    return specifier(python) or poetry_versions.specifier(text_of(within(stated, "metadata", "python-versions"))) or ""


def _packages(packages: list[Any], old: dict[str, Any], path: str) -> Iterator[Item]:
    for each in packages:
        package = table(each)
        name, version = text_of(package.get("name")), text_of(package.get("version"))
        if not name or _LOCAL & {*table(package.get("source")), *package}:
            continue
        if kind := _elsewhere(package):
            yield refuse(f"{name} {version}", path, f"{CHECKOUT} ({kind})", canonicalize_name(name))
        elif version:
            files = [
                *listed(package.get("files")),
                *listed(package.get("wheels")),
                package.get("sdist"),
                *listed(old.get(name)),
            ]
            yield _pinned(name, version, _markers(package), _hashes(files), path)


def _elsewhere(package: dict[str, Any]) -> str:
    """From where a package comes that is no release on an index; empty for one that is."""
    source = table(package.get("source"))
    kind = text_of(source.get("type"))
    stated = {kind} if kind else {*source}
    if "registry" in stated or kind == "legacy":
        return ""
    return next(
        iter(sorted(_ELSEWHERE & (stated | {*package} - {"files"}))), "directory" if kind == "directory" else ""
    )


def _pinned(name: str, version: str, marker: str, hashes: tuple[str, ...], path: str) -> Item:
    return asked(f"{name}=={version}{f'; {marker}' if marker else ''}", path, hashes)


def _hashes(files: Iterable[object]) -> tuple[str, ...]:
    found: set[str] = set()
    for each in files:
        details = table(each)
        digest = text_of(details.get("hash")) or f"sha256:{text_of(table(details.get('hashes')).get('sha256'))}"
        if _DIGEST.fullmatch(digest):
            found.add(digest)
    return tuple(sorted(found))


def _markers(package: dict[str, Any]) -> str:
    """The condition under which this version holds; one of several is enough. What is no marker is left out."""
    stated = package.get("resolution-markers") or package.get("markers") or package.get("marker")
    found = [stated] if isinstance(stated, str) else texts_of(stated)
    usable = [each for each in found[:20] if _is_marker(each)]
    return " or ".join(f"({each})" for each in usable) if len(usable) > 1 else next(iter(usable), "")


def _is_marker(text: str) -> bool:
    try:
        Requirement(f"a; {text}")
    except (InvalidRequirement, RecursionError):
        return False
    return True


def _pipenv(name: str, details: dict[str, Any], path: str) -> Item:
    version = text_of(details.get("version"))
    if not version:
        return refuse(name, path, CHECKOUT, canonicalize_name(name))
    marker = text_of(details.get("markers"))
    hashes = tuple(sorted(each for each in texts_of(details.get("hashes")) if _DIGEST.fullmatch(each)))
    found = asked(f"{name}{version}{f'; {marker}' if _is_marker(marker) else ''}", path, hashes)
    return found if isinstance(found, Asked) else replace(found, text=shown(f"{name}{version}"))
