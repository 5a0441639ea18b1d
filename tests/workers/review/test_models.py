from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from workers.contract.business import BusinessRules
from workers.contract.domain import Rung, Staleness
from workers.knowledge.vendors import models as table
from workers.review.models import source as models

TODAY = date(2026, 11, 20)
NONE = BusinessRules()
OWNER = BusinessRules(preferred_chat_model="gpt-5.5", preferred_embedding_model="text-embedding-3-large")


def mended(*cells: str, rules: BusinessRules = OWNER, today: date = TODAY) -> list[str]:
    document = notebook(*cells)
    found = models.find(document, rules, today)
    edits = [edit for one in found if one.suggestion for edit in one.suggestion.edits]
    return [cell.source for cell in document.edited(edits).cells]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('GPT_MODEL = "gpt-4-turbo-preview"  # kept', 'GPT_MODEL = "gpt-5.5"  # kept'),
        ("f(model='gpt-3.5-turbo')", "f(model='gpt-5.5')"),
        ("ChatOpenAI(model_name='gpt-4', temperature=0)", "ChatOpenAI(model_name='gpt-5.5', temperature=0)"),
        ('body = {"model": "gpt-4o", "n": 1}', 'body = {"model": "gpt-5.5", "n": 1}'),
        ('def ask(q, model="gpt-4"): pass', 'def ask(q, model="gpt-5.5"): pass'),
        ('LLM = "gpt-4"\nf(model=LLM)', 'LLM = "gpt-5.5"\nf(model=LLM)'),
        ('EMBEDDING_MODEL = "text-embedding-ada-002"', 'EMBEDDING_MODEL = "text-embedding-3-large"'),
        ('completion(model="openai/gpt-4")', 'completion(model="openai/gpt-5.5")'),
        ('é = "ü"; f(model="gpt-4")', 'é = "ü"; f(model="gpt-5.5")'),
    ],
)
def test_a_stale_model_becomes_the_preferred_one_of_its_kind(before: str, after: str) -> None:
    assert mended(before) == [after]
    assert mended(after) == [after]


@pytest.mark.parametrize(
    "kept",
    [
        'log_name = "240327_gpt-3.5-turbo_spider-sql.jsonl"',
        'COMMAND = "oaieval gpt-3.5-turbo spider-sql --max_samples 25"',
        "# model = 'gpt-4' is what we used",
        '!llm -m gpt-4 "hello"',
        'prices = {"gpt-4": 0.03}',
        'print("gpt-4")',
        'model = "gpt-" + "4"',
        'model = f"gpt-4{x}"',
        'f(model="gpt-5.5")',
        'f(model="my-own-model")',
        'f(model="claude-3-opus-20240229-internal")',
        'url = "https://example.com/gpt-4"',
        "f(model=b'gpt-4')",
    ],
)
def test_what_only_looks_like_a_model_stays(kept: str) -> None:
    assert models.find(notebook(kept), OWNER, TODAY) == ()


@pytest.mark.parametrize(
    ("today", "staleness", "rung"),
    [
        (date(2026, 4, 21), None, None),
        (date(2026, 4, 22), Staleness.DEPRECATED, Rung.E2),
        (date(2026, 10, 22), Staleness.DEPRECATED, Rung.E2),
        (date(2026, 10, 23), Staleness.RETIRED, Rung.E3),
    ],
)
def test_without_the_owners_rules_the_vendors_dates_decide(
    today: date, staleness: Staleness | None, rung: Rung | None
) -> None:
    found = models.find(notebook('f(model="gpt-4")'), NONE, today)

    assert [(one.staleness, one.rung) for one in found] == ([(staleness, rung)] if staleness else [])


def test_without_the_owners_rules_the_vendors_successor_is_offered() -> None:
    assert mended('f(model="gpt-4")', rules=NONE) == ['f(model="gpt-5.6-sol")']


