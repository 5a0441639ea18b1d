from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from workers.contract.errors import EnvironmentBuildError
from workers.environments.choosing import best, sdist
from workers.environments.index import PYPI, configured
from workers.environments.listing import File, is_name, parse
from workers.sandbox.interpreter import Interpreter

if TYPE_CHECKING:
    from pathlib import Path

TORCH = "https://download.pytorch.org/whl/cpu"


def test_without_any_setting_it_is_the_python_package_index() -> None:
    (source,) = configured({}).sources

    assert source.url == PYPI
    assert source.may_have("https://files.pythonhosted.org/packages/x.whl")
    assert not source.may_have("https://example.org/x.whl")
    assert not source.may_have("http://files.pythonhosted.org/packages/x.whl")
    assert not source.may_have("http://pypi.org/simple/x/")


def test_pips_and_uvs_settings_are_read_uvs_first_and_in_the_order_they_are_asked() -> None:
    settings = {
        "PIP_INDEX_URL": "https://pip.example/simple/",
        "PIP_EXTRA_INDEX_URL": "https://one.example/simple https://two.example/simple",
        "PIP_FIND_LINKS": "/srv/wheels https://links.example/page.html",
    }

    pip = configured(settings)
    uv = configured({**settings, "UV_INDEX": f"torch={TORCH}", "UV_DEFAULT_INDEX": "https://uv.example/simple"})

    assert [(each.url, each.kind) for each in pip.sources] == [
        ("https://one.example/simple", "extra"),
        ("https://two.example/simple", "extra"),
        ("https://pip.example/simple", "default"),
        ("file:///srv/wheels", "links"),
        ("https://links.example/page.html", "links"),
    ]
    assert [each.url for each in uv.sources][:2] == [TORCH, "https://uv.example/simple"]


def test_offline_only_what_lies_on_this_machine_is_asked(tmp_path: Path) -> None:
    found = configured({"UV_OFFLINE": "1", "UV_FIND_LINKS": str(tmp_path), "UV_INDEX": f"file://{tmp_path}/simple"})

    assert [each.folder for each in found.sources] == [tmp_path / "simple", tmp_path]


def test_credentials_are_kept_apart_and_change_no_key() -> None:
    plain = configured({"UV_INDEX": "company=https://x.example/simple"})
    named = configured(
        {
            "UV_INDEX": "company=https://x.example/simple",
            "UV_INDEX_COMPANY_USERNAME": "user",
            "UV_INDEX_COMPANY_PASSWORD": "secret",
        }
    )
    inline = configured({"UV_INDEX": "https://user:sec%40ret@x.example/simple"})

    assert named.sources[0].credentials == ("user", "secret")
    assert inline.sources[0].credentials == ("user", "sec@ret")
    assert inline.sources[0].url == "https://x.example/simple"
    assert plain.digest == named.digest == inline.digest
    assert "secret" not in repr(named)
    assert configured({"UV_INDEX": "https://y.example/simple"}).digest != plain.digest


@pytest.mark.parametrize("address", ["git+https://x.example/y", "simple", "ftp://x.example", "https://"])
def test_what_is_no_address_of_an_index_is_refused_without_its_credentials(address: str) -> None:
    with pytest.raises(EnvironmentBuildError, match="package index"):
        configured({"UV_DEFAULT_INDEX": address})


HTML = b"""<html><head><base href="https://files.example/a/"></head><body>
<a href="demo-1.0-py3-none-any.whl#sha256=%s" data-requires-python="&gt;=3.9" data-upload-time="2021-05-27T22:30:12.767785Z"
   data-core-metadata="sha256=%s" data-yanked="broken">x</a>
<a href="../demo-1.0.tar.gz">x</a> <a href="demo.exe">x</a> <a>x</a> <a href="demo-2.0-py3-none-any.whl#md5=0">x</a>
</body></html>""" % (b"a" * 64, b"b" * 64)


