"""`setup.cfg`: https://setuptools.pypa.io/en/latest/userguide/declarative_config.html."""

from __future__ import annotations

import configparser
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.contract.errors import MendloopError
from workers.environments.declared import requirements_txt
from workers.environments.declared.plain import asked, specifier
from workers.environments.declared.said import MAX_ITEMS, Option, Package, Said, joined, said
from workers.environments.declared.texts import UnreadableError, decoded, refuse, shown, unread

if TYPE_CHECKING:
    from workers.environments.declared.said import Item, Open

_OPTIONS = "options"
_EXTRAS = "options.extras_require"


def read(raw: bytes, path: str, open_: Open) -> Said:
    """What the file at `path` asks for; its extras come as options."""
    # Without interpolation: a value means what it says, and cannot be blown up.
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parsed.read_string(decoded(raw), path)
    except (configparser.Error, UnreadableError) as error:
        return unread(path, error)
    folder = posixpath.dirname(path) or "."
    python = specifier(_value(parsed, _OPTIONS, "python_requires"))
    required = _value(parsed, _OPTIONS, "install_requires")
    found = _required(required, path, open_)
    extras = dict(parsed.items(_EXTRAS)) if parsed.has_section(_EXTRAS) else {}
    return replace(
        found,
        python=python,
        python_origin=f"python_requires of {path}" if python else "",
        options=tuple(
            Option(name=shown(name), items=tuple(_items(text, f"{path} [{shown(name)}]")))
            for name, text in extras.items()
        ),
        package=_package(parsed, folder),
    )


def _value(parsed: configparser.ConfigParser, section: str, key: str) -> str:
    # Setuptools reads both spellings.
    return parsed.get(section, key, fallback="") or parsed.get(section, key.replace("_", "-"), fallback="")


def _required(text: str, path: str, open_: Open) -> Said:
    if not text.startswith("file:"):
        return said(_items(text, f"{path} [options.install_requires]"))
    files = [each.strip() for each in text.removeprefix("file:").split(",") if each.strip()]
    return joined(*(_file(each, path, open_) for each in files[:MAX_ITEMS]))


def _file(written: str, path: str, open_: Open) -> Said:
    place = requirements_txt.placed(posixpath.dirname(path), written)
    if not place:
        return said([refuse(written, path, "it lies outside the repository")])
    try:
        return requirements_txt.read(open_(place), place, open_)
    except MendloopError as error:
        return unread(place, error)


def _items(text: str, origin: str) -> list[Item]:
    lines = [line.strip() for line in text.split("\n")]
    stated = [line for line in lines if line and not line.startswith("#")]
    return [asked(line, origin) for line in stated[:MAX_ITEMS]]


def _package(parsed: configparser.ConfigParser, folder: str) -> Package | None:
    name = _value(parsed, "metadata", "name").strip()
    if not name:
        return None
    root = next((line.partition("=")[2].strip() for line in _lines(parsed, "package_dir") if line.startswith("=")), "")
    listed = [each for each in _lines(parsed, "packages") if "find" not in each and "." not in each]
    where = parsed.get("options.packages.find", "where", fallback="").strip()
    places = [posixpath.join(root, each) for each in listed] + [f"{each}.py" for each in _lines(parsed, "py_modules")]
    version = _value(parsed, "metadata", "version").strip()
    return Package(
        name=shown(name),
        folder=folder,
        places=(*places, *([f"{where}/*"] if where else [])),
        version="" if ":" in version else shown(version),
    )


def _lines(parsed: configparser.ConfigParser, key: str) -> list[str]:
    return [line.strip() for line in _value(parsed, _OPTIONS, key).split("\n") if line.strip()][:MAX_ITEMS]
