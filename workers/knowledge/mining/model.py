"""What stands in a release, as values: modules, what they define, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Binding = Literal["positional", "either", "keyword", "many", "others"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function."""

    name: str
    binding: Binding
    """`many` is `*args`, `others` is `**kwargs`."""
    default: str | None
    """Source text; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function or a method, its receiver not counted."""

    line: int
    parameters: tuple[Parameter, ...]
    digest: str
    """Of its text, decorators left out."""
    forwards: str = ""
    """What it calls with all that it was given, where that is all it does (apart from a warning)."""
    decorators: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    """Strings that its decorators are given: keywords among them may still be taken."""

    @property
    def is_property(self) -> bool:
        """Read as an attribute, so never called."""
        return any(
            "property" in name.rpartition(".")[2] or name.endswith((".setter", ".getter")) for name in self.decorators
        )

    @property
    def is_open(self) -> bool:
        """Takes keywords that its signature does not name."""
        return any(one.binding == "others" for one in self.parameters)

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name that can be passed by it."""
        return next((one for one in self.parameters if one.name == name and one.binding in {"either", "keyword"}), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A class and what its body and its methods bind."""

    line: int
    bases: tuple[str, ...]
    """As they are written."""
    members: Mapping[str, Item]
    digest: str
    is_open: bool
    """It looks attributes up: `__getattr__`."""
    is_made: bool = False
    """Attributes may be added to it: by a metaclass, or by a decorator."""
    decorators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another name for something."""

    line: int
    target: str
    """Dotted and absolute for an import; else as written, to be looked up where the alias stands."""
    is_import: bool
    warns: bool = False
    """Made by a call such as `_deprecate(other)`, or looked up in a table of a `__getattr__`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Anything else that is bound."""

    line: int


Item = Function | Class | Alias | Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a release says about one thing, where it says it."""

    found: Literal["decorator", "table", "warning", "docstring"]
    subject: str
    """In the module: `function`, `Class.method`; a dotted absolute name for tables."""
    line: int
    parameter: str = ""
    """The keyword it is about; empty: the subject itself."""
    value: str = ""
    """The string passed for `parameter` that it is about; empty: any."""
    since: str = ""
    """The version it names."""
    new: str = ""
    """What it names as a replacement, where that has a place of its own."""
    text: str = ""
    """The words, where the replacement has to be read out of them."""
    gone: bool = False
    """It says that the subject is not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source, read."""

    name: str
    path: str
    is_package: bool
    names: Mapping[str, Item]
    stars: tuple[str, ...]
    """Modules of which everything is imported."""
    exported: tuple[str, ...] | None
    """`__all__`, as far as it is written out."""
    exports_more: bool
    """Some of `__all__` is made elsewhere."""
    is_open: bool
    """Names may come from elsewhere."""
    mentions: frozenset[str] = field(default=frozenset(), repr=False)
    """Every word of an open module: what is not among them does not come from there by name."""
    notes: tuple[Note, ...] = ()
