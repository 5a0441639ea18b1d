from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.contract import samples
from workers.contract import messages, runs
from workers.contract.errors import ConfigError

STARTED = datetime(2026, 11, 20, 8, 15, tzinfo=UTC)


@given(st.text(max_size=60))
def test_any_name_makes_a_run_id_that_is_one(about: str) -> None:
    made = runs.new_id(STARTED, about)

    assert runs.checked_id(made) == made
    assert made.startswith("20261120T081500Z-")


def test_two_runs_of_one_second_have_two_ids() -> None:
    assert len({runs.new_id(STARTED, "docs") for _ in range(20)}) > 1


@pytest.mark.parametrize(
    "text",
    ["", "..", "../x", "/etc", "20261120T081500Z-a/../../b", "20261120T081500Z-a\n", "20261120T081500Z-A", "x" * 300],
)
def test_what_is_no_run_id_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not a run id"):
        runs.checked_id(text)


def test_a_run_is_found_by_id_or_path_and_read_back(tmp_path: Path) -> None:
    run, record = samples.run(), samples.record()
    folder = tmp_path / run.id
    place = runs.record_folder(folder, 1, "docs/a.ipynb")
    place.mkdir(parents=True)
    (folder / "run.json").write_bytes(messages.encode(messages.run_to_json(run)))
    (place / "record.json").write_bytes(messages.encode(messages.record_to_json(record)))
    (tmp_path / "20261120T081500Z-unfinished-0000").mkdir()

    assert runs.find(run.id, tmp_path) == runs.find(str(folder), tmp_path / "elsewhere") == folder
    assert runs.listed(tmp_path) == (run.id,)
    assert runs.read_run(folder) == run
    assert runs.read_record(folder, 1, "docs/a.ipynb") == record
    with pytest.raises(ConfigError, match=r"it has no run\.json"):
        runs.find("20261120T081500Z-unfinished-0000", tmp_path)


def test_the_store_is_where_the_environment_says(tmp_path: Path) -> None:
    home = tmp_path / "home"

    assert runs.store({}, home) == home / ".local/state/mendloop/runs"
    assert runs.store({"XDG_STATE_HOME": "/state"}, home) == Path("/state/mendloop/runs")
    assert runs.store({"XDG_STATE_HOME": "relative"}, home) == home / ".local/state/mendloop/runs"
    assert runs.store({"MENDLOOP_RUNS_DIR": "/runs", "XDG_STATE_HOME": "/state"}, home) == Path("/runs")
    assert runs.listed(tmp_path / "missing") == ()
