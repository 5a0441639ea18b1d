from __future__ import annotations

import base64
import json
import random
import string
import time

import pytest

from tests.builders import notebook
from tests.workers.validate.changes import change, rewritten
from workers.validate.policy import RULES, Policy, PolicySettings

LETTERS = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits


def planted() -> dict[str, str]:
    """A line of code per kind of secret, made up at every run so that no file of ours holds anything like one."""
    draw = random.Random(7)

    def some(count: int, letters: str = LETTERS) -> str:
        return "".join(draw.choice(letters) for _ in range(count))

    def b64(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    values = {
        "aws key": "AKIA" + some(16, string.ascii_uppercase + string.digits),
        "github token": "ghp_" + some(36),
        "fine-grained github token": "github_pat_" + some(22) + "_" + some(59),
        "gitlab token": "glpat-" + some(20),
        "openai key": "sk-" + some(20) + "T3BlbkFJ" + some(20),
        "openai project key": "sk-proj-" + some(48),
        "anthropic key": "sk-ant-api03-" + some(60),
        "google key": "AIza" + some(35),
        "hugging face token": "hf_" + some(34),
        "slack token": "xoxb-" + some(12, string.digits) + "-" + some(24),
        "stripe key": "sk_live_" + some(24),
        "npm token": "npm_" + some(36),
        "pypi token": "pypi-AgEIcHlwaS5vcmc" + some(70),
        "sendgrid key": "SG." + some(22) + "." + some(43),
        "twilio key": "SK" + some(32, "0123456789abcdef"),
        "telegram token": some(9, "123456789") + ":" + some(35),
        "discord token": "M" + some(24) + "." + some(6) + "." + some(27),
        "json web token": f"{b64({'alg': 'HS256'})}.{b64({'sub': '1234567890'})}.{some(43)}",
        "azure key": "AccountKey=" + some(86) + "==",
        "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
        "basic auth": "https://user:" + some(12) + "@example.org/",
        "random text": some(30) + "9aZ",
    }
    lines = {kind: f'credential = "{value}"\n' for kind, value in values.items()}
    return lines | {"a password": f'password = "{some(10)}9x"\n', "an api key": f'api_key="{some(20)}"\n'}


SECRETS = planted()

NO_SECRETS = (
    'model = "text-embedding-3-small"\n',
    'api_key = "YOUR_API_KEY"\n',
    'api_key = os.environ["OPENAI_API_KEY"]\n',
    'client = OpenAI(api_key="<your key>")\n',
    'digest = "da39a3ee5e6b4b0d3255bfef95601890afd80709"\n',
    'name = "ChatGoogleGenerativeAIEmbeddings_v2"\n',
    'path = "data/2019-03-01_Measurements_of_Ozone.csv"\n',
    'version = "1.24.0.11"\n',
    'token = "token"\n',
    'tokenizer = "bert-base-uncased"\n',
)


@pytest.mark.parametrize("kind", sorted(SECRETS))
async def test_a_secret_of_this_kind_is_refused_and_not_shown(kind: str) -> None:
    value = SECRETS[kind].split('"')[1]

    case = await Policy().check(rewritten("print(1)\n", f"{SECRETS[kind]}print(1)\n"))

    assert not case.passed
    assert "secret: cell 2, line 1" in case.evidence
    assert value not in case.evidence


@pytest.mark.parametrize("line", NO_SECRETS)
async def test_a_name_a_digest_or_a_placeholder_is_no_secret(line: str) -> None:
    case = await Policy().check(rewritten("print(1)\n", f"{line}print(1)\n"))

    assert case.passed, case.evidence


async def test_a_line_that_held_its_secret_before_may_be_repaired_but_not_copied() -> None:
    line = SECRETS["aws key"]

    mended = await Policy().check(rewritten(f"{line}a = np.int(1)\n", f"{line.rstrip()}  # key\na = int(1)\n"))
    copied = await Policy().check(
        rewritten(f"{line}a = np.int(1)\n", f"{line}a = int(1)\nother = {line.split(' = ')[1]}")
    )

    assert mended.passed
    assert not copied.passed


@pytest.mark.parametrize(
    "added",
    [
        "import requests\n",
        "from urllib.request import urlopen\n",
        "import socket\n",
        "import subprocess\n",
        "import os\nos.system('ls')\n",
        "import os as o\nrun = o.popen\n",
        "from os import system as show\n",
        "import os\ngetattr(os, 'system')('ls')\n",
        "!curl example.org\n",
        "files = !ls\n",
        "%system ls\n",
        "%run other.ipynb\n",
        "get_ipython().system('ls')\n",
        "eval('1')\n",
        "exec('a = 1')\n",
        "__import__('os')\n",
        "import importlib\nimportlib.import_module('os')\n",
        "import pickle\npickle.load(open('a', 'rb'))\n",
        "import ctypes\n",
        "import shutil\nshutil.rmtree('a')\n",
        "__builtins__.__dict__['eval']('1')\n",
        "%pip install git+https://example.org/a.git\n",
        "%pip install --index-url https://example.org/ numpy\n",
        "!pip install numpy; ls\n",
    ],
)
async def test_a_new_power_is_refused_and_one_the_base_has_is_not(added: str) -> None:
    new = await Policy(rules={"new-power": RULES["new-power"]}).check(rewritten("a = 1\n", f"{added}a = 1\n"))
    known = await Policy(rules={"new-power": RULES["new-power"]}).check(rewritten(f"{added}a = 1\n", f"{added}a = 2\n"))

    assert not new.passed
    assert known.passed


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("a = 1\n", "a = load('https://example.org/a.csv')\n", "new-host"),
        ("a = 1\n", "a = 1  # \N{RIGHT-TO-LEFT OVERRIDE}\n", "invisible-character"),
        ("a = 1\n", "a\N{ZERO WIDTH SPACE} = 1\n", "invisible-character"),
        ("a = 1\n", "a = '\N{HANGUL FILLER}'\n", "invisible-character"),
        ("a = 1\n", f"a = '{chr(0xE0041)}'\n", "invisible-character"),
        ("a = 1\n", "a = '\x1b[2J'\n", "invisible-character"),
        ("a = 1\n", "# SPDX-License-Identifier: GPL-3.0-only\na = 1\n", "licence"),
        ("a = 1\n", "# Copyright (c) 2019 Somebody\na = 1\n", "licence"),
        ("a = 1\n", "".join(f"a = {number}\n" for number in range(402)), "diff-size"),
        ("a = 1\n", "a = 1  # forbidden word\n", "banned-pattern"),
    ],
)
async def test_what_policy_forbids_is_refused_with_its_rule_and_without_that_rule_gets_through(
    before: str, after: str, rule: str
) -> None:
    settings = PolicySettings(banned_patterns=(r"forbidden\s+word",))
    twin = Policy(
        PolicySettings(diff_lines=10_000), rules={name: judge for name, judge in RULES.items() if name != rule}
    )

    case = await Policy(settings).check(rewritten(before, after))

    assert f"{rule}: " in case.evidence
    assert case.veto
    assert (await twin.check(rewritten(before, after))).passed


