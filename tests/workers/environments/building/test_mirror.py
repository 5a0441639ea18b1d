from __future__ import annotations

import asyncio
import json
import random
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.workers.environments.building.local_index import LocalIndex, serving
from tests.workers.sandbox.tiny_wheels import write_wheel
from workers.environments.catalogue import Catalogue
from workers.environments.errors import IndexRefused, IndexUnreachable, Tampered, TooBig
from workers.environments.index import configured
from workers.environments.mirror import Mirror, listening
from workers.environments.upstream import upstream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

NAME = "tiny_base-1.0-py3-none-any.whl"


@asynccontextmanager
async def mirror_of(settings: Mapping[str, str], max_bytes: int = 10_000_000) -> AsyncGenerator[Mirror]:
    indexes = configured(settings)
    async with upstream(indexes, max_bytes) as asking:
        catalogue = Catalogue(indexes, asking)
        try:
            yield Mirror(catalogue)
        finally:
            await catalogue.close()


async def test_pages_and_metadata_pass_and_the_resolver_is_told_to_ask_for_no_more(
    wheels: Path, index: LocalIndex
) -> None:
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})

    async with mirror_of(index.settings) as mirror:
        page = json.loads((await mirror.reply("GET", "/0/simple/tiny-base/")).content)
        metadata = await mirror.reply("GET", f"/0/files/{NAME}.metadata")

    assert page["files"][0]["url"] == f"/0/files/{NAME}"
    assert page["files"][0]["core-metadata"] is True
    assert b"Name: tiny-base" in metadata.content


EXFILTRATION = (
    "/0/simple/c2VjcmV0LXNlY3JldA==/",
    "/0/simple/Tiny-Base/",
    "/0/simple/tiny_base/",
    f"/0/simple/{'a' * 101}/",
    "/0/simple/tiny-base/?secret=1",
    "/0/simple/tiny-base",
    "/0/simple/tiny-base/../../other/",
    "/0/simple/%2e%2e/",
    "/0/simple/-tiny/",
    "/9/simple/tiny-base/",
    "/0/files/never-shown-1.0-py3-none-any.whl.metadata",
    f"/0/files/{NAME}",
    "/0/links/",
    "http://127.0.0.1:80/",
    "/",
    "*",
)


@pytest.mark.parametrize("target", EXFILTRATION)
async def test_nothing_but_a_plain_name_ever_goes_out(target: str, wheels: Path, index: LocalIndex) -> None:
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})

    async with mirror_of(index.settings) as mirror:
        reply = await mirror.reply("GET", target)
        posted = await mirror.reply("POST", "/0/simple/tiny-base/")

    assert reply.status in (400, 404)
    assert posted.status == 400
    assert index.log == []
    assert all(len(line) < 300 for line in mirror.refused)


async def test_what_was_asked_is_known_afterwards_and_asked_outside_once(wheels: Path, index: LocalIndex) -> None:
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})

    async with mirror_of(index.settings) as mirror:
        for name in ("tiny-base", "other", "tiny-base"):
            await mirror.reply("GET", f"/0/simple/{name}/")

    assert list(mirror.catalogue.names) == ["tiny-base", "other"]
    assert index.log == ["/simple/tiny-base/", "/simple/other/"]


