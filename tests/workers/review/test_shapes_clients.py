"""Other API clients whose calls changed their shape: pinecone, anthropic, mistralai, chromadb, google-genai."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.review.shaped import found, mended, why
from workers.contract.domain import Staleness

PINECONE = {"pinecone": "7.3.0"}
ANTHROPIC = {"anthropic": "1.2.0"}
MISTRAL = {"mistralai": "1.12.0"}
CHROMA = {"chromadb": "0.5.0"}
GENAI = {"google_genai": "1.20.0"}

INIT = "import pinecone\npinecone.init(api_key=KEY, environment='us-west1-gcp')"
CLAUDE = "from anthropic import Anthropic, HUMAN_PROMPT, AI_PROMPT\nclient = Anthropic()"
GEMINI = "import google.generativeai as genai\ngenai.configure(api_key=KEY)"
OLD_MISTRAL = "from mistralai.client import MistralClient\nclient = MistralClient(api_key=KEY)"
SETTINGS = "import chromadb\nfrom chromadb.config import Settings\n"


def test_an_index_of_pinecone_is_asked_of_a_client() -> None:
    before = (
        "index = pinecone.Index('a')\nindex.upsert(rows, 'n')\nindex.query(v, top_k=3)\nindex.query(vector=v, top_k=1)"
    )

    once = mended(INIT, before, **PINECONE)

    assert once == [
        "from pinecone import Pinecone\npc = Pinecone(api_key=KEY)",
        (
            "index = pc.Index('a')\nindex.upsert(vectors=rows, namespace='n')\n"
            "index.query(vector=v, top_k=3)\nindex.query(vector=v, top_k=1)"
        ),
    ]
    assert mended(*once, **PINECONE) == once


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if 'a' not in pinecone.list_indexes():\n    pass", "if 'a' not in pc.list_indexes().names():\n    pass"),
        ("print(pinecone.describe_index('a').status['ready'])", "print(pc.describe_index('a').status['ready'])"),
        ("pinecone.delete_index('a')  # see app.pinecone.io", "pc.delete_index('a')  # see app.pinecone.io"),
    ],
)
def test_the_functions_of_pinecone_are_methods(before: str, after: str) -> None:
    url = "url = 'https://app.pinecone.io/pinecone.init'"

    assert mended(INIT, before, url, **PINECONE)[1:] == [after, url]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "pinecone.create_index(\n    'a',\n    dimension=3,\n    metric='cosine'\n)",
            "pc.create_index(\n    'a',\n    dimension=3,\n    metric='cosine',\n    spec=PodSpec(environment='us-west1-gcp')\n)",
        ),
        (
            "pinecone.create_index('a', 3, pod_type='p1')",
            "pc.create_index('a', dimension=3, spec=PodSpec(environment='us-west1-gcp', pod_type='p1'))",
        ),
    ],
)
def test_a_new_index_is_told_the_environment_that_init_named(before: str, after: str) -> None:
    once = mended(INIT, before, **PINECONE)

    assert once == ["from pinecone import Pinecone, PodSpec\npc = Pinecone(api_key=KEY)", after]
    assert mended(*once, **PINECONE) == once


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("os.environ.get('PINECONE_ENVIRONMENT') or 'YOUR-ENV'", None),
        ("os.environ['PINECONE_ENVIRONMENT']", None),
        ("env", "env"),
    ],
)
def test_an_environment_that_is_only_read_when_it_runs_is_said_again(told: str, said: str | None) -> None:
    init = f"import os, pinecone\nenv = os.environ['PINECONE_ENV']\npinecone.init(api_key=KEY, environment={told})"

    once = mended(init, "pinecone.create_index('a', dimension=3)", **PINECONE)

    assert once[1] == f"pc.create_index('a', dimension=3, spec=pinecone.PodSpec(environment={said or told}))"
    assert mended(*once, **PINECONE) == once


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (
            ("import pinecone\npinecone.init(api_key=k, environment=ENV)", "pinecone.create_index('a', 3)"),
            "not written out",
        ),
        ((INIT, "pinecone.GRPCIndex('a')"), "PineconeGRPC"),
        (
            ("import pinecone\npinecone.init(api_key=k, environment=ask())", "pinecone.create_index('a', 3)"),
            "not written out",
        ),
        ((INIT, "me = pinecone.whoami()", "pinecone.Index('a')"), "no counterpart"),
        (("import pinecone\npinecone.Index('a')",), "key is not given"),
        (
            ("import pinecone\ndef start():\n    pinecone.init(api_key=k)", "pinecone.Index('a')"),
            "elsewhere than at the top",
        ),
        ((INIT, "d = pinecone.describe_index('a')"), "description"),
    ],
)
def test_pinecone_stays_as_a_whole_where_one_use_has_no_counterpart(cells: tuple[str, ...], reason: str) -> None:
    assert reason in why(*cells, **PINECONE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("!pip install -qU \\\n  openai \\\n  pinecone-client", "!pip install -qU \\\n  openai \\\n  pinecone"),
        ("%pip install pinecone-client[grpc] x", "%pip install pinecone[grpc] x"),
        ("%pip install pinecone-client==2.2.4", "%pip install pinecone==7.3.0"),
        ('%pip install "pinecone-client[grpc]"==2.2.4 x', '%pip install "pinecone[grpc]==7.3.0" x'),
        ("%pip install 'pinecone-client<3' x", "%pip install pinecone==7.3.0 x"),
        ("%pip install pinecone-client==3.1.0", "%pip install pinecone-client==3.1.0"),
        ("%pip install pinecone-client>=2", "%pip install pinecone-client>=2"),
        ("!cat pinecone-client", "!cat pinecone-client"),
    ],
)
def test_the_package_is_installed_under_its_new_name(before: str, after: str) -> None:
    assert mended(before, INIT, "pinecone.Index('a')", **PINECONE)[0] == after


def test_a_store_called_pinecone_keeps_its_name() -> None:
    cell = f"from langchain.vectorstores import Pinecone\n{INIT}\nstore = Pinecone(pinecone.Index('a'), embed, 'text')"

    assert mended(cell, **PINECONE) == [
        (
            "from langchain.vectorstores import Pinecone\nimport pinecone\npc = pinecone.Pinecone(api_key=KEY)\n"
            "store = Pinecone(pc.Index('a'), embed, 'text')"
        )
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('f"{HUMAN_PROMPT} how many {x}?{AI_PROMPT}"', 'f"how many {x}?"'),
        ("f'{HUMAN_PROMPT}hi{AI_PROMPT}'", "'hi'"),
        ("HUMAN_PROMPT + text + AI_PROMPT", "text"),
        ("'\\n\\nHuman: hi\\n\\nAssistant:'", "'hi'"),
    ],
)
def test_a_prompt_of_one_turn_is_one_message(before: str, after: str) -> None:
    call = f"r = client.completions.create(model='m', max_tokens_to_sample=9, stop_sequences=[HUMAN_PROMPT], prompt={before})"

    once = mended(CLAUDE, call, "print(r.completion)", **ANTHROPIC)

    assert once == [
        "from anthropic import Anthropic\nclient = Anthropic()",
        f'r = client.messages.create(model=\'m\', max_tokens=9, messages=[{{"role": "user", "content": {after}}}])',
        "print(r.content[0].text)",
    ]
    assert mended(*once, **ANTHROPIC) == once


def test_a_prompt_that_a_name_holds_is_stripped_where_it_is_written() -> None:
    before = 'def ask(q):\n    p = f"{HUMAN_PROMPT} {q} {AI_PROMPT}"\n    return client.completions.create(model=M, prompt=p, max_tokens_to_sample=3).completion'

    assert mended(CLAUDE, before, **ANTHROPIC)[1] == (
        'def ask(q):\n    p = f"{q}"\n    return client.messages.create(model=M, '
        'messages=[{"role": "user", "content": p}], max_tokens=3).content[0].text'
    )


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("client.completions.create(model='m', max_tokens_to_sample=9, prompt=build())", "single human turn"),
        (
            'client.completions.create(model="m", max_tokens_to_sample=9, prompt=f"{HUMAN_PROMPT} a{AI_PROMPT} b{HUMAN_PROMPT} c{AI_PROMPT}")',
            "turn",
        ),
        (
            "client.completions.create(model='m', max_tokens_to_sample=9, stream=True, prompt='\\n\\nHuman: a\\n\\nAssistant:')",
            "stream",
        ),
        (
            "r = client.completions.create(model='m', max_tokens_to_sample=9, prompt='\\n\\nHuman: a\\n\\nAssistant:')\nr.stop_reason",
            "stop_reason",
        ),
        (
            "client.completions.create(model='m', max_tokens_to_sample=9, prompt='\\n\\nHuman: a\\n\\nAssistant:')\nprint(AI_PROMPT)",
            "used otherwise",
        ),
    ],
)
def test_other_prompts_and_answers_are_left_to_a_person(call: str, reason: str) -> None:
    assert reason in why(CLAUDE, call, **ANTHROPIC)


def test_a_mistral_client_takes_dictionaries_and_streams_data() -> None:
    cells = (
        f"{OLD_MISTRAL}\nfrom mistralai.models.chat_completion import ChatMessage\nx = 1",
        "ms = [ChatMessage(role='user', content=q)]\nr = client.chat(ms, model='m')\nprint(r.choices[0].message.content)",
        "for c in client.chat_stream(model='m', messages=ms):\n    print(c.choices[0].delta.content)",
        "e = client.embeddings(model='e', input=['a'])",
    )

    once = mended(*cells, **MISTRAL)

    assert once == [
        "from mistralai import Mistral\nclient = Mistral(api_key=KEY)\nx = 1",
        "ms = [{\"role\": 'user', \"content\": q}]\nr = client.chat.complete(messages=ms, model='m')\nprint(r.choices[0].message.content)",
        "for c in client.chat.stream(model='m', messages=ms):\n    print(c.data.choices[0].delta.content)",
        "e = client.embeddings.create(model='e', inputs=['a'])",
    ]
    assert mended(*once, **MISTRAL) == once
    assert mended(*cells, mistralai="2.4.0")[0].startswith("from mistralai.client import Mistral\n")


def test_an_asynchronous_mistral_client_is_awaited_for_its_stream() -> None:
    cells = (
        "from mistralai.async_client import MistralAsyncClient\nclient = MistralAsyncClient(api_key=KEY)",
        "r = await client.chat(model='m', messages=ms)\nasync for c in client.chat_stream(model='m', messages=ms):\n    print(c.choices)",
    )

    assert mended(*cells, **MISTRAL) == [
        "from mistralai import Mistral\nclient = Mistral(api_key=KEY)",
        (
            "r = await client.chat.complete_async(model='m', messages=ms)\n"
            "async for c in await client.chat.stream_async(model='m', messages=ms):\n    print(c.data.choices)"
        ),
    ]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("client.chat(model='m', messages=ms, safe_mode=True)", "no counterpart"),
        ("client.delete_model('m')", "no counterpart"),
        ("keep(client.chat_stream(model='m', messages=ms))", "is given it"),
        ("from mistralai.exceptions import MistralException", "more of `mistralai`"),
    ],
)
def test_mistral_stays_as_a_whole_where_one_use_has_no_counterpart(cell: str, reason: str) -> None:
    assert reason in why(OLD_MISTRAL, "client.chat(model='m', messages=ms)", cell, **MISTRAL)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "client = chromadb.Client(Settings(\n    chroma_db_impl='duckdb+parquet',\n    persist_directory=folder\n))",
            "client = chromadb.PersistentClient(path=folder)",
        ),
        (
            "client = chromadb.Client(Settings(chroma_db_impl='duckdb+parquet', persist_directory='d', anonymized_telemetry=False))",
            "client = chromadb.PersistentClient(path='d', settings=Settings(anonymized_telemetry=False))",
        ),
        (
            "client = chromadb.Client(Settings(chroma_api_impl='rest', chroma_server_host='h', chroma_server_http_port='8000'))",
            "client = chromadb.HttpClient(host='h', port=8000)",
        ),
    ],
)
def test_settings_of_chromadb_choose_a_client(before: str, after: str) -> None:
    once = mended(SETTINGS + before, "client.persist()\nprint(1)", "def keep():\n    client.persist()", **CHROMA)

    assert once == [SETTINGS + after, "print(1)", "def keep():\n    pass"]
    assert mended(*once, **CHROMA) == once


@pytest.mark.parametrize(
    "cell",
    [
        "settings = Settings(chroma_db_impl='duckdb+parquet', persist_directory='d')\nchromadb.Client(settings)",
        "chromadb.Client(Settings(chroma_db_impl=which, persist_directory='d'))",
        "chromadb.Client(Settings(chroma_db_impl='clickhouse', persist_directory='d'))",
    ],
)
def test_other_settings_of_chromadb_are_left_to_a_person(cell: str) -> None:
    assert why(SETTINGS + cell, **CHROMA)


def test_a_model_of_gemini_is_named_in_every_call() -> None:
    cells = (
        GEMINI,
        "model = genai.GenerativeModel('m')\nr = model.generate_content('hi', generation_config=genai.GenerationConfig(top_k=1))\nprint(r.text)",
        "for part in model.generate_content(['a', picture], stream=True):\n    print(part.text)",
        (
            "tuned = genai.GenerativeModel(model_name='n', generation_config={'temperature': 0}, system_instruction=S)\n"
            "chat = tuned.start_chat(history=[])\nprint(chat.send_message('a').text, chat.history)"
        ),
        "v = genai.embed_content(model='e', content='text', task_type='query')['embedding']",
        "for m in genai.list_models():\n    print(m.name, m.supported_generation_methods)",
    )

    once = mended(*cells, **GENAI)

    assert once == [
        "from google import genai\nclient = genai.Client(api_key=KEY)",
        (
            "model = 'm'\nr = client.models.generate_content(model=model, contents='hi', "
            "config=genai.types.GenerateContentConfig(top_k=1))\nprint(r.text)"
        ),
        "for part in client.models.generate_content_stream(model=model, contents=['a', picture]):\n    print(part.text)",
        (
            "tuned = 'n'\ntuned_config = {'temperature': 0, \"system_instruction\": S}\n"
            "chat = client.chats.create(model=tuned, config=tuned_config, history=[])\n"
            "print(chat.send_message('a').text, chat.get_history())"
        ),
        "v = client.models.embed_content(model='e', contents='text', config={\"task_type\": 'query'}).embeddings[0].values",
        "for m in client.models.list():\n    print(m.name, m.supported_actions)",
    ]
    assert mended(*once, **GENAI) == once


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "genai.GenerativeModel('m').generate_content([p, f], request_options={'timeout': 600})",
            "client.models.generate_content(model='m', contents=[p, f], config={\"http_options\": genai.types.HttpOptions(timeout=600000)})",
        ),
        (
            "genai.GenerativeModel('m', system_instruction=S).generate_content('a', generation_config={'top_k': 1})",
            "client.models.generate_content(model='m', contents='a', config={\"system_instruction\": S, 'top_k': 1})",
        ),
        (
            "m = genai.GenerativeModel('m', generation_config=genai.GenerationConfig(top_k=1))\nm.count_tokens('a')",
            "m = 'm'\nm_config = {\"top_k\": 1}\nclient.models.count_tokens(model=m, contents='a')",
        ),
        (
            "f = genai.upload_file(path=p, display_name='d')\ngenai.delete_file(f.name)",
            "f = client.files.upload(file=p, config={\"display_name\": 'd'})\nclient.files.delete(name=f.name)",
        ),
    ],
)
def test_settings_of_gemini_become_one_config(before: str, after: str) -> None:
    once = mended(GEMINI, before, **GENAI)

    assert once == ["from google import genai\nclient = genai.Client(api_key=KEY)", after]
    assert mended(*once, **GENAI) == once


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("model = genai.GenerativeModel('m', tools=[f])\nmodel.generate_content('a')", "no counterpart"),
        ("model = genai.GenerativeModel('m')\nkeep(model)", "not followed"),
        ("model = genai.GenerativeModel('m')\nmodel.generate_content('a', stream=flag)", "streams"),
        ("model = genai.GenerativeModel('m')\nr = model.generate_content('a')\nr.resolve()", "`resolve` is no field"),
        ("genai.embed_content(model='e', content=texts)['embedding']", "one embedding"),
        ("genai.generate_text(prompt='a')", "no counterpart"),
        (
            "ms = [{'role': 'user', 'parts': [picture]}]\ngenai.GenerativeModel('m').generate_content(ms)",
            "dictionaries",
        ),
        ("ms = []\nms.append({'parts': ['a']})\ngenai.GenerativeModel('m').generate_content(ms)", "dictionaries"),
        ("model = genai.GenerativeModel('m')\nchat = model.start_chat(history=[{'parts': ['a']}])", "no counterpart"),
        (
            "from google.generativeai.types import BlockedPromptException\ngenai.GenerativeModel('m').generate_content('a')",
            "more than the package",
        ),
    ],
)
def test_gemini_stays_as_a_whole_where_one_use_has_no_counterpart(cell: str, reason: str) -> None:
    assert reason in why(GEMINI, cell, **GENAI)


def test_where_the_successor_is_not_installed_the_move_is_told_and_not_proven() -> None:
    told = found(GEMINI, "genai.GenerativeModel('m').generate_content('a')", google_generativeai="0.8.5")

    assert {one.staleness for one in told} == {Staleness.DEPRECATED}
    assert [one.suggestion.resolved for one in told if one.suggestion] == [False, False]


LOCAL = (
    "class Pinecone:\n    def init(self): ...\npinecone = Pinecone()\npinecone.init()\npinecone.Index('a')",
    "text = 'pinecone.init() client.completions.create genai.configure chromadb.Client(Settings()) mistralai'  # pinecone.init",
    "class Claude:\n    completions = None\nclient = Claude()\nclient.completions.create(prompt='\\n\\nHuman: a')",
    "from mine import generativeai as genai\ngenai.configure(api_key=k)\ngenai.GenerativeModel('m')",
    "def Settings(**k): ...\nchromadb = make()\nchromadb.Client(Settings(chroma_db_impl='duckdb'))",
    "class MistralClient: ...\nclient = MistralClient()\nclient.chat(model='mistralai')",
    "from pinecone import *\ninit(api_key='k')\nIndex('a')",
    "import pinecone\ndef f(pinecone):\n    pinecone.init(api_key='k')",
    "import chromadb\nclient = chromadb.PersistentClient(path='d')\nclient.get_or_create_collection('a')",
    "rows = load()\nrows.persist()\nrows.completion\nopen('pinecone.init.txt')",
)


@pytest.mark.parametrize("cell", LOCAL)
def test_what_only_looks_like_a_client_stays(cell: str) -> None:
    assert found(cell, **PINECONE, **ANTHROPIC, **MISTRAL, **CHROMA, **GENAI) == ()


def test_before_the_forms_went_nothing_is_found() -> None:
    assert found(INIT, "pinecone.Index('a')", pinecone_client="2.2.4") == ()
    assert found(OLD_MISTRAL, mistralai="0.4.2") == ()
    assert found(CLAUDE, "client.completions.create(prompt=p, model='m')", anthropic="0.39.0") == ()
    assert found(f"{SETTINGS}chromadb.Client(Settings(chroma_db_impl='duckdb'))", chromadb="0.3.29") == ()


CELLS = st.lists(
    st.sampled_from(
        [
            INIT,
            CLAUDE,
            GEMINI,
            OLD_MISTRAL,
            SETTINGS,
            *LOCAL[:4],
            "index = pinecone.Index('é☃')\nindex.upsert(rows)",
            "pinecone.create_index('a', 3, replicas=2, pod_type='p1')",
            "r = client.completions.create(prompt=f'{HUMAN_PROMPT} é{AI_PROMPT}', max_tokens_to_sample=3)\nr.completion",
            "model = genai.GenerativeModel('m')\nmodel.generate_content('é', stream=True)",
            "client.chat(ms, 'm')\nfor c in client.chat_stream(model='m', messages=ms):\n    c.choices",
            "client = chromadb.Client(Settings(chroma_db_impl='duckdb+parquet', persist_directory='d'))\nclient.persist()",
            "def f(:",
            "!pip install pinecone-client",
        ]
    ),
    max_size=6,
)


@settings(max_examples=80, deadline=None)
@given(CELLS)
def test_it_never_raises_edits_apply_and_a_second_pass_offers_none(cells: list[str]) -> None:
    packages = {**PINECONE, **ANTHROPIC, **MISTRAL, **CHROMA, **GENAI}
    once = mended(*cells, **packages)

    assert mended(*once, **packages) == once
