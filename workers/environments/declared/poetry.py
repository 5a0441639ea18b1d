"""Poetry's tables in a `pyproject.toml`: https://python-poetry.org/docs/pyproject/."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from workers.environments.declared.plain import NO_REQUIREMENT, asked
from workers.environments.declared.poetry_versions import specifier
from workers.environments.declared.said import MAX_ITEMS, Option, Package, Said, said
from workers.environments.declared.texts import listed, refuse, shown, table, text_of, texts_of

if TYPE_CHECKING:
    from workers.environments.declared.said import Item

_ELSEWHERE = ("path", "url", "file", "hg", "svn", "git")
_SYSTEMS = {"platform": "sys_platform", "sys_platform": "sys_platform", "os_name": "os_name"}


def read(tool: dict[str, Any], path: str, folder: str) -> Said:
    """What the table `[tool.poetry]` of the file at `path` asks for."""
    dependencies = table(tool.get("dependencies"))
    where = f"{path} [tool.poetry.dependencies]"
    python = specifier(text_of(dependencies.get("python"))) or ""
    main = {name: stated for name, stated in dependencies.items() if name.lower() != "python"}
    whole = said(item for name, stated in main.items() if not _optional(stated) for item in entry(name, stated, where))
    return replace(
        whole,
        python=python,
        python_origin=f"python of {path}" if python else "",
        options=(*_extras(table(tool.get("extras")), main, where), *_groups(tool, path)),
        package=_package(tool, folder),
    )


def entry(name: str, stated: object, origin: str) -> list[Item]:
    """A dependency as poetry, Pipenv and PDM write it: a version, a table, or a list of tables for several platforms."""
    where = f"{origin} {shown(name)}"
    return [_one(name, each, where) for each in listed(stated)[:MAX_ITEMS] or [stated]]


def _one(name: str, stated: object, origin: str) -> Item:
    if isinstance(stated, str):
        return _requirement(name, stated, (), "", origin)
    details = table(stated)
    if place := next((key for key in _ELSEWHERE if key in details), None):
        return _elsewhere(name, place, details, origin)
    marker = _marker(details)
    version = text_of(details.get("version")) or "*"
    return _requirement(name, version, tuple(texts_of(details.get("extras"))), marker, origin)


def _elsewhere(name: str, place: str, details: dict[str, Any], origin: str) -> Item:
    address = text_of(details.get(place))
    if place == "git":
        ref = next((text_of(details[key]) for key in ("rev", "tag", "branch", "ref") if key in details), "")
        address = f"git+{address}{f'@{ref}' if ref else ''}"
    return asked(f"{name} @ {address}", origin)


def _requirement(name: str, version: str, extras: tuple[str, ...], marker: str, origin: str) -> Item:
    versions = specifier(version)
    brackets = f"[{','.join(extras)}]" if extras else ""
    text = f"{name}{brackets}{versions or ''}{f'; {marker}' if marker else ''}"
    if versions is None:
        return refuse(f"{name} {version}", origin, NO_REQUIREMENT)
    return asked(text, origin)


def _marker(details: dict[str, Any]) -> str:
    """The conditions of a dependency as one marker; one that is none is left out."""
    found = [text_of(details.get("markers"))]
    found += [f"{marker} == {_quoted(details[key])}" for key, marker in _SYSTEMS.items() if text_of(details.get(key))]
    python = specifier(text_of(details.get("python")))
    # A specifier's every clause is a condition of its own.
    found += [f"python_version {_condition(clause)}" for clause in (python or "").split(",") if clause]
    return " and ".join(f"({each})" for each in found if each and _is_marker(each))


def _condition(clause: str) -> str:
    operator = clause.rstrip("0123456789.*!+abcrdevpost")
    return f'{operator} "{clause[len(operator) :]}"'


def _quoted(value: object) -> str:
    text = text_of(value)
    if text.startswith(("==", "!=")):
        text = text[2:].strip()
    return '"' + text.strip("\"' ") + '"'


def _is_marker(text: str) -> bool:
    try:
        Requirement(f"a; {text}")
    except (InvalidRequirement, RecursionError):
        return False
    return True


def _optional(stated: object) -> bool:
    return table(stated).get("optional") is True


def _extras(extras: dict[str, Any], main: dict[str, Any], origin: str) -> tuple[Option, ...]:
    by_name = {name.lower(): (name, stated) for name, stated in main.items()}
    return tuple(
        Option(
            name=shown(extra),
            items=tuple(
                item
                for wanted in texts_of(members)
                if (found := by_name.get(wanted.split("[")[0].strip().lower()))
                for item in entry(*found, origin)
            ),
        )
        for extra, members in list(extras.items())[:MAX_ITEMS]
    )


def _groups(tool: dict[str, Any], path: str) -> tuple[Option, ...]:
    groups = {name: table(table(group).get("dependencies")) for name, group in table(tool.get("group")).items()}
    if old := table(tool.get("dev-dependencies")):
        groups["dev"] = old
    return tuple(
        Option(
            name=shown(name),
            items=tuple(
                item
                for dependency, stated in group.items()
                for item in entry(dependency, stated, f"{path} [tool.poetry.group.{shown(name)}]")
            ),
        )
        for name, group in groups.items()
    )


def _package(tool: dict[str, Any], folder: str) -> Package | None:
    name = text_of(tool.get("name"))
    if not name or tool.get("package-mode") is False:
        return None
    found = [table(each) for each in listed(tool.get("packages"))]
    places = [f"{text_of(each.get('from'))}/{text_of(each.get('include'))}".lstrip("/") for each in found]
    return Package(
        name=shown(name),
        folder=folder,
        places=tuple(place for place in places if place),
        version=shown(text_of(tool.get("version"))),
        compiled="it has a build script" if tool.get("build") else "",
    )
