"""Rules that look for a shape: what they find, exactly what they change, and what they cost."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.builders import notebook
from tests.environments import environment
from workers.contract.domain import Rung, Staleness
from workers.contract.written import OwnRule
from workers.knowledge.packs import with_own
from workers.knowledge.rule import Packs
from workers.protocols import Answer
from workers.review import patterns
from workers.review.code import Code
from workers.review.rules import find, questions, with_resolution

if TYPE_CHECKING:
    from workers.contract.domain import Finding

DAY = dt.date(2026, 11, 20)
NOW = environment("3.12", pandas="2.2.0")
BLANK: dict[str, Any] = {
    "id": "mine",
    "package": "pandas",
    "deprecated": "2.0",
    "source": "https://example.org/guide",
    "as_of": "2026-11-20",
    "cases": [{"untouched": "x"}],
}


def packs(pattern: str, fix: str | None = None, language: str = "python", **more: Any) -> Packs:
    match = {"pattern": pattern, "language": language}
    raw = json.dumps({**BLANK, "match": match, "fix": fix, **more})
    return with_own(
        Packs(rules=(), makes={"pandas.read_csv": "pandas.DataFrame"}), [TypeAdapter(OwnRule).validate_json(raw)]
    )


def found(rules: Packs, *cells: str | tuple[str, str], **metadata: Any) -> tuple[Finding, ...]:
    return find(notebook(*cells, **metadata), rules, NOW, as_of=DAY)


def mended(rules: Packs, *cells: str | tuple[str, str]) -> list[str]:
    document = notebook(*cells)
    findings = find(document, rules, NOW, as_of=DAY)
    edits = dict.fromkeys(edit for one in findings if one.suggestion for edit in one.suggestion.edits)
    return [cell.source for cell in document.edited(edits).cells]


def test_a_fix_carries_what_the_metavariables_caught() -> None:
    rules = packs("f($FIRST, $$$REST)", "g($$$REST, first=$FIRST)")

    assert mended(rules, "é = f('ü', 𐐷, 2)  # f(1)") == ["é = g(𐐷, 2, first='ü')  # f(1)"]


def test_what_catches_nothing_takes_its_comma_along() -> None:
    rules = packs("f($$$ALL)", "g(x, $$$ALL)")

    assert mended(rules, "f()\nf(1)\nf(1, 2)") == ["g(x)\ng(x, 1)\ng(x, 1, 2)"]


def test_a_match_within_a_match_is_mended_with_it() -> None:
    rules = packs("f($X)", "g($X)")

    findings = found(rules, "a = f(f(f(1)))")

    assert mended(rules, "a = f(f(f(1)))") == ["a = g(g(g(1)))"]
    assert len({finding.suggestion for finding in findings}) == 1
    assert len(findings) == 3


def test_a_fix_of_several_lines_stands_where_the_match_stood() -> None:
    rules = packs("run($X)", "start()\nfinish($X)")

    assert mended(rules, "if a:\n    run(1)\n") == ["if a:\n    start()\n    finish(1)\n"]


@pytest.mark.parametrize("cell", ["f(1, # why\n  2)", "x = [f(1 # why\n  , 2)]"])
def test_a_comment_that_would_be_lost_stops_the_edit(cell: str) -> None:
    rules = packs("f($A, $B)", "g($B, $A)")

    (finding,) = found(rules, cell)

    assert finding.suggestion is None
    assert "comment" in finding.fix


def test_a_fix_that_would_not_parse_is_not_made() -> None:
    (finding,) = found(packs("f($A)", "$A = ("), "f(x)")

    assert finding.suggestion is None
    assert "parse" in finding.fix


def test_strings_and_comments_are_no_code() -> None:
    rules = packs("pd.read($X)", "load($X)")

    assert found(rules, "# pd.read(x)\ny = 'pd.read(x)'", ("markdown", "pd.read(x) in `pd.read(x)`")) == ()


def test_a_receiver_can_be_held_to_a_type() -> None:
    rules = packs("$X.pop($Y)", "take($X, $Y)", where={"$X": {"is": "pandas.DataFrame"}})
    cells = ["import pandas as pd\nframe = pd.read_csv('a')\nrows = []", "frame.pop('a')\nrows.pop(0)\nother.pop(1)"]

    assert mended(rules, *cells)[1] == "take(frame, 'a')\nrows.pop(0)\nother.pop(1)"


def test_a_name_can_be_held_to_what_was_imported() -> None:
    named = packs("$M.loads($X)", "new($X)", where={"$M": {"is": "json"}})

    assert mended(named, "import json as j\nimport yaml as y\nj.loads(a)\ny.loads(a)") == [
        "import json as j\nimport yaml as y\nnew(a)\ny.loads(a)"
    ]


def test_conditions_narrow_what_is_meant() -> None:
    rules = packs(
        "get($X)",
        "fetch($X)",
        where={"$X": {"kind": "string", "not regex": "^.local"}, "not inside": "keep($$$ALL)"},
    )

    assert mended(rules, "get('a'); get('local'); get(b); keep(1, get('c'))") == [
        "fetch('a'); get('local'); get(b); keep(1, get('c'))"
    ]


@pytest.mark.parametrize(
    ("language", "cell", "after"),
    [
        ("bash", "%%bash\ncurl -k a b", "%%bash\nfetch -k a b"),
        ("bash", "x = 1\n!curl a\ny = 'curl a'", "x = 1\n!fetch a\ny = 'curl a'"),
        ("javascript", "%%javascript\nvar é = curl('a')", None),
    ],
)
def test_other_languages_in_a_python_notebook_are_read_by_their_grammar(
    language: str, cell: str, after: str | None
) -> None:
    assert mended(packs("curl $$$ALL", "fetch $$$ALL", language="bash"), cell) == [after or cell]
    assert found(packs("curl($X)", language="javascript"), cell) == () or language == "javascript"


def test_fences_of_markdown_are_code_of_their_language() -> None:
    text = "é\n\n```js\nlet a = require('x')\n```\n\n```python\nrequire('x')\n```\nrequire('x')\n"

    after = mended(packs("require($X)", "load($X)", language="javascript"), "1 + 1", ("markdown", text))

    assert after[1] == text.replace("let a = require", "let a = load")


def test_a_notebook_of_another_language_is_read_by_its_own() -> None:
    rules = packs("require($X)", "load($X)", language="javascript")
    kernel = {"name": "javascript", "language": "javascript", "display_name": "JavaScript"}

    (finding,) = found(rules, "const a = require('x') // require('y')", kernelspec=kernel)

    assert finding.suggestion is not None
    assert finding.suggestion.edits[0].new == "load('x')"


def test_the_versions_decide_and_a_convention_needs_none() -> None:
    late = packs("f($X)", "g($X)", deprecated="3.0")
    own = packs("f($X)", "g($X)", package="none", deprecated=None, **{"class": "policy"})

    assert found(late, "f(1)") == ()
    assert [one.staleness for one in found(own, "f(1)")] == [Staleness.POLICY]


def test_a_fix_that_needs_a_name_waits_until_the_name_resolves() -> None:
    rules = packs("f($X)", "pandas.g($X)", target="pandas.g")
    findings = found(rules, "f(1)")
    (question,) = questions(findings, rules)

    (there,) = with_resolution(findings, [Answer(question=question, status="exists")], rules)
    (absent,) = with_resolution(findings, [Answer(question=question, status="absent")], rules)

    assert question.name == "pandas.g"
    assert findings[0].suggestion is not None
    assert not findings[0].suggestion.resolved
    assert there.suggestion is not None
    assert there.suggestion.resolved
    assert (absent.suggestion, absent.rung) == (None, Rung.E2)


def test_a_rule_that_takes_too_long_is_stopped_and_named() -> None:
    document = notebook("f(1)\n" * 50)
    rules = packs("f($X)", "g($X)")

    (match,) = patterns.matches(document, Code(document, {}), rules.rules, budget_s=-1.0)

    assert match.mended[0] == ()
    assert "own/mine" in match.mended[1]


def test_that_a_rule_was_stopped_is_no_staleness() -> None:
    lines = "f(1)\n" * 2001

    (finding,) = found(packs("f($X)", "g($X)"), lines)

    assert (finding.rung, finding.suggestion) == (Rung.E1, None)
    assert "own/mine was stopped" in finding.fix


def test_a_regular_expression_made_to_explode_does_not() -> None:
    rules = packs("f($X)", where={"$X": {"regex": "^'(a+)+$"}})

    assert found(rules, f"f('{'a' * 5000}!')") == ()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["f(1)", "f('é')", "g(2)", "# f(3)", "s = 'f(4)'", "f(f(5))", "𐐷 = f(6) + h(f(7))"])),
)
def test_nothing_but_the_matches_is_touched(lines: list[str]) -> None:
    source = "\n".join(lines)

    (after,) = mended(packs("f($X)", "longer($X)"), source)

    expected = [line if line.startswith(("#", "s")) else line.replace("f(", "longer(") for line in lines]
    assert after == "\n".join(expected)
