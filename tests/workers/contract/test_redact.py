import base64
import string
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workers.contract.redact import MASK, Redactor, redactor

SECRET = 'q7/Zw+x="9 äK\\tail'
HELD = redactor({"SERVICE_API_KEY": SECRET, "GREETING": "good morning all"}, "/home/alice")
NOTHING_HELD = redactor({})
BODY = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTYifQ." + BODY * 8

KINDS = {
    "github classic": "ghp_" + BODY,
    "github server": "ghs_" + BODY,
    "github server, long": f"ghs_1234567_{JWT}{BODY * 4}",
    "github user": "ghu_" + BODY,
    "github fine-grained": "github_pat_11ABCDEFG0" + BODY,
    "gitlab": "glpat-" + BODY[:20],
    "openai": "sk-" + BODY,
    "openai project": "sk-proj-" + BODY + "_" + BODY,
    "anthropic": "sk-ant-api03-" + BODY,
    "stripe": "sk_live_" + BODY,
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "google": "AIza" + BODY,
    "google oauth": "ya29." + BODY,
    "slack": "xoxb-1234567890-" + BODY,
    "slack hook": "https://hooks.slack.com/services/T00000000/B00000000/" + BODY[:24],
    "hugging face": "hf_" + BODY,
    "azure storage": "AccountKey=" + "a1B/" * 21 + "a1==",
    "telegram": "123456789:AA" + "a1B_" * 8 + "c",
    "discord": "MTk4" + "a1B2" * 5 + ".GaBcDe." + "a1B2" * 8,
    "pypi": "pypi-AgEIcHlwaS5vcmc" + BODY,
    "npm": "npm_" + BODY,
    "digital ocean": "dop_v1_" + "0123456789abcdef" * 4,
    "sendgrid": "SG." + BODY[:22] + "." + BODY,
    "jwt": JWT,
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY}\n-----END RSA PRIVATE KEY-----",
    "private key, cut off": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}",
}
SLOTS = {
    "bearer": ("Authorization: Bearer ", "x" * 30, ""),
    "basic": ("Authorization: Basic ", "dXNlcjpwYXNzd29yZA==", ""),
    "token header": ('"authorization": "token ', BODY, '"'),
    "userinfo": ("https://", "alice:pass", "@example.org/x"),
    "token as user": ("git+https://", BODY, "@example.org/x"),
    "assignment": ('api_key = "', "correcthorsebattery", '"'),
    "json": ('{"password": "', "correcthorsebattery", '"}'),
}

ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "as it is": bytes.decode,
    "url": lambda raw: quote(raw, safe=""),
    "url path": quote,
    "hex": bytes.hex,
    "hex, upper case": lambda raw: raw.hex().upper(),
    "json": lambda raw: raw.decode().replace("\\", "\\\\").replace('"', '\\"'),
    "base64": lambda raw: base64.b64encode(raw).decode(),
    "base64 after one": lambda raw: base64.b64encode(b"u" + raw).decode(),
    "base64 after two": lambda raw: base64.b64encode(b"u:" + raw).decode(),
    "base64 of git's user": lambda raw: base64.b64encode(b"x-access-token:" + raw).decode(),
    "base64 within": lambda raw: base64.b64encode(b"ab" + raw + b"cdefg").decode(),
    "base64 for urls": lambda raw: base64.urlsafe_b64encode(raw + b"~~").decode(),
}


