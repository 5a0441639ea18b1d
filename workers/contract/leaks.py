"""Secrets in what a run shows: canaries, and texts that have the shape of a credential. Kinds are told, never values."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from workers.contract.redact import MASK, redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.contract.canaries import Canaries

CANARY = "a credential that was laid out in the box as bait"
SHAPE = "something of the shape of a credential"

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_TEXT = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")
_UNPACKED_BYTES = 1 << 20
_MOST_CHUNKS = 10_000
_BINARY = ("image/", "audio/", "video/", "application/pdf", "application/octet-stream")
_TOLD_BY = (
    *("PRIVATE KEY", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "k_live_", "k_test_"),
    *("whsec_", "AKIA", "ASIA", "AGPA", "AIDA", "AROA", "AIza", "ya29.", "xox", "hooks.slack.com", "hf_", "pypi-"),
    *("npm_", "_v1_", "SG.", ":AA", "eyJ", "://"),
)
"""What a text with a credential's shape has in it, as it is written."""
_TOLD_BY_FOLDED = ("accountkey=", "sharedaccesskey=", "authorization", "bearer", "basic ", "token ")
"""The same in any case."""
_BEFORE, _AFTER = 80, 1000
"""Characters around that to look at closely: to do so with all of a long output would take seconds."""
_DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]")


def in_text(text: str, canaries: Canaries | None = None) -> tuple[str, ...]:
    """Kinds of secrets in a text."""
    found = [SHAPE] if any(pattern.search(part) for part in _suspicious(text) for pattern in _shapes()) else []
    if canaries is not None and canaries.found(text.encode("utf-8", "surrogatepass")):
        found.append(CANARY)
    return tuple(found)


def in_bundle(data: Mapping[str, Any], canaries: Canaries | None = None) -> tuple[str, ...]:
    """Kinds of secrets in an output's representations by MIME type, as a notebook of nbformat 4 stores them."""
    kinds = (kind for mime, value in data.items() for kind in _in_value(mime, value, canaries))
    return tuple(dict.fromkeys(kinds))


def in_outputs(outputs: list[dict[str, Any]], canaries: Canaries | None = None) -> tuple[str, ...]:
    """Kinds of secrets in whole outputs, as a notebook of nbformat 4 stores them."""
    kinds: list[str] = []
    for output in outputs:
        data = output.get("data")
        kinds += in_bundle(cast("dict[str, Any]", data), canaries) if isinstance(data, dict) else ()
        rest = {key: value for key, value in output.items() if key != "data"}
        kinds += in_text(_text(rest), canaries)
    return tuple(dict.fromkeys(kinds))


def masked(text: str, canaries: Canaries | None) -> str:
    """The text without canaries. What has merely the shape of a secret is masked where texts leave: see `redact`."""
    return text if canaries is None else canaries.masked(text, MASK)


@cache
def _shapes() -> tuple[re.Pattern[str], ...]:
    """All but the last, which tells a secret by the name it is assigned to: outputs are full of made-up ones."""
    return tuple(pattern for pattern, _ in redactor({}).shapes[:-1])


def _suspicious(text: str) -> Iterator[str]:
    """The stretches of a text in which a credential's shape can stand; none twice."""
    folded = text.lower()
    places = sorted(
        at
        for source, words in ((text, _TOLD_BY), (folded, _TOLD_BY_FOLDED))
        for word in words
        for at in _places(source, word)
    )
    start, until = 0, -1
    for at in places:
        if at - _BEFORE > until:
            yield text[start:until] if until >= 0 else ""
            start = max(0, at - _BEFORE)
        until = at + _AFTER
    if places:
        yield text[start:until]


def _places(text: str, word: str) -> Iterator[int]:
    """Where a word stands, in steps of what is looked at anyway."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + _AFTER // 2)


def _in_value(mime: str, value: Any, canaries: Canaries | None) -> tuple[str, ...]:
    text = _text(value)
    raw = _decoded(text) if mime.startswith(_BINARY) and not mime.endswith("+xml") else None
    if raw is None:
        return in_text(text, canaries)
    kinds = [kind for part in texts_in_png(raw) for kind in in_text(part.decode("latin-1"), canaries)]
    # Bytes at random have any short shape; a canary is long enough to be no accident.
    if canaries is not None and (canaries.found(raw) or canaries.found(text.encode())):
        kinds.append(CANARY)
    return tuple(dict.fromkeys(kinds))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in cast("list[Any]", value)):
        return "".join(cast("list[str]", value))
    # Strings inside are looked at as they are, not as JSON spells them.
    return json.dumps(value, ensure_ascii=False).replace('\\"', '"')


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def texts_in_png(raw: bytes) -> Iterator[bytes]:
    """What a PNG says besides its pixels: text chunks, unpacked as far as they are packed, and EXIF.

    https://www.w3.org/TR/png-3/#11textinfo
    """
    at = len(_PNG) if raw.startswith(_PNG) else len(raw)
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(raw):
            return
        length, kind = struct.unpack(">I4s", raw[at : at + 8])
        content = raw[at + 8 : at + 8 + length]
        if kind in _PNG_TEXT:
            yield content
            yield from _unpacked(content)
        at += 12 + length


def _unpacked(content: bytes) -> Iterator[bytes]:
    """The deflated part of a chunk, wherever after its keyword it starts; bounded."""
    for start in _DEFLATED.finditer(content):
        try:
            yield zlib.decompressobj().decompress(content[start.start() :], _UNPACKED_BYTES)
        except zlib.error:
            continue
        return
