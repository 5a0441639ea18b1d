from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.environments import environment
from workers.contract.business import BusinessRules, known_mappings, mapping
from workers.contract.domain import Staleness
from workers.knowledge.shape import shapes as table
from workers.review.shapes import source as shapes

if TYPE_CHECKING:
    from workers.contract.domain import Finding

TODAY = date(2026, 11, 20)
BARE = environment("3.12")
RECIPE = BusinessRules(
    modernize=tuple(
        mapping(phrase)
        for phrase in (
            "client.chat.completions.create -> client.responses.create",
            "legacy function-calling schemas -> current tools schema",
            "qdrant.search -> qdrant.query_points",
            "oaieval CLI examples -> current Evals API workflow",
        )
    )
)
LOCAL = """\
class Shelf:
    def search(self, collection_name, query_vector, limit=3, query_filter=None):
        return self.search(collection_name, query_vector=query_vector)

    def query_points(self, collection_name, query, using="title", limit=3):
        return self.search(collection_name, (using, query), limit=limit)

qdrant = Shelf()"""
REAL = "from qdrant_client import QdrantClient\nclient = QdrantClient(':memory:')"


def asked(*phrases: str) -> BusinessRules:
    return BusinessRules(modernize=tuple(mapping(phrase) for phrase in phrases))


def found(*cells: str, rules: BusinessRules = RECIPE, today: date = TODAY, **packages: str) -> tuple[Finding, ...]:
    return shapes.find(notebook(*cells), environment("3.12", **packages), rules, today).findings


def mended(*cells: str, rules: BusinessRules = RECIPE, **packages: str) -> list[str]:
    document = notebook(*cells)
    told = shapes.find(document, environment("3.12", **packages), rules, TODAY).findings
    edits = [edit for one in told if one.suggestion for edit in one.suggestion.edits]
    return [cell.source for cell in document.edited(edits).cells]


def test_a_local_receiver_is_called_by_the_signature_of_its_own_class() -> None:
    call = "hits = qdrant.search(\n    collection_name=name,\n    query_vector=(which, vector),\n    limit=k,\n    query_filter=None,\n)"

    once = mended(LOCAL, call)

    assert once == [
        LOCAL,
        "hits = qdrant.query_points(\n    collection_name=name,\n    query=vector,\n    using=which,\n    limit=k,\n)",
    ]
    assert mended(*once) == once


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "hits = client.search('c', query_vector=v, query_filter=f, limit=3)",
            "hits = client.query_points('c', query=v, query_filter=f, limit=3).points",
        ),
        (
            "for hit in client.search(collection_name='c', query_vector=('t', v)):\n    print(hit)",
            "for hit in client.query_points(collection_name='c', query=v, using='t').points:\n    print(hit)",
        ),
        ("client.search('c', v)[0]", "client.query_points('c', v).points[0]"),
        ("client.search('c', ('t', v))", "client.query_points('c', query=v, using='t').points"),
        (
            "client.search('c', query_vector=models.NamedVector(name='t', vector=v))",
            "client.query_points('c', query=v, using='t').points",
        ),
    ],
)
def test_the_real_client_keeps_its_keywords_and_answers_with_points(before: str, after: str) -> None:
    assert mended(REAL, before, qdrant_client="1.15.0") == [REAL, after]


def test_an_awaited_search_is_put_in_parentheses() -> None:
    client = "from qdrant_client import AsyncQdrantClient\nclient = AsyncQdrantClient()"

    assert mended(client, "hits = await client.search('c', query_vector=v)") == [
        client,
        "hits = (await client.query_points('c', query=v)).points",
    ]


@pytest.mark.parametrize(
    "call",
    [
        "qdrant.search(collection_name=c, query_vector=(n, v), query_filter=only)",
        "qdrant.search(collection_name=c, query_vector=(n, v), **more)",
        "qdrant.search(c, (n, v), 3)",
    ],
)
def test_a_call_that_cannot_be_moved_is_told_without_an_edit(call: str) -> None:
    (finding,) = found(LOCAL, call)

    assert finding.suggestion is None
    assert finding.unlock


