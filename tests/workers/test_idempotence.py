"""What is repaired once is not repaired again: every shipped rule through the real loop, and its delivered copy once more."""

from __future__ import annotations

import datetime as dt
import keyword
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.environments import environment
from tests.workers import orchard
from tests.workers.asking import Asking
from workers.contract import report as numbers
from workers.contract.business import BusinessRules, mapping
from workers.contract.domain import CellRun, Execution, Fresh, Improved, Repaired, Staleness
from workers.knowledge.packs import files, shipped
from workers.knowledge.rule import Keyword, Pattern, Symbol, Value, judge
from workers.knowledge.vendors import models
from workers.loop import mend
from workers.protocols import Answer, Question
from workers.settings import Settings
from workers.stages import BoxedStages, stages
from workers.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.environments import FrozenEnvironment
    from workers.contract.domain import Record, Report
    from workers.documents.notebook import Notebook
    from workers.knowledge.rule import Rule
    from workers.protocols import Box, Document

DAY = dt.date(2026, 11, 20)
NOW = environment(
    "3.12",
    numpy="2.4.0",
    pandas="3.0.0",
    scikit_learn="1.6.0",
    matplotlib="3.10.0",
    seaborn="0.13.2",
    scipy="1.15.0",
    networkx="3.3",
    statsmodels="0.14.1",
    openai="2.8.0",
    qdrant_client="1.16.0",
)

REMOVED = [rule for rule in shipped().rules if (verdict := judge(rule, NOW)) and verdict.staleness is Staleness.BROKEN]
GONE = {rule.change.old for rule in REMOVED if isinstance(rule.change, Symbol)}
GONE_KEYWORDS = {
    (call, rule.change.old) for rule in REMOVED if isinstance(rule.change, Keyword) for call in rule.change.calls
}


NOBODYS = BusinessRules()


class Paper(Asking):
    """A box on paper: every cell is fine, and the libraries are as the packs say they are."""

    @property
    def environment(self) -> FrozenEnvironment:
        return NOW

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        return [_answer(question) for question in questions]

    async def execute(self, document: Document) -> Execution:
        cells = tuple(CellRun(cell=cell.index, status="ok") for cell in document.cells if cell.kind == "code")
        return Execution(status="passed", cells=cells)


def _answer(question: Question) -> Answer:
    parts = question.name.split(".")
    names = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    if gone := names & GONE:
        return Answer(question=question, status="absent", missing_at=min(gone, key=len).rpartition(".")[0])
    bad = tuple(word for word in question.keywords if (question.name, word) in GONE_KEYWORDS)
    return Answer(question=question, status="exists", bad_keywords=bad)


def samples(rule: Rule) -> Iterator[str]:
    """Cells in which somebody uses what the rule speaks of."""
    match rule.change:
        case Symbol(old=old, whole=whole):
            yield from _uses(old, "1") if not whole else (f"import {old}\n{old}.name_of_it(1)",)
        case Keyword(calls=calls, old=old, values=values):
            for call in calls:
                for value in (*(value for value, _ in values), "True"):
                    yield from _uses(call, f"{old}={value}")
        case Value(arguments=arguments, old=old):
            for argument in arguments:
                yield from _uses(argument.call, f"{argument.keyword}={old!r}")
        case Pattern():
            # Its cases show it: what matches cannot be made up from the pattern.
            return


def _uses(name: str, argument: str) -> Iterator[str]:
    """Calls of a function, or of a method of something that was made before."""
    parent, _, last = name.rpartition(".")
    if keyword.iskeyword(last):
        return
    if not parent.rpartition(".")[2][:1].isupper():
        yield f"import {parent} as lib\nlib.{last}({argument})\nx = lib.{last}"
        yield f"from {parent} import {last}\ny = {last}({argument})"
        return
    made = next((call for call, kind in shipped().makes.items() if kind == parent and call[-1].isidentifier()), None)
    if made is not None and not made.rpartition(".")[0].rpartition(".")[2][:1].isupper():
        module, _, maker = made.rpartition(".")
        yield f"import {module} as lib\nthing = lib.{maker}()\nthing.{last}({argument})"


