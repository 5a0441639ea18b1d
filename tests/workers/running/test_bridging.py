"""Earlier releases through the real store and catalogue: found once, kept for ever, and never waited for in vain."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.workers.running.faults.dated_index import serving, write_pages
from tests.workers.sandbox.tiny_wheels import only, write_wheel
from workers.environments.supplier import Supplier
from workers.running.bridging import Bridges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HAS = {"orchard/__init__.py": 'def sow(row):\n    """.. deprecated:: 1.1 Use `plant` instead."""\n'}
HAS_NOT = {"orchard/__init__.py": "def plant(row, depth=1): pass\n"}
RELEASES = {"1.0": HAS, "1.1": HAS, "1.2": HAS, "1.3rc1": HAS, "1.3": HAS_NOT, "2.0": HAS_NOT, "2.1": HAS}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for version, content in RELEASES.items():
        write_wheel(tmp_path / "files", "orchard", version, content)
    return tmp_path / "files"


def bridges(cache: Path, index: Mapping[str, str], *, installed: str = "2.0", seconds: float = 60) -> Bridges:
    supplier = Supplier(cache=cache, tenant="t", index=index)
    return Bridges(supplier=supplier, packages={"orchard": installed}, seconds=seconds)


async def test_the_last_release_before_the_installed_one_that_has_it_is_read(files: Path, tmp_path: Path) -> None:
    found = await bridges(tmp_path / "cache", only(files)).before("orchard.sow")

    assert found is not None
    assert found.version == "1.2"
    assert [note.text for note in found.notes] == ["Use `plant` instead."]


async def test_what_was_found_out_once_is_never_asked_again(files: Path, tmp_path: Path) -> None:
    first = await bridges(tmp_path / "cache", only(files)).before("orchard.sow")
    never = await bridges(tmp_path / "cache", only(files)).before("orchard.reap")
    shutil.rmtree(files)
    shutil.rmtree(tmp_path / "cache" / "store")

    again = bridges(tmp_path / "cache", only(files))

    assert await again.before("orchard.sow") == first
    assert await again.before("orchard.reap") == never is None


async def test_a_kept_answer_that_was_spoilt_is_found_out_anew(files: Path, tmp_path: Path) -> None:
    await bridges(tmp_path / "cache", only(files)).before("orchard.sow")
    for kept in (tmp_path / "cache").rglob("bridges/*.json"):
        kept.write_text('{"name": 7}')

    found = await bridges(tmp_path / "cache", only(files)).before("orchard.sow")

    assert found is not None
    assert found.version == "1.2"


async def test_what_is_installed_is_read_as_it_is(files: Path, tmp_path: Path) -> None:
    there = bridges(tmp_path / "cache", only(files))

    assert await there.now("orchard.sow") is None
    seen = await there.now("orchard.plant")
    assert seen is not None
    assert [each.name for each in seen.parameters or ()] == ["row", "depth"]
    assert await there.elsewhere("orchard.tools.plant") == ("orchard.plant",)


async def test_a_keyword_is_looked_for_in_the_callable(files: Path, tmp_path: Path) -> None:
    write_wheel(files, "orchard", "1.4", {"orchard/__init__.py": "def plant(row, deep=1): pass\n"})

    found = await bridges(tmp_path / "cache", only(files)).before("orchard.plant", "deep")

    assert found is not None
    assert found.version == "1.4"


@pytest.mark.parametrize("name", ["other.sow", "os.path.walk", "orchard", ""])
async def test_what_belongs_to_no_installed_package_is_not_looked_for(files: Path, tmp_path: Path, name: str) -> None:
    found = await bridges(tmp_path / "cache", only(files), installed="1.0").before(name)

    assert found is None


async def test_files_that_are_no_wheels_and_withdrawn_ones_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    wheels = [write_wheel(folder / "files", "orchard", version, HAS) for version in ("1.0", "1.1")]
    wheels[1].write_bytes(b"no archive")
    write_pages(folder, dict.fromkeys(wheels, "2024-01-01T00:00:00Z"))

    with serving(folder) as index:
        found = await bridges(tmp_path / "cache", {**index, "UV_NO_INDEX": "0"}).before("orchard.sow")

    assert found is None or found.version == "1.0"


@pytest.fixture
def withdrawn(tmp_path: Path) -> Iterator[dict[str, str]]:
    folder = tmp_path / "index"
    wheels = [write_wheel(folder / "files", "orchard", version, HAS) for version in ("1.0", "1.1")]
    write_pages(folder, dict.fromkeys(wheels, "2024-01-01T00:00:00Z"))
    page = folder / "simple" / "orchard" / "index.json"
    told = json.loads(page.read_text())
    told["files"][1]["yanked"] = "a mistake"
    page.write_text(json.dumps(told))
    with serving(folder) as index:
        yield {"UV_DEFAULT_INDEX": index["UV_INDEX"]}


async def test_a_withdrawn_release_is_nobodys_bridge(withdrawn: dict[str, str], tmp_path: Path) -> None:
    found = await bridges(tmp_path / "cache", withdrawn).before("orchard.sow")

    assert found is not None
    assert found.version == "1.0"


async def test_an_index_out_of_reach_is_asked_once_and_nothing_is_kept(files: Path, tmp_path: Path) -> None:
    away = {"UV_DEFAULT_INDEX": f"file://{tmp_path}/nowhere", "UV_FIND_LINKS": str(tmp_path / "nothing")}
    (tmp_path / "nothing").write_text("no page")
    there = bridges(tmp_path / "cache", away)

    assert await there.before("orchard.sow") is None
    assert await there.before("orchard.reap") is None
    assert not list((tmp_path / "cache").rglob("bridges/*.json")) or await there.now("orchard.sow") is None


@pytest.mark.parametrize("seconds", [0, 1e-9])
async def test_without_time_nothing_is_looked_into_and_nothing_is_kept(
    files: Path, tmp_path: Path, seconds: float
) -> None:
    there = bridges(tmp_path / "cache", only(files), seconds=seconds)

    assert await there.before("orchard.sow") is None
    assert await there.elsewhere("orchard.sow") == ()
    assert not list((tmp_path / "cache").rglob("bridges/*.json"))


async def test_another_tenant_learns_nothing_of_what_was_kept(files: Path, tmp_path: Path) -> None:
    mine = bridges(tmp_path / "cache", only(files))
    await mine.before("orchard.sow")
    shutil.rmtree(files)

    other = Bridges(supplier=replace(mine.supplier, tenant="other"), packages=mine.packages, seconds=60)

    assert await other.before("orchard.sow") is None