async def test_characters_that_were_there_may_stay() -> None:
    case = await Policy().check(
        rewritten("a = '\N{ZERO WIDTH JOINER}', np.int\n", "a = '\N{ZERO WIDTH JOINER}', int\n")
    )

    assert case.passed


@pytest.mark.parametrize("path", ["../a.ipynb", "/etc/a.ipynb", ".github/a.ipynb", "docs/a.ipynb"])
async def test_a_path_that_no_repair_may_write_is_refused(path: str) -> None:
    base, head = notebook("a = 1\n", path=path), notebook("a = 2\n", path=path)

    case = await Policy(PolicySettings(include=("notebooks/**/*.ipynb",))).check(change(base, head))

    assert "path: " in case.evidence


async def test_a_pattern_that_never_ends_is_stopped_and_refuses() -> None:
    settings = PolicySettings(banned_patterns=(r"(a+)+$",), patterns_timeout_s=1.0)
    started = time.monotonic()

    case = await Policy(settings).check(rewritten("b = 1\n", f"b = '{'a' * 60}!'\n"))

    assert "could not be matched in time" in case.evidence
    assert time.monotonic() - started < 10


async def test_the_cells_limit_counts_changed_cells() -> None:
    base = notebook("a = np.int(1)\n", "b = np.int(1)\n")
    head = notebook("a = int(1)\n", "b = int(1)\n")

    one = await Policy(PolicySettings(cells=1)).check(change(base, head))
    two = await Policy(PolicySettings(cells=2)).check(change(base, head))

    assert not one.passed
    assert two.passed
