"""What a code can be about, read off its text without parsing it. Always more than it is about, never less."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"\w+")
_NO_WORD = bytes(byte if chr(byte).isalnum() or byte == ord("_") else 32 for byte in range(128)) + bytes(
    range(128, 256)
)
"""For ASCII: everything that is no part of a word becomes a space."""
_REACHED = re.compile(r"\.[\s\\]*([^\W\d]\w*)")
_PASSED = re.compile(r"\b(\w++)[\s\\]*+=")
_RENAMED = re.compile(r"\bas\s+\w+")
_FROM = re.compile(r"\bfrom[ \t]+([\w.]+)")
_MODULES = re.compile(r"\bimport[ \t]+([^;#]*)")
_ALIAS = re.compile(r"(?<=['\"\d\s+-])[A-Za-z]{1,4}(?=['\"\d\s-])")


class Spoken:
    """The words of a code by where they stand. What is asked for first is worked out first."""

    def __init__(self, sources: Iterable[str]) -> None:
        self.text = "\n".join(sources)

    @cached_property
    def words(self) -> frozenset[str]:
        """All of them."""
        if self.text.isascii():
            return frozenset(self.text.encode().translate(_NO_WORD).decode().split())
        return frozenset(_WORD.findall(self.text))

    @cached_property
    def reached(self) -> frozenset[str]:
        """Those behind a dot or in an import."""
        if self._goes_on:
            return self.words
        imported = (word for line in self._imports for word in _WORD.findall(_RENAMED.sub("", line)))
        return frozenset(_REACHED.findall(self.text)).union(imported)

    @cached_property
    def bound(self) -> frozenset[str]:
        """What imports may bind or take from: first parts of modules, and modules whole."""
        if self._goes_on:
            return self.words
        taken = (module for line in self._imports for module in _FROM.findall(line))
        listed = (item for line in self._imports for part in _MODULES.findall(line) for item in part.split(","))
        return frozenset((*taken, *(item.strip().partition(".")[0].partition(" ")[0] for item in listed)))

    @cached_property
    def passed(self) -> frozenset[str]:
        """Those before an equals sign."""
        return frozenset(_PASSED.findall(self.text))

    def holds_string(self, value: str) -> bool:
        """Whether a string may have that value; one with escapes may have any."""
        return f"'{value}'" in self.text or f'"{value}"' in self.text or "\\" in self.text

    def holds_alias(self, alias: str) -> bool:
        """Whether a string may have that alias of a frequency in it: between quotes, digits, signs and spaces."""
        return alias in self._aliases or "\\x" in self.text or "\\u" in self.text

    @cached_property
    def _imports(self) -> list[str]:
        return [line for line in self.text.split("\n") if "import" in line]

    @cached_property
    def _goes_on(self) -> bool:
        """An import may go on in other lines: every word of such a code may be imported."""
        return any("(" in line or line.endswith("\\") for line in self._imports)

    @cached_property
    def _aliases(self) -> frozenset[str]:
        return frozenset(_ALIAS.findall(self.text))
