"""`environment.yml`: what of a conda environment a package index can give, and the rest by name.

https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.contract.errors import MendloopError
from workers.environments.declared import conda_specs, requirements_txt
from workers.environments.declared.plain import VARIABLE
from workers.environments.declared.said import MAX_ITEMS, Said, joined, said
from workers.environments.declared.texts import (
    UnreadableError,
    listed,
    refuse,
    table,
    texts_of,
    unread,
    yaml_mapping,
)
from workers.environments.words import Asked

if TYPE_CHECKING:
    from workers.environments.declared.said import Item, Open

_INSTALLERS = frozenset({"pip", "setuptools", "wheel"})
"""What an environment lists so that it can be filled; nothing in it is filled that way here."""


def read(raw: bytes, path: str, open_: Open) -> Said:
    """What the environment file at `path` asks for."""
    try:
        stated = yaml_mapping(raw, path)
    except UnreadableError as error:
        return unread(path, error)
    entries = listed(stated.get("dependencies"))[:MAX_ITEMS]
    found = [conda_specs.read(entry, f"{path}: {_name(entry)}") for entry in entries if isinstance(entry, str)]
    pip = [line for entry in entries for line in texts_of(table(entry).get("pip"))]
    whole = joined(said(_packages(found)), *(_pip(line, path, open_) for line in pip))
    versions = next((versions for each in found if (versions := conda_specs.python_of(each))), "")
    return replace(
        whole, python=versions, python_origin=f"python of {path}" if versions else "", notes=_note(whole, path)
    )


def _packages(found: list[Item]) -> list[Item]:
    return [each for each in found if conda_specs.python_of(each) is None and not _is_installer(each)]


def _is_installer(item: Item) -> bool:
    return isinstance(item, Asked) and item.requirement.split("=")[0] in _INSTALLERS


def _pip(line: str, path: str, open_: Open) -> Said:
    origin = f"{path} (pip)"
    option, _, value = line.strip().partition(" ")
    if option not in {"-r", "--requirement"}:
        return requirements_txt.line_said(line.strip().removeprefix("-e "), origin, posixpath.dirname(path))
    included = requirements_txt.placed(posixpath.dirname(path), value.strip())
    if not included or "${" in value:
        return said([refuse(line, origin, VARIABLE if included else "it lies outside the repository")])
    try:
        return requirements_txt.read(open_(included), included, open_)
    except MendloopError as error:
        return unread(included, error)


def _note(whole: Said, path: str) -> tuple[str, ...]:
    taken = [each for each in whole.asked if each.origin.endswith("(conda)")]
    if not taken:
        return whole.notes
    return (
        *whole.notes,
        f"{len(taken)} conda packages of {path} are taken from the package index as the same projects.",
    )


def _name(entry: str) -> str:
    return entry.strip().split("=")[0].split(" ")[0][:60]
