"""Secrets in added text: shapes known to detect-secrets and to our own masking, and high entropy where it means something.

Nothing is verified against a service, and no value is ever shown: a refusal names the kind and the place.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from math import log2
from typing import TYPE_CHECKING, Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

from workers.contract.redact import redactor
from workers.validate.comparison import Comparison, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_SECRETS = frozenset(
    {"Public IP (ipv4)", "Base64 High Entropy String", "Hex High Entropy String", "Secret Keyword"}
)
"""Plugins that fire on versions, names and digests: entropy and keywords are judged below, where both have to agree."""
_KEYWORD = re.compile(
    r"(?i)([\w-]*(?:api_?key|auth_?key|access_?key|account_?key|client_?key|private_?key|secret|token|passw(?:or)?d|passwd|pwd"
    r"|credential)\w*)[\"']?\s*[:=]\s*(?:[rbuf]{0,2})([\"'])([^\"'\s]{6,200})\2"
)
_QUOTED = re.compile(r"[\"']([A-Za-z0-9+/_=.-]{24,200})[\"']")
_PLACEHOLDER = re.compile(
    r"(?i)your|example|placeholder|changeme|change-me|dummy|insert|replace|xxx|\.\.\.|\*\*\*|<|>|\{|\}|test|fake|none|null"
    r"|env|todo|here|redacted|masked|secret\Z|password\Z|token\Z"
)
_WORD = re.compile(r"[A-Za-z]{4,}")
_DIGEST_LENGTHS = frozenset({32, 40, 56, 64, 96, 128})
_RANDOM_ENTROPY = 4.3
"""Bits a character; English words and identifiers lie below 4, random Base64 of this length above."""
_LINE_CHARS = 4000
_OVERLAP = 400
"""A long line is read in pieces that share so many characters."""


def planted_secrets(comparison: Comparison) -> Iterator[Refusal]:
    """No secret that the base does not hold as often."""
    before = [cell.source for cell in comparison.base.cells]
    after = [cell.source for cell in comparison.head.cells]
    seen: set[str] = set()
    for cell, line, text in comparison.added_lines:
        for kind, value in _found(text):
            more = sum(source.count(value) for source in after) > sum(source.count(value) for source in before)
            if more and value not in seen:
                seen.add(value)
                yield Refusal(reason=f"cell {cell}, line {line}: something like a secret ({kind})", cells=(cell,))


def secrets(line: str) -> Iterator[tuple[str, str]]:
    """(kind, value) of everything in a line that looks like a secret."""
    for kind, plugin in _plugins().items():
        for value in plugin.analyze_string(line):
            yield kind, value
    for pattern, _ in redactor({}).shapes[:-1]:
        for found in pattern.finditer(line):
            yield "known shape", found[0]
    for found in _KEYWORD.finditer(line):
        if not _PLACEHOLDER.search(found[3]) and not _is_name(found[3]):
            yield "value of a secret's name", found[3]
    for found in _QUOTED.finditer(line):
        if _random(found[1]):
            yield "random text", found[1]


def _found(line: str) -> Iterator[tuple[str, str]]:
    for start in range(0, max(1, len(line)), _LINE_CHARS - _OVERLAP):
        yield from secrets(line[start : start + _LINE_CHARS])


@cache
def _plugins() -> Mapping[str, Any]:
    known: Mapping[str, Any] = get_mapping_from_secret_type_to_class()
    return {kind: plugin() for kind, plugin in known.items() if kind not in _NOT_SECRETS}


def _is_name(value: str) -> bool:
    """An identifier, a model, a path or a word: `my_table`, `text-embedding-3-small`, `OPENAI_API_KEY`."""
    return bool(re.fullmatch(r"[A-Z][A-Z0-9_]*|[a-z]+([._-][a-z0-9]{1,12})*|[a-z_]\w*\.[\w.]+", value))


def _random(value: str) -> bool:
    """Random enough to be a key, and no digest, path, name or sentence."""
    if len(value) in _DIGEST_LENGTHS and re.fullmatch(r"[0-9a-f]+", value):
        return False
    letters = "".join(_WORD.findall(value))
    kinds = sum(bool(re.search(pattern, value)) for pattern in (r"[a-z]", r"[A-Z]", r"[0-9]"))
    wordy = re.search(r"[a-z]{6,}|[/.]\w{2,5}\Z|_[a-z]+_", value) or "/" in value[:1]
    return kinds == 3 and not wordy and len(letters) < len(value) and entropy(value) >= _RANDOM_ENTROPY  # noqa: PLR2004 - lower, upper, digit


def entropy(value: str) -> float:
    """Shannon's, in bits a character."""
    size = len(value)
    return -sum(count / size * log2(count / size) for count in Counter(value).values())
