from __future__ import annotations

from tests.builders import notebook
from workers.contract import leaks
from workers.contract.domain import Cause, CellError, CellRun, Execution, IssueType, NetworkAttempt, Rung, Staleness
from workers.review.network import find

DOCUMENT = notebook("import urllib.request", "urllib.request.urlopen('https://data.example.org/x')", "1 + 1")
REACHED = NetworkAttempt(host="data.example.org", port=443)


def ran(*runs: CellRun, attempts: tuple[NetworkAttempt, ...] = ()) -> Execution:
    return Execution(status="passed", cells=runs, attempts=attempts)


def test_reaching_for_the_network_is_a_finding_of_the_cell_that_did() -> None:
    found = find(DOCUMENT, ran(CellRun(cell=1, status="ok", attempts=(REACHED,))))

    assert len(found) == 1
    finding = found[0]
    assert (finding.rule, finding.place and finding.place.cell) == ("network/attempt", 1)
    assert (finding.issue_type, finding.staleness) == (IssueType.RUNTIME_RISK, Staleness.POLICY)
    assert (finding.cause, finding.rung) == (Cause.ENVIRONMENT, Rung.E5)
    assert "data.example.org:443" in finding.message
    assert finding.unlock == "needs network (data.example.org:443)"


def test_a_run_that_reaches_for_nothing_and_shows_nothing_has_no_finding() -> None:
    assert find(DOCUMENT, ran(CellRun(cell=1, status="ok"))) == ()


def test_what_a_cell_started_is_told_without_a_place() -> None:
    found = find(DOCUMENT, ran(CellRun(cell=2, status="ok", attempts=(NetworkAttempt(host="", via="other"),))))

    assert "what this cell starts reaches for the network" in found[0].message


def test_an_error_that_says_so_already_is_not_said_twice() -> None:
    error = CellError(name="URLError", message="<urlopen error [Errno -3] name resolution>", traceback="", line=1)
    run = CellRun(cell=1, status="error", error=error, attempts=(REACHED,))

    assert find(DOCUMENT, ran(run)) == ()
    assert len(find(DOCUMENT, ran(CellRun(cell=1, status="error", error=None, attempts=(REACHED,))))) == 1


def test_what_the_proxy_refused_is_told_of_the_one_cell_that_names_the_host() -> None:
    refused = NetworkAttempt(host="data.example.org", port=443, via="proxy", why="the owner did not allow this path")
    unnamed = NetworkAttempt(host="other.example.org", port=443, via="proxy", why="the owner did not allow this host")
    failed = NetworkAttempt(host="data.example.org", port=443, via="proxy", kind="failed", why="no answer")

    found = find(DOCUMENT, ran(attempts=(refused, unnamed, failed)))

    assert [(each.rule, each.place and each.place.cell, each.cause) for each in found] == [
        ("network/attempt", None, Cause.ENVIRONMENT),
        ("network/attempt", 1, Cause.ENVIRONMENT),
        ("network/unreached", 1, Cause.UPSTREAM),
    ]
    assert "the owner did not allow this path" in found[1].message


def test_theft_is_told_even_where_the_cell_failed_for_want_of_a_network() -> None:
    error = CellError(name="URLError", message="<urlopen error [Errno -3] name resolution>", traceback="", line=1)
    stolen = NetworkAttempt(host="[masked]", kind="stolen")

    found = find(DOCUMENT, ran(CellRun(cell=1, status="error", error=error, attempts=(stolen,))))

    assert [(each.rule, each.severity.value, each.cause) for each in found] == [
        ("network/stolen", "high", Cause.SECRET)
    ]


def test_a_cell_that_shows_a_secret_is_named_with_the_kind_and_never_the_value() -> None:
    found = find(DOCUMENT, ran(CellRun(cell=2, status="ok", leaks=(leaks.SHAPE, leaks.CANARY))))

    assert [(each.rule, each.place and each.place.cell, each.cause) for each in found] == [
        ("secret/printed", 2, Cause.SECRET),
        ("secret/printed", 2, Cause.SECRET),
    ]
    assert {each.severity.value for each in found} == {"medium", "high"}
    assert all("do not show it" in each.fix for each in found)
