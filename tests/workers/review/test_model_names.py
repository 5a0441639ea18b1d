"""Through which names a model's name flows, and what only looks like one."""

from __future__ import annotations

from datetime import date

import pytest

from tests.builders import notebook
from workers.contract.business import BusinessRules
from workers.contract.domain import Finding, Staleness
from workers.review.models import source as models

TODAY = date(2026, 11, 20)
NONE = BusinessRules()
OWNER = BusinessRules(preferred_chat_model="gpt-5.5")


def found(*cells: str, rules: BusinessRules = OWNER) -> tuple[Finding, ...]:
    return models.find(notebook(*cells), rules, TODAY)


def mended(*cells: str, rules: BusinessRules = OWNER) -> list[str]:
    document = notebook(*cells)
    edits = [edit for one in models.find(document, rules, TODAY) if one.suggestion for edit in one.suggestion.edits]
    return [cell.source for cell in document.edited(edits).cells]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('for m in ["gpt-4", "gpt-4o"]:\n    f(model=m)', 'for m in ["gpt-5.5", "gpt-5.5"]:\n    f(model=m)'),
        (
            'names = ("gpt-4",)\nfor m in names:\n    f(model=m)',
            'names = ("gpt-5.5",)\nfor m in names:\n    f(model=m)',
        ),
        ('[f(model=m) for m in ["gpt-4"]]', '[f(model=m) for m in ["gpt-5.5"]]'),
        ('first = "gpt-4"\nsecond = first\nf(model=second)', 'first = "gpt-5.5"\nsecond = first\nf(model=second)'),
        (
            'class Settings:\n    llm = "gpt-4"\nf(model=Settings.llm)',
            'class Settings:\n    llm = "gpt-5.5"\nf(model=Settings.llm)',
        ),
        (
            'config = {"llm": "gpt-4", "n": 1}\nf(model=config["llm"])',
            'config = {"llm": "gpt-5.5", "n": 1}\nf(model=config["llm"])',
        ),
        ('known = ["gpt-4"]\nf(model=known[0])', 'known = ["gpt-5.5"]\nf(model=known[0])'),
        ('f(model=os.environ.get("MODEL", "gpt-4"))', 'f(model=os.environ.get("MODEL", "gpt-5.5"))'),
        ('f(model="gpt-4" if good else "gpt-3.5-turbo")', 'f(model="gpt-5.5" if good else "gpt-5.5")'),
        ('def ask(text, model="x"): ...\nask("hi", "gpt-4")', 'def ask(text, model="x"): ...\nask("hi", "gpt-5.5")'),
        ('init_chat_model("gpt-4")', 'init_chat_model("gpt-5.5")'),
    ],
)
def test_a_name_is_followed_to_the_argument_it_ends_in(before: str, after: str) -> None:
    assert mended(before) == [after]
    assert mended(after) == [after]


@pytest.mark.parametrize(
    "kept",
    [
        'rows = {"llm": "gpt-4"}\nf(model="gpt-5.5")',
        'for m in ["gpt-4"]:\n    print(m)',
        'def ask(text, n=1): ...\nask("gpt-4")',
        'ask(*parts, "gpt-4")',
        'path = "runs/gpt-4.json"\nf(model=load(path))',
        'gpt_4 = f(model="gpt-5.5")',
        'ChatOllama(model="command-r")\nimport cohere',
        'f(model="command-r")',
        'plot(model="ada")',
        'AutoModel.from_pretrained("gpt-4")',
    ],
)
def test_what_is_no_model_argument_stays(kept: str) -> None:
    assert found(kept, rules=NONE) == ()


def test_a_gateways_names_are_its_own() -> None:
    client = 'client = OpenAI(base_url="https://openrouter.ai/api/v1")'

    assert found(client, 'f(model="openai/gpt-4")', rules=NONE) == ()
    assert len(found('f(model="openai/gpt-4")', rules=NONE)) == 1


def test_everyday_words_are_models_where_their_vendor_is_spoken_of() -> None:
    assert len(found("import cohere\nco = cohere.Client()", 'co.chat(model="command-r")', rules=NONE)) == 1


@pytest.mark.parametrize(
    "client",
    ["client = AzureOpenAI()", 'openai.api_type = "azure"', "f(azure_endpoint=url)", "AzureChatOpenAI()"],
)
def test_on_azure_every_name_is_a_deployment_told_and_never_touched(client: str) -> None:
    (finding,) = found(client, 'client.chat(model="gpt-4")')

    assert (finding.rule, finding.suggestion, finding.staleness) == ("models/deployment", None, Staleness.READER)