def test_a_vendors_successor_is_said_to_be_its_choice_and_not_to_have_been_called() -> None:
    def message(rules: BusinessRules) -> str:
        (finding,) = models.find(notebook('f(model="gpt-3.5-turbo-0301")'), rules, TODAY)
        return finding.message

    assert "is its vendor's successor by the page of 20" in message(NONE)
    assert message(NONE).endswith(", and was not called")
    assert "vendor" not in message(OWNER)


def test_a_successor_that_is_retired_itself_is_passed_by() -> None:
    assert mended('f(model="o1-preview")', rules=NONE, today=date(2026, 12, 12)) == ['f(model="gpt-5.6-sol")']


def test_a_completion_model_and_an_embedding_without_a_preference_need_a_person() -> None:
    found = models.find(
        notebook('f(model="text-davinci-003")', 'f(engine="text-similarity-ada-001")'),
        NONE,
        TODAY,
    )

    assert [(one.staleness, one.suggestion) for one in found] == [(Staleness.RETIRED, None)] * 2
    assert all(one.unlock for one in found)


def test_another_vendors_model_is_not_put_into_this_vendors_client() -> None:
    found = models.find(notebook('f(model="claude-sonnet-4-20250514")'), OWNER, date(2026, 5, 1))

    assert [one.staleness for one in found] == [Staleness.DEPRECATED]
    assert "gpt" not in found[0].fix


def test_a_stated_vector_size_keeps_an_embedding_model_from_being_swapped() -> None:
    (finding,) = models.find(
        notebook('f(model="text-embedding-ada-002")', "index = make(dimension=1536)"),
        OWNER,
        TODAY,
    )

    assert finding.suggestion is None
    assert "size" in finding.unlock


def test_a_deployments_name_is_told_and_left() -> None:
    (finding,) = models.find(notebook('f(deployment_id="gpt-4")'), OWNER, TODAY)

    assert finding.suggestion is None


def test_the_owners_deprecated_models_count_whoever_made_them() -> None:
    rules = BusinessRules(preferred_chat_model="ours-2", deprecated_models=("ours-1",))

    assert mended('f(model="ours-1")', rules=rules) == ['f(model="ours-2")']


def test_a_date_the_vendor_has_not_confirmed_is_no_retirement() -> None:
    (finding,) = models.find(notebook('f(model="gemini-3.1-flash-lite")'), NONE, date(2027, 6, 1))

    assert finding.staleness is Staleness.DEPRECATED


def test_a_preferred_model_past_its_end_is_told_to_the_owner() -> None:
    rules = BusinessRules(preferred_chat_model="gpt-4")

    assert models.find(notebook('f(model="gpt-4")'), rules, TODAY) == ()
    assert [line for line in models.stale_preferences(rules, TODAY) if "2026-10-23" in line]
    assert models.stale_preferences(OWNER, TODAY) == ()


@pytest.mark.parametrize("name", sorted(table()))
def test_the_preferred_model_is_never_flagged(name: str) -> None:
    rules = BusinessRules(preferred_chat_model=name, preferred_embedding_model=name, deprecated_models=(name,))

    assert models.find(notebook(f'f(model="{name}")'), rules, TODAY) == ()


def test_every_model_of_the_table_has_a_source_and_dates_in_order() -> None:
    for model in table().values():
        assert model.source.startswith("https://")
        assert model.announced is None or model.shutdown is None or model.announced <= model.shutdown
        assert model.successor != model.name


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(table())), min_size=1, max_size=4),
    st.dates(date(2022, 1, 1), date(2029, 1, 1)),
    st.sampled_from([NONE, OWNER]),
)
def test_edits_apply_and_a_second_pass_offers_none(names: list[str], today: date, rules: BusinessRules) -> None:
    cells = [f'f(model="{name}")' for name in names]
    once = mended(*cells, rules=rules, today=today)

    if rules is OWNER:
        assert mended(*once, rules=rules, today=today) == once
