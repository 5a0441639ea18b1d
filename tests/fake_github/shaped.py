"""Parsed JSON told apart, in a way the type checker follows."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_object(node: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(node, dict)


def is_array(node: Any) -> TypeGuard[list[Any]]:
    return isinstance(node, list)
