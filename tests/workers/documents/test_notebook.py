from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import nbformat
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.workers.documents.styles import (
    Style,
    after,
    cells_of,
    contents,
    edits_of,
    lines,
    notebook_bytes,
    scrawled,
    source_key,
    styles,
)
from workers.contract.domain import Edit
from workers.contract.errors import DocumentError, EditError
from workers.documents.notebook import Notebook, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.protocols import Document

quick = settings(max_examples=120, deadline=None)


def sources_of(content: dict[str, Any]) -> list[str]:
    return [cell[source_key(cell)] for cell in cells_of(content)]


def with_sources(content: dict[str, Any], sources: list[str]) -> dict[str, Any]:
    made = json.loads(json.dumps(content))
    for cell, source in zip(cells_of(made), sources, strict=True):
        cell[source_key(cell)] = source
    return made


def change(cell: int, source: str, old: str, new: str) -> Edit:
    start = source.index(old)
    return Edit(cell=cell, start=start, end=start + len(old), old=old, new=new)


# Every byte outside what was edited


Case: TypeAlias = "tuple[dict[str, Any], Style, list[Edit]]"


@st.composite
def cases(draw: st.DrawFn, style: st.SearchStrategy[Style] | None = None) -> Case:
    content = draw(contents())
    return content, draw(styles() if style is None else style), draw(edits_of(sources_of(content)))


def splice(raw: bytes, edits: list[Edit]) -> bytes:
    return parse(raw, "a.ipynb").edited(edits).raw


def as_its_own_writer_would(write: Callable[[bytes, list[Edit]], bytes], case: Case) -> bool:
    """Whether `write` leaves the file that the same writer would have written for the edited sources."""
    content, style, edits = case
    sources = sources_of(content)
    # A source of one line shows no line end, so that what is added to it has plain ones.
    mixed = style.source_newline != "\n" and not all("\n" in source for source in sources)
    style = replace(style, source_newline="\n") if mixed else style
    wanted = notebook_bytes(with_sources(content, after(edits, sources)), style)
    return write(notebook_bytes(content, style), edits) == wanted


@quick
@given(cases())
def test_an_edited_file_reads_as_if_its_own_writer_had_written_it(
    case: Case,
) -> None:
    assert as_its_own_writer_would(splice, case)


def through_json(raw: bytes, edits: list[Edit]) -> bytes:
    content = json.loads(raw.decode("utf-8-sig"))
    sources = ["".join(source).replace("\r\n", "\n") for source in sources_of(content)]
    made = with_sources(content, [lines(source) for source in after(edits, sources)])  # pyright: ignore[reportArgumentType]  # lines, on purpose
    return f"{json.dumps(made, indent=1, ensure_ascii=False)}\n".encode(errors="replace")


def through_nbformat(raw: bytes, edits: list[Edit]) -> bytes:
    node = cast("Any", nbformat).reads(through_json(raw, edits).decode(), as_version=nbformat.NO_CONVERT)
    return str(cast("Any", nbformat).writes(node)).encode(errors="replace")


def losing_escapes(raw: bytes, edits: list[Edit]) -> bytes:
    return splice(raw, edits).replace(b"\\u00e9", "é".encode())


@pytest.mark.parametrize("twin", [through_json, through_nbformat, losing_escapes])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_writer_that_lays_out_anew_is_caught_by_the_property(twin: Callable[[bytes, list[Edit]], bytes]) -> None:
    caught = find(cases(), lambda case: not as_its_own_writer_would(twin, case), settings=settings(max_examples=400))

    assert as_its_own_writer_would(splice, caught)


def splitting_on_separators(raw: bytes, edits: list[Edit]) -> bytes:
    content = json.loads(splice(raw, edits))
    made = with_sources(content, ["".join(source).replace("\u2028", "\u2028\n") for source in sources_of(content)])
    return notebook_bytes(made).replace("\u2028\\n".encode(), "\u2028".encode())


def test_a_writer_that_splits_lines_on_separators_is_caught_by_the_property() -> None:
    plain = cases(st.just(Style()))

    caught = find(plain, lambda case: not as_its_own_writer_would(splitting_on_separators, case))

    assert "\u2028" in "".join(after(caught[2], sources_of(caught[0])))
    assert as_its_own_writer_would(splice, caught)


