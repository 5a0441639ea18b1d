"""`pyproject.toml`: PEP 621, extras, dependency groups (PEP 735), and what poetry, uv, PDM, Hatch and pixi add to them."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging.dependency_groups import DependencyGroupInclude, DependencyGroupResolver
from packaging.utils import canonicalize_name

from workers.contract.errors import MendloopError
from workers.environments.declared import pixi, poetry, requirements_txt
from workers.environments.declared.plain import asked, specifier
from workers.environments.declared.said import MAX_ITEMS, Option, Package, Said, joined, said
from workers.environments.declared.texts import (
    UnreadableError,
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
    from collections.abc import Iterable

    from workers.environments.declared.said import Item, Open

_COMPILED = {
    "maturin": "Rust",
    "setuptools_rust": "Rust",
    "scikit_build_core.build": "a CMake build",
    "skbuild": "a CMake build",
    "mesonpy": "a Meson build",
}
"""Build backend -> what it builds."""
_BAD_GROUPS = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def read(raw: bytes, path: str, open_: Open) -> Said:
    """What the file at `path` asks for; its extras and groups come as options."""
    try:
        stated = toml(raw)
    except UnreadableError as error:
        return unread(path, error)
    folder = posixpath.dirname(path) or "."
    project, tool = table(stated.get("project")), table(stated.get("tool"))
    parts = [_project(project, path, _package(stated, folder)), _dynamic(project, tool, path, open_)]
    parts.append(Said(options=(*_groups(table(stated.get("dependency-groups")), path), *_tools(tool, path))))
    if poetry_table := table(tool.get("poetry")):
        parts.append(poetry.read(poetry_table, path, folder))
    if pixi_table := table(tool.get("pixi")):
        parts.append(pixi.tables(pixi_table, path))
    return _sourced(joined(*parts), table(within(tool, "uv", "sources")), path)


def _project(project: dict[str, Any], path: str, package: Package | None) -> Said:
    python = specifier(text_of(project.get("requires-python")))
    origin = f"{path} [project.dependencies]"
    whole = said(asked(each, origin) for each in texts_of(project.get("dependencies"))[:MAX_ITEMS])
    extras = table(project.get("optional-dependencies"))
    options = tuple(_option(name, texts_of(each), f"{path} [{shown(name)}]") for name, each in extras.items())
    return replace(
        whole,
        python=python,
        python_origin=f"requires-python of {path}" if python else "",
        options=options,
        package=package,
    )


def _option(name: str, requirements: Iterable[str], origin: str) -> Option:
    return Option(name=shown(name), items=tuple(asked(each, origin) for each in list(requirements)[:MAX_ITEMS]))


def _groups(groups: dict[str, Any], path: str) -> tuple[Option, ...]:
    """PEP 735, with what groups include. One that cannot be read is refused by name."""
    origin = f"{path} [dependency-groups]"
    try:
        resolver = DependencyGroupResolver(groups)
    except (*_BAD_GROUPS, ExceptionGroup):
        return (Option(name="", items=(refuse("dependency-groups", path, "two groups have the same name"),)),)
    return tuple(_group(name, resolver, f"{origin} {shown(name)}") for name in groups)


def _group(name: str, resolver: DependencyGroupResolver, origin: str) -> Option:
    """Each included group once: a chain that names each group twice would otherwise double at every step."""
    found: dict[str, None] = {}
    waiting, seen = [name], {canonicalize_name(name)}
    try:
        while waiting:
            for each in resolver.lookup(waiting.pop()):
                if not isinstance(each, DependencyGroupInclude):
                    found[str(each)] = None
                elif (inner := canonicalize_name(each.include_group)) not in seen:
                    seen.add(inner)
                    waiting.append(inner)
    except (*_BAD_GROUPS, ExceptionGroup):
        return Option(
            name=shown(name), items=(refuse(name, origin, "it, or a group that it includes, cannot be read"),)
        )
    return _option(name, found, origin)


def _tools(tool: dict[str, Any], path: str) -> tuple[Option, ...]:
    """Groups that tools had before there were dependency groups."""
    old: dict[str, object] = {
        "dev": within(tool, "uv", "dev-dependencies"),
        **table(within(tool, "pdm", "dev-dependencies")),
        **{name: table(each).get("dependencies") for name, each in table(within(tool, "hatch", "envs")).items()},
    }
    return tuple(_option(name, texts_of(each), f"{path} [tool] {shown(name)}") for name, each in old.items() if each)


def _dynamic(project: dict[str, Any], tool: dict[str, Any], path: str, open_: Open) -> Said:
    """Dependencies that setuptools reads from requirements files."""
    if "dependencies" not in texts_of(project.get("dynamic")):
        return Said()
    named = within(tool, "setuptools", "dynamic", "dependencies", "file")
    files = [named] if isinstance(named, str) else texts_of(named)
    if not files:
        return Said(notes=(f"{path} leaves its dependencies to its build, which is not run.",))
    return joined(*(_file(requirements_txt.placed(posixpath.dirname(path), each), each, path, open_) for each in files))


def _file(place: str, written: str, path: str, open_: Open) -> Said:
    if not place:
        return said([refuse(written, path, "it lies outside the repository")])
    try:
        return requirements_txt.read(open_(place), place, open_)
    except MendloopError as error:
        return unread(place, error)


def _sourced(whole: Said, sources: dict[str, Any], path: str) -> Said:
    """Sources of uv: a distribution that is to come from elsewhere is not taken from the index under the same name."""
    found: dict[str, Any] = {canonicalize_name(name): stated for name, stated in sources.items()}
    if not found:
        return whole
    folder = posixpath.dirname(path)
    moved = said(_moved(each, found, path) for each in whole.asked)
    options = tuple(
        replace(option, items=tuple(_moved(each, found, path) for each in option.items)) for option in whole.options
    )
    workspace = tuple(
        place
        for each in whole.asked
        if (local := text_of(table(found.get(name_of(each))).get("path")))
        and (place := requirements_txt.placed(folder, local))
    )
    return replace(
        whole,
        asked=moved.asked,
        refused=whole.refused + moved.refused,
        options=options,
        folders=whole.folders + workspace,
    )


def _moved(item: Item, sources: dict[str, Any], path: str) -> Item:
    stated = sources.get(name_of(item)) if isinstance(item, Asked) else None
    details = table(listed(stated)[0] if listed(stated) else stated)
    if not isinstance(item, Asked) or not details or "index" in details:
        return item
    if address := text_of(details.get("git")) or text_of(details.get("url")):
        ref = next((text_of(details[key]) for key in ("rev", "tag", "branch") if key in details), "")
        git = f"git+{address}{f'@{ref}' if ref else ''}"
        return asked(f"{name_of(item)} @ {git if 'git' in details else address}", item.origin)
    kind = "a folder" if "path" in details else "a member of the workspace"
    return refuse(item.requirement, f"{path} [tool.uv.sources]", f"it is {kind}, not a release", name_of(item))


def name_of(asked_for: Asked) -> str:
    """The normalised name of the distribution that is asked for."""
    text = asked_for.requirement
    end = next((index for index, character in enumerate(text) if character in " [<>=!~;@("), len(text))
    return canonicalize_name(text[:end])


def _package(stated: dict[str, Any], folder: str) -> Package | None:
    name = text_of(within(stated, "project", "name"))
    if not name or within(stated, "tool", "uv", "package") is False:
        return None
    backend = text_of(within(stated, "build-system", "build-backend"))
    what = next((what for start, what in _COMPILED.items() if backend.startswith(start)), "")
    if within(stated, "tool", "setuptools", "ext-modules"):
        what = "extension modules"
    requires = " ".join(texts_of(within(stated, "build-system", "requires"))).lower()
    if not what and ("cython" in requires or "pybind11" in requires or "setuptools-rust" in requires):
        what = "extension modules"
    version = shown(text_of(within(stated, "project", "version")))
    return Package(name=shown(name), folder=folder, places=_places(stated), version=version, compiled=what)


def _places(stated: dict[str, Any]) -> tuple[str, ...]:
    """Where Hatch, setuptools and flit are told that the modules lie."""
    tool = stated.get("tool")
    found = texts_of(within(tool, "hatch", "build", "targets", "wheel", "packages"))
    listed_packages = texts_of(within(tool, "setuptools", "packages"))
    base = text_of(table(within(tool, "setuptools", "package-dir")).get("")).rstrip("/")
    found += [f"{base}/{each.replace('.', '/')}".lstrip("/") for each in listed_packages if "." not in each]
    if "find" in table(within(tool, "setuptools", "packages")):
        found += [
            f"{where.rstrip('/')}/*"
            for where in texts_of(within(tool, "setuptools", "packages", "find", "where")) or ["."]
        ]
    found += [f"{each}.py" for each in texts_of(within(tool, "setuptools", "py-modules"))]
    if module := text_of(within(tool, "flit", "module", "name")):
        found += [module, f"src/{module}"]
    return tuple(found[:MAX_ITEMS])