def ladder_of(folder: Path, rules: BusinessRules = NOBODYS) -> BoxedStages:
    settings = Settings(as_of=DAY, classes=frozenset(Staleness), diff_lines=10_000, business=rules)
    return stages(settings, Paper(folder))


async def mended(document: Document, made: BoxedStages) -> tuple[Report, Document]:
    """The report, and the copy that is delivered: the document itself where nothing is."""
    copies: dict[int, Document] = {}

    def keep(copy: Document, record: Record) -> None:
        copies[record.iteration] = copy

    report = await mend(document, made, watch=Watch(on_record=keep))
    delivered = numbers.delivered(report)
    return report, document if delivered is None else copies[delivered.iteration]


async def settled(document: Document, made: BoxedStages) -> Report:
    """The report of the repair, once it is seen that its copy offers nothing more and stays as it is."""
    report, copy = await mended(document, made)
    again, same = await mended(copy, made)
    offered = [found for found in again.findings if found.suggestion and made.counts(found)]
    assert (again.records, offered, same.raw) == ((), [], copy.raw), [cell.source for cell in copy.cells]
    return report


@pytest.mark.parametrize("pack", [file.name.removesuffix(".yml") for file in files()])
async def test_where_a_shipped_rule_was_followed_nothing_is_left_to_follow(pack: str, tmp_path: Path) -> None:
    made = ladder_of(tmp_path)
    rules = [rule for rule in shipped().rules if rule.id.startswith(f"{pack}/") and judge(rule, NOW)]

    reports = [await settled(notebook(sample), made) for rule in rules for sample in islice(samples(rule), 2)]

    assert any(isinstance(report.outcome, Repaired) for report in reports)


async def test_all_samples_of_a_pack_in_one_notebook_are_mended_together(tmp_path: Path) -> None:
    rules = [rule for rule in shipped().rules if rule.id.startswith("numpy/") and judge(rule, NOW)]

    report = await settled(notebook(*(sample for rule in rules for sample in samples(rule))), ladder_of(tmp_path))

    assert len(numbers.head(report).cells) > len(rules)


OTHERS = {
    "python 2": (
        "import urllib2, sys\nprint >>sys.stderr, 'x', 10L\nfor k, v in {}.iteritems(): print k,",
        "try:\n    raise ValueError, 'v'\nexcept ValueError, e:\n    print e",
        "urllib2.urlopen(u)\nunicode(3), xrange(3), reduce(f, [1])",
    ),
    "models": tuple(f"client.chat.completions.create(model={name!r})" for name in models()),
    "search": (
        "from qdrant_client import QdrantClient\nclient = QdrantClient(':memory:')",
        "hits = client.search(collection_name='c', query_vector=[1.0], limit=3)\nfor hit in hits:\n    print(hit.score)",
    ),
    "chat": (
        "from openai import OpenAI\nclient = OpenAI()",
        "q = [{'role': 'user', 'content': 'q'}]",
        "r = client.chat.completions.create(model='gpt-4', messages=q)\nprint(r.choices[0].message.content)",
    ),
}
OWNER = BusinessRules(
    preferred_chat_model="gpt-5.5",
    preferred_embedding_model="text-embedding-3-large",
    modernize=tuple(
        map(
            mapping,
            ("client.chat.completions.create -> client.responses.create", "qdrant.search -> qdrant.query_points"),
        )
    ),
)


@pytest.mark.parametrize("name", OTHERS)
async def test_the_other_sources_of_edits_are_done_after_one_repair_too(name: str, tmp_path: Path) -> None:
    report = await settled(notebook(*OTHERS[name]), ladder_of(tmp_path, OWNER))

    assert report.records
    assert isinstance(report.outcome, Repaired | Improved)


@pytest.mark.parametrize("document", [orchard.CHAIN, orchard.NAMES, orchard.DEPRECATED], ids=lambda each: each.path)
async def test_in_a_real_box_a_delivered_copy_is_fresh_as_it_is(document: Notebook, box: Box) -> None:
    made = stages(Settings(as_of=DAY), box)

    report, copy = await mended(document, made)
    again, same = await mended(copy, made)

    assert isinstance(report.outcome, Repaired)
    assert (again.outcome, again.records, same.raw) == (Fresh(), (), copy.raw)
    assert not any(found.suggestion for found in again.findings)
