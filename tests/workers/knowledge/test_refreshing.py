"""A newer public table merged into the user's own."""

from __future__ import annotations

import json
from datetime import date
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.knowledge import vendors
from workers.knowledge.public_tables import RefreshError, offers
from workers.knowledge.reading_tables import MAX_BYTES
from workers.knowledge.refreshing import Refreshed, refresh

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 20)

PAGE = "https://platform.openai.com/docs/deprecations"


def priced(**rows: tuple[str, str]) -> str:
    said = {
        name: {"litellm_provider": who, "deprecation_date": when, "mode": "chat"} for name, (who, when) in rows.items()
    }
    return json.dumps(said)


def table(source: str, as_of: str, **models: str) -> str:
    rows = "\n".join(f"      {name}: {{ kind: chat, {row} }}" for name, row in models.items())
    return f"vendors:\n  openai:\n    source: {source}\n    as_of: {as_of}\n    models:\n{rows}\n"


def refreshed(text: str, folder: Path) -> Refreshed:
    (folder / "new").write_text(text)
    return refresh(str(folder / "new"), into=folder / "own" / "models.yml", today=TODAY)


def test_a_model_nobody_knew_is_added_and_never_called_retired_by_a_second_source(tmp_path: Path) -> None:
    done = refreshed(priced(**{"gpt-9-x": ("openai", "2026-01-01")}), tmp_path)

    assert done.changes == ("+ gpt-9-x (openai): ends 2026-01-01 at the earliest",)
    own = vendors.own(done.path)
    assert own["gpt-9-x"].deprecated(TODAY)
    assert not own["gpt-9-x"].retired(TODAY)


def test_the_same_table_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    text = priced(**{"gpt-9-x": ("openai", "2026-01-01"), "gpt-9-y": ("openai", "2027-01-01")})
    first = refreshed(text, tmp_path)
    assert first.path is not None
    before = first.path.read_bytes()

    again = refreshed(text, tmp_path)

    assert (again.changes, again.path) == ((), None)
    assert first.path.read_bytes() == before


def test_a_second_source_does_not_overrule_a_vendor_and_that_is_said(tmp_path: Path) -> None:
    done = refreshed(priced(**{"gpt-4": ("openai", "2030-01-01")}), tmp_path)

    assert done.changes == ()
    assert len(done.kept) == 1
    assert "the vendor's word" in done.kept[0]


def test_a_vendors_newer_page_moves_a_date_and_an_older_one_does_not(tmp_path: Path) -> None:
    newer = refreshed(table(PAGE, "2026-11-19", **{"gpt-4o": "shutdown: 2026-12-24, successor: gpt-7"}), tmp_path)
    older = refreshed(table(PAGE, "2026-01-01", **{"gpt-4": "shutdown: 2026-02-02"}), tmp_path)

    assert [line.split(":")[0] for line in newer.changes] == ["~ gpt-4o"]
    assert vendors.own(newer.path)["gpt-4o"].shutdown == date(2026, 12, 24)
    assert (older.changes, len(older.kept)) == ((), 1)


def test_only_a_vendors_page_brings_a_date_forward(tmp_path: Path) -> None:
    refreshed(priced(**{"gpt-9-x": ("openai", "2027-06-01")}), tmp_path)

    forward = refreshed(priced(**{"gpt-9-x": ("openai", "2027-01-01")}), tmp_path)
    later = refreshed(priced(**{"gpt-9-x": ("openai", "2027-08-01")}), tmp_path)

    assert (forward.changes, len(forward.kept)) == ((), 1)
    assert len(later.changes) == 1


def test_a_page_that_is_not_the_vendors_is_a_second_source_whatever_it_says(tmp_path: Path) -> None:
    done = refreshed(
        table("https://openai.com.example.org/x", "2026-11-19", **{"gpt-5.5": "shutdown: 2026-01-01"}), tmp_path
    )

    assert not vendors.own(done.path)["gpt-5.5"].retired(TODAY)


def test_nothing_is_ever_dropped(tmp_path: Path) -> None:
    refreshed(priced(**{"gpt-9-x": ("openai", "2026-01-01")}), tmp_path)
    done = refreshed(priced(**{"gpt-9-y": ("openai", "2026-01-01")}), tmp_path)

    assert {"gpt-9-x", "gpt-9-y"} <= set(vendors.own(done.path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "just words",
        "{}",
        '{"gpt-9": {"price": 1}}',
        "vendors: { openai: { source: 'http://openai.com', as_of: 2026-01-01, models: {} } }",
        "vendors: { acme: { source: 'https://acme.com', as_of: 2026-01-01, models: {} } }",
        "a: &a [1]\nb: *a",
        "\x00",
    ],
)
def test_what_is_no_table_is_refused_and_nothing_is_written(text: str, tmp_path: Path) -> None:
    with pytest.raises(RefreshError):
        refreshed(text, tmp_path)

    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize("when", ["1999-01-01", "2050-01-01", "soon", "2026-13-01"])
def test_a_date_that_is_not_sane_is_passed_over(when: str, tmp_path: Path) -> None:
    done = refreshed(priced(**{"gpt-9-x": ("openai", when), "gpt-9-y": ("openai", "2027-01-01")}), tmp_path)

    assert [line.split()[1] for line in done.changes] == ["gpt-9-y"]
    assert done.passed_over == 1


def test_names_that_are_prices_of_something_else_are_passed_over(tmp_path: Path) -> None:
    rows = {
        "1024-x-1024/gpt-image-9": ("openai", "2027-01-01"),
        "high/1024-x-1024/gpt-image-9": ("openai", "2027-01-01"),
        "mistral/mistral-9": ("mistral", "2027-01-01"),
        "gpt\n9": ("openai", "2027-01-01"),
        "groq-9": ("groq", "2027-01-01"),
    }

    done = refreshed(priced(**rows), tmp_path)

    assert done.changes == ("+ mistral-9 (mistral): ends 2027-01-01 at the earliest",)


@pytest.mark.parametrize("source", ["http://127.0.0.1:1/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_only_https_is_asked(source: str, tmp_path: Path) -> None:
    with pytest.raises(RefreshError, match="https"):
        refresh(source, into=tmp_path / "own.yml", today=TODAY)


def test_a_file_that_is_too_large_or_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b" " * (MAX_BYTES + 1))

    for name in ("large", "missing"):
        with pytest.raises(RefreshError):
            refresh(str(tmp_path / name), into=tmp_path / "own.yml", today=TODAY)


def test_the_shipped_table_is_read_like_any_other_and_adds_nothing(tmp_path: Path) -> None:
    done = refreshed(resources.files("workers.knowledge").joinpath("models.yml").read_text(encoding="utf-8"), tmp_path)

    assert (done.changes, done.kept, done.passed_over) == ((), (), 0)


def test_the_own_table_lies_in_the_data_folder() -> None:
    assert str(vendors.own_table({"XDG_DATA_HOME": "/data"})) == "/data/mendloop/models.yml"
    assert str(vendors.own_table({"HOME": "/home/x", "XDG_DATA_HOME": "relative"})) == (
        "/home/x/.local/share/mendloop/models.yml"
    )
    assert vendors.own_table({}) is None


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_table_or_refused(raw: bytes) -> None:
    try:
        found, passed_over = offers(raw, "x", TODAY)
    except RefreshError:
        return
    assert passed_over >= 0
    assert all(offer.model.name for offer in found)