@pytest.mark.parametrize(
    "cell",
    [
        "import re\nre.search('a', text)",
        "index.search(collection_name=c, query_vector=v)",
        "text = 'qdrant.search(query_vector=v)'  # qdrant.search(x)",
        "url = 'https://example.com/qdrant.search'",
        "!qdrant.search --limit 3",
        "qdrant.query_points(collection_name=c, query=v)",
        "def search(x): ...\nsearch(query_vector=1)",
    ],
)
def test_what_is_no_search_of_the_client_stays(cell: str) -> None:
    assert found(LOCAL, cell) == ()


def test_a_named_receiver_that_was_bound_to_something_else_is_not_edited() -> None:
    (finding,) = found("qdrant = connect()\nqdrant.search(collection_name=c, query_vector=v)")

    assert finding.suggestion is None


def test_nothing_is_asked_so_nothing_is_found_unless_the_old_form_is_gone() -> None:
    cells = (REAL, "client.search('c', query_vector=v)")

    assert found(*cells, rules=BusinessRules(), qdrant_client="1.15.0") == ()
    (finding,) = found(*cells, rules=BusinessRules(), qdrant_client="1.16.0")
    assert finding.staleness is Staleness.BROKEN
    assert finding.suggestion is not None
    assert finding.suggestion.resolved


def test_an_installed_version_without_the_new_form_proves_nothing() -> None:
    (finding,) = found(REAL, "client.search('c', query_vector=v)", qdrant_client="1.9.0")

    assert finding.suggestion is not None
    assert not finding.suggestion.resolved


SCHEMA = """\
tools_of_old = [
    {
        "name": "look_up",
        "description": "Looks up.",
        "parameters": {"type": "object", "properties": {}},
    }
]
print(tools_of_old[0]["name"])"""


def test_function_schemas_become_flat_tools_in_their_own_layout() -> None:
    (once,) = mended(SCHEMA)

    assert once == SCHEMA.replace('        "name"', '        "type": "function",\n        "name"')
    assert mended(once) == [once]


def test_a_schema_on_one_line_keeps_its_quotes() -> None:
    before = "fs = [{'name': 'a', 'parameters': {'type': 'object'}}]"

    assert mended(before) == ["fs = [{'type': 'function', 'name': 'a', 'parameters': {'type': 'object'}}]"]


def test_where_chat_completions_takes_them_tools_are_nested() -> None:
    before = (
        "import openai\nclient = openai.OpenAI()",
        "fs = [{'name': 'a', 'parameters': {'type': 'object'}}]",
        "client.chat.completions.create(model=m, messages=ms, functions=fs, function_call='auto')",
    )

    assert mended(*before, rules=asked("functions-to-tools")) == [
        before[0],
        "fs = [{'type': 'function', 'function': {'name': 'a', 'parameters': {'type': 'object'}}}]",
        "client.chat.completions.create(model=m, messages=ms, tools=fs, tool_choice='auto')",
    ]


def test_functions_whose_answer_is_read_need_a_person() -> None:
    cells = (
        "fs = [{'name': 'a', 'parameters': {'type': 'object'}}]",
        "r = client.chat.completions.create(functions=fs)\nr.choices[0].message.function_call.name",
    )

    (finding,) = found(*cells, rules=asked("functions-to-tools"))

    assert finding.suggestion is None


@pytest.mark.parametrize(
    "cell",
    [
        'rows = [{"name": "a", "parameters": 3}]',
        'rows = [{"name": "a", "description": "b"}]',
        'import google.genai\ntools = [{"name": "a", "parameters": {"type": "object"}}]',
        'tools = [{"name": "a", "parameters": {"type": "OBJECT", "properties": {}}}]',
        'tools = [{"type": "function", "name": "a", "parameters": {"type": "object"}}]',
        'text = \'[{"name": "a", "parameters": {"type": "object"}}]\'',
    ],
)
def test_dictionaries_that_are_no_legacy_schema_stay(cell: str) -> None:
    assert found(cell) == ()


