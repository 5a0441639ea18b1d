"""A sample of our edits and of findings at E4 over the corpus, for people to judge: is each right?

    python -m bench.sample CORPUS --python PATH --seed TEXT --show FILE [--edits N] [--findings N]

CORPUS and PATH are as in `bench.hunks`; nothing is run and no model is asked. The seed is the hash of the commit that is judged, so
that nobody chooses. FILE gets what a judge sees: the lines before and after with those around them, without the owner's own
version and without our reasons. `bench/results/sample.json` gets places and rules alone, each with an empty verdict to be filled
in (`right`, `wrong: why`), for the texts are not ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from bench.hunks import code_lines, mendings
from workers.contract.domain import Rung

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.hunks import Line, Mending

RESULTS = Path(__file__).parent / "results" / "sample.json"
AROUND = 4
"""Lines shown before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One edit or finding, and where it stands."""

    kind: str
    pair: str
    cell: int
    line: int
    """In the cell, from 1."""
    rule: str
    shown: str
    """What the judge sees; never kept with the results."""
    verdict: str = ""


def edits(mending: Mending) -> Iterator[Judged]:
    """Every stretch of lines that we changed."""
    old, new = code_lines(mending.before), code_lines(mending.ours)
    for kind, i1, i2, j1, j2 in SequenceMatcher(
        None, [x.text for x in old], [x.text for x in new], autojunk=False
    ).get_opcodes():
        if kind == "equal":
            continue
        place = old[min(i1, len(old) - 1)]
        rules = {one.rule for one in mending.found if one.place and one.place.cell == place.cell and one.suggestion}
        before, after = _shown(old, i1, i2), _shown(new, j1, j2)
        yield Judged(
            kind="edit",
            pair=mending.pair["id"],
            cell=place.cell,
            line=place.number,
            rule=", ".join(sorted(rules)),
            shown=f"BEFORE\n{before}\nAFTER\n{after}",
        )


def findings(mending: Mending) -> Iterator[Judged]:
    """Everything that is said to be absent in the environment."""
    lines = code_lines(mending.before)
    for one in mending.found:
        if one.rung is Rung.E4 and one.place is not None:
            at = next((n for n, x in enumerate(lines) if (x.cell, x.number) == (one.place.cell, one.place.line)), 0)
            yield Judged(
                kind="finding",
                pair=mending.pair["id"],
                cell=one.place.cell,
                line=one.place.line,
                rule=one.rule,
                shown=f"{one.message}\n{one.evidence}\n{_shown(lines, at, at + 1)}",
            )


def _shown(lines: Sequence[Line], start: int, end: int) -> str:
    around = lines[max(0, start - AROUND) : end + AROUND]
    first, last = max(0, start - AROUND), end
    marks = ("> " if start <= first + n < last else "  " for n in range(len(around)))
    return "\n".join(f"{mark}{line.text}" for mark, line in zip(marks, around, strict=False))


async def sampled(corpus: Path, python: Path, seed: str, counts: tuple[int, int]) -> list[Judged]:
    """So many edits and findings, drawn with the seed from all there are."""
    all_edits: list[Judged] = []
    all_findings: list[Judged] = []
    async for mending in mendings(corpus, python):
        all_edits += edits(mending)
        all_findings += findings(mending)
    drawn = random.Random(seed)  # noqa: S311 - a sample that can be drawn again
    return [
        one
        for some, count in zip((all_edits, all_findings), counts, strict=True)
        for one in drawn.sample(some, min(count, len(some)))
    ]


def main() -> None:
    """Draw, show, keep the places."""
    parser = argparse.ArgumentParser(description="A sample of our edits and findings, for people to judge.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--show", type=Path, required=True)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--findings", type=int, default=50)
    given = parser.parse_args()
    made = asyncio.run(sampled(given.corpus, given.python, given.seed, (given.edits, given.findings)))
    given.show.write_text(
        "\n\n".join(f"## {n}: {one.kind} in {one.pair}, cell {one.cell}\n\n{one.shown}" for n, one in enumerate(made)),
        encoding="utf-8",
    )
    kept = [{name: value for name, value in asdict(one).items() if name != "shown"} for one in made]
    RESULTS.write_text(json.dumps({"seed": given.seed, "sample": kept}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
