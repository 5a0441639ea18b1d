"""Edits that only make sense together: every use of an old form in the document moves, or none does."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING

from workers.review.shapes.following.passes import places
from workers.review.shapes.shape import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.review.shapes.following.values import Lost
    from workers.review.shapes.shape import Code
    from workers.review.shapes.targets import Target
    from workers.review.sites import Change, Site

    Changes = tuple[tuple[Site, Change], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One use of an old form."""

    site: Site
    start: int
    anchor: str
    """The old form as it is written."""
    changes: Changes = ()
    why: str = ""
    """Why it cannot be moved; empty where it can."""
    needs: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a reader is told of each use."""

    message: str
    """With `{}` for the use."""
    fix: str
    target: str


def together(steps: Sequence[Step], words: Words, *, around: Changes = (), why: str = "") -> Iterator[Hit]:
    """Each use as a hit that carries the edits of all, `around` among them; none where one cannot be moved, or `why` says so."""
    blocked = why or next((f"`{one.anchor}` is left: {one.why}" for one in steps if one.why), "")
    changes = () if blocked else once((*around, *(change for step in steps for change in step.changes)))
    needs = tuple(dict.fromkeys(need for step in steps for need in step.needs))
    for step in steps:
        yield Hit(
            site=step.site,
            start=step.start,
            anchor=step.anchor,
            message=words.message.format(step.anchor),
            fix=words.fix,
            changes=tuple(change for site, change in changes if site is step.site),
            elsewhere=tuple((site, change) for site, change in changes if site is not step.site),
            unlock=step.why or (f"All uses move together or none does: {blocked}" if blocked else ""),
            target=words.target,
            needs=() if blocked else needs,
        )


def once(changes: Changes) -> Changes:
    """Each change once, in the order of the document; what is put in at one place is put in at once."""
    order = dict.fromkeys(sorted(changes, key=lambda each: (each[0].cell, each[1][0], each[1][1])))
    made: list[tuple[Site, Change]] = []
    for site, (start, end, new) in order:
        before = made[-1] if made else None
        if before and before[0] is site and before[1][:2] == (start, start):
            made[-1] = (site, (start, end, before[1][2] + new))
        else:
            made.append((site, (start, end, new)))
    return tuple(made)


def without_names(site: Site, statement: ast.ImportFrom, gone: frozenset[str]) -> tuple[Change, ...]:
    """The change that takes names out of an import, or the whole of it where nothing is left."""
    kept = [site.text(alias) for alias in statement.names if alias.name not in gone]
    if len(kept) == len(statement.names):
        return ()
    if kept:
        return ((site.span(statement.names[0])[0], site.span(statement.names[-1])[1], ", ".join(kept)),)
    return (without_line(site, statement),)


def without_line(site: Site, statement: ast.stmt) -> Change:
    """The change that takes a statement away, with its line where it has one to itself."""
    start, end = site.span(statement)
    line, stop = site.source.rfind("\n", 0, start) + 1, site.source.find("\n", end)
    if stop < 0 and not site.source[end:].strip() and not site.source[line:start].strip():
        return (max(line - 1, 0), end, "")
    whole = stop >= 0 and not site.source[line:start].strip() and not site.source[end:stop].strip()
    return (line, stop + 1, "") if whole else (start, end, "")


def unfollowed(lost: Iterable[Lost]) -> str:
    """Why the answers cannot be followed, naming the first place; empty where they can."""
    return next(places(lost), "")


def written(site: Site, node: ast.expr) -> bool:
    """True where the source at the node's place is the node: in a text with braces, older interpreters place it wrong."""
    try:
        there = ast.parse(f"({site.text(node)})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return ast.dump(there) == ast.dump(node)


def names(sites: Iterable[Site]) -> frozenset[str]:
    """Every name that the document binds or reads."""
    return frozenset(name for site in sites for node in site.nodes for name in _names(node))


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        case _:
            pass


def free(code: Code, *wanted: str) -> str:
    """The first of the names that nothing in the document is called; the last one with a number where all are taken."""
    taken = names(code.sites)
    read = {site.cell for site in code.sites}
    rest = "\n".join(cell.source for cell in code.document.cells if cell.kind == "code" and cell.index not in read)
    numbered = (f"{wanted[-1]}_{number}" for number in count(2))
    return next(name for name in chain(wanted, numbered) if name not in taken and name not in rest)


def unread(sites: Iterable[Site], cells: Iterable[tuple[int, str]], word: str) -> bool:
    """True where a code cell that does not parse holds the word: what it uses is not seen."""
    read = {site.cell for site in sites}
    return any(cell not in read and word in text for cell, text in cells)
