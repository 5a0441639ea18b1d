"""What one release of a library says of one name: values, and their way through JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence of the library's about the name, or about one of its parameters."""

    text: str
    """As it is written there, formatted parts left out; bounded."""
    parameter: str = ""
    """The parameter that it is about; empty: the name itself."""
    new: str = ""
    """What takes the place, where it is said by structure rather than in words: the other string of a decorator."""
    whole: bool = False
    """It is about the module that the name lives in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a callable."""

    name: str
    default: str = ""
    """Source text; empty: none."""
    annotation: str = ""
    doc: str = ""
    """Its paragraph of the docstring, white space folded, bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A name as one release has it."""

    name: str
    """As it was asked for."""
    version: str
    kind: str
    """`module`, `class`, `function`, `value`, `elsewhere` (another distribution's)."""
    home: str = ""
    """Where it is defined, dotted; differs from `name` for whatever is exported again."""
    notes: tuple[Note, ...] = ()
    parameters: tuple[Parameter, ...] | None = ()
    """Without the instance's own; None where they cannot be read."""
    open: bool = False
    """It takes any keyword."""
    same: tuple[str, ...] = ()
    """Other public names of the same object in this release."""
    calls: tuple[str, ...] = ()
    """Public names of the function that it does nothing but call, with the very arguments it was given."""

    def takes(self, keyword: str) -> bool:
        """Whether it has a parameter of this name, or says something about one."""
        return any(each.name == keyword for each in self.parameters or ()) or any(
            note.parameter == keyword for note in self.notes
        )


_ADAPTER: TypeAdapter[Sighting | None] = TypeAdapter(Sighting | None)


def plain(seen: Sighting | None) -> Mapping[str, Any] | None:
    """For a file."""
    return None if seen is None else asdict(seen)


def from_plain(content: bytes) -> Sighting | None:
    """From a file.

    Raises:
        ValueError: it holds something else.
    """
    try:
        return _ADAPTER.validate_json(content)
    except ValidationError as error:
        raise ValueError(f"no sighting: {error.error_count()} mistakes") from error
