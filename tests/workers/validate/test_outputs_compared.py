from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.contract.domain import BaseEvidence, CellRun, Execution, Output
from workers.validate.outputs import Likeness, classify, compare_outputs


def said(text: str, name: str = "stdout") -> tuple[Output, ...]:
    return (Output(kind="stream", name=name, text=text),)


def picture(
    digest: str, text: str = "<Figure size 640x480 with 1 Axes>", kind: str = "image/png"
) -> tuple[Output, ...]:
    return (Output(kind="display_data", text=text, mime=((kind, digest),)),)


@pytest.mark.parametrize(
    ("base", "head", "likeness"),
    [
        (said("a\n"), said("a\n"), "identical"),
        ((), (), "identical"),
        ((*said("a\n"), *said("b\n")), said("a\nb\n"), "identical"),
        (said("0.1000000000000000055\n"), said("0.1\n"), "numeric"),
        (said("[1.  2.00000000001]"), said("[1. 2.0]"), "numeric"),
        (said("0.30000000000000004"), said("0.3"), "numeric"),
        (said("np.float64(0.5)"), said("0.5"), "numeric"),
        (said("<object at 0x7f0a1b2c3d4e>"), said("<object at 0x7f9988776655>"), "cosmetic"),
        (said("took 1.25 s\n"), said("took 3.5 s\n"), "cosmetic"),
        (said("CPU times: user 12 ms, sys: 3 ms"), said("CPU times: user 9 ms, sys: 4 ms"), "cosmetic"),
        (said("2024-01-02 10:11:12"), said("2026-03-04 01:02:03"), "cosmetic"),
        (said("/tmp/abc123/x.csv"), said("/tmp/def456/x.csv"), "cosmetic"),
        (said("{'b', 'a'}"), said("{'a', 'b'}"), "cosmetic"),
        (said("  5%|#    | 1/20 [00:01<00:19]\rdone\n"), said("100%|#####| 20/20\rdone\n"), "cosmetic"),
        ((*said("warned", "stderr"), *said("1\n")), said("1\n"), "cosmetic"),
        (picture("aa"), picture("bb"), "cosmetic"),
        (picture("aa", "   a\n0  1", "text/html"), picture("bb", "   a\n0  1", "text/html"), "cosmetic"),
        (said("0.93\n"), said("0.88\n"), "changed"),
        (said("3\n"), said("4\n"), "changed"),
        (said("10000000001\n"), said("10000000002\n"), "changed"),
        (said("a\n"), said("b\n"), "changed"),
        (said("3/4\n"), said("1/4\n"), "changed"),
        (said("x" * 200_001), said("x" * 200_001), "identical"),
        (said("x" * 200_001), said("x" * 200_002), "changed"),
        (said("a\n"), (), "changed"),
        ((), said("a\n"), "changed"),
        (said("{1: 2, 3: 4}"), said("{3: 4, 1: 2}"), "changed"),
        (picture("aa", "<Figure A>"), picture("aa", "<Figure B>"), "changed"),
        (picture("aa", "", "application/json"), picture("bb", "", "application/json"), "changed"),
        (picture("aa"), (), "changed"),
        (said("a"), (Output(kind="execute_result", text="a"),), "changed"),
    ],
)
def test_two_outputs_are_as_alike_as_a_reader_would_say(
    base: tuple[Output, ...], head: tuple[Output, ...], likeness: Likeness
) -> None:
    assert classify(base, head) == likeness
    assert classify(head, base) == likeness


def test_what_the_base_itself_does_not_repeat_cannot_be_compared() -> None:
    assert classify(said("0.1"), said("0.2"), said("0.3")) == "volatile"
    assert classify(said("0.1"), said("0.2"), said("0.1")) == "changed"
    assert classify(said("0.1"), said("0.1"), said("0.3")) == "identical"


TEXTS = st.text(alphabet="ab 01.e-+{},:\r\n%|/0x\x1b\N{MICRO SIGN}s", max_size=60)
OUTPUTS = st.lists(
    st.builds(
        Output,
        kind=st.sampled_from(["stream", "display_data", "execute_result", "error"]),
        name=st.sampled_from(["stdout", "stderr", ""]),
        text=TEXTS,
        mime=st.lists(st.tuples(st.sampled_from(["image/png", "text/html", "x/y"]), TEXTS), max_size=2).map(tuple),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(OUTPUTS, OUTPUTS)
def test_classification_never_raises_and_does_not_depend_on_who_comes_first(a: list[Output], b: list[Output]) -> None:
    assert classify(a, b) == classify(b, a)
    assert classify(a, a) == "identical"
    assert classify(a, b, b) in {"identical", "numeric", "cosmetic", "volatile"}


@settings(max_examples=100, deadline=None)
@given(st.floats(min_value=1e-100, max_value=1e100), st.floats(min_value=1e-6, max_value=1e6))
def test_numbers_within_the_tolerance_are_the_same_and_beyond_it_are_not(value: float, factor: float) -> None:
    near, far = value * (1 + 1e-12), value * (1 + factor)

    assert classify(said(repr(value)), said(repr(near))) in {"identical", "numeric"}
    assert classify(said(repr(value)), said(repr(far))) == "changed"


@pytest.mark.parametrize(
    "piece", ["1", "1.1", "1e", "[=", "{a,", "0xa", "-", "/tmp/", "np.float64(", "2020-01-01 ", "it/", "\r"]
)
def test_a_long_hostile_text_is_compared_in_a_moment(piece: str) -> None:
    text = piece * (190_000 // len(piece))
    started = time.monotonic()

    likeness = classify(said(text), said(f"{text}!"))

    assert likeness in {"changed", "cosmetic", "numeric"}
    # A second on an idle machine; the square of the length would take an hour.
    assert time.monotonic() - started < 20


def ran(*texts: str) -> Execution:
    return Execution(
        status="passed",
        cells=tuple(CellRun(cell=index, status="ok", outputs=said(text)) for index, text in enumerate(texts)),
    )


def test_a_cell_that_was_not_edited_may_not_say_something_else() -> None:
    base = BaseEvidence(first=ran("a", "b", "c"), second=ran("a", "b", "c"))

    edited = compare_outputs(base, ran("a", "x", "c"), frozenset({1}))
    other = compare_outputs(base, ran("a", "x", "y"), frozenset({1}))

    assert edited.passed
    assert "changed in meaning and edited: cell 1" in edited.evidence
    assert not other.passed
    assert other.veto
    assert other.cells == (1,)
    assert "not edited: cell 2" in other.evidence


def test_only_cells_that_ran_before_and_after_are_compared() -> None:
    base = BaseEvidence(first=Execution(status="failed", cells=(CellRun(cell=0, status="error", outputs=said("a")),)))

    case = compare_outputs(base, ran("b"), frozenset())

    assert case.passed
    assert "no cell ran both before and after" in case.evidence