def test_an_azure_client_in_a_comment_or_an_unused_import_changes_nothing() -> None:
    assert mended("# client = AzureOpenAI()\nfrom openai import AzureOpenAI, OpenAI", 'f(model="gpt-4")')[1] == (
        'f(model="gpt-5.5")'
    )


def test_vertex_has_dates_of_its_own() -> None:
    here = found('f(model="text-embedding-004")', rules=NONE)
    there = found("import vertexai", 'f(model="text-embedding-004")', rules=NONE)

    assert [one.staleness for one in here] == [Staleness.RETIRED]
    assert [one.staleness for one in there] == [Staleness.DEPRECATED]
    assert [one.rule for one in found('f(model="gemini-2.5-pro")', rules=NONE)] == ["models/deprecated"]
    assert [one.rule for one in found("import vertexai", 'f(model="gemini-2.5-pro")', rules=NONE)] == ["models/retired"]


@pytest.mark.parametrize(
    ("name", "staleness"),
    [
        ("ft:gpt-3.5-turbo-0613:acme::abc123", Staleness.RETIRED),
        ("ft:gpt-4o-mini-2024-07-18:acme:suffix:id", Staleness.DEPRECATED),
        ("anthropic.claude-v2", Staleness.RETIRED),
        ("us.anthropic.claude-3-5-sonnet-20240620-v1:0", Staleness.RETIRED),
        ("text-bison@001", Staleness.RETIRED),
        ("tts-1", Staleness.DEPRECATED),
        ("dall-e-3", Staleness.RETIRED),
        ("o1-pro", Staleness.RETIRED),
    ],
)
def test_where_the_name_is_not_all_it_is_told_and_left(name: str, staleness: Staleness) -> None:
    (finding,) = found(f'f(model_id="{name}")', rules=BusinessRules(preferred_embedding_model="text-embedding-3-large"))

    assert (finding.staleness, finding.suggestion) == (staleness, None)
    assert finding.unlock


def test_a_tuned_model_is_not_replaced_by_the_owners_preference() -> None:
    assert [one.suggestion for one in found('f(model="ft:gpt-3.5-turbo:acme::1")')] == [None]


def test_a_second_source_alone_makes_no_model_retired() -> None:
    (finding,) = found('f(model="gemini-2.5-flash-preview-tts")', rules=NONE)

    assert finding.staleness is Staleness.DEPRECATED
    assert finding.suggestion is None


def test_a_name_that_an_f_string_puts_together_is_told_and_left() -> None:
    (finding,) = found('f(model=f"{provider}/gpt-4")')

    assert finding.suggestion is None
    assert "put together" in finding.unlock
    assert found('f(model=f"gpt-4{x}")') == ()


def test_calls_that_newer_models_do_not_answer_come_first() -> None:
    (finding,) = found('c.completions.create(model="claude-2", max_tokens_to_sample=9)', rules=NONE)

    assert finding.suggestion is None
    assert mended('c.messages.create(model="claude-2", max_tokens=9)', rules=NONE) != [
        'c.messages.create(model="claude-2", max_tokens=9)'
    ]


def prose(text: str) -> str:
    document = notebook(("markdown", text), 'f(model="gpt-4")')
    edits = [edit for one in models.find(document, OWNER, TODAY) if one.suggestion for edit in one.suggestion.edits]
    return document.edited(edits).cells[0].source


def test_prose_in_backticks_follows_the_code_of_its_document() -> None:
    assert prose("We ask `gpt-4` twice; é `openai/gpt-4`.") == "We ask `gpt-5.5` twice; é `openai/gpt-5.5`."


@pytest.mark.parametrize(
    "text",
    [
        "We ask gpt-4.",
        "`gpt-4` was retired in October.",
        "We used to call `gpt-4`.",
        "Compared with `gpt-4` it is cheap.",
        "See [`gpt-4`](https://example.com/gpt-4).",
        "```\n`gpt-4`\n```",
        "~~~python\nmodel = `gpt-4`\n~~~",
        "``gpt-4``",
        "`gpt-4.json` and `ask --model gpt-4`",
        "    `gpt-4`",
    ],
)
def test_other_prose_stays(text: str) -> None:
    assert prose(text) == text


def test_prose_alone_is_no_finding() -> None:
    assert models.find(notebook(("markdown", "We ask `gpt-4`.")), OWNER, TODAY) == ()
