from __future__ import annotations

import ast
import hashlib
import hmac
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import signature
from bot.signature import Secrets, job_url, opens, page_key, page_secret, run_url, sign, verified
from workers.contract.errors import ConfigError

KEY = b"a key"
BODY = b'{"a": 1}'
GOOD = hmac.new(KEY, BODY, hashlib.sha256).hexdigest()


def test_githubs_own_example_verifies() -> None:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    given_signature = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert verified((b"It's a Secret to Everybody",), b"Hello, World!", given_signature)


@pytest.mark.parametrize(
    "form",
    [
        f"sha256={GOOD.upper()}",
        f"SHA256={GOOD}",
        GOOD,
        f"sha1={GOOD}",
        f"sha256=sha256={GOOD}",
        f"sha256={GOOD} ",
        f" sha256={GOOD}",
        f"sha256={GOOD},sha256={GOOD}",
        f"sha256={GOOD[:-1]}",
        f"sha256={GOOD}0",
        "sha256=",
        "",
        "sha256=é" + GOOD[2:],
    ],
)
def test_w4_only_the_documented_form_is_accepted(form: str) -> None:
    assert verified((KEY,), BODY, f"sha256={GOOD}".encode())
    assert not verified((KEY,), BODY, form.encode())


def test_w8_a_flipped_bit_or_another_spacing_is_another_body() -> None:
    body = bytes(range(256)) * 20
    given_signature = sign(KEY, body)
    bits = random.Random(1).sample(range(len(body) * 8), 200)

    for bit in bits:
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verified((KEY,), flipped, given_signature)
    assert not verified((KEY,), BODY.replace(b" ", b""), sign(KEY, BODY))


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=80))
def test_what_is_signed_verifies_under_its_own_key_alone(body: bytes, key: bytes) -> None:
    assert verified((b"another", key), body, sign(key, body))
    assert not verified((key + b"x",), body, sign(key, body))
    assert not verified((), body, sign(key, body))


@pytest.mark.parametrize("blank", ["", " ", "\n\t "])
def test_w6_a_blank_secret_is_refused(blank: str) -> None:
    with pytest.raises(ConfigError, match="MENDLOOP_WEBHOOK_SECRET"):
        Secrets(current=blank)


def test_a_blank_previous_secret_is_refused_and_none_is_fine() -> None:
    with pytest.raises(ConfigError, match="previous"):
        Secrets(current="new", previous=" ")
    assert Secrets(current="new").live(now=0.0) == (b"new",)


def test_w7_the_previous_secret_counts_until_its_cut_off() -> None:
    secrets = Secrets(current="new", previous="old", previous_until=100.0)

    assert secrets.live(99.9) == (b"new", b"old")
    assert secrets.live(100.0) == (b"new",)


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(Secrets(current="hush", previous="hush hush"))


def comparisons(source: str) -> list[str]:
    """Equality tests whose operands speak of signatures or keys, and calls of compare_digest."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            # A name that is compared with a literal is not a secret.
            literal = any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
            speaks = any(word in ast.unparse(node) for word in ("sign(", "signature", "page_key(", "given"))
            found += ["plain"] * (speaks and not literal)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "hmac.compare_digest":
            found.append("constant time")
    return found


def test_w10_signatures_are_compared_in_constant_time_and_in_no_other_way() -> None:
    sources = [Path(signature.__file__), *Path(signature.__file__).parent.glob("webhook.py")]

    found = [each for path in sources for each in comparisons(path.read_text())]

    assert found == ["constant time", "constant time"]
    # The twin that compares with `==` is caught.
    assert comparisons("def verified(b, s): return sign(KEY, b) == s") == ["plain"]


def test_a_pages_key_opens_that_page_alone() -> None:
    secret, run = b"page secret", "20261120T081500Z-notebooks-3f9a"

    assert opens(secret, run, page_key(secret, run))
    assert not opens(secret, run, page_key(b"another", run))
    assert not opens(secret, run, page_key(secret, "job-1"))
    assert not opens(secret, run, "")
    assert not opens(secret, run, "é")
    assert run_url("https://m.test", secret, run).startswith(f"https://m.test/runs/{run}?key=")
    assert job_url("https://m.test", secret, 12) == f"https://m.test/jobs/12?key={page_key(secret, 'job-12')}"


def test_the_page_secret_is_made_once_and_kept_to_ourselves(tmp_path: Path) -> None:
    made = page_secret("", tmp_path / "state")

    assert page_secret("", tmp_path / "state") == made
    assert len(made) == 64
    (file,) = (tmp_path / "state").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert page_secret("configured", tmp_path / "state") == b"configured"
    assert page_secret("", tmp_path / "other") != made
