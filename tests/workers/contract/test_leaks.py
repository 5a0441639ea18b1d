from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.workers.contract.test_redact import KINDS, SLOTS
from workers.contract import leaks
from workers.contract.canaries import Canaries

if TYPE_CHECKING:
    from collections.abc import Callable

CANARIES = Canaries.fresh()
TOKEN = CANARIES.values["deploy_token"]
FILLER = "epoch 1 loss 0.123 acc 0.9 gene_id token_type_ids\n" * 400
TOLD = sorted(set(KINDS) - {"discord"})
"""A Discord token has no word in it by which it could be told from a long output; it is masked where texts leave."""


def png(*chunks: tuple[bytes, bytes]) -> str:
    """A picture with these chunks, as a notebook stores it."""
    parts = [struct.pack(">I4s", len(content), kind) + content + b"\0\0\0\0" for kind, content in chunks]
    return base64.encodebytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode()


@pytest.mark.parametrize("kind", TOLD)
def test_a_credential_of_a_known_shape_is_told_from_a_long_output_wherever_it_stands(kind: str) -> None:
    for text in (KINDS[kind], f"{FILLER}{KINDS[kind]}\n{FILLER}", f"{FILLER[:977]} {KINDS[kind]}"):
        assert leaks.in_text(text) == (leaks.SHAPE,)


@pytest.mark.parametrize("slot", ["bearer", "basic", "token header", "userinfo", "token as user"])
def test_a_header_and_an_address_with_a_credential_are_told(slot: str) -> None:
    assert leaks.in_text(FILLER + "".join(SLOTS[slot])) == (leaks.SHAPE,)


def test_ordinary_output_is_nothing() -> None:
    for text in (
        "",
        FILLER,
        "see https://example.org/a?b=c and sk-estimator-doc-link",
        "tokens: 12, basic stats, bearer of",
    ):
        assert leaks.in_text(text, CANARIES) == ()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "reversed": lambda token: token[::-1],
    "hex": lambda token: token.encode().hex(),
    "hex, upper case": lambda token: token.encode().hex().upper(),
    "base64": lambda token: base64.b64encode(b"x:" + token.encode()).decode(),
    "base64 for urls": lambda token: base64.urlsafe_b64encode(b"ab" + token.encode() + b"c").decode(),
    "first half": lambda token: f"first {token[: len(token) // 2]} second",
    "second half": lambda token: f"second {token[len(token) // 2 :]}",
    "json": lambda token: json.dumps({"environ": [token]}),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_canary_is_known_in_the_spellings_it_may_travel_in_and_masked(spelling: str) -> None:
    spelt = SPELLINGS[spelling](TOKEN)

    assert leaks.CANARY in leaks.in_text(f"{FILLER}{spelt}\n", CANARIES)
    assert CANARIES.found(leaks.masked(spelt, CANARIES).encode()) == ()


@pytest.mark.parametrize("value", sorted(CANARIES.values))
def test_a_canary_is_known_in_the_name_of_a_host(value: str) -> None:
    canary = CANARIES.values[value]
    spelt = (canary, canary.lower(), base64.b32encode(f"a{canary}".encode()).decode(), canary.encode().hex())
    cut = [".".join(each[at : at + 20] for at in range(0, len(each), 20)) for each in spelt]

    assert all(CANARIES.in_name(f"{each}.example.org") for each in (*spelt, *cut))
    assert not CANARIES.in_name("data.example.org")


def test_another_runs_canary_is_none_of_this_one() -> None:
    assert CANARIES.found("".join(Canaries.fresh().values.values()).encode()) == ()


def test_the_values_of_two_runs_share_nothing() -> None:
    assert not set(CANARIES.values.values()) & set(Canaries.fresh().values.values())
    assert all(CANARIES.found(content) for content in CANARIES.files.values())


CHUNKS = {
    "tEXt": (b"tEXt", b"Comment\0" + TOKEN.encode()),
    "zTXt": (b"zTXt", b"Comment\0\0" + zlib.compress(TOKEN.encode())),
    "iTXt": (b"iTXt", b"Comment\0\x01\0en\0\0" + zlib.compress(b"x" * 100 + TOKEN.encode(), 9)),
    "EXIF": (b"eXIf", b"MM\0*" + TOKEN.encode()),
    "any other": (b"zzzz", TOKEN.encode()),
}


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_picture_that_carries_a_canary_is_told(chunk: str) -> None:
    picture = png((b"IHDR", b"\0" * 13), CHUNKS[chunk])
    output = {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}

    assert leaks.CANARY in leaks.in_outputs([output], CANARIES)
    assert leaks.in_outputs([output | {"data": {"image/png": png((b"IHDR", b"\0" * 13))}}], CANARIES) == ()


def test_a_bomb_in_a_picture_costs_a_megabyte_at_most() -> None:
    bomb = zlib.compress(b"\0" * (16 << 20), 9)

    found = list(leaks.texts_in_png(base64.b64decode(png((b"zTXt", b"Comment\0\0" + bomb)))))

    assert max(map(len, found)) <= 1 << 20


def test_every_part_of_whole_outputs_is_looked_at() -> None:
    key = KINDS["github classic"]
    for output in (
        {"output_type": "stream", "name": "stdout", "text": key},
        {"output_type": "stream", "name": "stdout", "text": ["a\n", key]},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["x", key]},
        {"output_type": "display_data", "data": {"text/html": f"<b>{key}</b>"}, "metadata": {}},
        {"output_type": "display_data", "data": {"application/json": {"a": [{"b": key}]}}, "metadata": {}},
        {"output_type": "display_data", "data": {"image/svg+xml": ["<svg>", key]}, "metadata": {}},
        {"output_type": "display_data", "data": {}, "metadata": {"note": key}},
    ):
        assert leaks.in_outputs([output]) == (leaks.SHAPE,), output