@quick
@given(contents(), st.integers(0, 2**32), st.sampled_from(["", "\ufeff"]), st.data())
def test_bytes_before_between_and_after_edited_sources_stand(
    content: dict[str, Any],
    seed: int,
    mark: str,
    data: st.DataObject,
) -> None:
    scrawl = scrawled(content, seed)
    document = parse(f"{mark}{scrawl.text}".encode(), "a.ipynb")
    edits = data.draw(edits_of(sources_of(content)))

    edited = document.edited(edits).raw.decode()

    touched = {edit.cell for edit in edits if edit.old != edit.new}
    kept = kept_stretches(scrawl.text, [span for cell, span in enumerate(scrawl.spans) if cell in touched])
    at = 0
    for number, stretch in enumerate((mark + kept[0], *kept[1:])):
        found = edited.find(stretch, at) if number else 0
        assert edited[found:].startswith(stretch)
        at = found + len(stretch)
    assert edited.endswith(kept[-1])
    assert plain_sources(json.loads(edited.removeprefix("\ufeff"))) == plain_sources(
        with_sources(content, after(edits, sources_of(content)))
    )


def kept_stretches(text: str, spans: list[tuple[int, int]]) -> list[str]:
    starts = [0, *(end for _, end in spans)]
    ends = [*(start for start, _ in spans), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def plain_sources(content: dict[str, Any]) -> dict[str, Any]:
    return with_sources(content, ["".join(source) for source in sources_of(content)])


@quick
@given(contents(), st.integers(0, 2**32), st.data())
def test_tokens_of_untouched_lines_stand_in_a_list(content: dict[str, Any], seed: int, data: st.DataObject) -> None:
    scrawl = scrawled(content, seed)
    document = parse(scrawl.text.encode(), "a.ipynb")
    edits = data.draw(edits_of(sources_of(content)))

    edited = document.edited(edits).raw.decode()

    for cell, (start, end) in enumerate(scrawl.spans):
        for token, line in string_tokens(scrawl.text[start:end]):
            if untouched(line, cell, edits):
                assert token in edited


def string_tokens(source: str) -> list[tuple[str, tuple[int, int]]]:
    """Each string token of a list of lines and where its value stands in the source."""
    found: list[tuple[str, tuple[int, int]]] = []
    decoder = json.JSONDecoder()
    at = source.find('"')
    offset = 0
    while source.startswith("[") and at >= 0:
        value, end = decoder.raw_decode(source, at)
        found.append((source[at:end], (offset, offset + len(value))))
        offset += len(value)
        at = source.find('"', end)
    return found


def untouched(line: tuple[int, int], cell: int, edits: list[Edit]) -> bool:
    """No edit comes near the line: not even to its neighbours."""
    return all(edit.cell != cell or edit.end < line[0] - 1 or edit.start > line[1] + 1 for edit in edits)


@quick
@given(contents(), st.integers(0, 2**32))
def test_no_edit_is_the_same_bytes(content: dict[str, Any], seed: int) -> None:
    document = parse(scrawled(content, seed).text.encode(), "a.ipynb")
    repeated = [
        Edit(cell=cell.index, start=0, end=len(cell.source), old=cell.source, new=cell.source)
        for cell in document.cells
    ]

    assert document.edited([]).raw is document.raw
    assert document.edited(repeated).raw == document.raw


@quick
@given(cases())
def test_an_edit_and_its_inverse_restore_the_bytes(case: Case) -> None:
    content, style, edits = case
    document = parse(notebook_bytes(content, replace(style, source_newline="\n")), "a.ipynb")
    one = edits[:1]

    there = document.edited(one)
    back = there.edited([Edit(cell=e.cell, start=e.start, end=e.start + len(e.new), old=e.new, new=e.old) for e in one])

    assert back.raw == document.raw


# What a cell is


@quick
@given(contents(), styles())
def test_cells_are_read_as_they_are(content: dict[str, Any], style: Style) -> None:
    document = parse(notebook_bytes(content, style), "docs/a.ipynb")

    assert [cell.source for cell in document.cells] == sources_of(content)
    assert [cell.index for cell in document.cells] == list(range(len(document.cells)))
    assert {cell.kind for cell in document.cells} <= {"code", "markdown", "raw"}
    assert [cell.id for cell in document.cells] == [cell.get("id") for cell in cells_of(content)]
    assert document.artifact.digest == hashlib.sha256(document.raw).hexdigest()


@quick
@given(contents(), styles())
def test_a_line_of_a_cell_is_found_in_the_file(content: dict[str, Any], style: Style) -> None:
    raw = notebook_bytes(content, style)
    document = parse(raw, "a.ipynb")

    for cell in document.cells:
        for number, line in enumerate(lines(cell.source), 1):
            found = raw.decode("utf-8-sig").split("\n")[document.file_line(cell.index, number) - 1]
            spelled = json.dumps(line.removesuffix("\n"), ensure_ascii=style.ascii)[1:-1]
            assert spelled in found


def test_a_line_past_the_end_counts_as_the_last() -> None:
    document = notebook("a\nb")

    assert document.file_line(0, 99) == document.file_line(0, 2)
    assert document.file_line(0, 0) == document.file_line(0, 1)


def test_lines_with_carriage_returns_read_plain_and_keep_them() -> None:
    content = json.loads(notebook("a\r\nb\r\nc").raw)
    document = parse(json.dumps(content).encode(), "a.ipynb")

    edited = document.edited([change(0, document.cells[0].source, "b\n", "x\ny\n")])

    assert document.cells[0].source == "a\nb\nc"
    assert json.loads(edited.raw)["cells"][0]["source"] == ["a\r\n", "x\r\n", "y\r\n", "c"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_line_is_found_in_the_file_whatever_ends_it(ending: str) -> None:
    document = notebook("a\nb\nc")
    raw = document.raw.replace(b"\\n", json.dumps(ending)[1:-1].encode())

    assert parse(raw, "a.ipynb").cells == document.cells
    assert [parse(raw, "a.ipynb").file_line(0, line) for line in (1, 2, 3)] == [10, 11, 12]


def test_a_line_that_an_edit_repeats_keeps_its_token() -> None:
    raw = notebook("é = 1\nb = 2\nc = 3\nd = 4").raw.replace(b"b = 2", rb"b \u003d 2").replace(b"c = 3", rb"c \u003d 3")
    document = parse(raw, "a.ipynb")
    whole = document.cells[0].source

    edited = document.edited([change(0, whole, whole, "z = 1\nb = 2\nc = 3\nd = é")])

    assert edited.raw == raw.replace("é = 1".encode(), b"z = 1").replace(b"d = 4", "d = é".encode())


def test_a_changed_line_keeps_the_spelling_of_what_did_not_change() -> None:
    raw = notebook('x = np.int("a/b <é>")').raw.replace(b"a/b <", rb"a\/b \u003C")
    document = parse(raw, "a.ipynb")

    edited = document.edited([change(0, document.cells[0].source, "np.int", "int")])

    assert edited.raw == raw.replace(b"np.int", b"int")


def test_an_empty_list_gains_lines_in_the_files_layout() -> None:
    full = notebook("a\nb", "c")
    document = notebook("", "c")

    edited = document.edited([Edit(cell=0, start=0, end=0, old="", new="a\nb")])

    assert b'"source": []' in document.raw
    assert edited.raw == full.raw


def test_an_item_of_several_lines_stays_one() -> None:
    raw = notebook("import a", "x").raw.replace(b'"import a"', rb'"import a\n\nb = a.old()\n", "c"')
    document = parse(raw, "a.ipynb")

    edited = document.edited([change(0, document.cells[0].source, "old", "new")])

    assert edited.raw == raw.replace(b"old", b"new")


def test_a_cell_loses_all_its_lines() -> None:
    document = notebook("a\nb", "c")

    edited = document.edited([Edit(cell=0, start=0, end=3, old="a\nb", new="")])

    assert edited.raw == notebook("", "c").raw


def test_a_file_that_escapes_html_goes_on_to_do_so() -> None:
    raw = notebook("a < b", "c / d").raw.replace(b"<", rb"\u003c").replace(b"/", rb"\/")
    document = parse(raw, "a.ipynb")

    edited = document.edited([Edit(cell=0, start=0, end=0, old="", new="x </ y\n")])

    assert rb'"x \u003c\/ y\n",' in edited.raw


def test_a_file_of_plain_ascii_takes_new_letters_as_they_are() -> None:
    edited = notebook("a").edited([Edit(cell=0, start=0, end=1, old="a", new="é🙂")])

    assert '"é🙂"'.encode() in edited.raw


# Edits that do not fit


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([Edit(cell=0, start=0, end=1, old="b", new="x")], "stands 'a', not 'b'"),
        ([Edit(cell=0, start=0, end=99, old="abc", new="x")], "outside"),
        ([Edit(cell=0, start=-1, end=1, old="", new="x")], "outside"),
        ([Edit(cell=0, start=2, end=1, old="", new="x")], "outside"),
        ([Edit(cell=1, start=0, end=0, old="", new="x")], "no cell 1"),
        ([Edit(cell=-1, start=0, end=0, old="", new="x")], "no cell -1"),
        ([Edit(cell=0, start=0, end=2, old="ab", new="x"), Edit(cell=0, start=1, end=3, old="bc", new="y")], "overlap"),
        ([Edit(cell=0, start=1, end=1, old="", new="x"), Edit(cell=0, start=1, end=1, old="", new="y")], "overlap"),
        ([Edit(cell=0, start=0, end=0, old="", new="\ud800")], "lone surrogate"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edits: list[Edit], words: str) -> None:
    document = notebook("abc")

    with pytest.raises(EditError, match=words):
        document.edited(edits)


def test_edits_that_touch_do_not_overlap() -> None:
    document: Document = notebook("abc")

    edited = document.edited(
        [
            Edit(cell=0, start=1, end=3, old="bc", new="y"),
            Edit(cell=0, start=0, end=1, old="a", new="x"),
            Edit(cell=0, start=1, end=1, old="", new="-"),
        ]
    )

    assert edited.cells[0].source == "x-y"


def test_a_document_is_its_path_and_bytes() -> None:
    document = notebook("a")

    assert len({document, parse(document.raw, document.path)}) == 1
    assert len(repr(notebook("a" * 10_000))) < 100


# What the notebook says about itself


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, "python"),
        ({"kernelspec": {"name": "python2"}}, "python"),
        ({"kernelspec": {"name": "conda-env-ml-py"}}, "python"),
        ({"kernelspec": {"language": "python2"}}, "python"),
        ({"kernelspec": {"language": "IPython"}}, "python"),
        ({"kernelspec": {"name": "ir", "language": "R"}}, "r"),
        ({"kernelspec": {"name": "ir"}}, "r"),
        ({"kernelspec": {"name": "julia-1.9"}}, "julia"),
        ({"language_info": {"name": "Julia"}}, "julia"),
        ({"kernelspec": {"name": "../../x"}}, "python"),
        ({"kernelspec": {"name": "x" * 10**6, "language": "y" * 10**6}}, "python"),
        ({"kernelspec": {"name": 3, "language": ["r"]}, "language_info": "r"}, "python"),
        ({"kernelspec": ["r"]}, "python"),
    ],
)
def test_the_language_is_what_the_metadata_says(metadata: dict[str, Any], language: str) -> None:
    content: dict[str, Any] = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}

    assert parse(notebook_bytes(content), "a.ipynb").language == language


