"""`Pipfile`: https://pipenv.pypa.io/en/latest/pipfile.html."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workers.environments.declared import poetry, requirements_txt
from workers.environments.declared.plain import python_specifier, specifier
from workers.environments.declared.said import MAX_ITEMS, Option, Said, said
from workers.environments.declared.texts import UnreadableError, listed, refuse, table, text_of, toml, unread

if TYPE_CHECKING:
    from workers.environments.declared.said import Item, Open

_OWN_INDEX = frozenset({"pypi"})
_NO_SOURCE = "it says where packages come from; only the configured index is asked"


def read(raw: bytes, path: str, _open: Open) -> Said:
    """What the Pipfile at `path` asks for; its development packages are an option."""
    try:
        stated = toml(raw)
    except UnreadableError as error:
        return unread(path, error)
    packages = table(stated.get("packages"))
    python = _python(table(stated.get("requires")))
    return replace(
        said([*_sources(stated, path), *_items(packages, f"{path} [packages]")]),
        python=python,
        python_origin=f"python_version of {path}" if python else "",
        options=(Option(name="dev", items=tuple(_items(table(stated.get("dev-packages")), f"{path} [dev-packages]"))),),
        folders=tuple(place for each in packages.values() if (place := _folder(each, path))),
    )


def _python(requires: dict[str, Any]) -> str:
    if full := text_of(requires.get("python_full_version")):
        return python_specifier(full)
    version = text_of(requires.get("python_version"))
    return specifier(f"=={version}.*") if version else ""


def _items(packages: dict[str, Any], origin: str) -> list[Item]:
    remote = [(name, each) for name, each in list(packages.items())[:MAX_ITEMS] if "path" not in table(each)]
    return [item for name, each in remote for item in poetry.entry(name, each, origin)]


def _folder(stated: object, path: str) -> str:
    local = text_of(table(stated).get("path"))
    return requirements_txt.placed(posixpath.dirname(path), local) if local else ""


def _sources(stated: dict[str, Any], path: str) -> list[Item]:
    """Every source but the usual one, which Pipenv writes into each file."""
    found = [table(each) for each in listed(stated.get("source"))[:MAX_ITEMS]]
    others = [each for each in found if text_of(each.get("name")) not in _OWN_INDEX]
    return [refuse(text_of(each.get("url")), f"{path} [source]", _NO_SOURCE) for each in others]
