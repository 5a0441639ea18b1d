"""What other installed packages bring, by entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint


def installed(
    group: str, word: str, method: str, found: Iterable[EntryPoint] | None = None
) -> tuple[tuple[str, Any], ...]:
    """(Registered name, object) of each entry point in `group`, or of those in `found`, by name.

    Each is a class or function that makes the object when called without arguments. `word` says what it is to be, for
    whoever has to mend it; `method` is what it has to have.

    Raises:
        ConfigError: one cannot be loaded, or has no such method.
    """
    points = entry_points(group=group) if found is None else found
    ordered = sorted(points, key=lambda point: (point.name, point.value))
    return tuple((point.name, _loaded(point, word, method)) for point in ordered)


def _loaded(point: EntryPoint, word: str, method: str) -> Any:
    try:
        made = point.load()()
    except Exception as error:
        raise ConfigError(f"the {word} {point.name!r} ({point.value}) cannot be loaded: {error}") from error
    if not callable(getattr(made, method, None)):
        raise ConfigError(f"the {word} {point.name!r} ({point.value}) has no `{method}`")
    return made
