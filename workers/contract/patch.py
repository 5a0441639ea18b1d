"""A unified diff over bytes, as `git apply` reads it: any line ending, any encoding, any file name."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTEXT = 3
EXACT_PAIRS = 4_000_000
"""Pairs of lines up to which every line is compared with every other."""
NO_NEWLINE = b"\\ No newline at end of file\n"
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}

Opcode = tuple[str, int, int, int, int]


def patch(path: str, before: bytes, after: bytes) -> bytes:
    """The diff that turns `before` into `after` at `path` (POSIX, relative to the repository); empty when equal."""
    if before == after:
        return b""
    old, new = _lines(before), _lines(after)
    body = b"".join(part for group in _groups(_opcodes(old, new)) for part in _hunk(group, old, new))
    return _header(path) + body


def _lines(content: bytes) -> list[bytes]:
    """Lines with their line feeds; a carriage return alone ends no line for git."""
    parts = content.split(b"\n")
    lines = [part + b"\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _header(path: str) -> bytes:
    a, b = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    # A tab ends a name with white space in it, as git writes it.
    end = "\t" if " " in path and not a.startswith('"') else ""
    return f"diff --git {a} {b}\n--- {a}{end}\n+++ {b}{end}\n".encode()


def _quoted(name: str) -> str:
    """As git quotes names (core.quotePath): https://git-scm.com/docs/git-config#Documentation/git-config.txt-corequotePath."""
    raw = name.encode(errors="surrogateescape")
    if all(32 <= byte < 127 and byte not in _ESCAPES for byte in raw):  # noqa: PLR2004 - printable ASCII
        return name
    return '"' + "".join(_escaped(byte) for byte in raw) + '"'


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return "\\" + _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"  # noqa: PLR2004 - printable ASCII


def _groups(opcodes: list[Opcode]) -> Iterator[list[Opcode]]:
    """Hunks: changes with their context; what stands far enough from any change ends one."""
    group: list[Opcode] = []
    for index, (tag, a1, a2, b1, b2) in enumerate(opcodes):
        if tag != "equal":
            group.append((tag, a1, a2, b1, b2))
            continue
        length, last = a2 - a1, index == len(opcodes) - 1
        if group and (last or length > 2 * CONTEXT):
            after = min(length, CONTEXT)
            yield [*group, (tag, a1, a1 + after, b1, b1 + after)]
            group = []
        before = length if group else min(length, CONTEXT)
        group.append((tag, a2 - before, a2, b2 - before, b2))
    if any(tag != "equal" for tag, *_ in group):
        yield group


def _opcodes(old: Sequence[bytes], new: Sequence[bytes]) -> list[Opcode]:
    """How to turn `old` into `new`; of long files only what lies between their common head and tail is compared.

    The ends stay ends: without the lines after it, git takes a hunk to reach the end of the file.
    """
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    stop, new_stop = len(old) - tail, len(new) - tail
    ours, theirs = old[head:stop], new[head:new_stop]
    # Exact where it is cheap; the heuristic for frequent lines costs a longer diff, never a wrong one.
    middle = SequenceMatcher(None, ours, theirs, autojunk=len(ours) * len(theirs) > EXACT_PAIRS).get_opcodes()
    return [
        *([("equal", 0, head, 0, head)] if head else []),
        *[(tag, a1 + head, a2 + head, b1 + head, b2 + head) for tag, a1, a2, b1, b2 in middle],
        *([("equal", stop, stop + tail, new_stop, new_stop + tail)] if tail else []),
    ]


def _common(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    pairs = zip(old, new, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


def _hunk(group: list[Opcode], old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    first, last = group[0], group[-1]
    yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n".encode()
    for tag, a1, a2, b1, b2 in group:
        if tag == "equal":
            yield from (_line(b" ", line) for line in old[a1:a2])
            continue
        yield from (_line(b"-", line) for line in old[a1:a2])
        yield from (_line(b"+", line) for line in new[b1:b2])


def _range(start: int, stop: int) -> str:
    """Of an empty stretch the line before it is named."""
    length = stop - start
    return f"{start + 1 if length else start},{length}"


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n" + NO_NEWLINE
