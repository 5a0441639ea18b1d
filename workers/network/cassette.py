"""Answers as they were recorded: what the unchanged artifact was told, its repair is told too, and nobody is asked twice.

One file a run. An answer is found by what was asked (method, address, body, the headers that change an answer) and by which
artifact asked. No request stands in it, and no credential: the proxy adds those later, and hands no answer on that holds one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract.redact import MASK
from workers.network.asking import Answer

if TYPE_CHECKING:
    from workers.network.deciding import Asked

TELLING = ("accept", "accept-encoding", "accept-language", "content-type", "range", "if-range")
"""Headers by which the answers to one address differ."""
MOST_BYTES = 512 << 20
_BOUNDARY = re.compile(rb'boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?')


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    host: str
    status: Annotated[int, Field(ge=200, le=999)]
    headers: list[tuple[str, str]]
    body: str


class CassetteError(Exception):
    """A file that is none of ours, or cannot be written to."""


@dataclass(slots=True)
class Cassette:
    """A file of recorded answers, open for as long as the run."""

    descriptor: int
    """Open for reading and appending."""
    _index: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])
    """Key -> where its answers stand, in order: (offset, length)."""
    _size: int = 0

    @classmethod
    def opened(cls, descriptor: int) -> Cassette:
        """With what an earlier run left in the file.

        Raises:
            CassetteError: it holds something else, or more than a run may record.
        """
        cassette = cls(descriptor)
        if os.fstat(descriptor).st_size > MOST_BYTES:
            raise CassetteError("more than a run may record")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(0)
            for line in file:
                cassette._index.setdefault(_read(line).key, []).append((cassette._size, len(line)))
                cassette._size += len(line)
        return cassette

    def count(self, key: str) -> int:
        """How many answers there are to what was asked."""
        return len(self._index.get(key, ()))

    def play(self, key: str, number: int) -> Answer:
        """The answer that was given the `number`th time, from 0; the last one to whoever asks more often."""
        places = self._index[key]
        offset, length = places[min(number, len(places) - 1)]
        kept = _read(os.pread(self.descriptor, length, offset))
        return Answer(
            status=kept.status,
            headers=tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers),
            body=base64.b64decode(kept.body),
        )

    def record(self, key: str, host: str, answer: Answer) -> bool:
        """Keep an answer; False where there is no more room."""
        headers = [(name.decode("latin-1"), _kept(name, value)) for name, value in answer.headers]
        body = base64.b64encode(answer.body).decode()
        line = json.dumps({"key": key, "host": host, "status": answer.status, "headers": headers, "body": body})
        raw = line.encode("ascii") + b"\n"
        if self._size + len(raw) > MOST_BYTES:
            return False
        try:
            written = os.write(self.descriptor, raw)
        except OSError as error:
            raise CassetteError(f"the recorded answers cannot be written: {error.strerror}") from error
        if written != len(raw):
            os.ftruncate(self.descriptor, self._size)
            raise CassetteError("the recorded answers cannot be written whole")
        self._index.setdefault(key, []).append((self._size, len(raw)))
        self._size += len(raw)
        return True


def key(scope: str, asked: Asked) -> str:
    """By what an answer is found; `scope` is the artifact that asks."""
    headers = [(name.decode("latin-1"), value) for name, value in asked.headers if name.decode("latin-1") in TELLING]
    boundary = next((found[1] for name, value in headers if (found := _form(name, value))), b"")
    # Between the parts of a form stands something random.
    body = asked.body.replace(boundary, b"boundary") if boundary else asked.body
    told = sorted((name, value.replace(boundary, b"") if boundary else value) for name, value in headers)
    parts = [scope, asked.method, asked.url, *(f"{name}: {value.decode('latin-1')}" for name, value in told)]
    return hashlib.sha256("\0".join(parts).encode() + b"\0" + hashlib.sha256(body).digest()).hexdigest()


def _form(name: str, value: bytes) -> re.Match[bytes] | None:
    return _BOUNDARY.search(value) if name == "content-type" and value.startswith(b"multipart/") else None


def _kept(name: bytes, value: bytes) -> str:
    """A cookie is somebody's session: its value was for the box that got it."""
    text = value.decode("latin-1")
    if name != b"set-cookie":
        return text
    pair, semicolon, rest = text.partition(";")
    return f"{pair.partition('=')[0]}={MASK}{semicolon}{rest}"


def _read(line: bytes) -> _Kept:
    try:
        return _Kept.model_validate(json.loads(line), strict=False)
    except (ValueError, ValidationError) as error:
        raise CassetteError("a line is not a recorded answer") from error