CLIENT = "from openai import OpenAI\nclient = OpenAI()"


def test_a_plain_chat_becomes_a_response_and_its_text_is_read() -> None:
    cells = (
        CLIENT,
        "r = client.chat.completions.create(\n    model=MODEL,\n    messages=ms,\n    max_tokens=5,\n)",
        "print(r.choices[0].message.content)",
    )

    once = mended(*cells, openai="1.80.0")

    assert once == [
        CLIENT,
        "r = client.responses.create(\n    model=MODEL,\n    input=ms,\n    max_output_tokens=5,\n)",
        "print(r.output_text)",
    ]
    assert mended(*once, openai="1.80.0") == once


def test_a_chat_in_a_function_is_read_where_it_is_made() -> None:
    before = "def ask(q):\n    return client.chat.completions.create(model=m, messages=q).choices[0].message.content"

    assert mended(CLIENT, before)[1] == "def ask(q):\n    return client.responses.create(model=m, input=q).output_text"


@pytest.mark.parametrize(
    "cell",
    [
        "r = client.chat.completions.create(model=m, messages=ms, n=2)\nprint(r.choices[0].message.content)",
        "r = client.chat.completions.create(model=m, messages=ms)\nprint(r.usage.prompt_tokens)",
        "r = client.chat.completions.create(model=m, messages=ms)\nkeep(r)",
        "keep(client.chat.completions.create(model=m, messages=ms))",
        "r = client.chat.completions.create(**arguments)",
    ],
)
def test_a_chat_without_a_counterpart_is_told_without_an_edit(cell: str) -> None:
    (finding,) = found(CLIENT, cell)

    assert finding.suggestion is None
    assert finding.unlock


@pytest.mark.parametrize(
    "cell",
    [
        'EVAL = "oaieval gpt-3.5-turbo spider-sql --max_samples 25"',
        "!oaieval gpt-3.5-turbo spider-sql",
        "%%bash\noaieval gpt-3.5-turbo spider-sql",
        'import subprocess\nsubprocess.run(["oaieval", "gpt-3.5-turbo"])',
    ],
)
def test_a_command_whose_successor_is_shut_down_is_a_decision(cell: str) -> None:
    (finding,) = found(cell)

    assert finding.staleness is Staleness.POLICY
    assert finding.suggestion is None
    assert "read-only since 2026-10-31" in finding.message
    assert "2026-11-30" in finding.message
    assert "Promptfoo" in finding.message


@pytest.mark.parametrize("cell", ["x = 1  # oaieval gpt-4", 'name = "my oaieval log"', "oaieval = 3"])
def test_a_word_that_is_no_command_stays(cell: str) -> None:
    assert found(cell) == ()


@pytest.mark.parametrize(
    ("today", "closed"), [(date(2026, 10, 30), False), (date(2026, 10, 31), True), (date(2026, 12, 1), True)]
)
def test_a_rule_whose_target_ends_switches_itself_off_by_date(today: date, closed: bool) -> None:
    shape = table()["oaieval-to-evals-api"]

    assert shape.closed(today) is closed
    assert ("is read-only since" in shape.life(today)) is closed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "pd.tools.plotting.scatter_plot(df, 'a', 'b', figsize=(3, 3))",
            "df.plot.scatter(x='a', y='b', figsize=(3, 3))",
        ),
        (
            "df = pd.DataFrame()\ndf = df.append(pd.DataFrame())",
            "df = pd.DataFrame()\ndf = pd.concat([df, pd.DataFrame()])",
        ),
        (
            "df = pd.read_csv(f)\ndf.append({'a': 1}, ignore_index=True)",
            "df = pd.read_csv(f)\npd.concat([df, pd.DataFrame([{'a': 1}])], ignore_index=True)",
        ),
        ("df.fillna(method='ffill')", "df.ffill()"),
        ("df['a'].fillna(inplace=True, method='bfill')", "df['a'].bfill(inplace=True)"),
        ("df.fillna(method='pad', limit=2)", "df.ffill(limit=2)"),
    ],
)
def test_pandas_calls_that_are_gone_take_their_new_shape(before: str, after: str) -> None:
    start = "import pandas as pd\n"

    assert mended(start + before, rules=BusinessRules(), pandas="3.0.0") == [start + after]
    assert mended(start + after, rules=BusinessRules(), pandas="3.0.0") == [start + after]