def leaks(mask: Callable[[str], str], secret: str) -> bool:
    """Whether a masked text still holds a stretch of the secret worth having."""
    masked = mask(f"before {secret} after")
    return any(secret[start : start + 12] in masked for start in range(max(len(secret) - 11, 1)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_of_a_known_shape_is_masked_wherever_it_stands(kind: str) -> None:
    secret = KINDS[kind]

    assert not leaks(NOTHING_HELD.mask, secret)
    assert not leaks(lambda text: NOTHING_HELD.mask(f"key_{text}_end"), secret)
    assert NOTHING_HELD.mask(f"before {secret}\n").startswith(f"before {MASK}")


@pytest.mark.parametrize("slot", SLOTS)
def test_a_secret_is_masked_where_one_is_expected_and_the_rest_stays(slot: str) -> None:
    before, secret, after = SLOTS[slot]

    assert NOTHING_HELD.mask(before + secret + after) == before + MASK + after


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_value_of_the_environment_is_masked_in_every_encoding(encoding: str) -> None:
    spelled = ENCODINGS[encoding](SECRET.encode())

    masked = HELD.mask(f"before {spelled} after")

    assert MASK in masked
    longest = max(len(part) for part in masked.removeprefix("before ").removesuffix(" after").split(MASK))
    assert longest <= 24, "only the neighbours of the secret may be left"
    assert not leaks(HELD.mask, spelled) or encoding == "base64 of git's user"


def test_the_home_directory_becomes_a_tilde_but_its_namesakes_stay() -> None:
    text = "/home/alice/x /home/alice. (/home/alice) /home/alice2 /home/alice-old /home/alice.bak"

    assert HELD.mask(text) == "~/x ~. (~) /home/alice2 /home/alice-old /home/alice.bak"


@pytest.mark.parametrize(
    "text",
    [
        "good morning all",
        "AttributeError: module 'numpy' has no attribute 'bool'",
        "a token classification head, basic characteristics, bearer of news",
        '<div class="sk-estimator-doc-link fitted">sk-toggleable__label-arrow</div>',
        "https://example.org/a?b=c#d git+ssh://git@example.org/x.git user@example.org",
        "max_tokens = 1024; sort_key='name'",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Task-scheduling-of-many-things risk-adjusted-return-on-capital",
    ],
)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert HELD.mask(text) == text


@given(st.text(alphabet=string.printable, max_size=200))
@example(f"x {SECRET} y https://a:b@c/")
@settings(max_examples=100)
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = HELD.mask(text)

    assert HELD.mask(once) == once


@given(
    st.text(alphabet=string.ascii_letters + string.digits + "+/=%-_", min_size=12, max_size=60),
    st.binary(max_size=5),
    st.binary(max_size=5),
)
@settings(max_examples=100)
def test_no_base64_alignment_lets_a_secret_through(secret: str, before: bytes, after: bytes) -> None:
    held = redactor({"MY_TOKEN": secret})
    text = base64.b64encode(before + secret.encode() + after).decode()

    masked = held.mask(text)

    # What is left holds at most the characters shared with the neighbours: less than half of a short secret.
    left = max((len(part) for part in masked.split(MASK)), default=0)
    assert left <= 4 + len(base64.b64encode(before)) + len(base64.b64encode(after))


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "DB_PASSWORD", "GH_TOKEN", "MYSQL_PWD", "SENTRY_DSN"])
def test_the_value_of_a_variable_with_a_secret_name_is_masked(name: str) -> None:
    assert redactor({name: "umbrella-stand"}).mask("an umbrella-stand") == f"an {MASK}"


@pytest.mark.parametrize("name", ["PWD", "GIT_AUTHOR_NAME", "KEYBOARD_LAYOUT", "EDITOR"])
def test_the_value_of_any_other_variable_stays(name: str) -> None:
    assert redactor({name: "umbrella-stand"}).mask("an umbrella-stand") == "an umbrella-stand"


def test_a_short_value_is_not_masked_everywhere() -> None:
    assert redactor({"TOKENIZERS_PARALLELISM": "false"}).mask("it is false") == "it is false"


def test_a_hostile_text_costs_time_in_proportion_to_its_length() -> None:
    texts = ["eyJaaaaaaaaaa-" * 20_000, "SG.aaaaaaaaaaaaaaaaaaaaaaaa-" * 10_000, "a://" * 50_000, "token  " * 40_000]
    texts += ["secret_" * 40_000, "-----BEGIN PRIVATE KEY-----" * 5_000, "x" * 300_000, "a_" * 100_000 + ":"]
    started = time.perf_counter()

    for text in texts:
        HELD.mask(text)

    assert time.perf_counter() - started < 10


def test_every_text_of_a_json_value_is_masked_and_keys_stay() -> None:
    value = {"api_key": ["ghp_" + BODY, 1, None, {"x": ("ghp_" + BODY,)}]}

    assert HELD.mask_all(value) == {"api_key": [MASK, 1, None, {"x": [MASK]}]}


def test_a_redactor_without_encodings_is_caught() -> None:
    twin = Redactor(values=None, hexes=None, home=None, shapes=HELD.shapes)

    caught = [name for name, encode in ENCODINGS.items() if twin.mask(text := encode(SECRET.encode())) == text]

    assert len(caught) >= 10
