"""What stands in pull requests and commits: foreign text stays inert, nothing tells of the machine, all is bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import identity, pull_request
from bot.commit_message import inert, message
from bot.grouping import Candidate, Group, cause, grouped, mended
from bot.identity import Identity, Part
from bot.published import Ending, Landing, sentence
from bot.pull_request import title
from tests.bot.publish.scene import MENDED, PROVENANCE, STALE, Mended
from workers.contract.cells import changes, same_code
from workers.contract.config_github import PullRequests
from workers.contract.domain import BaseEvidence, CellError, CellRun, Execution, Run, Suggestion
from workers.contract.markdown import impersonal

TEXT = st.text(max_size=40)
PARTS = st.lists(
    st.builds(
        Part,
        path=st.text(min_size=1, max_size=60),
        base=st.just("a" * 64),
        updated=st.just("b" * 64),
        findings=st.lists(st.text(min_size=1, max_size=12), max_size=4).map(tuple),
    ),
    max_size=4,
).map(tuple)
IDENTITIES = st.builds(
    Identity,
    publication=st.integers(0, 2**63),
    problem=st.text(min_size=1, max_size=64),
    generation=st.integers(1, 99),
    base_sha=st.sampled_from(["", "c" * 40]),
    tip=st.sampled_from(["", "d" * 40]),
    run=TEXT,
    root=TEXT,
    cause=TEXT,
    parts=PARTS,
)


@given(IDENTITIES, TEXT)
def test_the_hidden_block_comes_back_as_it_was_whatever_it_holds_and_stays_hidden(about: Identity, before: str) -> None:
    block = identity.block(about)

    assert identity.parse(f"{before}\n{block}\n") == about
    assert block.count("--") == 2
    assert block.index("-->") == len(block) - 3


@pytest.mark.parametrize(
    "body",
    [None, "", "<!-- mendloop -->", "<!-- mendloop {} -->", '<!-- mendloop {"version":2} -->', "<!-- mendloop {[ -->"],
)
def test_what_is_no_block_is_nobody(body: str | None) -> None:
    assert identity.parse(body) is None


def test_of_a_huge_group_the_block_stays_bounded_and_ours() -> None:
    parts = tuple(
        Part(path=f"{n:04}" * 200, base="a" * 64, updated="b" * 64, findings=("x" * 60,) * 50) for n in range(99)
    )
    about = Identity(publication=1, problem="p", base_sha="", tip="", run="r", parts=parts)

    block = identity.block(about)

    assert len(block) < identity.BLOCK_CHARS + 100
    found = identity.parse(block)
    assert found is not None
    assert found.publication == 1


@pytest.mark.parametrize(
    "text", ["@ada", "fixes #7", "GH-7", "see https://evil.example", "a\nSigned-off-by: x", "[skip ci]"]
)
def test_foreign_text_in_a_commit_message_does_nothing(text: str) -> None:
    said = inert(text)

    assert not any(active in said for active in ("@ada", "#7", "GH-7", "://", "\n", "[skip"))
    assert message("Repair a", [text], PullRequests(), "x <x@y>").strip().splitlines()[-1].startswith("- ")


def test_a_body_is_bounded_says_what_made_it_and_tells_nothing_of_the_machine() -> None:
    secret_places = "see /home/ada/work/x.py and /tmp/build/y.py, ask ada@example.org"
    many = tuple(
        candidate(Mended(path=f"docs/{n}.ipynb", changes=(secret_places,) * 40, left=("numpy/other",)))
        for n in range(80)
    )
    run = Run(id="r", started="", reports=(), provenance=PROVENANCE)
    about = Identity(publication=1, problem="p", base_sha="", tip="", run="r")

    text = pull_request.text(
        run, Group(problem="p", root=".", cause="numpy", candidates=many), about, "https://x/r", ()
    )

    assert len(text.body) <= pull_request.CHARS
    assert identity.parse(text.body) == about
    assert "made by an automation" in text.body
    assert "/repair" in text.body
    assert not any(word in text.body for word in ("/home/ada", "/tmp/build", "ada@example.org"))
    assert len(text.title) <= pull_request.TITLE_CHARS


@pytest.mark.parametrize("plain", ["docs/home/a.ipynb", "a/tmp/b", "x @ y", "https://example.org/tmp/a", "`np.bool`"])
def test_what_says_nothing_of_a_machine_stays(plain: str) -> None:
    assert impersonal(plain) == plain


def candidate(about: Mended) -> Candidate:
    report = about.report()
    return Candidate(report=report, root=".", raw=MENDED, before=STALE, base=report.artifact.digest, base_blob="c" * 40)


def test_the_cause_is_the_library_and_not_how_it_was_found() -> None:
    assert cause(Mended(rules=("execution/error", "execution/warning", "pandas/append")).report()) == "pandas"
    assert cause(Mended(rules=("execution/error",)).report()) == "execution"


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("pandas.DataFrame.append", "pandas"),
        ("sklearn.cross_validation", "sklearn"),
        ("collections.Mapping", "python"),
        ("builtins.unicode", "python"),
    ],
)
def test_the_cause_of_what_an_error_showed_is_whose_name_the_edit_is_about(about: str, expected: str) -> None:
    report = Mended(rules=("execution/error",)).report()
    (record,) = report.records
    (found,) = report.findings
    by_edit = replace(record, repair=replace(record.repair, about=(about,)))
    suggested = replace(found, suggestion=Suggestion(edits=(), target=about))

    assert cause(replace(report, records=(by_edit,))) == expected
    assert cause(replace(report, findings=(suggested,), records=(replace(record, review=(suggested,)),))) == expected
    assert title(Group(problem="p", root=".", cause=expected, candidates=(candidate(Mended()),))).endswith(
        f"({expected})"
    )


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("/env/lib/python3.11/site-packages/pandas/core/generic.py", "pandas"),
        ("C:\\env\\Lib\\site-packages\\seaborn.py", "seaborn"),
        ("/usr/lib/python3.11/json/decoder.py", "execution"),
        ("cell:0", "execution"),
    ],
)
def test_where_no_name_is_known_the_cause_is_the_library_that_was_called(file: str, expected: str) -> None:
    report = Mended(rules=("execution/error",)).report()
    error = CellError(
        name="AttributeError", message="m", traceback="", line=1, frames=(("cell:0", 1, "f"), (file, 9, "g"))
    )
    failed = Execution(status="failed", cells=(CellRun(cell=0, status="error", error=error),))

    assert cause(replace(report, base=BaseEvidence(first=failed))) == expected


def test_two_errors_in_one_library_go_into_one_pull_request_and_those_of_two_do_not() -> None:
    def about(path: str, name: str) -> Candidate:
        made = candidate(Mended(path=path, rules=("execution/error",)))
        (record,) = made.report.records
        edited = replace(record, repair=replace(record.repair, about=(name,)))
        return replace(made, report=replace(made.report, records=(edited,)))

    found = [about("a.ipynb", "pandas.x"), about("b.ipynb", "pandas.io.y"), about("c.ipynb", "numpy.z")]

    assert sorted((each.cause, each.paths) for each in grouped(found, (), "cause")) == [
        ("numpy", ("c.ipynb",)),
        ("pandas", ("a.ipynb", "b.ipynb")),
    ]


def test_what_remains_is_not_mended() -> None:
    both = Mended(rules=("numpy/bool", "numpy/int"), left=("numpy/int",))

    assert mended(both.report()) == (both.finding("numpy/bool").id,)


@pytest.mark.parametrize(("by", "groups"), [("cause", 2), ("root", 1), ("artifact", 3)])
def test_the_owner_chooses_what_goes_together(by: str, groups: int) -> None:
    found = [
        candidate(Mended(path=path, rules=(rule,)))
        for path, rule in (("a.ipynb", "numpy/bool"), ("b.ipynb", "numpy/int"), ("c.ipynb", "pandas/append"))
    ]

    assert len(grouped(found, (), by)) == groups
    assert grouped(found, (), by) == grouped(found[::-1], (), by)


def test_a_markdown_cell_is_no_code_and_a_changed_source_is() -> None:
    prose = STALE.replace(b'"cell_type": "code"', b'"cell_type": "markdown"')

    assert same_code(prose, prose.replace(b"np.bool", b"bool"))
    assert not same_code(STALE, MENDED)
    assert not same_code(b"a page", b"another page")
    assert changes(STALE, MENDED).sources == (0,)
    assert changes(STALE, b"no notebook").sources == ()


@pytest.mark.parametrize("ending", list(Ending))
def test_every_ending_is_a_sentence_in_which_a_path_stays_text(ending: Ending) -> None:
    said = sentence(Landing(ending=ending, paths=("a`@ada`.ipynb",), number=7, why="see https://evil.example"))

    assert "#7" in said
    assert "](" not in said
    assert replace(Landing(ending=ending, paths=()), number=None)