@pytest.mark.parametrize(
    "cell",
    [
        "rows = []\nrows.append(1)",
        "df = make()\ndf.append(other)",
        "s.fillna(0)",
        "s.fillna(method=how)",
        "text = 'df.append(other)'",
    ],
)
def test_other_appends_and_fills_stay(cell: str) -> None:
    assert found(f"import pandas as pd\n{cell}", rules=BusinessRules(), pandas="3.0.0") == ()


def test_a_row_of_unknown_kind_is_told_without_an_edit() -> None:
    (finding,) = found(
        "import pandas as pd\ndf = pd.DataFrame()\ndf.append(row)", rules=BusinessRules(), pandas="2.2.0"
    )

    assert finding.suggestion is None


APPENDED = "import pandas as pd\ndf = pd.DataFrame()\ndf = df.append(df)"


def test_an_older_pandas_still_has_them() -> None:
    assert found(APPENDED, rules=BusinessRules(), pandas="1.3.5") == ()


def test_a_pandas_that_warns_of_append_has_it_mended_without_being_asked() -> None:
    (finding,) = found(APPENDED, rules=BusinessRules(), pandas="1.5.3")

    assert finding.staleness is Staleness.DEPRECATED
    assert finding.suggestion is not None
    assert finding.suggestion.resolved
    assert [edit.new for edit in finding.suggestion.edits] == ["pd.concat([df, ", "]"]


def test_a_library_s_move_that_is_the_owner_s_choice_waits_for_the_owner_though_the_old_form_warns() -> None:
    cell = "from qdrant_client import QdrantClient\nclient = QdrantClient(':memory:')\nclient.search('c', query_vector=[1])"
    client = environment("3.12", **{"qdrant-client": "1.14.0"})

    assert shapes.find(notebook(cell), client, BusinessRules(), TODAY).findings == ()


def test_an_owners_own_rename_keeps_the_keywords() -> None:
    rules = asked("store.find -> store.look_up")

    assert mended("store.find(a, key=1)\nother.find(a)", rules=rules) == ["store.look_up(a, key=1)\nother.find(a)"]


def test_an_owners_rename_to_what_a_local_class_lacks_is_told_without_an_edit() -> None:
    cell = "class S:\n    def find(self): ...\nstore = S()\nstore.find()"

    (finding,) = found(cell, rules=asked("store.find -> store.look_up"))

    assert finding.suggestion is None


def test_every_phrase_means_a_shipped_rule_and_every_rule_is_in_the_table() -> None:
    assert set(known_mappings().values()) == set(table()) == set(shapes.RULES)


@pytest.mark.parametrize("phrase", ["nonsense", "a -> b", "-> x.y", "qdrant.search ->"])
def test_a_phrase_that_means_nothing_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        mapping(phrase)


CELLS = st.lists(
    st.sampled_from(
        [
            LOCAL,
            REAL,
            CLIENT,
            SCHEMA,
            "qdrant.search('c', query_vector=(a, b), query_filter=None)",
            "r = client.search(collection_name='c', query_vector=v)",
            "r = client.chat.completions.create(model=m, messages=x)\nr.choices[0].message.content",
            "client.chat.completions.create(model=m, messages=x, functions=tools_of_old)",
            "import pandas as pd\ndf = pd.DataFrame()\ndf = df.append(df.fillna(method='ffill'))",
            "!oaieval a b",
            "x = 'é☃'; qdrant.search(query_vector=(x, x))",
            "def f(:",
        ]
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_it_never_raises_edits_apply_and_a_second_pass_offers_none(cells: list[str]) -> None:
    once = mended(*cells, pandas="3.0.0", qdrant_client="1.20.0", openai="2.0.0")

    assert mended(*once, pandas="3.0.0", qdrant_client="1.20.0", openai="2.0.0") == once
