"""What of real repositories' declarations is understood: a line a repository, from folders of fetched copies.

    python -m bench.declarations DIR [--facts FILE]

DIR holds a folder a repository, `owner+name`, with its declarations, its notebooks and its modules, and beside each a file
`owner+name.commit.json` with `commit` (of the copy) and `committed` (its day). Nothing in them is run. `--facts` writes what
was found as JSON: repository, commit, and for each declaration its path, digest and counts; nothing of the files' content.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract.domain import Report
from workers.documents import notebook
from workers.environments.deciding import Choice, decide
from workers.environments.searching import places
from workers.environments.tree import Tree
from workers.workspace.reading import load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.environments.words import Decision
    from workers.protocols import Document

NOTEBOOKS = 8
"""Of one repository, evenly spread over its sorted list."""
MAX_BYTES = 64 * 1024 * 1024
EMPTY = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
"""A notebook without cells: for a repository whose notebooks are not `.ipynb` files, its declarations alone decide."""


@dataclass(frozen=True)
class File:
    """One declaration and what our reader said of it."""

    path: str
    digest: str
    asked: int
    constraints: int
    optional: int
    refused: dict[str, int]
    missing: dict[str, int]
    python: str


@dataclass(frozen=True)
class Row:
    """One repository."""

    repository: str
    commit: str
    artifacts: int
    sources: dict[str, int]
    asked: int
    undeclared: int
    refused: int
    missing: int
    constraints: int
    python: str
    complete: int
    """Artifacts of which nothing is refused, missing or undeclared."""
    whys: dict[str, int]
    seconds: float
    files: list[File] = field(default_factory=list[File])


def main() -> None:
    """Print the table and the totals."""
    parser = argparse.ArgumentParser(description="What of real repositories' declarations is understood.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--facts", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    rows = [row_of(repo) for repo in sorted(arguments.folder.iterdir()) if repo.is_dir()]
    print(
        "| repository | artifacts | decided by | Python | asked | locked | undeclared | refused | missing | complete |"
        "\n|---|--:|---|---|--:|--:|--:|--:|--:|--:|"
    )
    for row in rows:
        print(line(row))
    print(totals(rows))
    if arguments.facts:
        arguments.facts.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def row_of(repo: Path) -> Row:
    """What is decided for artifacts of one repository."""
    known = json.loads(repo.with_name(f"{repo.name}.commit.json").read_text("utf-8"))
    choice = Choice(committed=date.fromisoformat(known["committed"]))
    timed = [_timed(repo, document, choice) for document in documents(repo)]
    decisions = [decision for decision, _ in timed]
    whys = Counter(_kind(each.why) for decision in decisions for each in (*decision.refused, *decision.missing))
    return Row(
        repository=repo.name.replace("+", "/", 1),
        commit=known["commit"],
        artifacts=len(decisions),
        sources=dict(Counter(each.source for each in decisions)),
        asked=_median(len(each.asked) for each in decisions),
        undeclared=_median(len(each.undeclared) for each in decisions),
        refused=_median(len(each.refused) for each in decisions),
        missing=_median(len(each.missing) for each in decisions),
        constraints=_median(len(each.constraints) for each in decisions),
        python=Counter(each.python for each in decisions).most_common(1)[0][0],
        complete=sum(not (each.undeclared or each.refused or each.missing) for each in decisions),
        whys=dict(whys.most_common()),
        seconds=round(statistics.median(seconds for _, seconds in timed), 3),
        files=files_of(repo, [each.source for each in decisions]),
    )


def documents(repo: Path) -> list[Document]:
    """Some of a repository's notebooks; where it has none, a place at its root."""
    paths = sorted(path.relative_to(repo).as_posix() for path in repo.rglob("*.ipynb"))
    spread = paths[:: max(1, -(-len(paths) // NOTEBOOKS))]
    loaded = [load(repo, path, MAX_BYTES) for path in spread]
    found: list[Document] = [each for each in loaded if not isinstance(each, Report)]
    return found or [notebook.parse(EMPTY, "nothing.ipynb")]


def files_of(repo: Path, sources: list[str]) -> list[File]:
    """The declarations that decided, and those at the root."""
    tree = Tree(repo)
    folders = {"."} | {Path(source).parent.as_posix() for source in sources if "." in source}
    found = {
        each.path: each
        for folder in folders
        for place in places(tree, folder)
        for each in (*place.deciding, *place.beside)
    }
    return [
        File(
            path=path,
            digest=hashlib.sha256((repo / path).read_bytes()).hexdigest(),
            asked=len(each.said.asked),
            constraints=len(each.said.constraints),
            optional=sum(len(option.items) for option in each.said.options),
            refused=dict(Counter(_kind(one.why) for one in each.said.refused)),
            missing=dict(Counter(_kind(one.why) for one in each.said.missing)),
            python=each.said.python,
        )
        for path, each in sorted(found.items())
    ]


def line(row: Row) -> str:
    """A row of the table."""
    sources = ", ".join(
        f"{source} ({count})" if len(row.sources) > 1 else source for source, count in _first(row.sources)
    )
    cells = (
        row.repository,
        row.artifacts,
        sources,
        row.python or "any",
        row.asked,
        row.constraints,
        row.undeclared,
        row.refused,
        row.missing,
        row.complete,
    )
    return " | ".join(["", *map(str, cells), ""]).strip()


def totals(rows: list[Row]) -> str:
    """What came of all of them, and why anything was left."""
    whys = Counter[str]()
    for row in rows:
        whys.update(row.whys)
    artifacts, complete = sum(row.artifacts for row in rows), sum(row.complete for row in rows)
    declared = sum(any(source not in {"imports", "nothing"} for source in row.sources) for row in rows)
    milliseconds = statistics.median(row.seconds for row in rows) * 1000
    counts = (
        f"{len(rows)} repositories, {declared} of them declare something; {artifacts} artifacts, {complete} complete"
    )
    left = [f"- {count}: {why}" for why, count in whys.most_common()]
    return "\n".join(["", f"{counts}; {milliseconds:.0f} ms for a decision (median)", *left])


def _first(sources: dict[str, int]) -> list[tuple[str, int]]:
    return Counter(sources).most_common(2)


def _timed(repo: Path, document: Document, choice: Choice) -> tuple[Decision, float]:
    started = time.monotonic()
    return decide(repo, document, choice), time.monotonic() - started


def _median(values: Iterable[int]) -> int:
    return int(statistics.median_low(list(values)))


def _kind(why: str) -> str:
    """A reason without what is different in each."""
    return "a program; none is run to set up" if why.startswith("a program of") else why.partition(":")[0]


if __name__ == "__main__":
    main()
