"""Reading a configuration file: every mistake in it is named with its line, its value and what was expected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast, get_args, get_type_hints

from pydantic import BaseModel, ValidationError

from workers.contract import yaml_lines
from workers.contract.config import Config
from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from workers.contract.yaml_lines import KeyPath, Located

VALUE_CHARS = 60
PLAIN_WORDS = {
    "a valid array": "a list",
    "an object": "a mapping of keys to values",
    "a valid string": "text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
}
"""What the model calls a type -> what an owner calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """A configuration that was accepted."""

    located: Located
    """What stands in the file, and where."""
    config: Config

    @property
    def stated(self) -> dict[str, Any]:
        """The keys the file states, as JSON-like values."""
        return cast("dict[str, Any]", self.located.value or {})


def read(raw: bytes, name: str) -> ConfigFile:
    """Read and check a configuration. An empty file is the default configuration.

    Raises:
        ConfigError: one line per mistake, in the order of the file, each starting with `name:line`.
    """
    located = yaml_lines.read(raw, name)
    stated: Any = {} if located.value is None else located.value
    try:
        config = Config.model_validate_json(json.dumps(stated))
    except ValidationError as error:
        raise ConfigError("\n".join(_messages(error, located))) from error
    return ConfigFile(located=located, config=config)


def _messages(error: ValidationError, located: Located) -> list[str]:
    by_place: dict[KeyPath, str] = {}
    for details in error.errors():
        path = _path(details["loc"], located.value)
        by_place.setdefault(path, explain(details, path, dotted(path)))
    # A list is not wrong besides its item: only the innermost place is named.
    innermost = {
        path: message
        for path, message in by_place.items()
        if not any(len(path) < len(other) and other[: len(path)] == path for other in by_place)
    }
    ordered = sorted(innermost.items(), key=lambda item: located.line(item[0]))
    return [f"{located.name}:{located.line(path)}: {message}" for path, message in ordered]


def _path(loc: tuple[int | str, ...], value: Any) -> KeyPath:
    """The part of an error's location that stands in the file; the rest names branches of the model's unions."""
    path: list[str | int] = []
    for step in loc:
        try:
            value = value[step]
        except (LookupError, TypeError):
            break
        path.append(step)
    return tuple(path)


def explain(details: ErrorDetails, path: KeyPath, shown: str) -> str:
    """One mistake as a sentence for the owner; `shown` is what the value at `path` is called where it was written."""
    value = _shown(details["input"])
    match details["type"]:
        case "extra_forbidden":
            return unknown_key(path)
        case "missing":
            return f"`{dotted(path, details['loc'][-1])}` is missing"
        case "value_error":
            reason = details["msg"].removeprefix("Value error, ")
            return f"`{shown}` cannot be {value}: {reason}" if shown else reason
        case _:
            return f"{f'`{shown}`' if shown else 'the file'} is {value}; expected {_expected(details)}"


def _expected(details: ErrorDetails) -> str:
    text = details["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    text = PLAIN_WORDS.get(text, text)
    return f"a number {text}" if text.startswith(("greater", "less")) else text


def dotted(path: KeyPath, *more: int | str) -> str:
    """A path as an owner reads it: `roots[0].limits.timeout_s`."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*path, *more))
    return steps.removeprefix(".")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_CHARS else text[: VALUE_CHARS - 1] + "…"


def unknown_key(path: KeyPath) -> str:
    """Names the unknown key at the end of `path` and the nearest known one."""
    known = known_keys(path[:-1])
    key = _shown(str(path[-1]))[1:-1]
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    advice = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
    where = f" in `{dotted(path[:-1])}`" if path[:-1] else ""
    return f"unknown key `{key}`{where}; {advice}"


def known_keys(path: KeyPath) -> list[str]:
    """The keys the model knows at `path`."""
    model: type[BaseModel] = Config
    for step in path:
        if isinstance(step, int):
            continue
        field = next((f for name, f in model.model_fields.items() if (f.alias or name) == step), None)
        inner = _model_in(_extras(model) if field is None else field.annotation)
        model = inner or model
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _extras(model: type[BaseModel]) -> Any:
    """What keys hold that a model does not know by name; None where it takes none."""
    return get_type_hints(model)["__pydantic_extra__"] if "__pydantic_extra__" in model.__annotations__ else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model an annotation speaks of, through lists, unions and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)
