"""Strict JSON that remembers where things stand, so that a splice can leave everything else alone.

The C scanner of the standard library reads the values; only objects and lists named by a `Shape` are walked here, and
only their members get a span. Both the depth and the number of values are bounded before the scanner starts.

A file is read as it is *seen*: one character a byte (Latin-1). What JSON is made of is ASCII and stands at the same place, so
offsets are those of bytes, and one emoji does not make every character of a large file four bytes wide. Only what stands in
strings has to be told from its bytes; a string that holds the emoji itself is as wide as Python's text is.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias, cast

from workers.contract.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

Shape: TypeAlias = "Mapping[str, Shape]"
"""Which members to walk into, by key; `*` is every item of a list. A shape that is empty is read as one value."""

EACH = "*"

_BYTES = re.compile("[\x80-\xff]+")
_ESCAPE = re.compile(r"\\(?:u00([89a-fA-F][0-9a-fA-F])|.)")
"""An escape; its group is there where the character cannot be told from a byte of another one."""
_LIKE_A_BYTE = re.compile(r"\\u00[89a-fA-F]")
"""What may be such an escape; a backslash before it decides. Begins with a letter that is searched for at once."""
_HOLDS_TEXT = (str, list, dict)
_SPACE = re.compile(r"[ \t\n\r]*")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{},'))
_NEITHER = bytes(set(_NOT_STRUCTURE) - set(b"\\/bfnrtu"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class Node(NamedTuple):
    """A value and where its text stands."""

    value: Json
    start: int
    end: int
    key: int = -1
    """Where the key stands, for a member of an object."""
    members: Mapping[str, Node] = {}
    """Of a walked object, in the file's order."""
    items: tuple[Node, ...] = ()
    """Of a walked list."""


def seen(text: str) -> str:
    """`text` as it is seen in a file: one character a byte."""
    return text.encode().decode("latin-1")


def told(view: str) -> str:
    """What is seen as the text it is."""
    return view.encode("latin-1").decode()


def guard(raw: bytes, *, depth: int, values: int) -> None:
    """Refuse JSON that is nested deeper than `depth` or holds more than about `values` values, without parsing it.

    Raises:
        DocumentError: `nesting` or `too-many-values`.
    """
    # Escapes go, so that every quote left opens or closes a string; what may follow a backslash must stay until then.
    # Two adjacent quotes cancel out.
    escaped = raw.translate(None, _NEITHER).replace(b"\\\\", b"").replace(b'\\"', b"")
    structure = escaped.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    outside = b"".join(structure.split(b'"')[::2])
    count = outside.count(b",") + outside.count(b"[") + outside.count(b"{")
    if count > values:
        raise DocumentError("too-many-values", f"holds about {count} JSON values; the limit is {values}")
    brackets = outside.translate(None, b",")
    deepest = max(accumulate(map(_STEP.__getitem__, brackets)), default=0)
    if deepest > depth:
        raise DocumentError("nesting", f"JSON nested {deepest} deep; the limit is {depth}")


def read(text: str, shape: Shape, *, items: int) -> Node:
    """The one JSON value of `text`, seen, which has passed `guard`; at most `items` list items are walked.

    Raises:
        DocumentError: `not-json`, `duplicate-keys`, `number-too-long` or `too-many-cells`.
    """
    reader = Reader(text, items=items)
    node = reader.node(reader.skip(0), shape)
    if reader.skip(node.end) != len(text):
        reader.fail("text after the end", node.end)
    return node


