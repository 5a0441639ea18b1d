"""What an artifact installs: packages that go by another name today, and pins that no environment could be made of."""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from workers.contract.domain import Cause, IssueType, Rung, Severity, Staleness, Suggestion
from workers.contract.errors import MendloopError
from workers.documents.python import mask, parse
from workers.environments.declared import cells as installs
from workers.environments.names import names
from workers.knowledge.distributions import facts
from workers.review.drafts import Draft, findings, replace
from workers.review.pin_words import Trouble, troubles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.domain import Finding
    from workers.contract.errors import EnvironmentBuildError
    from workers.environments.words import Asked, Decision
    from workers.knowledge.distributions import Renamed
    from workers.protocols import Cell, Document

RENAMED = "setup/renamed"
_SHELLS = frozenset({"bash", "sh", "system", "sx", "!", "script"})
_INSTALL = re.compile(r"(?:^|[\s;&|/!%])(?P<program>pip3?(?:\.\d+)?|conda|mamba|micromamba)\s[^;&|\n]*?\binstall\s")
_ENDS = re.compile(r"[;&|]")
_BARE = re.compile(r"(?=[\s'\"\\]|\Z)")
_BOUNDS = re.compile(r"(?: ?(?:===|[<>]=?|[=~!]=) ?[\w.*+!-]+,?)+")
"""Releases that are asked for, inside quotes; outside of them `<` and `>` are the shell's."""
_PINNED = re.compile(r"[=~]=[\w.*+!-]+(?=\s|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one command of a cell installs."""

    start: int
    """Where, behind `install`, its packages begin in the cell's source."""
    text: str
    """From there to its end."""
    pip: bool
    """False for conda, whose names are its own."""


def find(
    document: Document, *, trouble: EnvironmentBuildError | None = None, decision: Decision | None = None
) -> tuple[Finding, ...]:
    """Install lines that are stale, and what of them the resolver could not follow.

    `trouble` is why no environment could be made; `decision` what was asked of the resolver, for what stands in files beside.
    """
    drafts = [draft for cell in document.cells if _installs(cell) for draft in _renamed(document, cell)]
    drafts += [_beside(each, known) for each in _declared(decision) if (known := facts().renamed.get(_name(each)))]
    if trouble is not None:
        drafts += [_troubled(document, each, decision) for each in troubles(trouble)]
    return findings(document, drafts)


def _installs(cell: Cell) -> bool:
    return cell.kind == "code" and "install" in cell.source


def lines(cell: Cell) -> Iterator[Line]:
    """The install commands of a code cell: magics, shell lines and shell cells."""
    masked = mask(cell.source)
    if masked.cell_magic in _SHELLS:
        yield from _commands(cell.source, 0)
        return
    starts = [0, *(at.end() for at in re.finditer(r"\r\n|\r|\n", cell.source))]
    for number, text in masked.magics:
        at = cell.source.find(text, starts[number - 1])
        if at >= 0:
            yield from _commands(text, at)


def _commands(text: str, at: int) -> Iterator[Line]:
    for found in _INSTALL.finditer(text):
        newline = re.search(r"(?<!\\)\n", text[found.end() :])
        rest = text[found.end() : found.end() + newline.start()] if newline else text[found.end() :]
        end = _ENDS.search(rest)
        said = rest[: end.start()] if end and "'" not in rest and '"' not in rest else rest
        yield Line(start=at + found.end(), text=said, pip=found["program"].startswith("pip"))


def _renamed(document: Document, cell: Cell) -> Iterator[Draft]:
    said = installs.read([cell], posixpath.dirname(document.path), _unread)
    asked = {_name(each) for each in said.asked}
    for old in sorted(asked & facts().renamed.keys()):
        for line in lines(cell):
            if line.pip and (at := _token(line, old)) is not None:
                yield _moved(document, cell, facts().renamed[old], line, at)


def _quote(line: Line, start: int) -> str:
    """The quote that the package is in; empty where it is in none."""
    before = line.text[start - line.start - 1 : start - line.start]
    return before if before in {"'", '"'} else ""


def _outdated(line: Line, at: tuple[int, int]) -> str:
    """The releases that are asked for behind the name, as far as they can be told from what the shell reads."""
    quote, end = _quote(line, at[0]), at[1] - line.start
    found = (_BOUNDS if quote else _PINNED).match(line.text, end)
    return found[0] if found is not None and line.text.startswith(quote, found.end()) else ""


def _unread(path: str) -> bytes:
    """Files beside are read where the environment is decided on."""
    raise MendloopError(f"{path} is not read here.")


def _token(line: Line, name: str) -> tuple[int, int] | None:
    """Where `name` stands among the packages of a line, however it is spelled."""
    spelled = r"[-_.]+".join(map(re.escape, name.split("-")))
    found = re.search(rf"(?<![\w./=@:-])(?:{spelled})(?![\w-]|\.\w|/)", line.text, re.IGNORECASE)
    return None if found is None else (line.start + found.start(), line.start + found.end())


def _moved(document: Document, cell: Cell, known: Renamed, line: Line, at: tuple[int, int]) -> Draft:
    start, end = at
    follows = known.module == known.now or not _imports(document, known.module)
    bare = _BARE.match(line.text, end - line.start)
    # Releases of a package that nothing here imports any more say nothing of its successor.
    outdated = "" if known.module == known.now or not known.since else _outdated(line, at)
    certain = follows and (bare is not None or (bool(outdated) and _imports(document, known.now)))
    lowest = f">={known.since}" if outdated and _quote(line, start) else ""
    edit = replace(cell, start, end + len(outdated), f"{known.new}{lowest}")
    unlock = "" if certain else f"Its imports go with it: `{known.now}`." if not follows else "Choose a version of it."
    broken = known.gone and certain
    return Draft(
        cell=cell.index,
        offset=start,
        rule=RENAMED,
        anchor=known.old,
        message=f"`{cell.source[start:end]}` is {known.was}; the package is `{known.new}`",
        issue_type=IssueType.SETUP_GAP,
        severity=Severity.HIGH if broken else Severity.MEDIUM if certain else Severity.LOW,
        # A pin of an old release, or an old client that is still imported, may do what it always did.
        staleness=Staleness.BROKEN if broken else Staleness.DEPRECATED if certain else Staleness.READER,
        rung=Rung.E3 if broken else Rung.E2,
        evidence=f"{known.source} as of {facts().as_of}",
        fix=f"Install `{known.new}`.",
        unlock=unlock,
        suggestion=Suggestion(edits=(edit,), resolved=True) if certain else None,
    )


def _declared(decision: Decision | None) -> tuple[Asked, ...]:
    """What files beside the artifact ask for; its own cells are read with their places."""
    asked = decision.asked if decision else ()
    return tuple(each for each in asked if each.declared and not each.origin.startswith("cell "))


def _beside(asked: Asked, known: Renamed) -> Draft:
    return Draft(
        cell=None,
        offset=0,
        rule=RENAMED,
        anchor=known.old,
        message=f"`{known.old}` ({asked.origin}) is {known.was}; the package is `{known.new}`",
        issue_type=IssueType.SETUP_GAP,
        severity=Severity.LOW,
        staleness=Staleness.READER,
        rung=Rung.E2,
        cause=Cause.ENVIRONMENT,
        evidence=f"{known.source} as of {facts().as_of}",
        unlock=f"Ask for `{known.new}` there.",
    )


def _imports(document: Document, module: str) -> bool:
    """Whether the document imports `module` or something in it; a cell that cannot be read may."""
    for cell in document.cells:
        if cell.kind != "code" or module.partition(".")[0] not in cell.source:
            continue
        tree = parse(cell.source)
        if tree is None or any(_names(node, module) for node in ast.walk(tree)):
            return True
    return False


def _names(node: ast.AST, module: str) -> bool:
    match node:
        case ast.Import(names=imported):
            every = [each.name for each in imported]
        case ast.ImportFrom(module=str(source), names=imported):
            every = [source, *(f"{source}.{each.name}" for each in imported)]
        case _:
            return False
    return any(each == module or each.startswith(f"{module}.") for each in every)


def _troubled(document: Document, trouble: Trouble, decision: Decision | None) -> Draft:
    cell, offset = _place(document, trouble.name)
    origin = next((each.origin for each in _declared(decision) if _name(each) == trouble.name), "")
    beside = f" ({origin})" if origin and cell is None else ""
    return Draft(
        cell=cell,
        offset=offset,
        rule=f"setup/{trouble.kind}",
        anchor=trouble.asked,
        message=f"`{trouble.asked}`{beside} {trouble.message}",
        issue_type=IssueType.SETUP_GAP,
        severity=Severity.HIGH,
        # What stands in a file beside the artifact is no staleness of the artifact's own text.
        staleness=Staleness.READER if cell is None else Staleness.BROKEN,
        rung=Rung.E4,
        cause=Cause.ENVIRONMENT,
        evidence=trouble.words,
        unlock=f"{trouble.unlock}{_near(trouble)}",
    )


def _place(document: Document, name: str) -> tuple[int | None, int]:
    for cell in document.cells:
        for line in lines(cell) if _installs(cell) else ():
            if (at := _token(line, name)) is not None:
                return cell.index, at[0]
    return None, 0


def _name(asked: Asked) -> str:
    return canonicalize_name(re.split(r"[^\w.-]", asked.requirement, maxsplit=1)[0])


def _near(trouble: Trouble) -> str:
    """A hint and never an edit: a name that nearly is another may be meant, or may be a trap."""
    if trouble.kind != "unknown_package":
        return ""
    near = get_close_matches(trouble.name, sorted(names().known), n=1, cutoff=0.8)
    return (
        f" A package that is called nearly so is `{near[0]}`; whether it is meant, only the author knows."
        if near
        else ""
    )
