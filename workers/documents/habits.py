"""How a JSON file spells and lays out what it holds, so that new text looks like the old."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from workers.documents.jsontext import seen

if TYPE_CHECKING:
    from workers.documents.jsontext import Json, Node

_ESCAPED = re.compile(r"\\u(?:00[89a-fA-F]|0[1-9a-fA-F]|[1-9a-fA-F])")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

# What some writers escape although nothing asks for it: Colab and Go for HTML, PHP the slash, JavaScript's own two.
_OPTIONAL = {"/": "\\/"} | {each: f"\\u{ord(each):04x}" for each in "<>&'=\x7f\u2028\u2029"}


@dataclass(frozen=True)
class Habits:
    """Of one text; each habit is looked for when it is first needed."""

    text: str
    """As it is seen, see `jsontext`; what is spelled or written is text like any other."""
    root: Node
    """The walked object the text holds."""
    _known: dict[str, bool] = field(default_factory=dict[str, bool], compare=False)
    """What `_always` has found, by character."""

    @cached_property
    def ascii(self) -> bool:
        """True where the file escapes all that is not ASCII."""
        return self.text.isascii() and _ESCAPED.search(self._bare) is not None

    @cached_property
    def colon(self) -> str:
        """What stands between a key and its value."""
        first = next(iter(self.root.members.values()))
        key = _STRING.match(self.text, first.key)
        return self.text[key.end() : first.start] if key else ": "

    @cached_property
    def comma(self) -> str:
        """What stands between two members on one line."""
        first, second, *_ = self.root.members.values()
        return self.text[first.end : second.key] if self.unit is None else ","

    @cached_property
    def unit(self) -> str | None:
        """One step of indentation; None where the file is one line."""
        lead = self.lead(next(iter(self.root.members.values())).key)
        return None if lead is None else lead.removeprefix(self.newline)

    @cached_property
    def newline(self) -> str:
        """The line end of the file."""
        at = self.text.find("\n")
        return "\r\n" if at > 0 and self.text[at - 1] == "\r" else "\n"

    def lead(self, at: int) -> str | None:
        """The line end and indentation before what stands at `at`; None where it does not begin its line."""
        start = self.text.rfind("\n", 0, at)
        indent = self.text[start + 1 : at]
        return None if start < 0 or indent.strip(" \t") else f"{self.newline}{indent}"

    def spelled(self, value: str) -> str:
        """`value` as the inside of a string token."""
        return self._escaped(json.dumps(value, ensure_ascii=self.ascii)[1:-1])

    def written(self, value: Json, at: int, *, sort_keys: bool) -> str:
        """`value` as JSON, for a member whose key stands at `at`.

        Raises:
            TypeError: the value, or a key in it, is none that JSON knows.
            ValueError: a number in it is none that JSON knows.
        """
        lead = self.lead(at)
        pretty = self.unit is not None and lead is not None
        token = json.dumps(
            value,
            ensure_ascii=self.ascii,
            allow_nan=False,
            sort_keys=sort_keys,
            indent=self.unit if pretty else None,
            separators=("," if pretty else self.comma, self.colon),
        )
        return self._escaped(token.replace("\n", lead) if pretty and lead else token)

    def _escaped(self, token: str) -> str:
        for character, escape in _OPTIONAL.items():
            if character in token and self._always(character, escape):
                token = token.replace(character, escape)
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", token)

    def _always(self, character: str, escape: str) -> bool:
        """Whether the file holds `character` only as `escape` (which for a slash holds it itself)."""
        if character not in self._known:
            escapes = self._bare.count(escape) if escape in self.text else 0
            alone = self._bare.count(seen(character)) - escapes * escape.count(character) if escapes else 1
            self._known[character] = alone == 0
        return self._known[character]

    @cached_property
    def _bare(self) -> str:
        """The text without escaped backslashes: a backslash left begins an escape."""
        return self.text.replace("\\\\", "")