async def test_the_socket_speaks_http_and_hangs_up_on_anything_else(
    wheels: Path, index: LocalIndex, tmp_path: Path
) -> None:
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})
    deep = tmp_path / ("d" * 100)
    deep.mkdir()

    async with mirror_of(index.settings) as mirror, listening(mirror, deep / "index"):
        (tmp_path / "s").symlink_to(deep / "index/socket")
        transport = httpx.AsyncHTTPTransport(uds=str(tmp_path / "s"))
        async with httpx.AsyncClient(transport=transport, base_url="http://box") as client:
            pages = await asyncio.gather(*(client.get("/0/simple/tiny-base/") for _ in range(5)))
            missing = await client.get("/0/simple/other/")
        rubbish = await asyncio.to_thread(spoken, tmp_path / "s", b"\x16\x03\x01 no http at all\r\n\r\n")
        large = await asyncio.to_thread(spoken, tmp_path / "s", b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n")

    assert {page.status_code for page in pages} == {200}
    assert missing.status_code == 404
    assert rubbish == large == b""
    assert not (deep / "index/socket").exists() or not list(deep.glob("index/other"))


def spoken(path: Path, words: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        try:
            connection.sendall(words)
            return connection.recv(1000)
        except (ConnectionError, BrokenPipeError):
            return b""


async def test_credentials_go_to_their_index_and_to_nobody_else(tmp_path: Path) -> None:
    for name in ("private", "public"):
        (tmp_path / name).mkdir()
        write_wheel(tmp_path / name, f"tiny-{name}", "1.0", {})
    with serving(tmp_path / "private") as private, serving(tmp_path / "public") as public:
        private.authorization = "Basic dXNlcjpwYXNz"
        settings = {
            "UV_INDEX": private.url.replace("://", "://user:pass@"),
            "UV_DEFAULT_INDEX": public.url,
        }
        async with mirror_of(settings) as mirror:
            for at in (0, 1):
                await mirror.reply("GET", f"/{at}/simple/tiny-public/")
                page = await mirror.reply("GET", f"/{at}/simple/tiny-private/")
                if at == 0:
                    assert page.status == 200
                    assert b"pass" not in page.content

        assert {value for _, value in private.headers} == {private.authorization}
        assert {value for _, value in public.headers} == {""}
        assert "pass" not in repr(mirror.catalogue.indexes)
        assert not any("pass" in address for address in mirror.catalogue.upstream.asked)


async def test_wrong_credentials_and_foreign_redirects_are_told_apart_from_weather(
    wheels: Path, index: LocalIndex, tmp_path: Path
) -> None:
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})
    index.statuses["/simple/locked/"] = 403
    index.statuses["/simple/down/"] = 500
    index.redirects["/simple/away/"] = "http://127.0.0.1:9/simple/away/"
    index.redirects["/simple/file/"] = "file:///etc/passwd"
    index.redirects["/simple/round/"] = "/simple/round/"
    index.redirects["/simple/moved/"] = "/simple/tiny-base/"

    async with mirror_of(index.settings) as mirror:
        names = ("locked", "down", "away", "file", "round", "moved")
        replies = [(await mirror.reply("GET", f"/0/simple/{name}/")).status for name in names]

    # What a name leads to must be of that name: `moved` is a page without a file of its own.
    assert replies == [502, 502, 502, 502, 502, 404]
    assert [type(error) for error in mirror.failures] == [
        IndexRefused,
        IndexUnreachable,
        IndexRefused,
        IndexRefused,
        IndexRefused,
    ]


async def test_metadata_beside_a_wheel_must_be_what_the_page_says(wheels: Path, index: LocalIndex) -> None:
    made = write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})
    page = f'<a href="/files/{NAME}" data-core-metadata="sha256={"0" * 64}">{NAME}</a>'
    (wheels / f"{NAME}.metadata").write_text("Metadata-Version: 2.1\nName: tiny-base\nVersion: 9\n")
    (wheels / "links").write_text(page)

    async with mirror_of({"UV_FIND_LINKS": f"http://127.0.0.1:{index.port}/files/links", "UV_NO_INDEX": "1"}) as mirror:
        listed = await mirror.reply("GET", "/0/links/")
        reply = await mirror.reply("GET", f"/0/files/{made.name}.metadata")

    assert listed.status == 200
    assert reply.status == 502
    assert isinstance(mirror.failures[0], Tampered)


async def test_metadata_inside_a_large_wheel_is_read_without_fetching_it(wheels: Path, index: LocalIndex) -> None:
    noise = random.Random(7).randbytes(3_000_000).hex()
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": noise})

    async with mirror_of(index.settings) as mirror:
        await mirror.reply("GET", "/0/simple/tiny-base/")
        reply = await mirror.reply("GET", f"/0/files/{NAME}.metadata")

    assert b"Name: tiny-base" in reply.content
    assert mirror.catalogue.upstream.read_bytes < 300_000


async def test_an_index_that_floods_is_too_big(wheels: Path, index: LocalIndex) -> None:
    write_wheel(wheels, "tiny-base", "1.0", {"tiny_base.py": ""})

    async with mirror_of(index.settings, max_bytes=100) as mirror:
        reply = await mirror.reply("GET", "/0/simple/tiny-base/")

    assert reply.status == 502
    assert isinstance(mirror.failures[0], TooBig)


async def test_what_is_no_page_or_no_wheel_is_the_indexs_fault(wheels: Path, index: LocalIndex, tmp_path: Path) -> None:
    (wheels / NAME).write_bytes(b"PK no archive")
    (tmp_path / "simple/tiny-base").mkdir(parents=True)
    (tmp_path / "simple/tiny-base/index.json").write_text("[]")

    async with mirror_of(index.settings) as mirror:
        await mirror.reply("GET", "/0/simple/tiny-base/")
        assert (await mirror.reply("GET", f"/0/files/{NAME}.metadata")).status == 502
    async with mirror_of({"UV_DEFAULT_INDEX": f"file://{tmp_path}/simple"}) as local:
        assert (await local.reply("GET", "/0/simple/tiny-base/")).status == 502

    assert isinstance(mirror.failures[0], IndexUnreachable)
    assert isinstance(local.failures[0], IndexUnreachable)
