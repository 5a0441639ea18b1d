import json
from dataclasses import replace

import pytest

from tests.builders import notebook
from tests.workers.contract import samples
from workers.cli.sarif import file_column, sarif
from workers.contract.domain import Place, Severity
from workers.documents.notebook import Notebook, parse

SOURCE = 'text = "ä"\n\tflag = "x" + np.bool'


def at(document: Notebook, line: int, column: int) -> Place:
    return Place(cell=0, line=line, column=column, file_line=document.file_line(0, line))


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [1, 4, None])
def test_a_place_in_a_cell_is_the_same_place_in_the_file(*, ascii_only: bool, indent: int | None) -> None:
    content = json.loads(notebook(SOURCE).raw)
    document = parse(json.dumps(content, indent=indent, ensure_ascii=ascii_only).encode(), "a.ipynb")
    place = at(document, 2, SOURCE.split("\n")[1].index("np.bool") + 1)

    column = file_column(document, replace(samples.finding(), place=place))

    assert column is not None
    line = document.raw.decode().split("\n")[place.file_line - 1]
    assert line[column - 1 :].startswith("np.bool")


def test_a_line_written_in_another_way_has_no_column_rather_than_a_wrong_one() -> None:
    raw = notebook("np.bool").raw.replace(b"np.bool", b"np\\u002ebool")
    document = parse(raw, "a.ipynb")

    assert file_column(document, replace(samples.finding(), place=at(document, 1, 1))) is None
    assert file_column(document, replace(samples.finding(), place=None)) is None


def test_findings_become_results_with_levels_places_and_stable_fingerprints() -> None:
    document = notebook("import numpy as np", "flag = np.bool", path="docs/a b.ipynb")
    place = Place(cell=1, line=1, column=8, file_line=document.file_line(1, 1))
    whole = replace(samples.finding("no set-up"), place=None, severity=Severity.LOW, rule="reader/setup")
    high = replace(samples.finding(), artifact=document.path, place=place)

    log = sarif([(document, [high, whole])], "1.2.3")

    (run,) = log["runs"]
    assert (log["version"], run["tool"]["driver"]["semanticVersion"]) == ("2.1.0", "1.2.3")
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == ["numpy/bool", "reader/setup"]
    assert [result["level"] for result in run["results"]] == ["error", "note"]
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "docs/a%20b.ipynb", "uriBaseId": "%SRCROOT%"}
    line, column = (int(location["region"][edge]) for edge in ("startLine", "startColumn"))
    assert document.raw.decode().split("\n")[line - 1][column - 1 :].startswith("np.bool")
    prints = [result["partialFingerprints"]["mendloopFinding/v1"] for result in run["results"]]
    assert prints[0] == f"docs/a b.ipynb:{high.id}"
    assert len(set(prints)) == 2
    assert sarif([(document, [whole, high])], "1.2.3")["runs"][0]["results"][1]["partialFingerprints"] == {
        "mendloopFinding/v1": prints[0]
    }


def test_nothing_found_is_a_log_without_results() -> None:
    (run,) = sarif([], "1.2.3")["runs"]

    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []
