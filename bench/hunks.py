"""How many of the places that maintainers mended by hand are mended without a model and without running anything?

    python -m bench.hunks CORPUS --python PATH [--only p008,p230] [--without numpy,keras] [--out FILE]

CORPUS is as in `bench.corpus`; its pairs of notebooks that `mixed_with_noise` does not mark are read in place. PATH is the
interpreter of an environment in which the libraries of the pairs are installed as they are today; earlier releases are looked up
in the package index that this machine's variables name, as in any run. `--without` leaves out all rules and mined facts of these
packages: what is mended then, is mended by what the environment and the releases say themselves. FILE gets every hunk with its tokens; a whole
measurement is kept in `bench/results/hunks.json` in numbers alone.

A hunk is a stretch of code lines that the owner replaced. Its stale tokens are the names, keywords and strings in it that the
owner's whole version does not have any more; a hunk without any is not counted. It is detected when a finding stands in it, and
resolved when all its stale tokens are gone from our version of the stretch, the cell parses if the owner's does, and nothing in the
stretch is missing in the environment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import date
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.budget import Budget
from workers.cli.session import cache
from workers.contract.domain import Execution, Staleness
from workers.contract.errors import EditError, MendloopError
from workers.documents.notebook import parse
from workers.documents.syntax import parse as syntax
from workers.environments.supplier import Supplier
from workers.knowledge.facts import targets
from workers.protocols import Task
from workers.running.bridging import Bridges
from workers.sandbox.environments import from_interpreter
from workers.sandbox.limits import Limits
from workers.sandbox.opening import open_box
from workers.settings import Settings
from workers.stages import stages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Sequence

    from workers.contract.domain import Finding, Repair
    from workers.knowledge.rule import Rule
    from workers.protocols import Document
    from workers.stages import BoxedStages

RESULTS = Path(__file__).parent / "results" / "hunks.json"
TODAY = date(2026, 11, 20)
NOTHING_RAN = Execution(status="not_run", reason="nothing is run here")
_TOKEN = re.compile(r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([^\W\d]\w*)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """One stretch that the owner replaced, and what became of it here."""

    pair: str
    family: str
    category: str
    line: int
    """Of the code of all cells, from 0."""
    stale: tuple[str, ...]
    detected: bool
    resolved: bool
    left: tuple[str, ...]
    """Stale tokens that are still there."""
    why: str = ""
    """Why it is not resolved although no stale token is left."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of code and where it stands."""

    cell: int
    number: int
    """In the cell, from 1."""
    text: str


@dataclass(frozen=True, slots=True)
class Mending:
    """A pair of the corpus, and what became of its stale side here."""

    pair: dict[str, str]
    before: Document
    after: Document
    ours: Document
    found: tuple[Finding, ...]
    """In the unchanged side."""
    left: tuple[Finding, ...]


def code_lines(document: Document) -> list[Line]:
    """All lines of all code cells."""
    cells = (cell for cell in document.cells if cell.kind == "code")
    return [Line(cell.index, n, text) for cell in cells for n, text in enumerate(cell.source.split("\n"), 1)]


def tokens(text: str) -> set[str]:
    """Names, keywords and strings; comments are nobody's code."""
    return {string or name for string, name in _TOKEN.findall(re.sub(r"(?m)#(?![^'\"\n]*['\"]).*$", "", text))}


async def mended(document: Document, stages: BoxedStages) -> tuple[Document, tuple[Finding, ...], tuple[Finding, ...]]:
    """(our version, findings of the unchanged one, findings that are left), nothing run."""
    first = findings = await stages.review(document, NOTHING_RAN)
    for _ in range(Budget().max_iterations):
        counted = tuple(filter(stages.counts, findings))
        task = Task(document=document, findings=counted, execution=NOTHING_RAN, records=(), refused=frozenset())
        repair = await proposed(task, stages)
        if repair is None:
            break
        document = document.edited(repair.edits)
        findings = await stages.review(document, NOTHING_RAN)
    return document, first, findings


async def proposed(task: Task, stages: BoxedStages) -> Repair | None:
    """What the first rung offers that has something to offer."""
    for rung in stages.ladder:
        if repair := await rung.propose(task):
            return repair
    return None


def hunks(mending: Mending) -> Iterator[Hunk]:
    """Every stretch that the owner replaced and that has stale tokens."""
    pair, found = mending.pair, mending.found
    old, new, our = (code_lines(each) for each in (mending.before, mending.after, mending.ours))
    theirs = tokens("\n".join(line.text for line in new))
    matched = SequenceMatcher(None, [x.text for x in old], [x.text for x in new], autojunk=False).get_opcodes()
    for kind, start, end, _, _ in matched:
        stale = tokens("\n".join(line.text for line in old[start:end])) - theirs
        if kind != "replace" or not stale:
            continue
        stretch = _ours(old, our, start, end)
        kept = stale & tokens("\n".join(line.text for line in stretch))
        why = "" if kept else _broken(stretch, mending)
        yield Hunk(
            pair=pair["id"],
            family=pair["family"],
            category=pair["category"],
            line=start,
            stale=tuple(sorted(stale)),
            detected=_found_in(old[start:end], found),
            resolved=not kept and not why,
            left=tuple(sorted(kept)),
            why=why,
        )


