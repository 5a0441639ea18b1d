"""Documents of pinecone, whole and moved by half, in an environment with a client that makes no pods."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.review.shaped import found, mended, why

PINECONE = {"pinecone": "10.2.0"}
INIT = "import pinecone\npinecone.init(api_key=KEY, environment='ENV')"
HALF = "from pinecone import Pinecone\npinecone.init(\n    KEY,\n    environment=env  # é\n)"
CLIENT = "from pinecone import Pinecone\nclient = Pinecone(api_key=KEY)"
SERVERLESS = 'spec=ServerlessSpec(cloud="aws", region="us-east-1")'


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ("'us-west-2-aws'", ("aws", "us-west-2")),
        ("os.environ.get('A') or 'eu-west4-gcp'", ("gcp", "europe-west4")),
        ("'gcp-starter'", ("aws", "us-east-1")),
        ("os.environ['A']", ("aws", "us-east-1")),
        ("input()", ("aws", "us-east-1")),
    ],
)
def test_an_index_goes_where_its_environment_was_or_where_every_plan_may(
    environment: str, said: tuple[str, str]
) -> None:
    init = f"import pinecone\npinecone.init(api_key=KEY, environment={environment})"

    once = mended(init, "pinecone.create_index('a', dimension=3)", **PINECONE)

    assert once[1] == 'pc.create_index(\'a\', dimension=3, spec=ServerlessSpec(cloud="{}", region="{}"))'.format(*said)
    assert mended(*once, **PINECONE) == once


def test_a_reader_is_told_of_a_region_that_was_chosen_and_of_none_that_was_not() -> None:
    made = "pinecone.create_index('a', dimension=3)"

    assert "choose another" in found(INIT, made, **PINECONE)[0].fix
    assert "choose another" not in found(INIT.replace("ENV", "us-west-2-aws"), made, **PINECONE)[0].fix
    assert "choose another" not in found(INIT, "pinecone.Index('a')", **PINECONE)[0].fix


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (
            ("import pinecone\npinecone.init(api_key=K, environment='us-west1-gcp')", "pinecone.create_index('a', 3)"),
            "pods",
        ),
        ((INIT, "pinecone.create_index('a', 3, source_collection='c')"), "collection"),
        ((CLIENT, "client = 3", "pinecone.Index('a')"), "key is not given"),
        ((CLIENT, "other = Pinecone(api_key=KEY)", "pinecone.Index('a')"), "key is not given"),
        (("pinecone.Index('a')", CLIENT), "before the client"),
        (
            ("from langchain.vectorstores import Pinecone", "from pinecone import ServerlessSpec\npinecone.init(KEY)"),
            "class",
        ),
        ((HALF, "ServerlessSpec = 3\npinecone.create_index('a', dimension=3)"), "ServerlessSpec"),
        (
            (INIT, "from langchain.vectorstores import Pinecone\nPinecone.from_texts(t, e, index_name='a')"),
            "from `init`",
        ),
        ((CLIENT, "for one in pinecone.list_indexes(): print(one)"), "not followed"),
    ],
)
def test_what_nobody_can_say_is_left_to_a_person(cells: tuple[str, ...], reason: str) -> None:
    assert reason in why(*cells, **PINECONE)


@pytest.mark.parametrize(
    "cell",
    [
        "from helpers import *",
        "%run setup.py",
        "pinecone = connect()",
        "with connect() as pinecone:\n    pass",
        "for pinecone in pines:\n    pass",
    ],
)
def test_a_name_that_something_may_bind_is_not_the_package(cell: str) -> None:
    assert found("from pinecone import Pinecone", cell, "pinecone.Index('a')", **PINECONE) == ()


def test_what_only_init_read_goes_and_what_else_reads_it_stays() -> None:
    init = "import os\nimport pinecone\nenv = os.getenv('A')\npinecone.init(api_key=KEY, environment=env)"

    assert "env" not in mended(init, **PINECONE)[0]
    for other in (
        "print(env)",
        "def show():\n    return env",
        "f'{env}'",
        "!echo $env",
        "%%bash\necho env",
        "def f(:\n env",
    ):
        assert "env = os.getenv('A')" in mended(init, other, **PINECONE)[0]


@pytest.mark.parametrize(
    "cell",
    [
        "env = ask()",
        "env = a = os.getenv('A')",
        "if x:\n    env = os.getenv('A')",
        "env = os.getenv('A')\nenv = 'b'",
        "env = [one for one in os.environ]",
    ],
)
def test_a_statement_that_does_more_than_read_stays(cell: str) -> None:
    before = f"import os\nimport pinecone\n{cell}\npinecone.init(api_key=KEY, environment=env)"

    assert cell in mended(before, **PINECONE)[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    'a',\n    dimension=3,  # of a\n", f"    'a',\n    dimension=3,  # of a\n    {SERVERLESS},\n"),
        ("    'a',\n    dimension=3  # of a\n", f"    'a',\n    dimension=3,  # of a\n    {SERVERLESS}\n"),
        ("    'a',\n    dimension=3,\n", f"    'a',\n    dimension=3,\n    {SERVERLESS},\n"),
        ("    'a', dimension=3\n", f"    'a', dimension=3, {SERVERLESS}\n"),
        ("'a', dimension=3, pods=1, replicas=2", f"'a', dimension=3, {SERVERLESS}"),
        ("    'a',\n    pods=1,\n    dimension=3,\n", f"    'a',\n    {SERVERLESS},\n    dimension=3,\n"),
    ],
)
def test_a_spec_is_written_as_the_call_is(before: str, after: str) -> None:
    once = mended(INIT, f"pinecone.create_index({before})", **PINECONE)

    assert once[1] == f"pc.create_index({after})"


@pytest.mark.parametrize(
    ("asked", "installed"),
    [
        ('"pinecone-client[grpc]"==2.2.1', "pinecone==10.2.0"),
        ("'pinecone-client[grpc]==2.2.1'", "pinecone==10.2.0"),
        ("pinecone_client=='2.2.1'", "pinecone==10.2.0"),
        ("pinecone-client~=2.2", "pinecone==10.2.0"),
        ("pinecone-client[grpc]", "pinecone"),
        ("pinecone-client==3.0.0.dev4", "pinecone-client==3.0.0.dev4"),
        ("pinecone-client-extra==2.0", "pinecone-client-extra==2.0"),
        ("git+https://example.org/a#egg=pinecone-client", "git+https://example.org/a#egg=pinecone-client"),
    ],
)
def test_what_is_installed_has_the_forms_that_are_written(asked: str, installed: str) -> None:
    assert mended(f"!pip install -q \\\n  {asked} \\\n  numpy", INIT, **PINECONE)[0] == (
        f"!pip install -q \\\n  {installed} \\\n  numpy"
    )


LOADED = "from pinecone_datasets import load_dataset\ndataset = load_dataset('a')"


@pytest.mark.parametrize(
    ("used", "packages", "asked", "installed"),
    [
        (LOADED, {"pinecone_datasets": "1.1.0"}, "pinecone-datasets=='0.5.0rc11'", "pinecone-datasets==1.1.0"),
        (
            "import pinecone_datasets",
            {"pinecone_datasets": "1.1.0"},
            "pinecone_datasets==0.7.0",
            "pinecone_datasets==1.1.0",
        ),
        (LOADED, {"pinecone_datasets": "1.1.0"}, "pinecone-datasets", "pinecone-datasets"),
        (LOADED, {"pinecone_datasets": "1.1.0"}, "pinecone-datasets==1.0.2", "pinecone-datasets==1.0.2"),
        (LOADED, {"pinecone_datasets": "0.7.0"}, "pinecone-datasets==0.5.1", "pinecone-datasets==0.5.1"),
        (LOADED, {}, "pinecone-datasets==0.5.1", "pinecone-datasets==0.5.1"),
        (
            f"{LOADED}\ndataset.to_pinecone_index('a')",
            {"pinecone_datasets": "1.1.0"},
            "pinecone-datasets==0.5.1",
            "pinecone-datasets==0.5.1",
        ),
        (
            "from pinecone_datasets.catalog import Catalog",
            {"pinecone_datasets": "1.1.0"},
            "pinecone-datasets==0.5.1",
            "pinecone-datasets==0.5.1",
        ),
    ],
)
def test_a_pin_that_keeps_the_command_from_being_done_goes_with_it(
    used: str, packages: dict[str, str], asked: str, installed: str
) -> None:
    once = mended(f"!pip install pinecone-client==2.2.1 {asked}", INIT, used, **PINECONE, **packages)

    assert once[0] == f"!pip install pinecone==10.2.0 {installed}"


CELLS = st.lists(
    st.sampled_from(
        [
            INIT,
            HALF,
            CLIENT,
            "import os\n# the environment\nenv = os.getenv('é')\n",
            "pinecone.whoami()\nx = 1",
            "index = pinecone.GRPCIndex(index_name='é☃')\nindex.upsert(rows)",
            "index = client.Index('a')\nindex.query(v, top_k=3)",
            "pinecone.create_index(\n    'é',\n    dimension=3,  # é\n    pods=2\n)",
            "if 'a' in pinecone.list_indexes().names():\n    pinecone.delete_index('a')",
            "from langchain.vectorstores import Pinecone\nPinecone(pinecone.Index('a'))",
            "!pip install 'pinecone-client[grpc]'==2.2.4",
            "pc = 3",
            "def f(:",
            "def g():\n    return pinecone.Index('b').query(v)",
            "os.environ['PINECONE_ENVIRONMENT'] = 'é'\npinecone.init(K, environment=os.environ['PINECONE_ENVIRONMENT'])",
            "from pinecone import Pinecone, ServerlessSpec",
        ]
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(CELLS, st.sampled_from(["3.0.0", "7.3.0", "10.2.0"]))
def test_it_never_raises_edits_apply_and_a_second_pass_offers_none(cells: list[str], installed: str) -> None:
    once = mended(*cells, pinecone=installed)

    assert mended(*once, pinecone=installed) == once
