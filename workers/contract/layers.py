"""Where settings are written: the file, the environment and the flags, each a layer that remembers its places."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from workers.contract import config
from workers.contract.config_file import explain
from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.config_file import ConfigFile
    from workers.contract.yaml_lines import KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Some settings from one source."""

    values: dict[str, Any]
    """As in the file."""
    origins: dict[KeyPath, str]
    """Path of a leaf -> where it was written."""


_LIMIT_VARIABLES = {f"MENDLOOP_{name.upper()}": ("limits", name) for name in config.Limits.model_fields}
VARIABLES: dict[str, tuple[str, ...]] = {
    "MENDLOOP_CLASSES": ("classes",),
    "MENDLOOP_SEVERITY": ("severity",),
    "MENDLOOP_OUTPUTS": ("outputs",),
    "MENDLOOP_MAX_ITERATIONS": ("max_iterations",),
    "MENDLOOP_FINDINGS_PER_ITERATION": ("findings_per_iteration",),
    "MENDLOOP_JOBS": ("jobs",),
    "MENDLOOP_PYTHON": ("python",),
    "MENDLOOP_REQUIREMENTS": ("requirements",),
    "MENDLOOP_PREFERRED_CHAT_MODEL": ("business_rules", "preferred_chat_model"),
    "MENDLOOP_PREFERRED_EMBEDDING_MODEL": ("business_rules", "preferred_embedding_model"),
    **_LIMIT_VARIABLES,
}
"""Environment variable -> the key it sets. A list is written with commas; an empty variable counts as unset."""
FLAGS: dict[str, tuple[str, ...]] = {
    "--python": ("python",),
    "--requirements": ("requirements",),
    "--max-iterations": ("max_iterations",),
    "--findings-per-iteration": ("findings_per_iteration",),
    "--jobs": ("jobs",),
    "--timeout-s": ("limits", "timeout_s"),
}
"""Flag -> the key it sets."""
ENVIRONMENT_KEYS = ("python", "requirements")


def from_file(file: ConfigFile | None, prefix: KeyPath, stated: dict[str, Any]) -> Layer:
    """What the file states; `stated` stands in it at `prefix`."""
    if file is None:
        return Layer(values={}, origins={})
    located = file.located
    origins = {path: f"{located.name}:{located.line((*prefix, *path))}" for path in leaves(stated)}
    return Layer(values=stated, origins=origins)


def from_environ(environ: Mapping[str, str]) -> Layer:
    """What the environment's variables state.

    Raises:
        ConfigError: a value does not fit its key.
    """
    set_variables = {name: _typed(path, environ[name]) for name, path in VARIABLES.items() if environ.get(name)}
    return _checked({f"${name}": (VARIABLES[name], value) for name, value in set_variables.items()})


def from_flags(flags: Mapping[str, Any]) -> Layer:
    """What the flags state; None counts as not given.

    Raises:
        ConfigError: a value does not fit its key.
    """
    return _checked({name: (FLAGS[name], value) for name, value in flags.items() if value is not None})


def _typed(path: tuple[str, ...], text: str) -> Any:
    """A variable's text as the value it stands for; what does not fit stays text, and the model says so."""
    if path == ("classes",):
        return [part.strip() for part in text.split(",") if part.strip()]
    if path[0] not in {"limits", "max_iterations", "findings_per_iteration", "jobs"}:
        return text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _checked(entries: Mapping[str, tuple[KeyPath, Any]]) -> Layer:
    """The entries as a layer; each is checked alone, so that the message can name it."""
    values: dict[str, Any] = {}
    origins: dict[KeyPath, str] = {}
    for origin, (path, value) in entries.items():
        nested: dict[str, Any] = {str(path[-1]): value}
        for key in reversed(path[:-1]):
            nested = {str(key): nested}
        if path[0] not in ENVIRONMENT_KEYS:
            _check(nested, origin)
        values = merged(values, nested)
        origins[path] = origin
    return Layer(values=values, origins=origins)


def _check(nested: dict[str, Any], origin: str) -> None:
    try:
        config.Config.model_validate_json(json.dumps(nested))
    except ValidationError as error:
        details = error.errors()[0]
        raise ConfigError(explain(details, details["loc"], origin)) from error


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Mappings are merged key by key; everything else is replaced."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value  # pyright: ignore[reportUnknownArgumentType]  # JSON
    return result


def leaves(values: dict[str, Any], prefix: KeyPath = ()) -> dict[KeyPath, Any]:
    """Path -> value of everything that is not a mapping; a list is one value."""
    result: dict[KeyPath, Any] = {}
    for key, value in values.items():
        path = (*prefix, key)
        result |= leaves(value, path) if isinstance(value, dict) else {path: value}  # pyright: ignore[reportUnknownArgumentType]  # JSON
    return result
