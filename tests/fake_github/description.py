"""GitHub's own description of its API: which operation a request is, an example of its answer, and whether a body fits."""

from __future__ import annotations

import copy
import gzip
import json
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.fake_github.shaped import is_array, is_object

DATA = Path(__file__).parents[1] / "data" / "github"
MANY_SEGMENTS = frozenset({"path", "ref", "branch", "basehead"})
"""Parameters that hold slashes: `git/ref/heads/feature/a` is one ref."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A body that GitHub would never have sent."""

    operation: str
    status: int
    where: str
    why: str


@dataclass(frozen=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    body: dict[str, Any] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("^" + re.sub(r"\\{(\w+)\\}", _group, re.escape(self.path)) + "$")

    def media(self, status: int) -> dict[str, Any] | None:
        """Schema and example of an answer; None where the description has no such status or no body for it."""
        response = self.body["responses"].get(str(status), {})
        return response.get("content", {}).get("application/json")

    @cached_property
    def success(self) -> int:
        return min(int(status) for status in self.body["responses"] if status.startswith("2"))


class Description:
    """The slimmed OpenAPI document (see slim.py)."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._schemas = _nullable(document["components"]["schemas"])
        self._validators: dict[tuple[str, str], jsonschema_rs.Validator] = {}
        self.operations = [
            Operation(method.upper(), path, body)
            for path, methods in document["paths"].items()
            for method, body in methods.items()
        ]
        # A literal segment wins over a parameter: /issues/comments is no issue. Long paths go first, for a ref may
        # hold slashes and would swallow what stands behind it.
        self.operations.sort(
            key=lambda operation: (-operation.path.count("/"), re.sub(r"\{\w+\}", "~", operation.path))
        )
        self._named = {operation.name: operation for operation in self.operations}

    def __getitem__(self, name: str) -> Operation:
        """`GET /repos/{owner}/{repo}`."""
        return self._named[name]

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation of a request and its path parameters; None: GitHub has none, or the fake does not speak it."""
        for operation in self.operations:
            if operation.method == method and (found := operation.pattern.match(path)):
                return operation, found.groupdict()
        return None

    def example(self, name: str) -> Any:
        """A fresh copy of the official example of an operation's success."""
        operation = self._named[name]
        media = operation.media(operation.success) or {}
        return copy.deepcopy(media.get("example"))

    def violation(self, operation: Operation, status: int, body: Any) -> Violation | None:
        """Why `body` is no answer of this operation; None when it is one."""
        media = operation.media(status)
        if media is None and status >= 400:
            media = {"schema": {"$ref": "#/components/schemas/basic-error"}}
        if media is None:
            described = str(status) in operation.body["responses"] and body is None
            where = "status" if str(status) not in operation.body["responses"] else "body"
            return (
                None
                if described
                else Violation(operation=operation.name, status=status, where=where, why="not described")
            )
        error = self._error((operation.name, str(status)), media["schema"], body)
        return error and Violation(operation=operation.name, status=status, where=error[0], why=error[1])

    def objection(self, operation: Operation, body: Any) -> tuple[str, str] | None:
        """(where, why) the body of a request does not fit."""
        media = operation.body.get("requestBody", {}).get("content", {}).get("application/json")
        return None if media is None else self._error((operation.name, "request"), media["schema"], body)

    def _error(self, key: tuple[str, str], schema: dict[str, Any], body: Any) -> tuple[str, str] | None:
        if key not in self._validators:
            whole = {**_nullable(schema), "components": {"schemas": self._schemas}}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=False)
        error = next(self._validators[key].iter_errors(body), None)
        return error and ("/".join(map(str, error.instance_path)), error.message[-300:])


@cache
def description() -> Description:
    """Read once in a process."""
    return Description(json.loads(gzip.decompress((DATA / "description.json.gz").read_bytes())))


@cache
def _webhooks() -> dict[str, dict[str, Any]]:
    return json.loads(gzip.decompress((DATA / "webhooks.json.gz").read_bytes()))


def webhook_examples(event: str) -> dict[str, Any]:
    """Action (or "") -> the official example."""
    return copy.deepcopy(_webhooks()[event])


def webhook_example(event: str, action: str) -> dict[str, Any]:
    """A fresh copy of the official example payload; of the event's first action where this one has none."""
    examples = webhook_examples(event)
    return examples.get(action) or next(iter(examples.values()))


def _group(found: re.Match[str]) -> str:
    name = found[1]
    return f"(?P<{name}>.+)" if name in MANY_SEGMENTS else f"(?P<{name}>[^/]+)"


def _nullable(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if is_array(node):
        return [_nullable(item) for item in node]
    if not is_object(node):
        return node
    kept: dict[str, Any] = {key: _nullable(value) for key, value in node.items()}
    if kept.pop("nullable", False) is not True:
        return kept
    return {"anyOf": [kept, {"type": "null"}]}
