"""Outputs of two runs, put alike in what no two runs have alike: addresses, times, temporary names, random ids."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CHANCE = (
    (re.compile(r"\b0x[0-9a-f]{6,}\b", re.IGNORECASE), "0xADDRESS"),
    (re.compile(r"/tmp/ipykernel_\d+/\d+\.py"), "/tmp/CELL.py"),  # noqa: S108 - as it is printed
    (re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\bT_[0-9a-f]{5}"), "T_STYLE"),
    (re.compile(r"\bsk-container-id-\d+|\bsk-estimator-id-\d+"), "sk-ID"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?"), "MOMENT"),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d\d? ?\w* \d{4},? +\d\d:\d\d:\d\d|\b\d\d:\d\d:\d\d\b"), "MOMENT"),
    (re.compile(r"[-+]?\d[\d,.]*(e[-+]?\d+)?\s?(ns|µs|us|μs|ms|s|sec|seconds|min)\b"), "DURATION"),
    (re.compile(r"(Wall time|CPU times|Time|time|elapsed|took)[^\n]{0,12}?\d[^\n]*", re.IGNORECASE), "TIMING"),
    (re.compile(r"<tmp[^>]*>|/tmp/tmp\w+"), "/tmp/NAME"),  # noqa: S108 - as it is printed
)


def alike(outputs: Iterable[dict[str, Any]], roots: Sequence[str]) -> list[str]:
    """One text an output; streams of one name that follow each other are one. `roots` are names of the same folder."""
    return [_plain(output, roots) for output in _joined(outputs)]


def by_stream(outputs: Iterable[dict[str, Any]], roots: Sequence[str]) -> tuple[list[str], ...]:
    """What was printed to each stream, and everything else in its order: all that does not hang on a kernel's clock."""
    listed = list(outputs)
    streams = [[each for each in listed if each.get("name") == name] for name in ("stdout", "stderr")]
    others = [each for each in listed if each["output_type"] != "stream"]
    return tuple(alike(each, roots) for each in (*streams, others))


def lines_apart(ours: Sequence[str], theirs: Sequence[str], most: int = 6) -> tuple[str, ...]:
    """The first lines in which they differ."""
    found = difflib.unified_diff(
        "\n".join(theirs).split("\n"), "\n".join(ours).split("\n"), "nbclient", "ours", lineterm="", n=0
    )
    return tuple(line[:300] for line, _ in zip(found, range(most), strict=False))


def _joined(outputs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A kernel sends a stream in pieces, cut by the clock."""
    joined: list[dict[str, Any]] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        same = output["output_type"] == "stream" and (last.get("output_type"), last.get("name")) == (
            "stream",
            output["name"],
        )
        if same:
            joined[-1] = {**last, "text": _text(last["text"]) + _text(output["text"])}
        else:
            joined.append(dict(output))
    return joined


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _plain(output: dict[str, Any], roots: Sequence[str]) -> str:
    # Whole representations are compared, not their digests: what differs is shown.
    text = (
        json.dumps(output, sort_keys=True, ensure_ascii=False, indent=0).replace("\\n", "\n").replace("\\u001b", "\x1b")
    )
    for root in roots:
        text = text.replace(root, "ROOT")
    for pattern, word in _CHANCE:
        text = pattern.sub(word, text)
    return text