def test_a_page_in_html_tells_of_files_and_of_nothing_else() -> None:
    first, second, third = parse(HTML, "text/html", "https://index.example/simple/demo/")

    assert first == File(
        filename="demo-1.0-py3-none-any.whl",
        name="demo",
        version="1.0",
        url="https://files.example/a/demo-1.0-py3-none-any.whl",
        sha256="a" * 64,
        requires_python=">=3.9",
        uploaded=datetime(2021, 5, 27, 22, 30, 12, 767785, UTC),
        metadata=True,
        metadata_sha256="b" * 64,
        yanked="broken",
    )
    assert (second.url, second.is_wheel) == ("https://files.example/demo-1.0.tar.gz", False)
    assert third.sha256 == ""


def test_a_page_in_json_tells_the_same_and_rubbish_is_no_page() -> None:
    page = b"""{"meta": {"api-version": "1.1"}, "name": "demo", "more": 1, "files": [{"filename": "demo-1.0-py3-none-any.whl",
    "url": "../../x/demo-1.0-py3-none-any.whl", "hashes": {"sha256": "%s"}, "core-metadata": {"sha256": "%s"}, "size": 3}]}"""
    (file,) = parse(
        page % (b"a" * 64, b"b" * 64), "application/vnd.pypi.simple.v1+json", "https://i.example/simple/demo/"
    )

    assert file.url == "https://i.example/x/demo-1.0-py3-none-any.whl"
    assert (file.sha256, file.metadata_sha256) == ("a" * 64, "b" * 64)
    for rubbish in (b"", b"[]", b'{"files": 3}', b"\xff"):
        with pytest.raises(ValueError, match="no index page"):
            parse(rubbish, "application/json", "https://i.example/simple/demo/")


@pytest.mark.parametrize("name", ["", "a" * 101, "Numpy", "num_py", "a.b", "a/b", "a--b", "-a", "c2VjcmV0==", "é"])
def test_only_a_normalised_name_of_a_sensible_length_is_one(name: str) -> None:
    assert not is_name(name)
    assert is_name("scikit-learn")


def interpreter(version: tuple[int, int, int], tmp_path: Path) -> Interpreter:
    return Interpreter(
        python=tmp_path,
        version=version,
        prefix=tmp_path,
        base_prefix=tmp_path,
        site_packages=(),
        platform="linux-x86_64",
    )


def files(*names: str, requires_python: str = "") -> list[tuple[int, File]]:
    page = "".join(f'<a href="{name}" data-requires-python="{requires_python}">x</a>' for name in names)
    return [(0, file) for file in parse(page.encode(), "text/html", "https://i.example/simple/demo/")]


CHOICES = [
    ((3, 7, 16), "demo-1.0-cp37-cp37m-manylinux1_x86_64.whl"),
    ((3, 8, 18), "demo-1.0-cp38-cp38-manylinux2014_x86_64.whl"),
    ((3, 12, 1), "demo-1.0-cp39-abi3-manylinux_2_17_x86_64.whl"),
    ((3, 13, 0), "demo-1.0-cp39-abi3-manylinux_2_17_x86_64.whl"),
]


@pytest.mark.parametrize(("version", "chosen"), CHOICES)
def test_the_wheel_that_fits_an_interpreter_best_is_chosen(
    version: tuple[int, int, int], chosen: str, tmp_path: Path
) -> None:
    offered = files(
        "demo-1.0-py3-none-any.whl",
        *(name for _, name in CHOICES),
        "demo-1.0-cp312-cp312-win_amd64.whl",
        "demo-1.0-cp312-cp312-macosx_11_0_arm64.whl",
        "demo-1.0.tar.gz",
    )

    found = best(offered, interpreter(version, tmp_path))

    assert found is not None
    assert found[1].filename == chosen


def test_nothing_is_chosen_that_fits_no_interpreter_of_this_kind(tmp_path: Path) -> None:
    ours = interpreter((3, 11, 2), tmp_path)

    assert best(files("demo-1.0-cp312-cp312-manylinux1_x86_64.whl", "demo-1.0.tar.gz"), ours) is None
    assert best(files("demo-1.0-py3-none-any.whl", requires_python="&gt;=3.12"), ours) is None
    assert best(files("demo-1.0-py3-none-any.whl", requires_python="rubbish"), ours) is not None
    assert sdist(files("demo-1.0.tar.gz", requires_python="&lt;3.11"), ours) is None
    later = files("demo-1.0-1-py3-none-any.whl", "demo-1.0-2-py3-none-any.whl", "demo-1.0-py3-none-any.whl")
    assert best(later, ours) == later[1]
