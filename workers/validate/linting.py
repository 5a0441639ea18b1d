"""Ruff, asked about code cells: a fixed selection of rules, one process, no file, no configuration but ours."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ruff import find_ruff_bin  # pyright: ignore[reportMissingTypeStubs]  # ruff ships none

from workers.contract import children

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_S = 10.0
MOST_BYTES = 2_000_000
"""Of the notebook that is sent. Ruff takes about 0.2 s for so much; what is larger nobody wrote by hand."""
_MOST_SAID = 16_000_000
"""Bytes of an answer: a file may break a rule in every word."""

BREAKS = frozenset(
    {
        *(
            "F501",
            "F502",
            "F503",
            "F505",
            "F506",
            "F507",
            "F508",
            "F509",
            "F521",
            "F524",
            "F525",
        ),  # raise when formatted
        *("F621", "F622", "F701", "F702", "F704", "F706", "F707"),  # do not compile
        *("F633", "F821", "F823", "F901"),  # raise when reached
    }
)
"""Rules whose violation fails as soon as its line runs."""
STYLE = frozenset(
    {
        *("E711", "E712", "E713", "E714", "E721", "E722", "W605"),
        *("F401", "F504", "F522", "F523", "F541", "F601", "F602", "F631", "F632", "F634", "F811", "F841"),
    }
)
"""Rules whose violation is only bad code.

Left out because they say nothing about a notebook: where imports stand (E402), what star imports hide (F403, F405), `__all__`
(F822), a semicolon at the end (E703). Left out because they are the author's taste, which an edit keeps: names (E741), several
statements on a line (E70), lambdas with a name (E731), the length and the layout of lines.
"""

_PLACE = re.compile(r"(?:from|on) (?:cell \d+, )?line \d+")
_OPTIONS = (
    *("check", "--isolated", "--no-cache", "--ignore-noqa", "--quiet", "--exit-zero", "--output-format=json-lines"),
    # The newest: what an interpreter is too old for is for the run to say.
    *("--target-version=py314", f"--select={','.join(sorted(BREAKS | STYLE))}", "--stdin-filename=cells.ipynb", "-"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a line of a cell breaks."""

    rule: str
    """Ruff's code; `invalid-syntax` for what no selection turns off."""
    cell: int
    """By its place among the cells that were sent, from 0."""
    line: int
    """In the cell, from 1."""
    message: str
    """Without line numbers, so that it is the same when the line has moved."""


class LinterError(Exception):
    """Ruff gave no answer: that is our fault or the machine's, never the artifact's."""


async def violations(
    sources: Sequence[str], *, program: str | None = None, timeout_s: float = TIMEOUT_S
) -> tuple[Violation, ...]:
    """What ruff has to say about code cells that are run one after the other; each must parse as Python 3.

    `program` is the ruff to ask instead of the one that is installed with us.

    Raises:
        LinterError: it is missing, failed, took longer than `timeout_s` or was asked or said too much.
    """
    request = _notebook(sources)
    if len(request) > MOST_BYTES:
        raise LinterError(f"{len(request)} bytes of code are too many to compare")
    try:
        async with asyncio.timeout(timeout_s):
            said = await _said(request, program)
        return tuple(_violation(json.loads(line)) for line in said.splitlines())
    except TimeoutError as error:
        raise LinterError(f"ruff took longer than {timeout_s:g} s") from error
    except OSError as error:
        raise LinterError(f"ruff cannot be started: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LinterError("ruff answered in another form than its own") from error


@cache
def _ruff() -> str:
    """Where it lies; looking for it takes a tenth of the time that it runs."""
    return find_ruff_bin()


async def _said(request: bytes, program: str | None) -> bytes:
    pipe = asyncio.subprocess.PIPE
    process = await children.start(
        *(program or _ruff(), *_OPTIONS),
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        cwd="/",
    )
    try:
        return await _conversed(process, request)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def _conversed(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise LinterError("ruff has no pipes")
    # Ruff reads all before it says anything, so neither waits for the other.
    process.stdin.write(request)
    with suppress(ConnectionError):
        await process.stdin.drain()
    process.stdin.close()
    said = bytearray()
    while chunk := await process.stdout.read(1 << 16):
        said += chunk
        if len(said) > _MOST_SAID:
            raise LinterError("ruff has more to say than can be compared")
    if await process.wait():
        raise LinterError(f"ruff ended with exit status {process.returncode}")
    return bytes(said)


def _notebook(sources: Sequence[str]) -> bytes:
    """Only the code goes: neither outputs nor metadata of the artifact."""
    cells: list[Any] = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
        for source in sources
    ]
    metadata = {"language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}).encode()


def _violation(said: Any) -> Violation:
    return Violation(
        rule=str(said["code"]),
        cell=int(said["cell"]) - 1,
        line=int(said["location"]["row"]),
        message=_PLACE.sub("", str(said["message"])).strip(),
    )
