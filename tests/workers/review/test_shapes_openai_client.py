"""Calls of the openai module, as they were before 1.0, become calls of a client: all of a document, or none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.review.shaped import found, mended, why
from workers.contract.domain import Staleness

NEW = {"openai": "1.40.0"}
START = "import openai\nopenai.api_key = 'k'"
STARTED = "from openai import OpenAI\nclient = OpenAI(api_key='k')"
CHAT = "openai.ChatCompletion.create(model='m', messages=ms)"
MOVED = "client.chat.completions.create(model='m', messages=ms)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"r = {CHAT}\nr['choices'][0]['message']['content']", f"r = {MOVED}\nr.choices[0].message.content"),
        (f"print(f\"{{{CHAT}['usage']['total_tokens']}}\")", f'print(f"{{{MOVED}.usage.total_tokens}}")'),
        (f"r = {CHAT}\nr.choices[0].message.content", f"r = {MOVED}\nr.choices[0].message.content"),
        (
            f"r = {CHAT}\nm = r.get('choices')[0]['message']\nm.get('content', '')",
            f"r = {MOVED}\nm = r.choices[0].message\nm.content or ''",
        ),
        (
            (
                "for chunk in openai.ChatCompletion.create(model='m', messages=ms, stream=True):\n"
                "    if 'content' in chunk['choices'][0]['delta']:\n"
                "        print(chunk['choices'][0]['delta'].get('content', ''))"
            ),
            (
                "for chunk in client.chat.completions.create(model='m', messages=ms, stream=True):\n"
                "    if chunk.choices[0].delta.content is not None:\n"
                "        print(chunk.choices[0].delta.content or '')"
            ),
        ),
        (
            "r = openai.Embedding.create(input=['a'], engine='e', request_timeout=3)\nvs = [d['embedding'] for d in r['data']]",
            "r = client.embeddings.create(input=['a'], model='e', timeout=3)\nvs = [d.embedding for d in r.data]",
        ),
        (
            "for i, d in enumerate(openai.Embedding.create(input=ts, model='e')['data']):\n    print(i, d['index'])",
            "for i, d in enumerate(client.embeddings.create(input=ts, model='e').data):\n    print(i, d.index)",
        ),
        (
            "openai.Completion.create(engine='m', prompt=p)['choices'][0]['text'].strip()",
            "client.completions.create(model='m', prompt=p).choices[0].text.strip()",
        ),
        ("openai.Image.create(prompt=p)['data'][0]['url']", "client.images.generate(prompt=p).data[0].url"),
        (
            "openai.Moderation.create('t')['results'][0]['categories']['hate/threatening']",
            "client.moderations.create(input='t').results[0].categories.hate_threatening",
        ),
        (
            "openai.Audio.transcribe('whisper-1', f)['text']",
            "client.audio.transcriptions.create(model='whisper-1', file=f).text",
        ),
        ("openai.File.download('f')", "client.files.content('f').read()"),
        (
            "openai.FineTuningJob.retrieve(id='j')['status']",
            "client.fine_tuning.jobs.retrieve(fine_tuning_job_id='j').status",
        ),
        ("openai.Engine.list()  # authenticated", "client.models.list()  # authenticated"),
        (f"r = {CHAT}\nr.keys()", f"r = {MOVED}\nr.model_dump(by_alias=True).keys()"),
        (f"import json\nprint(json.dumps({CHAT}))", f"import json\nprint(json.dumps({MOVED}.model_dump()))"),
    ],
)
def test_a_call_moves_with_all_that_is_read_of_it(before: str, after: str) -> None:
    once = mended(START, before, **NEW)

    assert once == [STARTED, after]
    assert mended(*once, **NEW) == once


def test_answers_are_followed_through_functions_and_arguments_of_the_document() -> None:
    ask = (
        "def ask(text, **more):\n"
        "    return openai.ChatCompletion.create(messages=[{'role': 'user', 'content': text}], **more)\n"
        "def said(answer):\n"
        "    return answer['choices'][0]['message']['content']"
    )
    use = "print(said(ask('a', engine='m')))\nprint(ask('b', model='m')['usage']['total_tokens'])"

    assert mended(START, ask, use, **NEW) == [
        STARTED,
        ask.replace("openai.ChatCompletion", "client.chat.completions").replace(
            "answer['choices'][0]['message']['content']", "answer.choices[0].message.content"
        ),
        "print(said(ask('a', model='m')))\nprint(ask('b', model='m').usage.total_tokens)",
    ]


def test_a_name_that_is_used_again_in_a_loop_is_two_values() -> None:
    before = (
        "for t in ts:\n    r = openai.Embedding.create(input=t, model='e')\n    v = r['data'][0]['embedding']\n"
        "    r = index.query(v)\n    print(r['matches'])"
    )

    assert mended(START, before, **NEW)[1] == before.replace("openai.Embedding", "client.embeddings").replace(
        "r['data'][0]['embedding']", "r.data[0].embedding"
    )


def test_azure_settings_become_an_azure_client_and_keep_their_comments() -> None:
    before = (
        "import os, openai\n"
        "openai.api_type = 'azure'\n"
        "# where\n"
        "openai.api_base = BASE  # ours\n"
        "openai.api_version = '2023-05-15'\n"
        "openai.api_key = os.getenv('KEY')"
    )

    assert mended(before, "openai.Embedding.create(deployment_id='d', input='t')", **NEW) == [
        (
            "import os, openai\n"
            "client = openai.AzureOpenAI(\n"
            "    # where\n"
            "    azure_endpoint=BASE,  # ours\n"
            "    api_version='2023-05-15',\n"
            "    api_key=os.getenv('KEY'),\n"
            ")"
        ),
        "client.embeddings.create(model='d', input='t')",
    ]


@pytest.mark.parametrize(
    ("cells", "client"),
    [
        (("import openai", CHAT), ("from openai import OpenAI\n\nclient = OpenAI()", MOVED)),
        (
            ("import os\nimport openai\n\nx = 1", "os.environ['OPENAI_API_KEY'] = 'k'", CHAT),
            (
                "import os\nfrom openai import OpenAI\n\nx = 1",
                "os.environ['OPENAI_API_KEY'] = 'k'\n\nclient = OpenAI()",
                MOVED,
            ),
        ),
        (
            ("import openai as ai\nclient = 3\nai.api_key = 'k'", CHAT.replace("openai.", "ai.")),
            (
                "import openai as ai\nclient = 3\nopenai_client = ai.OpenAI(api_key='k')",
                MOVED.replace("client", "openai_client"),
            ),
        ),
        (
            ("from langchain.llms import OpenAI\n" + START, CHAT),
            ("from langchain.llms import OpenAI\nimport openai\nclient = openai.OpenAI(api_key='k')", MOVED),
        ),
        (
            ("from openai import ChatCompletion", "ChatCompletion.create(model='m', messages=ms)"),
            ("from openai import OpenAI\n\nclient = OpenAI()", MOVED),
        ),
        (
            ("import openai\nfrom openai import OpenAI\nmine = OpenAI()", CHAT),
            ("import openai\nfrom openai import OpenAI\nmine = OpenAI()", MOVED.replace("client", "mine")),
        ),
        (
            (START, "r = await openai.ChatCompletion.acreate(model='m', messages=ms)\nr['id']"),
            (STARTED.replace("OpenAI", "AsyncOpenAI"), f"r = await {MOVED}\nr.id"),
        ),
        ((START, CHAT, "print(openai.api_key)"), (STARTED, MOVED, "print(client.api_key)")),
    ],
    ids=[
        "no key",
        "key in the environment",
        "alias and taken name",
        "taken class",
        "by name",
        "own client",
        "async",
        "read",
    ],
)
def test_the_client_is_made_where_its_settings_are(cells: tuple[str, ...], client: tuple[str, ...]) -> None:
    once = mended(*cells, **NEW)

    assert once == list(client)
    assert mended(*once, **NEW) == once


def test_error_classes_go_by_their_new_names_and_keep_the_module() -> None:
    before = (
        f"try:\n    {CHAT}\nexcept openai.error.APIError as e:\n    print(e.http_status)\n"
        "except (openai.error.InvalidRequestError, openai.error.Timeout):\n    pass"
    )

    assert mended("from openai.error import RateLimitError, PermissionError as P\n" + START, before, **NEW) == [
        (
            "from openai import RateLimitError, PermissionDeniedError as P\n"
            "import openai\nfrom openai import OpenAI\nclient = OpenAI(api_key='k')"
        ),
        before.replace(CHAT, MOVED)
        .replace("error.APIError", "InternalServerError")
        .replace("http_status", "status_code")
        .replace("error.InvalidRequestError", "BadRequestError")
        .replace("error.Timeout", "APITimeoutError"),
    ]


def test_a_message_may_go_back_into_the_messages() -> None:
    before = (
        "ms = []\nm = openai.ChatCompletion.create(model='m', messages=ms)['choices'][0]['message']\n"
        "ms.append(m)\nopenai.ChatCompletion.create(model='m', messages=ms)"
    )

    assert "ms.append(m)" in mended(START, before, **NEW)[1]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (f"keep({CHAT})", "`keep` is given it"),
        (f"r = {CHAT}\nr[field]", "read in a way"),
        (f"r = {CHAT}\nr['choices'][0]['message']['context']", "`context` is no field"),
        (f"r = {CHAT}\nrows.append(r['choices'][0])", "is given it"),
        (f"class A:\n    def f(self):\n        return {CHAT}", "returned to where it is not followed"),
        ("openai.ChatCompletion.create(model='m', messages=ms, stream=flag)", "whether it streams"),
        ("openai.ChatCompletion.create(**options)", "what `options` holds"),
        ("openai.ChatCompletion.create(model='m', messages=ms, api_key='other')", "a client of its own"),
        ("openai.ChatCompletion.create(model='m', engine='m', messages=ms)", "passed twice"),
        (f"f = openai.ChatCompletion.create\n{CHAT}", "used otherwise"),
        ("openai.Edit.create(model='m', input='i', instruction='j')", "used otherwise"),
        (f"if x:\n    r = {CHAT}\nelse:\n    r = cached()\nr['id']", "something else as well"),
        (f"{CHAT}\nraise openai.error.TryAgain()", "no counterpart"),
        (f"{CHAT}\nopenai.proxy = 'p'", "have no place in the client"),
        (f"{CHAT}\ndef later():\n    openai.api_base = 'b'", "set elsewhere than at the top"),
        (f"{CHAT}\nawait openai.ChatCompletion.acreate(model='m', messages=ms)", "some calls are awaited"),
    ],
)
def test_one_use_that_cannot_be_followed_keeps_all_of_them_and_says_why(cell: str, reason: str) -> None:
    assert reason in why(START, "openai.Embedding.create(input='t', model='e')", cell, **NEW)


def test_a_module_without_a_successor_is_told_and_keeps_nothing_else_back() -> None:
    cell = "from openai.embeddings_utils import cosine_similarity"

    told = found(START, CHAT, cell, **NEW)

    assert [one.suggestion is None for one in told] == [False, True]
    assert "decision" in told[1].unlock
    assert mended(START, CHAT, cell, **NEW)[1:] == [MOVED, cell]


def test_a_cell_that_does_not_parse_may_hold_another_use() -> None:
    assert "does not parse" in why(START, CHAT, "openai.(", **NEW)


@pytest.mark.parametrize(
    "cells",
    [
        ("class ChatCompletion:\n    def create(self, **k): ...\nChatCompletion().create(model='m')['choices']",),
        (
            "import openai\ntext = 'openai.ChatCompletion.create(...)'  # openai.ChatCompletion.create\nurl = 'https://x/openai.Completion'",
        ),
        ("import mine as openai\nopenai.ChatCompletion.create(model='m', messages=ms)['choices']",),
        ("import openai\nopenai = Fake()\nopenai.ChatCompletion.create(model='m')",),
        ("import openai\ndef f(openai):\n    return openai.ChatCompletion.create(model='m')['choices']",),
        ("from openai import *\nChatCompletion.create(model='m')",),
        ("response = load()\nresponse['choices'][0]['message']['content']  # openai",),
        (STARTED, f"r = {MOVED}\nr.choices[0].message.content"),
        ("import openai\nopenai.api_key = 'k'\nopenai.chat.completions.create(model='m', messages=ms)",),
        ("!pip install openai\nopen('openai.ChatCompletion.txt')",),
    ],
    ids=[
        "local class",
        "text",
        "another module",
        "rebound",
        "parameter",
        "star",
        "another response",
        "moved",
        "module client",
        "file",
    ],
)
def test_what_is_not_the_module_of_old_stays(cells: tuple[str, ...]) -> None:
    assert found(*cells, **NEW) == ()


def test_a_dictionary_of_another_origin_is_left_as_it_is() -> None:
    other = "row = {'choices': [1]}\nprint(row['choices'][0], [d['data'] for d in rows])"

    assert mended(START, CHAT, other, **NEW)[2] == other


def test_before_1_0_nothing_is_stale_and_from_then_on_it_is_broken() -> None:
    assert found(START, CHAT, openai="0.28.1") == ()
    assert {one.staleness for one in found(START, CHAT, **NEW)} == {Staleness.BROKEN}


CELLS = st.lists(
    st.sampled_from(
        [
            START,
            "import openai",
            CHAT,
            f"r = {CHAT}",
            "r['choices'][0]['message']['content']",
            "for c in openai.Completion.create(model='m', prompt='é☃', stream=True):\n    print(c['choices'][0]['text'])",
            "def f(x):\n    return openai.Embedding.create(input=x, model='e')['data'][0]['embedding']",
            "try:\n    pass\nexcept openai.error.RateLimitError as e:\n    print(e)",
            "client = 1",
            "def g(:",
            "%%bash\nopenai x",
        ]
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_it_never_raises_edits_apply_and_a_second_pass_finds_none(cells: list[str]) -> None:
    once = mended(*cells, **NEW)

    assert mended(*once, **NEW) == once
