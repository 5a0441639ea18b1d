"""A stranger's bytes as text, TOML, JSON or YAML, or the reason why they are none; and how their text is shown."""

from __future__ import annotations

import codecs
import json
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from workers.contract import yaml_lines
from workers.contract.errors import ConfigError
from workers.contract.markdown import capped, seen
from workers.contract.redact import redactor
from workers.environments.declared.said import Said
from workers.environments.words import Refused

if TYPE_CHECKING:
    from workers.contract.redact import Redactor

MIB = 1024 * 1024
MAX_BYTES = MIB
"""Of a declaration that people write."""
MAX_LOCK_BYTES = 8 * MIB
SHOWN_CHARS = 160

# PowerShell's `pip freeze > requirements.txt` writes UTF-16 with a mark; pip reads that as well.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class UnreadableError(ValueError):
    """A declaration that cannot be read at all; the message says why, without its name."""


def shown(text: str) -> str:
    """Foreign text for a reader: on one line, capped, invisible characters visible, credentials masked."""
    return " ".join(seen(capped(_masking().mask(text[: 8 * SHOWN_CHARS]), SHOWN_CHARS)).split())


def refuse(text: str, origin: str, why: str, name: str = "") -> Refused:
    """`text` refused, fit to be shown."""
    return Refused(text=shown(text), origin=shown(origin), why=why, name=name)


def unread(path: str, error: Exception) -> Said:
    """What a declaration says that cannot be read."""
    return Said(refused=(refuse(path, path, f"it cannot be read: {shown(str(error))}"),))


def decoded(raw: bytes, limit: int = MAX_BYTES) -> str:
    """The text of a declaration, its lines ended by line feeds alone.

    Raises:
        UnreadableError: it is too large, or neither UTF-8 nor marked as something else.
    """
    if len(raw) > limit:
        raise UnreadableError(f"it has {len(raw)} bytes, more than the {limit} that are read")
    mark, encoding = next(((mark, name) for mark, name in _MARKS if raw.startswith(mark)), (b"", "utf-8"))
    try:
        text = raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is not {encoding.upper()}: {error.reason}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def toml(raw: bytes, limit: int = MAX_BYTES) -> dict[str, Any]:
    """A TOML text as a table.

    Raises:
        UnreadableError: it is none, or nested too deep.
    """
    try:
        return tomllib.loads(decoded(raw, limit))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise UnreadableError(_why(error, "TOML")) from error


def json_object(raw: bytes, limit: int = MAX_LOCK_BYTES) -> dict[str, Any]:
    """A JSON text as an object.

    Raises:
        UnreadableError: it is none, or nested too deep.
    """
    try:
        value = json.loads(decoded(raw, limit))
    except (RecursionError, ValueError) as error:
        raise UnreadableError(_why(error, "JSON")) from error
    return table(value)


def yaml_mapping(raw: bytes, path: str) -> dict[str, Any]:
    """A YAML text as a mapping, without anchors, aliases and tags.

    Raises:
        UnreadableError: it is none, or has one of these.
    """
    try:
        text = decoded(raw, yaml_lines.SIZE_BYTES)
        return table(yaml_lines.read(text.encode(errors="replace"), path).value)
    except (ConfigError, RecursionError) as error:
        raise UnreadableError(_why(error, "YAML")) from error


def table(value: object) -> dict[str, Any]:
    """`value` if it is a table with keys of text, else an empty one."""
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in cast("dict[object, Any]", value).items() if isinstance(key, str)}


def listed(value: object) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text_of(value: object) -> str:
    """`value` if it is text, else nothing."""
    return value if isinstance(value, str) else ""


def texts_of(value: object) -> list[str]:
    """The texts in a list."""
    return [each for each in listed(value) if isinstance(each, str)]


def within(value: object, *keys: str) -> Any:
    """What stands in tables in tables under `keys`; None where one of them is missing."""
    for key in keys:
        value = table(value).get(key)
    return value


def _why(error: Exception, what: str) -> str:
    if isinstance(error, UnreadableError):
        return str(error)
    return f"it is nested too deep for {what}" if isinstance(error, RecursionError) else str(error)


@cache
def _masking() -> Redactor:
    """Shapes of credentials alone: no value of this process is known here, so that reading stays pure."""
    return redactor({})
