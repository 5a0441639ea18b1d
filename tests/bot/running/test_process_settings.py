from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.private_key import key_trouble
from bot.settings import KINDS, MAY_HOLD, environment, github_settings, problems, web_settings
from tests.bot.running.keys import elliptic, pem
from workers.contract.deployment import Reading, SettingsError, loop_settings

if TYPE_CHECKING:
    from pathlib import Path

WEB = {"MENDLOOP_STATE_DIR": "/state", "MENDLOOP_WEBHOOK_SECRET": "w" * 20}
LOOP = {"MENDLOOP_STATE_DIR": "/state"}


def github(**more: str) -> dict[str, str]:
    return {"MENDLOOP_STATE_DIR": "/state", "MENDLOOP_APP_ID": "7", "MENDLOOP_PRIVATE_KEY": pem()} | more


def everything() -> dict[str, str]:
    return {name: "x" * 20 for kind in KINDS for name in MAY_HOLD[kind]} | {
        "PATH": "/bin",
        "AWS_SECRET_ACCESS_KEY": "x",
    }


def test_what_was_given_no_place_lies_in_the_state_folder() -> None:
    web, loop = web_settings(WEB), loop_settings(LOOP)

    assert web.ledger_url == loop.ledger_url == "sqlite:////state/ledger.sqlite3"
    assert web.redis_url == loop.redis_url == "unix:///state/redis.sock"
    assert (str(web.runs), loop.broker, github_settings(github()).broker) == (
        "/state/runs",
        *["unix:///state/broker.sock"] * 2,
    )
    assert (web.host, web.port, web.public_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")


def test_without_a_state_folder_the_home_has_one() -> None:
    assert str(loop_settings({"HOME": "/home/me"}).state) == "/home/me/.local/state/mendloop"
    assert str(loop_settings({"HOME": "/home/me", "XDG_STATE_HOME": "/elsewhere"}).state) == "/elsewhere/mendloop"
    assert problems("loop", {}) == ("MENDLOOP_STATE_DIR is not set",)


def test_all_that_is_wrong_is_said_at_once_and_names_its_variable() -> None:
    wrong = problems(
        "github", {"MENDLOOP_STATE_DIR": "here", "MENDLOOP_GITHUB_API": "ftp://x", "MENDLOOP_DRY_RUN": "maybe"}
    )

    assert wrong[0] == "MENDLOOP_STATE_DIR is 'here'; expected an absolute path"
    for name in (
        "MENDLOOP_APP_ID is not set",
        "MENDLOOP_PRIVATE_KEY is not set",
        "MENDLOOP_GITHUB_API",
        "MENDLOOP_DRY_RUN is 'maybe'",
    ):
        assert name in "\n".join(wrong)
    assert all("\n" not in line for line in wrong)


@pytest.mark.parametrize(
    ("kind", "variable", "value", "words"),
    [
        ("web", "MENDLOOP_WEBHOOK_SECRET", "", "is not set"),
        ("web", "MENDLOOP_WEBHOOK_SECRET", " \n", "is not set"),
        ("web", "MENDLOOP_WEBHOOK_SECRET", "changeme", "fewer than 16"),
        ("web", "MENDLOOP_WEBHOOK_SECRET_OLD", "short", "fewer than 16"),
        ("web", "MENDLOOP_PORT", "eighty", "a whole number from 0 to 65535"),
        ("web", "MENDLOOP_PORT", "65536", "a whole number"),
        ("web", "MENDLOOP_PORT", "٨٠", "a whole number"),
        ("web", "MENDLOOP_PUBLIC_URL", "mendloop.example", "https: or http:"),
        ("web", "MENDLOOP_PUBLIC_URL", "https://[", "https: or http:"),
        ("web", "MENDLOOP_LEDGER_URL", "mysql://x", "sqlite:/// nor postgresql://"),
        ("web", "MENDLOOP_REDIS_URL", "http://x", "unix: or redis: or rediss:"),
        ("web", "MENDLOOP_STATE_DIR", "/" + "x" * 107, "at most 107 bytes"),
        ("github", "MENDLOOP_APP_ID", "0", "a whole number from 1"),
        ("github", "MENDLOOP_APP_ID", "9" * 5000, "a whole number"),
        ("github", "MENDLOOP_BROKER", "http://0.0.0.0:8090", "MENDLOOP_BROKER_SECRET is not set"),
        ("github", "MENDLOOP_PACE_S", "nan", "expected seconds"),
        ("github", "MENDLOOP_PACE_S", "-1", "expected seconds"),
        ("loop", "MENDLOOP_LOOP_JOBS", "0", "from 1 to 64"),
        ("loop", "MENDLOOP_BROKER", "tcp://x", "unix: or http: or https:"),
        ("loop", "MENDLOOP_RUNS_DIR", "runs", "an absolute path"),
    ],
)
def test_f246_a_value_that_cannot_be_used_is_refused(kind: Any, variable: str, value: str, words: str) -> None:
    good = {"web": WEB, "github": github(), "loop": LOOP}[kind]

    wrong = problems(kind, good | {variable: value})

    assert problems(kind, good) == ()
    assert wrong
    assert words in wrong[0]


SPELLED = {
    "as it is": pem(),
    "CRLF": pem().replace("\n", "\r\n"),
    "written out": pem().replace("\n", "\\n"),
    "spaces around": f"\n  {pem()}  ",
}


@pytest.mark.parametrize("spelled", SPELLED)
@pytest.mark.parametrize("where", ["variable", "file"])
def test_f200_a_key_is_read_however_its_lines_end(spelled: str, where: str, tmp_path: Path) -> None:
    text = SPELLED[spelled]
    (tmp_path / "app.pem").write_text(text, newline="")
    given_key = (
        {"MENDLOOP_PRIVATE_KEY": text}
        if where == "variable"
        else {"MENDLOOP_PRIVATE_KEY_FILE": str(tmp_path / "app.pem")}
    )

    read = github_settings({"MENDLOOP_STATE_DIR": "/state", "MENDLOOP_APP_ID": "7"} | given_key)

    assert read.private_key == pem()
    assert read.private_key_file == (tmp_path / "app.pem" if where == "file" else None)


BAD_KEYS = {
    "no PEM": ("c2VjcmV0LWtleS1tYXRlcmlhbA==", "no private key in PEM form"),
    "cut off": (pem()[:400], "cannot be read"),
    "damaged": (pem().replace(pem()[300:340], "!" * 40), "cannot be read"),
    "too short": (pem(1024), "not RSA with 2048 bits"),
    "another kind": (elliptic(), "not RSA"),
    "with a password": (pem(password=b"password-of-it"), "without a password"),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_f200_a_key_that_is_none_is_refused_without_a_word_of_it(name: str) -> None:
    text, words = BAD_KEYS[name]

    with pytest.raises(SettingsError) as caught:
        github_settings(github(MENDLOOP_PRIVATE_KEY=text))

    said = str(caught.value)
    assert words in said
    assert len(caught.value.problems) == 1
    assert not any(line in said for line in text.split() if len(line) > 12)
    assert caught.value.__cause__ is None


def test_f200_a_key_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    base = {"MENDLOOP_STATE_DIR": "/state", "MENDLOOP_APP_ID": "7"}
    (tmp_path / "empty").touch()

    assert "No such file" in problems("github", base | {"MENDLOOP_PRIVATE_KEY_FILE": str(tmp_path / "none")})[0]
    assert "empty file" in problems("github", base | {"MENDLOOP_PRIVATE_KEY_FILE": str(tmp_path / "empty")})[0]
    assert "both set" in problems("github", github(MENDLOOP_PRIVATE_KEY_FILE="/x"))[0]


@settings(max_examples=50)
@given(st.text())
def test_any_text_is_a_key_or_no_key_and_never_an_exception(text: str) -> None:
    assert key_trouble(text)
    assert key_trouble(f"-----BEGIN RSA PRIVATE KEY-----\n{text}\n-----END RSA PRIVATE KEY-----\n")


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(sorted(everything())), st.text(max_size=30)))
def test_any_environment_is_settings_or_problems_and_never_another_exception(environ: dict[str, str]) -> None:
    for kind in KINDS:
        assert all(line.startswith("MENDLOOP_") for line in problems(kind, environ))


