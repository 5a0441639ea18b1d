"""Dead data addresses: told with their place, by the run's record or the table, and never replaced."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from workers.contract.domain import Cause, CellError, CellRun, Execution, Finding, NetworkAttempt, Staleness
from workers.knowledge.gone_addresses import gone, known_gone
from workers.review.addresses import find, read_from

URL = "https://data.example.org/trees.csv"
FAILED = NetworkAttempt(host="data.example.org", port=443, via="proxy", kind="failed", why="no answer")
REFUSED = NetworkAttempt(host="data.example.org", port=443)


def ran(*attempts: NetworkAttempt, cell: int = 0, error: CellError | None = None) -> Execution:
    run = CellRun(cell=cell, status="error" if error else "ok", attempts=attempts, error=error)
    return Execution(status="failed" if error else "passed", cells=(run,))


def found(execution: Execution, *cells: str) -> tuple[Finding, ...]:
    return find(notebook(*cells), execution)


@pytest.mark.parametrize(
    "source",
    [
        f"pd.read_csv('{URL}')",
        f"requests.get('{URL}', timeout=5)",
        f"urllib.request.urlopen('{URL}')",
        f"urllib.request.urlretrieve('{URL}', 'x.csv')",
        f"wget.download('{URL}')",
        f"load_dataset('csv', data_files='{URL}')",
        f"keras.utils.get_file('x', origin='{URL}')",
        f"where = '{URL}'\npd.read_csv(where)",
        f"!wget -q {URL} -O trees.csv",
        f"!mkdir d && curl -L '{URL}'",
    ],
)
def test_an_address_that_a_run_did_not_reach_is_told_where_it_stands(source: str) -> None:
    (finding,) = found(ran(FAILED), source)

    assert (finding.rule, finding.cause, finding.suggestion) == ("data/unreached", Cause.UPSTREAM, None)
    assert finding.place is not None
    line = source.split("\n")[finding.place.line - 1]
    assert line[finding.place.column - 1 :].startswith(URL)


@pytest.mark.parametrize(
    "kept",
    [
        f"print('{URL}')",
        f"# pd.read_csv('{URL}')",
        f"link = '{URL}'",
        f"where = '{URL}'\nwhere = 'x.csv'\npd.read_csv(where)",
        "pd.read_csv('trees.csv')",
        "pd.read_csv(f'https://data.example.org/{name}')",
        f"!echo {URL}",
        "requests.get('https://other.example.org/x')",
    ],
)
def test_what_is_no_address_that_was_read_from_there_is_no_finding(kept: str) -> None:
    assert found(ran(FAILED), kept) == ()


def test_a_run_without_permission_says_nothing_about_an_address() -> None:
    assert found(ran(REFUSED), f"pd.read_csv('{URL}')") == ()
    assert found(ran(), f"pd.read_csv('{URL}')") == ()


def test_the_servers_own_word_that_nothing_is_there_counts() -> None:
    lost = CellError(name="HTTPError", message=f"404 Client Error: Not Found for url: {URL}", traceback="", line=1)
    other = CellError(name="HTTPError", message="404 Client Error: https://other.example.org", traceback="", line=1)
    busy = CellError(name="HTTPError", message=f"503 Server Error: {URL}", traceback="", line=1)
    read = f"requests.get('{URL}')"

    assert [one.rule for one in found(ran(error=lost), read)] == ["data/unreached"]
    assert found(ran(error=other), read) == ()
    assert found(ran(error=busy), read) == ()


def test_what_is_known_to_be_gone_is_told_without_a_run_and_with_its_source() -> None:
    nothing = Execution(status="not_run")
    mnist = "urlretrieve('http://yann.lecun.com/exdb/mnist/train-images-idx3-ubyte.gz')"

    (finding,) = found(nothing, mnist)

    assert (finding.rule, finding.cause, finding.staleness) == ("data/gone", Cause.UPSTREAM, Staleness.BROKEN)
    assert finding.evidence.startswith("https://")
    assert finding.suggestion is None
    assert found(nothing, mnist.replace("/exdb/mnist", "/other")) == ()
    assert found(nothing, mnist.replace("urlretrieve", "print")) == ()


def test_a_gone_address_that_a_run_did_not_reach_either_is_told_once() -> None:
    failed = NetworkAttempt(host="mldata.org", kind="failed")

    assert [one.rule for one in found(ran(failed), "urlopen('http://mldata.org/x')")] == ["data/gone"]


def test_every_place_of_the_table_has_a_source_and_a_day() -> None:
    for place in gone():
        assert place.source.startswith("https://")
        assert place.since < date(2026, 11, 21)
        assert known_gone(f"https://{place.host}{place.path or '/'}x") == place


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="htps:/w.get ex'\"[]!\\\n é()=,", max_size=60))
def test_any_cell_is_read(source: str) -> None:
    document = notebook(source, f"!wget {source}")

    for address in read_from(document.cells):
        assert document.cells[address.cell].source[address.start :].startswith(address.url[:4])
