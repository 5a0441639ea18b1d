"""YAML as plain values that know their lines: no aliases, no tags, no duplicate keys, bounded in size and depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from workers.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE_BYTES = 64 * 1024
DEPTH = 20
PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A YAML text as JSON-like values, and the line of every value and key in it."""

    name: str
    """As messages show it."""
    value: Any
    """None, bool, int, float, str, list and dict with string keys."""
    lines: dict[KeyPath, int]
    """Line (from 1) of the key or list item at a path."""

    def line(self, path: KeyPath) -> int:
        """The line of `path`, or of its nearest ancestor in the text."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


def read(raw: bytes, name: str) -> Located:
    """Read `raw`.

    Raises:
        ConfigError: it is too large, not UTF-8, not YAML, or uses what a configuration has no need of; the message
            starts with `name:line`.
    """
    if len(raw) > SIZE_BYTES:
        raise ConfigError(f"{name}: {len(raw)} bytes; a configuration may have at most {SIZE_BYTES}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{name}:{line}: byte 0x{raw[error.start]:02x} is not UTF-8") from error
    lines: dict[KeyPath, int] = {}
    node = _compose(text, name)
    value = None if node is None else _plain(node, (), lines, name)
    return Located(name=name, value=value, lines=lines)


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        _refuse_what_is_not_needed(yaml.parse(text, Loader=yaml.SafeLoader), name)
        return yaml.compose(text, Loader=yaml.SafeLoader)  # pyright: ignore[reportUnknownMemberType]  # PyYAML's stubs leave the stream open
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{name}:{line}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: not YAML: {str(error).splitlines()[0]}") from error


def _refuse_what_is_not_needed(events: Iterator[Any], name: str) -> None:
    """Aliases grow without bound, tags make objects, and depth meets the recursion limit: all before composing."""
    depth = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ConfigError(f"{name}:{line}: anchors and aliases (`&`, `*`) are not allowed; write the value out")
        if getattr(event, "tag", None):
            raise ConfigError(f"{name}:{line}: the tag {event.tag!r} is not allowed; write a plain value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ConfigError(f"{name}:{line}: nested deeper than {DEPTH} levels")


def _plain(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], name: str) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    match node:
        case yaml.MappingNode():
            return _mapping(node, path, lines, name)
        case yaml.SequenceNode():
            return [_plain(item, (*path, index), lines, name) for index, item in enumerate(node.value)]
        case _:
            return _scalar(node, name)


def _mapping(node: yaml.MappingNode, path: KeyPath, lines: dict[KeyPath, int], name: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError(f"{name}:{line}: a key has to be plain text")
        key = key_node.value
        if key in result:
            first = lines[(*path, key)]
            raise ConfigError(f"{name}:{line}: the key `{key}` stands twice; the first is in line {first}")
        lines[(*path, key)] = line
        result[key] = _plain(value_node, (*path, key), lines, name)
    return result


def _scalar(node: yaml.Node, name: str) -> Any:
    """Dates, binaries and the like stay the text they were written as."""
    if node.tag not in PLAIN_TAGS:
        return node.value
    try:
        return yaml.SafeLoader("").construct_object(node)  # pyright: ignore[reportUnknownMemberType]  # untyped in the stubs
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{name}:{node.start_mark.line + 1}: cannot read the value {node.value[:40]!r}") from error
