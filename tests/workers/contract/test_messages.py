import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workers.contract import samples
from workers.contract import messages
from workers.contract.domain import Fresh, Outcome, Record, Repair, Run, Skipped, Validation
from workers.contract.errors import ConfigError
from workers.contract.job import Aim, Job, Trigger

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@given(samples.RUNS)
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
def test_any_run_comes_back_as_it_was(run: Run) -> None:
    assert messages.run_from_json(messages.encode(messages.run_to_json(run))) == run


@given(samples.RECORDS)
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
def test_any_record_comes_back_as_it_was(record: Record) -> None:
    assert messages.record_from_json(messages.encode(messages.record_to_json(record))) == record


def test_a_run_of_every_outcome_comes_back_with_plain_values() -> None:
    run = samples.run()

    back = messages.run_from_json(messages.encode(messages.run_to_json(run)))

    assert back == run
    assert [type(report.outcome) for report in back.reports] == [type(report.outcome) for report in run.reports]
    assert type(back.reports[0]) is type(run.reports[0])


@pytest.mark.parametrize("outcome", [Skipped(reason="x"), Fresh()])
def test_a_report_crosses_alone(outcome: Outcome) -> None:
    report = samples.report(outcome)

    assert messages.report_from_json(messages.encode(messages.report_to_json(report))) == report


@pytest.mark.parametrize("carry", [{}, {"a.ipynb": "20261120T081500Z-notebooks-3f9a"}])
def test_a_job_comes_back_as_it_was_and_one_that_carries_nothing_need_not_say_so(carry: dict[str, str]) -> None:
    job = Job(
        id=7, installation_id=1, repository_id=2, repository="octo/demo", lane="main", branch="main", sha="a" * 40,
        trigger=Trigger.PUSH, aim=Aim.PROPOSE, paths=("a.ipynb",), guidance="Use the new API.", carry=carry,
    )  # fmt: skip
    said = messages.job_to_json(job)
    if not carry:
        del said["job"]["carry"]

    assert messages.job_from_json(messages.encode(said)) == job


def test_parts_cross_alone_and_are_not_taken_for_another() -> None:
    record = samples.record()
    for part in (samples.finding(), record.repair, record.validation):
        raw = messages.encode(messages.part_to_json(part))
        assert messages.part_from_json(type(part), raw) == part

    with pytest.raises(ConfigError, match="it holds no validation"):
        messages.part_from_json(Validation, messages.encode(messages.part_to_json(record.repair)))


def spoilt(path: tuple[str | int, ...], value: Any) -> bytes:
    message = messages.run_to_json(samples.run())
    place = message
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "the text: Invalid JSON"),
        (b"{}", "schema: Field required"),
        (b'{"schema": 1}', "it holds no run"),
        (spoilt(("schema",), 2), "schema: Input should be 1"),
        (spoilt(("extra",), 1), "extra: Extra inputs are not permitted"),
        (spoilt(("run", "extra"), 1), "run.extra: Unexpected keyword argument"),
        (spoilt(("run", "reports", 0, "artifact", "extra"), 1), "run.reports.0.artifact.extra: Unexpected"),
        (spoilt(("run", "seconds"), "1"), "run.seconds: Input should be a valid number"),
        (spoilt(("run", "reports", 1, "outcome", "iteration"), "1"), "iteration: Input should be a valid integer"),
        (spoilt(("run", "reports", 0, "outcome", "type"), "great"), "Input tag 'great'"),
        (spoilt(("run", "reports", 0, "findings", 0, "rung"), 6), "rung: Input should be 1, 2, 3, 4 or 5"),
        (spoilt(("run", "reports", 0, "findings", 0, "severity"), "huge"), "severity: Input should be 'low'"),
    ],
)
def test_what_is_not_exactly_a_run_of_this_version_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        messages.run_from_json(raw)

    assert reason in str(caught.value)


@given(st.text(max_size=20))
@settings(max_examples=50)
def test_any_text_can_be_written_even_one_that_utf8_cannot_hold(text: str) -> None:
    repair = Repair(edits=(), by=text + "\ud800", changes_made=())

    raw = messages.encode(messages.part_to_json(repair))

    assert messages.part_from_json(Repair, raw).by.endswith("?")