class Reader:
    """Reads nodes of one text as it is seen; their values are told."""

    def __init__(self, text: str, *, items: int) -> None:
        self._text = text
        self._items = items
        self._strict = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
        self._loose = json.JSONDecoder(parse_constant=_refuse)

    def skip(self, at: int) -> int:
        """Past white space."""
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def fail(self, what: str, at: int) -> NoReturn:
        """Refuse the text as no JSON."""
        line = self._text.count("\n", 0, at) + 1
        raise DocumentError("not-json", f"not JSON: {what} in line {line}")

    def node(self, at: int, shape: Shape, key: int = -1) -> Node:
        """The value that starts at `at`, walked as far as `shape` says."""
        opener = self._text[at : at + 1]
        if shape and opener == "{":
            return self._object(at, shape, key)
        if opener == "[" and EACH in shape:
            return self._list(at, shape[EACH], key)
        value, end = self._value(at)
        return Node(value, at, end, key)

    @cached_property
    def _mixed(self) -> bool:
        """Whether bytes of characters stand beside escapes that come out as the like."""
        return _LIKE_A_BYTE.search(self._text) is not None

    def _value(self, at: int) -> tuple[Any, int]:
        if self._text.isascii():
            return self._scanned(self._strict, self._text, at)
        if not self._mixed:
            value, end = self._scanned(self._strict, self._text, at)
            return _told(value), end
        # Keys that only look alike are no duplicates: first to its end, then without such escapes.
        _, end = self._scanned(self._loose, self._text, at)
        if _LIKE_A_BYTE.search(self._text, at, end) is None:
            return _told(self._scanned(self._strict, self._text, at)[0]), end
        plain = _ESCAPE.sub(_as_bytes, self._text[at:end])
        return _told(self._scanned(self._strict, plain, 0)[0]), end

    def _scanned(self, decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int]:
        try:
            return decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            self.fail(error.msg, error.pos)
        except ValueError as error:
            # Python's own bound on the digits of an integer.
            raise DocumentError("number-too-long", "holds an integer of too many digits") from error

    def _object(self, start: int, shape: Shape, key: int) -> Node:
        members: dict[str, Node] = {}
        at = self.skip(start + 1)
        more = self._text[at : at + 1] != "}"
        while more:
            name, colon = self._name(at)
            if name in members:
                _duplicate(name)
            value = self.skip(colon + 1)
            members[name] = node = self.node(value, shape.get(name, {}), at)
            at, more = self._next(node.end, "}")
        return Node({name: node.value for name, node in members.items()}, start, at + 1, key, members)

    def _name(self, at: int) -> tuple[str, int]:
        if self._text[at : at + 1] != '"':
            self.fail("a key is missing", at)
        name, end = self._value(at)
        colon = self.skip(end)
        if self._text[colon : colon + 1] != ":":
            self.fail("a colon is missing", colon)
        return name, colon

    def _list(self, start: int, shape: Shape, key: int) -> Node:
        items: list[Node] = []
        at = self.skip(start + 1)
        more = self._text[at : at + 1] != "]"
        while more:
            items.append(node := self.node(at, shape))
            self._items -= 1
            if self._items < 0:
                raise DocumentError("too-many-cells", "holds more cells than the limit")
            at, more = self._next(node.end, "]")
        return Node([node.value for node in items], start, at + 1, key, {}, tuple(items))

    def _next(self, at: int, closer: str) -> tuple[int, bool]:
        """Past a comma to what follows it, or to the closer and no more."""
        at = self.skip(at)
        character = self._text[at : at + 1]
        if character == ",":
            return self.skip(at + 1), True
        if character != closer:
            self.fail(f"a comma or {closer} is missing", at)
        return at, False


def _as_bytes(escape: re.Match[str]) -> str:
    return seen(chr(int(escape[1], 16))) if escape[1] else escape[0]


def _told(value: Any) -> Any:
    """A value with its strings told, as far as possible in place: there may be millions."""
    if isinstance(value, str):
        return _told_string(value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        for index, item in enumerate(items):
            if isinstance(item, _HOLDS_TEXT):
                items[index] = _told(item)
    elif isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if not all(map(str.isascii, members)):
            return _unique([(_told_string(key), _told(each)) for key, each in members.items()])
        for key, each in members.items():
            if isinstance(each, _HOLDS_TEXT):
                members[key] = _told(each)
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON, changed in place


def _told_string(view: str) -> str:
    if view.isascii():
        return view
    try:
        return told(view)
    except UnicodeEncodeError:  # escapes of other characters stand beside the bytes
        return _BYTES.sub(lambda found: told(found[0]), view)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        _duplicate(next(name for name, _ in pairs if name in seen or seen.add(name)))
    return found


def _duplicate(name: str) -> NoReturn:
    raise DocumentError("duplicate-keys", f"the key {name[:80]!a} stands twice in one object")


def _refuse(constant: str) -> NoReturn:
    raise DocumentError("not-json", f"not JSON: {constant} is no JSON number")
