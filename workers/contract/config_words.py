"""What a value of the owner's configuration may be, whatever key it stands under."""

from __future__ import annotations

import re
import shlex
from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator, Field


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return value


def _relative(value: str) -> str:
    if value.startswith(("/", "~")) or "\0" in value or ".." in value.replace("\\", "/").split("/"):
        raise ValueError("a path inside the repository, relative to its root")
    return value.strip("/").removeprefix("./") or "."


def _words(value: object) -> object:
    """A command as one line is split as a shell would, without being a shell."""
    if isinstance(value, str):
        return tuple(shlex.split(value))
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


Regex = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_regex)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Inside = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_relative)]
Words = Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]
Command = Annotated[Words, BeforeValidator(_words, json_schema_input_type=Text | Words)]
Many = Field(default=(), max_length=500)
