"""pixi's tables, in `pixi.toml` or a `pyproject.toml`: https://pixi.sh/latest/reference/pixi_manifest/."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workers.environments.declared import conda_specs, poetry
from workers.environments.declared.said import MAX_ITEMS, Option, Said, said
from workers.environments.declared.texts import UnreadableError, shown, table, text_of, toml, unread
from workers.environments.words import Asked

if TYPE_CHECKING:
    from workers.environments.declared.said import Item, Open


def read(raw: bytes, path: str, _open: Open) -> Said:
    """What the manifest at `path` asks for."""
    try:
        return tables(toml(raw), path)
    except UnreadableError as error:
        return unread(path, error)


def tables(stated: dict[str, Any], path: str) -> Said:
    """What pixi's tables of the file at `path` ask for; its features come as options."""
    found = _items(stated, path)
    python = next((versions for each in found if (versions := conda_specs.python_of(each))), "")
    features = table(stated.get("feature"))
    return replace(
        said(each for each in found if conda_specs.python_of(each) is None),
        python=python,
        python_origin=f"python of {path}" if python else "",
        options=tuple(
            Option(name=shown(name), items=tuple(_items(table(feature), path))) for name, feature in features.items()
        ),
    )


def _items(stated: dict[str, Any], path: str) -> list[Item]:
    conda = list(table(stated.get("dependencies")).items())[:MAX_ITEMS]
    pypi = list(table(stated.get("pypi-dependencies")).items())[:MAX_ITEMS]
    found: list[Item] = [_conda(name, each, f"{path} [dependencies]") for name, each in conda]
    return found + [item for name, each in pypi for item in _pypi(name, each, f"{path} [pypi-dependencies]")]


def _conda(name: str, stated: object, origin: str) -> Item:
    version = stated if isinstance(stated, str) else text_of(table(stated).get("version"))
    found = conda_specs.counterpart(name, conda_specs.specifier(version), origin)
    return replace(found, origin=f"{origin} {shown(name)} (conda)") if isinstance(found, Asked) else found


def _pypi(name: str, stated: object, origin: str) -> list[Item]:
    details = table(stated)
    if "path" in details:
        return []
    return poetry.entry(name, stated, origin)
