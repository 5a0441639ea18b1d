"""Reads as much of GraphQL's grammar as clients of GitHub write: operations, variables, arguments, fragments."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r'\s*(?:,|#[^\n]*)*\s*(\.\.\.|"(?:[^"\\]|\\.)*"|[{}()\[\]:$!=@|]|-?\d+(?:\.\d+)?|\w+)')


class GraphQLSyntaxError(Exception):
    """Not a document this reads."""


@dataclass(frozen=True)
class Field:
    """One field asked for."""

    name: str
    alias: str
    arguments: dict[str, Any]
    selection: tuple[Field, ...]


@dataclass(frozen=True)
class Document:
    """One operation; fragments are already in their places."""

    kind: str
    selection: tuple[Field, ...]


@dataclass
class _Reader:
    tokens: list[str]
    variables: dict[str, Any]
    fragments: dict[str, int] = field(default_factory=dict[str, int])
    at: int = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if not token or (wanted is not None and token != wanted):
            raise GraphQLSyntaxError(f"Parse error on {token!r}: expected {wanted}")
        self.at += 1
        return token

    def skip_to(self, wanted: str) -> None:
        while self.peek() not in {wanted, ""}:
            self.at += 1

    def skip_block(self) -> None:
        depth = 0
        while True:
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
            if depth == 0:
                return

    def selection(self) -> tuple[Field, ...]:
        fields: list[Field] = []
        self.take("{")
        while self.peek() != "}":
            fields += self.spread() if self.peek() == "..." else [self.field()]
        self.take("}")
        return tuple(fields)

    def spread(self) -> list[Field]:
        self.take("...")
        if self.peek() == "on":
            self.at += 2
        if self.peek() == "{":
            return list(self.selection())
        back, self.at = self.at + 1, self.fragments[self.take()]
        found = list(self.selection())
        self.at = back
        return found

    def field(self) -> Field:
        alias = name = self.take()
        if self.peek() == ":":
            self.at += 1
            name = self.take()
        arguments = self.arguments() if self.peek() == "(" else {}
        return Field(name, alias, arguments, self.selection() if self.peek() == "{" else ())

    def arguments(self) -> dict[str, Any]:
        self.take("(")
        return self.pairs(")")

    def pairs(self, end: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.peek() != end:
            key = self.take()
            self.take(":")
            found[key] = self.value()
        self.take(end)
        return found

    def value(self) -> Any:
        token = self.take()
        if token == "$":
            return self.variables.get(self.take())
        if token == "{":
            return self.pairs("}")
        if token == "[":
            items: list[Any] = []
            while self.peek() != "]":
                items.append(self.value())
            self.take("]")
            return items
        if token[0] in '"-0123456789' or token in {"true", "false", "null"}:
            return json.loads(token)
        return token


def read(text: str, variables: dict[str, Any]) -> Document:
    """The first operation of a document, its variables put in."""
    tokens = TOKEN.findall(text)
    reader = _Reader(tokens, variables)
    start = _operations(reader)
    reader.at = start
    kind = "query"
    if reader.peek() in {"query", "mutation"}:
        kind = reader.take()
        reader.skip_to("{")
    return Document(kind, reader.selection())


def _operations(reader: _Reader) -> int:
    """Where the operation begins; notes the fragments."""
    start: int | None = None
    while reader.peek():
        at, word = reader.at, reader.peek()
        if word == "fragment":
            name = reader.tokens[at + 1]
            reader.skip_to("{")
            reader.fragments[name] = reader.at
        else:
            start = at if start is None else start
            # Defaults of variables may hold braces: the selection begins after the closing bracket.
            if word != "{":
                reader.skip_to("(" if "(" in reader.tokens[at : at + 3] else "{")
                if reader.peek() == "(":
                    reader.skip_to(")")
                reader.skip_to("{")
        reader.skip_block()
    if start is None:
        raise GraphQLSyntaxError("Unexpected end of document")
    return start
