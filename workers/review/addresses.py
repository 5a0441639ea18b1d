"""Data addresses that are dead: those a run did not reach, and those in places that are known to be gone.

Told with cause and place, never replaced: where the data lies today is for its author to say. Nothing is asked here.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from workers.contract.domain import Cause, IssueType, Rung, Severity, Staleness
from workers.documents.python import Offsets, mask, of_kind, parse
from workers.knowledge.gone_addresses import gone, known_gone
from workers.review.drafts import Draft, findings
from workers.review.screen import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.contract.domain import CellError, Execution, Finding
    from workers.protocols import Cell, Document

GONE = "data/gone"
UNREACHED = "data/unreached"
_SHOWN = 200
_READERS = re.compile(
    r"(?:.*\.)?(?:read_(?:csv|table|json|excel|html|parquet|feather|pickle|stata|fwf|xml|file|orc|sas|spss)"
    r"|urlopen|urlretrieve|loadtxt|genfromtxt|imread|get_file|load_dataset|retrieve|load_file_from_url|open_dataset)"
)
"""Functions that read what an address holds, by their last name."""
_FETCHERS = re.compile(
    r"(?:requests|httpx|wget|gdown|session|client|urllib3|http|s|sess)\.(?:get|request|stream|download)"
)
_SHELL = re.compile(r"(?:^|[\s!;&|])(?:wget|curl)\s[^;&|]*")
_URL = re.compile(r"https?://[^\s'\"<>|;)]+")
_LOST = frozenset({"404", "410"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address that is read from."""

    url: str
    cell: int
    start: int
    """Where it stands in the cell's source."""


def find(document: Document, execution: Execution) -> tuple[Finding, ...]:
    """Addresses of the document that are dead, by the run's record or by the table."""
    if not _may_tell(document, execution):
        return ()
    every = list(read_from(document.cells))
    told = {(each.cell, each.start): _gone(each) for each in every}
    drafts = [draft for draft in told.values() if draft is not None]
    drafts += [
        _unreached(each, why)
        for each in every
        if told[each.cell, each.start] is None and (why := _failed(each, execution))
    ]
    return findings(document, drafts)


def _may_tell(document: Document, execution: Execution) -> bool:
    """Whether the table or the run may speak of an address: of most documents neither does."""
    if execution.attempts or any(run.attempts or run.error for run in execution.cells):
        return True
    text = spoken(document).text
    return "://" in text and any(place.host in text.lower() for place in gone())


def read_from(cells: Sequence[Cell]) -> Iterator[Address]:
    """Literal addresses that flow into a reader: directly, through a name that is bound once, or in a shell line."""
    if not any("://" in cell.source for cell in cells if cell.kind == "code"):
        return
    code = [(cell, tree) for cell in cells if cell.kind == "code" and (tree := parse(cell.source)) is not None]
    named = _bound_once(code)
    for cell, tree in code:
        nodes = [node for node in of_kind(tree, ast.Call) if _reads(node)]
        yield from {at.start: at for node in nodes for at in _given(node, cell, named)}.values()
        yield from _in_shell(cell)


def _reads(call: ast.Call) -> bool:
    function = _dotted(call.func)
    return bool(_READERS.fullmatch(function) or _FETCHERS.fullmatch(function))


def _dotted(function: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    return ".".join([*([function.id] if isinstance(function, ast.Name) else ["_"]), *reversed(parts)])


def _bound_once(code: list[tuple[Cell, ast.Module]]) -> dict[str, Address]:
    """Name -> the literal it holds, for names that are bound in one place."""
    found: dict[str, list[Address | None]] = {}
    for cell, tree in code:
        for node in of_kind(tree, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found.setdefault(node.id, []).append(None)
        for node in of_kind(tree, ast.Assign):
            if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                address = _literal(node.value, cell)
                found.setdefault(node.targets[0].id, []).append(address)
    once = ((name, [each for each in held if each], len(held)) for name, held in found.items())
    # Each binding counts as a name that is stored; the assignment of a literal counts once more.
    return {name: held[0] for name, held, bound in once if len(held) == 1 and bound == len(held) + 1}


def _given(call: ast.Call, cell: Cell, named: dict[str, Address]) -> Iterator[Address]:
    for value in (*call.args[:2], *(each.value for each in call.keywords)):
        if isinstance(value, ast.Name) and value.id in named:
            yield named[value.id]
        elif (address := _literal(value, cell)) is not None:
            yield address


def _literal(value: ast.expr, cell: Cell) -> Address | None:
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return None
    if not value.value.startswith(("http://", "https://")) or not _URL.fullmatch(value.value):
        return None
    start, end = Offsets(cell.source).span(value)
    at = cell.source.find(value.value, start, end)
    return Address(url=value.value, cell=cell.index, start=at if at >= 0 else start)


def _in_shell(cell: Cell) -> Iterator[Address]:
    starts = [0, *(at.end() for at in re.finditer(r"\r\n|\r|\n", cell.source))]
    for number, text in mask(cell.source).magics:
        at = cell.source.find(text, starts[number - 1])
        for command in _SHELL.finditer(text) if text.startswith("!") else ():
            for url in _URL.finditer(command[0]):
                yield Address(url=url[0], cell=cell.index, start=at + command.start() + url.start())


def _failed(address: Address, execution: Execution) -> str:
    """What the run's record says of it; empty where the run says nothing: no permission is no evidence."""
    host = _host(address.url)
    runs = [run for run in execution.cells if run.cell == address.cell]
    attempts = (*execution.attempts, *(attempt for run in runs for attempt in run.attempts))
    failed = next((each for each in attempts if each.kind == "failed" and each.host == host), None)
    if failed is not None:
        return failed.why or "it gave no answer"
    lost = (_lost(run.error, address.url, host) for run in runs if run.error is not None)
    return next((why for why in lost if why), "")


def _lost(error: CellError, url: str, host: str) -> str:
    """The server's own word that there is nothing, if it is about this address."""
    status = re.search(r"\b(404|410)\b", error.message)
    if status is None or status[1] not in _LOST or not re.search(r"HTTP|NotFound|ClientResponse", error.name):
        return ""
    about = url in error.message or url in error.traceback or host in error.message
    return f"the address answers {status[1]}" if about else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _gone(address: Address) -> Draft | None:
    place = known_gone(address.url)
    if place is None:
        return None
    instead = f" The data may be had otherwise: {place.instead}." if place.instead else ""
    return _draft(
        address,
        rule=GONE,
        message=f"`{address.url[:_SHOWN]}` is gone since {place.since}: {place.why}",
        evidence=place.source,
        unlock=f"the data at an address that answers, or beside the artifact.{instead}",
    )


def _unreached(address: Address, why: str) -> Draft:
    return _draft(
        address,
        rule=UNREACHED,
        message=f"`{address.url[:_SHOWN]}` was not reached: {why}",
        evidence=why,
        unlock="the address answers, or the data lies beside the artifact",
    )


def _draft(address: Address, *, rule: str, message: str, evidence: str, unlock: str) -> Draft:
    return Draft(
        cell=address.cell,
        offset=address.start,
        rule=rule,
        anchor=address.url,
        message=message,
        issue_type=IssueType.BROKEN_EXECUTION,
        severity=Severity.HIGH if rule == GONE else Severity.MEDIUM,
        staleness=Staleness.BROKEN if rule == GONE else Staleness.READER,
        rung=Rung.E2 if rule == GONE else Rung.E5,
        cause=Cause.UPSTREAM,
        evidence=evidence,
        unlock=unlock,
    )
