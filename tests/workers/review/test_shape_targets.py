"""An edit to another form is offered only where the artifact's own environment has that form."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.environments import environment
from tests.workers.asking import library
from workers.contract.business import BusinessRules, mapping
from workers.contract.domain import Execution, Staleness
from workers.knowledge import packs
from workers.protocols import Answer
from workers.review.sources import Reviewer
from workers.settings import Settings
from workers.stages import repair_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.contract.domain import Finding
    from workers.protocols import Box, Question
    from workers.review.sources import Resolve

TODAY = dt.date(2026, 11, 20)
NOT_RUN = Execution(status="not_run", reason="only read")
SHOP = """
class Shop:
    def __init__(self):
        self.later = print
    def find(self, key): ...
    def look_up(self, key, *, limit=1): ...

def open_shop():
    return Shop()

def find(key): ...
def look_up(key): ...
"""
QDRANT = """
class QdrantClient:
    def query_points(self, collection_name, query=None, *, using=None, limit=3, **kwargs): ...

class AsyncQdrantClient(QdrantClient):
    pass
"""


def owner(*phrases: str) -> BusinessRules:
    return BusinessRules(modernize=tuple(mapping(phrase) for phrase in phrases))


async def reviewed(*cells: str, rules: BusinessRules, resolve: Resolve | None, **packages: str) -> tuple[Finding, ...]:
    review = Reviewer(
        packs=packs.shipped(),
        environment=environment("3.12", **packages),
        business=rules,
        as_of=TODAY,
        resolve=resolve,
    )
    found = await review(notebook(*cells), NOT_RUN)
    return tuple(finding for finding in found if finding.rule.startswith("shapes/"))


async def shop(tmp_path: Path, new: str, *cells: str) -> Finding:
    asking = library(tmp_path, {"shop/__init__.py": SHOP})
    (finding,) = await reviewed(*cells, rules=owner(f"s.find -> s.{new}"), resolve=asking.resolve)
    return finding


@pytest.mark.parametrize(
    "made",
    [
        "import shop as s",
        "import shop\ns = shop.Shop()",
        "from shop import Shop\ns = Shop()",
        "class S:\n    def look_up(self, key): ...\ns = S()",
    ],
    ids=["module", "instance", "imported class", "class of the document"],
)
async def test_an_owners_rename_to_what_is_there_is_resolved(tmp_path: Path, made: str) -> None:
    finding = await shop(tmp_path, "look_up", made, "s.find('a')")

    assert finding.suggestion is not None
    assert finding.suggestion.resolved


@pytest.mark.parametrize(
    ("made", "call", "missing"),
    [
        ("import shop as s", "s.find('a')", "`shop.nowhere`"),
        ("import shop\ns = shop.Shop()", "s.find('a')", "`shop.Shop.nowhere`"),
    ],
)
async def test_an_owners_rename_to_what_is_not_installed_is_told_without_an_edit(
    tmp_path: Path, made: str, call: str, missing: str
) -> None:
    finding = await shop(tmp_path, "nowhere", made, call)

    assert finding.suggestion is None
    assert f"{missing} is not in the installed version" in finding.message
    assert "Not edited" in finding.fix


@pytest.mark.parametrize(
    ("made", "call", "refused"),
    [
        ("import shop as s", "s.find('a', exact=True)", "`shop.look_up(exact=)`"),
        ("import shop as s", "s.find('a', 'b')", "`shop.look_up(...)`"),
        ("import shop\ns = shop.Shop()", "s.find('a', limit=2, exact=1)", "`shop.Shop.look_up(exact=)`"),
    ],
)
async def test_a_rename_whose_target_refuses_the_arguments_is_told_without_an_edit(
    tmp_path: Path, made: str, call: str, refused: str
) -> None:
    finding = await shop(tmp_path, "look_up", made, call)

    assert finding.suggestion is None
    assert f"{refused} is not in the installed version" in finding.message


@pytest.mark.parametrize(
    ("made", "new"),
    [
        ("import shop\ns = shop.open_shop()", "look_up"),
        ("s = connect()", "look_up"),
        ("import shop\ns = shop.Shop()", "later"),
        ("import nowhere\ns = nowhere.Shop()", "look_up"),
        ("class S(Base):\n    pass\ns = S()", "look_up"),
    ],
    ids=["made by a function", "unknown", "set on the instance", "not installed", "inherited"],
)
async def test_where_nothing_can_be_asked_the_edit_is_there_and_not_resolved(
    tmp_path: Path, made: str, new: str
) -> None:
    finding = await shop(tmp_path, new, made, "s.find('a')")

    assert finding.suggestion is not None
    assert not finding.suggestion.resolved


SEARCH = "client.search('c', query_vector=('t', v), limit=1)"


def client(kind: str) -> str:
    return f"from qdrant_client import {kind}\nclient = {kind}()"


@pytest.mark.parametrize("kind", ["QdrantClient", "AsyncQdrantClient"])
async def test_the_environment_resolves_what_no_table_of_versions_knows(tmp_path: Path, kind: str) -> None:
    asking = library(tmp_path, {"qdrant_client/__init__.py": QDRANT})
    rules = owner("qdrant-search-to-query-points")

    (asked,) = await reviewed(client(kind), SEARCH, rules=rules, resolve=asking.resolve)
    (unasked,) = await reviewed(client(kind), SEARCH, rules=rules, resolve=None)

    assert [one.suggestion is not None and one.suggestion.resolved for one in (asked, unasked)] == [True, False]


@pytest.mark.parametrize(
    ("was", "now", "missing"),
    [
        ("using=None, ", "", None),
        (", **kwargs", "", None),
        ("using=None, limit=3, **kwargs", "limit=3", "query_points(using=)"),
        ("query=None", "vector=None", None),
        ("query_points", "query", "query_points"),
    ],
    ids=["perhaps no using", "all spelled out", "no using", "perhaps no query", "no method"],
)
async def test_what_the_environment_says_weighs_more_than_the_table_of_versions(
    tmp_path: Path, was: str, now: str, missing: str | None
) -> None:
    asking = library(tmp_path, {"qdrant_client/__init__.py": QDRANT.replace(was, now)})
    rules = owner("qdrant-search-to-query-points")

    (finding,) = await reviewed(
        client("QdrantClient"), SEARCH, rules=rules, resolve=asking.resolve, qdrant_client="1.15.0"
    )
    (twin,) = await reviewed(client("QdrantClient"), SEARCH, rules=rules, resolve=None, qdrant_client="1.15.0")

    assert twin.suggestion is not None
    assert twin.suggestion.resolved
    if missing is None:
        assert finding.suggestion is not None
        assert finding.suggestion.resolved is (was == ", **kwargs")
    else:
        assert finding.suggestion is None
        assert f"`qdrant_client.QdrantClient.{missing}` is not in the installed version" in finding.message


PANDAS = """
class PlotAccessor:
    def scatter(self, x, y, s=None, c=None, **kwargs): ...

