"""google-generativeai to google-genai: what comes of all edits together, and what they need of the environment."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.environments import environment
from tests.workers.review.shaped import TODAY, mended
from workers.contract.business import BusinessRules
from workers.documents.python import comments, parse
from workers.review.shapes import source as shapes
from workers.review.shapes.genai.proof import between, wrong
from workers.review.sites import Change, Site

GENAI = {"google_genai": "3.4.0"}
OLD = "import google.generativeai as genai\ngenai.configure(api_key=KEY)"
SOURCE = "f(1, 2)  # a\ng('#')"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([(0, 1, "h"), (6, 7, " )")], ""),
        ([(0, 4, "h("), (2, 5, "")], "meet"),
        ([(1, 2, "")], "does not parse"),
        ([(0, 12, "f()")], "`# a` would be lost"),
        ([(0, 12, "# a\nf()")], ""),
    ],
)
def test_changes_that_would_do_harm_are_told(changes: list[Change], reason: str) -> None:
    site = Site(0, SOURCE)

    told = wrong(tuple((site, one) for one in changes))

    assert reason in told
    assert bool(told) == bool(reason)


def test_the_comments_of_a_stretch_are_found_by_their_place() -> None:
    site = Site(0, "é = 1  # one\nx = '# two'\n# three")

    assert between(site, 0, len(site.source)) == ["# one", "# three"]
    assert between(site, 8, len(site.source)) == ["# three"]


def test_what_came_later_than_the_client_is_asked_of_the_environment() -> None:
    cell = "genai.GenerativeModel('m').generate_content('a', request_options={'timeout': 1})"

    made = shapes.find(notebook(OLD, cell), environment("3.12", **GENAI), BusinessRules(), TODAY)

    asked = {question.name for question in made.targets.questions}
    assert {"google.genai.Client", "google.genai.types.HttpOptions"} <= asked
    assert "google.genai.types.HttpRetryOptions" not in asked


MODELS = st.sampled_from(
    ["'m'", "model_name='m'", "'m', system_instruction=S", "\n  'm',  # é\n", "'m', generation_config=told"]
)
ASKED = st.sampled_from(
    [
        "model.generate_content('a')",
        "model.generate_content(\n    ['a', b],  # why\n    stream=True,\n)",
        "model.generate_content('a', generation_config={'top_k': 1})",
        "model.generate_content('a', safety_settings=rules, request_options={'timeout': 2})",
        "model.generate_content({'mime_type': 'a/b', 'data': p.read_bytes()})",
        "chat = model.start_chat()\nchat.send_message('é', generation_config=genai.GenerationConfig(top_k=1))",
        "def ask(m):\n    return m.count_tokens('a').total_tokens\nask(model)",
        'print("model.\n")',
        "file = genai.upload_file('a')\nfile.delete()",
        "told = {'top_p': 1}",
        "rules = [{'category': 'HARM_CATEGORY_HARASSMENT', 'threshold': 'BLOCK_NONE'}]",
    ]
)


@settings(max_examples=80, deadline=None)
@given(MODELS, st.lists(ASKED, max_size=4))
def test_every_cell_still_parses_keeps_its_comments_and_a_second_pass_offers_none(made: str, asked: list[str]) -> None:
    cells = [OLD, f"model = genai.GenerativeModel({made})", *asked]

    once = mended(*cells, **GENAI)

    assert mended(*once, **GENAI) == once
    for before, after in zip(cells, once, strict=True):
        assert (parse(before) is None) == (parse(after) is None)
        assert [text for _, text in comments(before)] == [text for _, text in comments(after)]
