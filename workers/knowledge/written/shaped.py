"""The cases of shape rules as trials."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract.errors import ConfigError
from workers.contract.written_cases import Case
from workers.knowledge.rule import version
from workers.knowledge.written.cases import Trial, dotted, of_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.knowledge.shape import Shape


class _Cases(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    given: str | None = None
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


def cases(shapes: Mapping[str, Shape]) -> dict[str, tuple[Trial, ...]]:
    """Id of the shape -> its trials.

    Raises:
        ConfigError: a file cannot be read as cases, or names no shape.
    """
    found: dict[str, tuple[Trial, ...]] = {}
    for name, rows in _files():
        for identity, raw in rows.items():
            if identity not in shapes:
                raise ConfigError(f"cases {name}: there is no shape {identity!r}")
            try:
                told = _Cases.model_validate(raw)
            except ValidationError as error:
                raise ConfigError(f"cases {name}, shape {identity}: {error}") from error
            found[identity] = tuple(of_case(case, told.given, _blank(shapes[identity])) for case in told.cases)
    return found


def _files() -> Iterator[tuple[str, dict[str, Any]]]:
    folder = resources.files("workers.knowledge").joinpath("cases")
    for file in sorted(folder.iterdir(), key=lambda one: one.name) if folder.is_dir() else ():
        if file.name.endswith(".yml"):
            yield file.name, yaml.safe_load(file.read_bytes()) or {}


def _blank(shape: Shape) -> Trial:
    """The package where the old form is gone or warns, or else where the new one is there."""
    at = [version(text) for text in (shape.gone_since or shape.deprecated_since, shape.target_since) if text]
    installed = ((shape.package, dotted(max(at))),) if shape.package and at else ()
    return Trial(
        of=f"shapes/{shape.id}",
        rules=frozenset({f"shapes/{shape.id}"}),
        cells=(),
        claim="leaves",
        installed=installed,
    )