class Accessor:
    def __get__(self, instance, owner):
        return PlotAccessor

class DataFrame:
    plot = Accessor()
    def ffill(self, *, axis=None, inplace=False, limit=None): ...

def concat(objs, *, ignore_index=False): ...
"""


@pytest.mark.parametrize(
    ("cell", "there"),
    [
        ("pd.tools.plotting.scatter_plot(df, 'a', 'b', figsize=(3, 3))", True),
        ("df.fillna(method='ffill', limit=2)", True),
        ("df.fillna(method='bfill')", False),
        ("df.append(df, ignore_index=True)", True),
        ("df.append(df, sort=True)", False),
    ],
)
async def test_what_pandas_no_longer_has_is_edited_to_what_it_has(tmp_path: Path, cell: str, *, there: bool) -> None:
    asking = library(tmp_path, {"pandas/__init__.py": PANDAS})

    found = await reviewed(
        f"import pandas as pd\ndf = pd.DataFrame()\n{cell}",
        rules=BusinessRules(),
        resolve=asking.resolve,
        pandas="3.0.0",
    )

    (finding,) = found
    assert (finding.suggestion is not None) is there
    assert finding.suggestion is None or finding.suggestion.resolved


CHAT = "client.chat.completions.create(model='m', messages=ms).choices[0].message.content"
OPENAI = {
    "openai/__init__.py": "class OpenAI:\n    @property\n    def responses(self): ...\nclass AsyncOpenAI:\n    pass\n",
    "openai/resources/__init__.py": "",
    "openai/resources/responses/__init__.py": "class Responses:\n    def create(self, *, model, input): ...\n",
}


@pytest.mark.parametrize(
    ("kind", "call", "missing"),
    [
        ("OpenAI", CHAT, ""),
        (
            "OpenAI",
            CHAT.replace("=ms", "=ms, max_tokens=3"),
            "openai.resources.responses.Responses.create(max_output_tokens=)",
        ),
        ("AsyncOpenAI", CHAT, "openai.AsyncOpenAI.responses"),
    ],
)
async def test_a_client_is_asked_for_its_own_responses(tmp_path: Path, kind: str, call: str, missing: str) -> None:
    asking = library(tmp_path, OPENAI)
    rules = owner("chat-completions-to-responses")

    (finding,) = await reviewed(f"import openai\nclient = openai.{kind}()", call, rules=rules, resolve=asking.resolve)

    assert (finding.suggestion is None) is bool(missing)
    assert missing in finding.message


async def test_an_environment_that_does_not_answer_resolves_nothing() -> None:
    async def silent(questions: Sequence[Question]) -> Sequence[Answer]:
        return [Answer(question=question, status="undecided", message="it hung") for question in questions]

    (finding,) = await reviewed(
        client("QdrantClient"),
        SEARCH,
        rules=owner("qdrant-search-to-query-points"),
        resolve=silent,
        qdrant_client="1.15.0",
    )

    assert finding.suggestion is not None
    assert not finding.suggestion.resolved


# In a real box


@dataclass
class Counting:
    box: Box
    asked: list[Sequence[Question]] = field(default_factory=list["Sequence[Question]"])

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        self.asked.append(questions)
        return await self.box.resolve(questions)


async def test_a_review_asks_all_its_targets_in_one_box(box: Box) -> None:
    counting = Counting(box)
    cells = ("import orchard", "orchard.tally([1])\norchard.tally([2])", "orchard.seasons(1, freq='YE')")
    rules = owner("orchard.tally -> orchard.total", "orchard.seasons -> orchard.years")

    found = await reviewed(*cells, rules=rules, resolve=counting.resolve)

    assert [one.suggestion is not None for one in found] == [True, True, False]
    assert len(counting.asked) == 1
    assert len(set(counting.asked[0])) == len(counting.asked[0])


@pytest.mark.parametrize(("new", "outcome"), [("total", "Repaired"), ("nowhere", "Unrepaired")])
async def test_the_loop_makes_an_owners_rename_only_where_it_resolves(box: Box, new: str, outcome: str) -> None:
    settings = Settings(
        as_of=TODAY,
        business=owner(f"orchard.total -> orchard.{new}")
        if new == "nowhere"
        else owner("orchard.tally -> orchard.total"),
        classes=frozenset({Staleness.POLICY}),
    )
    call = "orchard.total([1])" if new == "nowhere" else "orchard.tally([1])"

    (report,) = await repair_all([notebook("import orchard", call)], settings=settings, box=box)

    assert type(report.outcome).__name__ == outcome
    assert len(report.records) == (outcome == "Repaired")
