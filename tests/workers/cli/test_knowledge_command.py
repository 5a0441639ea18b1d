"""`mendloop knowledge`, against an index of a few wheels in a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.workers.cli.commands import mendloop
from tests.workers.sandbox.tiny_wheels import only, write_wheel

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

_BEFORE = """
from .d import deprecated
def new(x): return x
@deprecated("1.0", alternative="new")
def old(x): return new(x)
raise RuntimeError("this was imported")
"""
_AFTER = "def new(x): return x\n"


def _mine(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return mendloop(
        "knowledge", "mine", *words, cwd=folder, XDG_CACHE_HOME=str(folder / "cache"), **only(folder / "wheels")
    )


def _releases(folder: Path) -> None:
    write_wheel(folder / "wheels", "tiny-lib", "1.0", {"tiny/__init__.py": _BEFORE})
    write_wheel(folder / "wheels", "tiny-lib", "2.0", {"tiny/__init__.py": _AFTER})


def test_mining_twice_gives_the_same_bytes_and_an_index(tmp_path: Path) -> None:
    _releases(tmp_path)

    written = [_mine(tmp_path, "Tiny_Lib==..", "--into", tmp_path / "out", "--date", "2026-11-21") for _ in range(2)]
    assert [done.returncode for done in written] == [0, 0], written[0].stderr

    page = json.loads((tmp_path / "out" / "tiny-lib.json").read_text())
    assert page["facts"] == [
        ["symbol", "tiny.old", "tiny.new", "1.0", "1.0", "2.0", "", "decorator", "tiny/__init__.py:4@1.0", ""]
    ]
    assert json.loads((tmp_path / "out" / "index.json").read_text()) == {"tiny": ["tiny-lib"]}
    assert {done.stdout for done in written} == {""}
    assert (
        _mine(tmp_path, "tiny-lib==..", "--date", "2026-11-21").stdout
        == (tmp_path / "out" / "tiny-lib.json").read_text()
    )


def test_a_release_that_cannot_be_read_is_said_and_the_others_are_mined(tmp_path: Path) -> None:
    _releases(tmp_path)
    (tmp_path / "wheels" / "tiny_lib-3.0-py3-none-any.whl").write_bytes(b"no archive")

    done = _mine(tmp_path, "tiny-lib==..")

    assert done.returncode == 0
    assert "cannot be read as a wheel" in done.stderr
    assert json.loads(done.stdout)["releases"] == ["1.0", "2.0"]


def test_what_cannot_be_mined_is_named_with_what_to_do(tmp_path: Path) -> None:
    _releases(tmp_path)

    wrong, unknown, none = (_mine(tmp_path, text) for text in ("tiny-lib", "no-such-lib==..", "tiny-lib==5..6"))

    assert (wrong.returncode, unknown.returncode, none.returncode) == (2, 2, 2)
    assert "'tiny-lib' names no range of releases; write it as" in wrong.stderr
    assert "no wheel of no-such-lib" in unknown.stderr
    assert "no wheel of tiny-lib in this range" in none.stderr


def test_the_shipped_facts_are_listed_by_package(tmp_path: Path) -> None:
    done = mendloop("knowledge", "list", cwd=tmp_path)

    assert done.returncode == 0
    assert "pandas: " in done.stdout


def test_a_table_of_models_is_merged_into_the_own_one_and_one_that_is_none_changes_nothing(tmp_path: Path) -> None:
    table = tmp_path / "prices.json"
    table.write_text(
        json.dumps({"gpt-9-old": {"litellm_provider": "openai", "mode": "chat", "deprecation_date": "2026-12-31"}})
    )
    broken = tmp_path / "broken.json"
    broken.write_text("no table")

    done = mendloop("knowledge", "refresh", table, cwd=tmp_path, XDG_DATA_HOME=str(tmp_path / "data"))
    refused = mendloop("knowledge", "refresh", broken, cwd=tmp_path, XDG_DATA_HOME=str(tmp_path / "other"))

    assert done.returncode == 0, done.stderr
    assert "gpt-9-old" in done.stdout
    assert [path.name for path in (tmp_path / "data" / "mendloop").iterdir()] != []
    assert refused.returncode != 0
    assert "broken.json" in refused.stderr
    assert not (tmp_path / "other" / "mendloop").exists()