@pytest.mark.parametrize(("stated", "language"), [("python", "python"), ("r", "r"), (3, "python")])
def test_nbformat_3_states_the_language_by_cell(stated: object, language: str) -> None:
    cell: dict[str, Any] = {"cell_type": "code", "input": "1", "language": stated, "outputs": []}
    content: dict[str, Any] = {"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": [cell]}]}

    assert parse(notebook_bytes(content), "a.ipynb").language == language


def test_kernel_name_and_version_are_read_and_a_path_is_no_kernel() -> None:
    assert notebook("1").kernel_name == "python3"
    assert notebook("1", kernelspec={"name": "../../x"}).kernel_name == ""
    assert notebook("1").nbformat == (4, 5)


def test_tags_are_text_or_not_there() -> None:
    content = json.loads(notebook("1", "2", tags={0: ["skip"]}).raw)
    content["cells"][1]["metadata"]["tags"] = "skip"

    document = parse(json.dumps(content).encode(), "a.ipynb")

    assert [cell.tags for cell in document.cells] == [{"skip"}, frozenset()]


# Anything at all


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutilated_notebook_is_refused_by_name_or_left_as_it_is(data: st.DataObject) -> None:
    raw = bytearray(notebook("é = 1\nb", ("markdown", "c"), "").raw)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(raw)))
        count = data.draw(st.integers(0, 5))
        raw[at : at + count] = data.draw(st.binary(max_size=4) | st.sampled_from([b'"', b"[", b"{", b"\\", b",", b"1"]))

    assert_refused_or_kept(bytes(raw))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_name_or_left_as_they_are(raw: bytes) -> None:
    assert_refused_or_kept(raw)


def assert_refused_or_kept(raw: bytes) -> None:
    try:
        document = parse(raw, "a.ipynb")
    except DocumentError as error:
        assert error.code  # noqa: PT017 - either is right
        return
    assert isinstance(document, Notebook)
    assert document.edited([]).raw == raw
    assert_edits_come_out_right(document)


def assert_edits_come_out_right(document: Notebook) -> None:
    for cell in document.cells:
        edited = document.edited([Edit(cell=cell.index, start=0, end=0, old="", new="x\ny")])
        assert edited.cells[cell.index].source == f"x\ny{cell.source}"