def _ours(old: list[Line], our: list[Line], start: int, end: int) -> list[Line]:
    """Our version of the lines `start` to `end` of the unchanged code."""
    taken: list[Line] = []
    blocks = SequenceMatcher(None, [x.text for x in old], [x.text for x in our], autojunk=False).get_opcodes()
    for kind, i1, i2, j1, j2 in blocks:
        if i2 <= start or i1 >= end:
            continue
        if kind == "equal":
            taken += our[j1 + max(0, start - i1) : j2 - max(0, i2 - end)]
        else:
            taken += our[j1:j2]
    return taken


def _found_in(lines: Sequence[Line], findings: Sequence[Finding]) -> bool:
    places = {(line.cell, line.number) for line in lines}
    return any(found.place and (found.place.cell, found.place.line) in places for found in findings)


def _broken(stretch: Sequence[Line], mending: Mending) -> str:
    ours, after = mending.ours, mending.after
    for index in {line.cell for line in stretch}:
        theirs = after.cells[index].source if index < len(after.cells) else ""
        if syntax(ours.cells[index].source) is None and syntax(theirs) is not None:
            return "the cell does not parse"
    missing = [one for one in mending.left if one.staleness is Staleness.BROKEN and one.rule.startswith("api/")]
    return missing[0].message if _found_in(stretch, missing) else ""


async def mendings(
    corpus: Path, python: Path, only: Collection[str] = (), without: Collection[str] = ()
) -> AsyncIterator[Mending]:
    """Every clean pair of notebooks of the corpus, mended; one that cannot be read is told and left out."""
    box = await open_box(
        "bubblewrap",
        environment=await from_interpreter(python),
        cache=cache(),
        workspace=corpus / "envs",
        limits=Limits(),
    )
    settings = Settings(as_of=TODAY)
    supplier = Supplier(cache=cache(), tenant="bench", index=dict(os.environ), repository=corpus)
    bridges = Bridges(supplier=supplier, packages=box.environment.packages, seconds=settings.bridge_s)
    together = forgetting(stages(settings, box, releases=bridges), without)
    for pair in json.loads((corpus / "manifest.json").read_text())["pairs"]:
        if pair["format"] != "ipynb" or pair["mixed_with_noise"] or (only and pair["id"] not in only):
            continue
        try:
            before, after = (parse((corpus / pair[side]).read_bytes(), "a.ipynb") for side in ("before", "after"))
            yield Mending(pair, before, after, *await mended(before, together))
        except (MendloopError, EditError) as error:
            print(f"{pair['id']}: {error}", flush=True)


def forgetting(stages: BoxedStages, packages: Collection[str]) -> BoxedStages:
    """The same without the rules and mined facts of these packages."""
    if not packages:
        return stages
    packs = stages.review.packs
    kept = tuple(rule for rule in packs.rules if rule.package not in packages)

    def known(dotted: str) -> tuple[Rule, ...]:
        return () if dotted.partition(".")[0] in packages else targets(dotted)

    return replace(
        stages, review=replace(stages.review, packs=replace(packs, rules=kept, with_mined=False), facts=known)
    )


async def measured(corpus: Path, python: Path, only: Collection[str], without: Collection[str]) -> list[Hunk]:
    """Every counted hunk of the corpus."""
    made: list[Hunk] = []
    async for mending in mendings(corpus, python, only, without):
        pair, of_pair = mending.pair, list(hunks(mending))
        made += of_pair
        print(pair["id"], pair["family"], f"{sum(one.resolved for one in of_pair)} of {len(of_pair)}", flush=True)
    return made


def table(made: Sequence[Hunk]) -> list[str]:
    """By family, in Markdown."""
    rows = ["| family | hunks | detected | resolved |", "|---|---|---|---|"]
    families = Counter(one.family for one in made)
    for family, count in families.most_common():
        mine = [one for one in made if one.family == family]
        rows.append(f"| {family} | {count} | {sum(x.detected for x in mine)} | {sum(x.resolved for x in mine)} |")
    rows.append(f"| **all** | {len(made)} | {sum(x.detected for x in made)} | {sum(x.resolved for x in made)} |")
    return rows


def kept(hunk: Hunk) -> dict[str, Any]:
    """The hunk in numbers: its tokens are not ours to keep."""
    return asdict(hunk) | {"stale": len(hunk.stale), "left": len(hunk.left)}


def names(text: str) -> frozenset[str]:
    """Names between commas."""
    return frozenset(filter(None, text.split(",")))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Places that maintainers mended by hand, mended without a model.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--only", type=names, default=frozenset[str]())
    parser.add_argument("--without", type=names, default=frozenset[str]())
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    made = asyncio.run(measured(arguments.corpus, arguments.python, arguments.only, arguments.without))
    print("\n".join(table(made)))
    if arguments.out:
        arguments.out.write_text(json.dumps([asdict(one) for one in made], indent=1) + "\n", encoding="utf-8")
    if not arguments.only | arguments.without:
        RESULTS.write_text(json.dumps([kept(one) for one in made]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