def test_no_secret_is_in_a_repr() -> None:
    secret = "do-not-show-this-1"
    web = web_settings(
        WEB
        | dict.fromkeys(("MENDLOOP_WEBHOOK_SECRET", "MENDLOOP_WEBHOOK_SECRET_OLD", "MENDLOOP_PAGE_SECRET"), secret)
        | {"MENDLOOP_LEDGER_URL": f"postgresql://u:{secret}@h/d", "MENDLOOP_REDIS_URL": f"redis://:{secret}@h"}
    )
    hub = github_settings(github(MENDLOOP_BROKER="http://h:1", MENDLOOP_BROKER_SECRET=secret))
    loop = loop_settings(LOOP | {"MENDLOOP_BROKER": "http://h:1", "MENDLOOP_BROKER_SECRET": secret})

    shown = f"{web!r}{hub!r}{loop!r}"
    assert secret not in shown
    assert "BEGIN" not in shown


def test_each_process_is_given_what_it_may_hold_and_nothing_beside() -> None:
    held = {kind: set(environment(kind, everything())) for kind in KINDS}

    assert "MENDLOOP_PRIVATE_KEY" in held["github"]
    assert held["web"].isdisjoint({"MENDLOOP_PRIVATE_KEY", "MENDLOOP_PRIVATE_KEY_FILE", "MENDLOOP_BROKER_SECRET"})
    assert held["loop"].isdisjoint(
        {"MENDLOOP_PRIVATE_KEY", "MENDLOOP_PRIVATE_KEY_FILE", "MENDLOOP_WEBHOOK_SECRET", "MENDLOOP_PAGE_SECRET"}
    )
    assert held["github"].isdisjoint({"MENDLOOP_WEBHOOK_SECRET", "MENDLOOP_WEBHOOK_SECRET_OLD"})
    assert all("AWS_SECRET_ACCESS_KEY" not in names and "PATH" in names for names in held.values())


def test_the_loop_gets_the_package_index_and_web_does_not() -> None:
    environ = {"UV_INDEX_URL": "https://index", "PIP_INDEX_URL": "https://index", "HTTPS_PROXY": "http://proxy"}

    assert set(environment("loop", environ)) == set(environ)
    assert set(environment("github", environ)) == {"HTTPS_PROXY", "MENDLOOP_PUBLIC_URL"}
    assert environment("web", environ) == {}


def test_links_lead_to_the_port_web_listens_on() -> None:
    assert environment("github", {"MENDLOOP_PORT": "9000"})["MENDLOOP_PUBLIC_URL"] == "http://127.0.0.1:9000"


def test_the_broker_may_listen_elsewhere_than_it_is_asked() -> None:
    two = {"MENDLOOP_BROKER": "http://github:8090", "MENDLOOP_BROKER_SECRET": "b" * 20}

    assert github_settings(github(**two, MENDLOOP_BROKER_LISTEN="http://[::]:8090")).broker == "http://[::]:8090"
    assert loop_settings(LOOP | two).broker == "http://github:8090"


def test_a_reading_without_problems_is_done() -> None:
    reading = Reading({"A": " text "})

    assert reading.text("A") == "text"
    reading.done()
