"""What the resolver says of attributes of values, with libraries that lie in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.asking import Asking, library
from workers.protocols import BadValue, Question

if TYPE_CHECKING:
    from workers.protocols import Answer

BENCH = {
    "bench_tools/__init__.py": """
        from bench_tools.making import Clamp, Drill, Saw, Toolbox, anything, make, many, measured, on_loan, pair, perhaps
        from bench_tools.making import either, fetch, gone_later, managed, maker, nothing_said, told, told_either
        """,
    "bench_tools/making.py": """
        import contextlib
        from typing import TYPE_CHECKING, Any, Generic, List, Optional, Tuple, TypeVar, Union
        if TYPE_CHECKING:
            from bench_tools.heavy import Anvil

        T = TypeVar("T")

        class Base:
            def copy(self: T) -> T: ...
            def plain(self): ...

        class Saw(Base):
            teeth: int
            def __init__(self, size=1):
                self.size = size
            def cut(self, board, *, slowly=False) -> "Clamp": ...
            def sharpened(self) -> "Saw": ...
            @property
            def guard(self) -> "Clamp": ...
            @classmethod
            def small(cls, size) -> "Saw": ...
            @staticmethod
            def kinds() -> List["Clamp"]: ...
            def heavy(self) -> "Anvil": ...
            def open(self, **options): ...

        class Clamp:
            def tighten(self, turns=1): ...

        class LongClamp(Clamp):
            def extend(self): ...

        class Drill:
            def __getattr__(self, name): return name

        class Toolbox:
            def __init__(self):
                self.first = Saw()

        class Maker(type):
            def __call__(cls): return 1

        class Odd(metaclass=Maker): ...

        class Picky:
            def __new__(cls): return Clamp()

        class Shelf(Generic[T]):
            def top(self) -> T: ...

        def make(kind="saw") -> Saw: ...
        def maker() -> "Shelf[Saw]": ...
        def many() -> List[Saw]: ...
        def pair() -> Tuple[Saw, Clamp]: ...
        def perhaps() -> Optional[Saw]: ...
        def either() -> Union[Saw, Clamp]: ...
        def anything() -> Any: ...
        async def fetch() -> Saw: ...
        @contextlib.contextmanager
        def managed() -> Saw: yield
        def nothing_said(): ...
        def on_loan() -> "a broken [ annotation": ...
        def measured() -> int: ...

        def told():
            '''Tell.

            Returns
            -------
            saw : :class:`~bench_tools.Saw`
                A saw.
            '''

        def told_either():
            '''Tell.

            Returns
            -------
            Saw or array-like
            '''

        def gone_later() -> Saw: ...
        """,
    "bench_tools/heavy.py": """
        class Anvil:
            def strike(self, force): ...
        """,
    "bench_tools/elsewhere.py": """
        def lend(saw):
            saw.lent_to = "somebody"
            setattr(saw, "marked", True)
        """,
    "bench_heirs/__init__.py": """
        def unused(): ...
        """,
    "bench_heirs/later.py": """
        from bench_tools import Clamp
        class Vise(Clamp):
            def mount(self): ...
        """,
    "bench_plugin.py": """
        import bench_tools
        bench_tools.Saw.laser = lambda self: None
        """,
    "bench_crash.py": "import os\nos._exit(1)\n",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Asking:
    return library(tmp_path_factory.mktemp("bench"), BENCH)


async def asked(box: Asking, *names: str) -> dict[str, Answer]:
    answers = await box.resolve([Question(name=name) for name in names])
    return {answer.question.name: answer for answer in answers}


GONE = {
    "bench_tools.Saw().whittle": "bench_tools.Saw",
    "bench_tools.Saw(3, size=...).copy().whittle": "bench_tools.Saw",
    "bench_tools.make().whittle": "bench_tools.Saw",
    "bench_tools.make().sharpened().sharpened().whittle": "bench_tools.Saw",
    "bench_tools.make().guard.whittle": "bench_tools.Clamp",
    "bench_tools.Saw.small(...).whittle": "bench_tools.Saw",
    "bench_tools.Saw.kinds()[0].whittle": "bench_tools.Clamp",
    "bench_tools.make().heavy().whittle": "bench_tools.heavy.Anvil",
    "bench_tools.many()[0].whittle": "bench_tools.Saw",
    "(*bench_tools.many(),)[1].whittle": "bench_tools.Saw",
    "bench_tools.pair()[1].whittle": "bench_tools.Clamp",
    "(*bench_tools.pair(),)[0].whittle": "bench_tools.Saw",
    "bench_tools.perhaps().whittle": "bench_tools.Saw",
    "bench_tools.either().whittle": "bench_tools.Saw",
    "(await bench_tools.fetch()).whittle": "bench_tools.Saw",
    "bench_tools.told().whittle": "bench_tools.Saw",
    "builtins.dict().has_key": "builtins.dict",
}


async def test_what_no_value_of_a_type_has_is_absent_and_the_type_is_named(bench: Asking) -> None:
    answers = await asked(bench, *GONE)

    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(GONE, "absent")
    assert {name: answer.owner for name, answer in answers.items()} == GONE
    assert answers["bench_tools.Saw().whittle"].message == "'Saw' object has no attribute 'whittle'"


UNDECIDED = [
    "bench_tools.Drill().whittle",
    "bench_tools.making.Odd().whittle",
    "bench_tools.making.Picky().extend",
    "bench_tools.anything().whittle",
    "bench_tools.nothing_said().whittle",
    "bench_tools.on_loan().whittle",
    "bench_tools.measured().whittle",
    "bench_tools.told_either().whittle",
    "bench_tools.fetch().whittle",
    "bench_tools.managed().whittle",
    "bench_tools.maker().top().whittle",
    "bench_tools.make().guard.extend",
    "bench_tools.make().teeth.whittle",
    "bench_tools.Saw().lent_to",
    "bench_tools.Saw().marked",
    "bench_tools.Saw().size.whittle",
    "bench_tools.pair()[5].whittle",
    "bench_tools.absent_function().whittle",
    "bench_tools.Saw()['a'].whittle",
    "(*bench_tools.Saw(),)[0].whittle",
    "bench_tools.make()",
    "(lambda: 1)().whittle",
    "bench_tools.make().",
]


async def test_whatever_is_uncertain_is_undecided_and_says_why(bench: Asking) -> None:
    answers = await asked(bench, *UNDECIDED)

    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(UNDECIDED, "undecided")
    assert all(answer.message for answer in answers.values())


async def test_a_value_of_a_module_that_is_not_there_is_unimportable(bench: Asking) -> None:
    answers = await asked(bench, "no_such_module.thing().whittle", "no_such_module.thing().saw()[0].whittle")

    assert {answer.status for answer in answers.values()} == {"unimportable"}


async def test_what_is_there_exists(bench: Asking) -> None:
    names = [
        "bench_tools.Saw().cut",
        "bench_tools.make().guard.tighten",
        "bench_tools.either().cut",
        "bench_tools.Saw().guard",
    ]

    answers = await asked(bench, *names)

    assert {answer.status for answer in answers.values()} == {"exists"}
    assert answers["bench_tools.Saw().cut"].parameters == ("board", "slowly")


async def test_an_heir_in_another_package_that_the_document_imports_leaves_it_undecided(bench: Asking) -> None:
    alone = await asked(bench, "bench_tools.make().guard.mount")
    beside = await asked(bench, "bench_heirs", "bench_tools.make().guard.mount")

    assert alone["bench_tools.make().guard.mount"].status == "absent"
    assert beside["bench_tools.make().guard.mount"].status == "undecided"


async def test_what_an_import_adds_to_a_class_is_there_wherever_the_import_stands(bench: Asking) -> None:
    without = await asked(bench, "bench_tools.Saw().laser")
    later = await asked(bench, "bench_tools.Saw().laser", "bench_plugin")

    assert without["bench_tools.Saw().laser"].status == "absent"
    assert later["bench_tools.Saw().laser"].status == "exists"


CALLS = [
    ("bench_tools.Saw().cut", (), 1, "exists", ()),
    ("bench_tools.Saw().cut", ("slowly",), 1, "exists", ()),
    ("bench_tools.Saw().cut", ("fast",), 1, "exists", ("fast",)),
    ("bench_tools.Saw().cut", (), 2, "exists", ("*",)),
    ("bench_tools.Saw().small", ("size",), 0, "exists", ()),
    ("bench_tools.Saw().kinds", (), 1, "exists", ("*",)),
    ("bench_tools.Saw().open", ("anything",), 0, "undecided", ()),
    ("bench_tools.make().copy", ("deep",), 0, "exists", ("deep",)),
    ("bench_tools.either().cut", ("fast",), 1, "exists", ("fast",)),
]


@pytest.mark.parametrize(("name", "keywords", "positional", "status", "bad"), CALLS)
async def test_calls_of_methods_bind_or_do_not(
    bench: Asking, name: str, keywords: tuple[str, ...], positional: int, status: str, bad: tuple[str, ...]
) -> None:
    (answer,) = await bench.resolve([Question(name=name, keywords=keywords, positional=positional)])

    assert (answer.status, answer.bad_keywords) == (status, bad)


async def test_a_module_that_ends_the_interpreter_takes_no_other_answer_along(bench: Asking) -> None:
    answers = await asked(bench, "bench_tools.Saw().whittle", "bench_crash.make().whittle", "bench_tools.Saw().cut")

    assert [answer.status for answer in answers.values()] == ["absent", "undecided", "exists"]


FRAMES = {
    "pandas/__init__.py": """
        from pandas.core import DataFrame, Series, date_range, read_csv, DataFrameGroupBy
        """,
    "pandas/core.py": """
        class NDFrame:
            def __init__(self, data=None):
                object.__setattr__(self, "_data", data)
            def __getattr__(self, name): return 1
            def __finalize__(self, other):
                for name in other._metadata:
                    object.__setattr__(self, name, 1)
        class Accessor:
            def __init__(self, accessor): self._accessor = accessor
        class StringMethods:
            def upper(self): ...
        class Series(NDFrame):
            str = Accessor(StringMethods)
            def total(self): ...
            def resample(self, rule): ...
        class DataFrame(NDFrame):
            def dropna(self): ...
            def groupby(self, by) -> "DataFrameGroupBy": ...
            def total(self, axis=0): ...
            def resample(self, rule): ...
        class GroupBy:
            def __getattr__(self, name): return 1
        class DataFrameGroupBy(GroupBy): ...
        def read_csv(path, chunksize=None): ...
        def date_range(start, freq="D"): ...
        class Period:
            def __init__(self, value, freq): ...
        """,
    "pandas/tseries/__init__.py": "",
    "pandas/tseries/frequencies.py": """
        import warnings
        def to_offset(text):
            if text.endswith("H"):
                raise ValueError("Invalid frequency: H. Did you mean h?")
            if text.endswith("M"):
                warnings.warn("'M' is deprecated, use 'ME' instead.", FutureWarning)
            if text.endswith("Q"):
                raise ValueError("Invalid frequency: Q. Did you mean Z?")
            if text.endswith("Z"):
                raise ValueError("Invalid frequency: Z")
            return text
        """,
}


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Asking:
    return library(tmp_path_factory.mktemp("frames"), FRAMES)


@pytest.mark.parametrize(
    ("name", "called", "status"),
    [
        ("pandas.read_csv('a').append", True, "absent"),
        ("pandas.read_csv('a').append", False, "undecided"),
        ("pandas.read_csv('a', chunksize=5).append", True, "undecided"),
        ("pandas.read_csv('a')['x'].append", True, "absent"),
        ("pandas.read_csv('a')['x'].str.lower_all", True, "absent"),
        ("pandas.read_csv('a')['x'].str.upper", True, "exists"),
        ("pandas.read_csv('a')[~...].dropna().append", True, "absent"),
        ("pandas.read_csv('a')[...].append", True, "undecided"),
        ("pandas.read_csv('a').groupby(...).median_of", True, "absent"),
        ("pandas.read_csv('a').groupby(...).dropna", True, "undecided"),
    ],
)
async def test_columns_may_have_any_name_but_nobody_calls_a_column(
    frames: Asking, name: str, *, called: bool, status: str
) -> None:
    (answer,) = await frames.resolve([Question(name=name, positional=1 if called else None)])

    assert answer.status == status, answer.message


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("D", ()),
        ("2H", (BadValue(argument="freq", words="Invalid frequency: H. Did you mean h?", instead="2h"),)),
        (
            "M",
            (BadValue(argument="freq", words="'M' is deprecated, use 'ME' instead.", deprecated=True, instead="ME"),),
        ),
        ("Q", (BadValue(argument="freq", words="Invalid frequency: Q. Did you mean Z?"),)),
    ],
)
async def test_a_text_is_tried_by_the_librarys_own_check(frames: Asking, text: str, bad: tuple[BadValue, ...]) -> None:
    question = Question(name="pandas.date_range", keywords=("freq",), positional=1, values=(("freq", text),))

    (answer,) = await frames.resolve([question])

    assert answer.bad_values == bad


TEXTS = {
    "picky/__init__.py": """
        from typing import Any, Literal, Optional, Union
        Mode = Literal["fast", "slow"]
        def run(mode: Mode, level: "Mode | None" = None) -> None: ...
        def loose(mode: Union[Mode, str]) -> None: ...
        def open_to_all(mode: Any) -> None: ...
        class Engine:
            def __init__(self, mode: Optional[Mode] = None): ...
            def start(self, mode: Mode = "fast"): ...
        """
}


@pytest.mark.parametrize(
    ("name", "argument", "text", "refused"),
    [
        ("picky.run", "mode", "quick", True),
        ("picky.run", "0", "quick", True),
        ("picky.run", "level", "quick", True),
        ("picky.run", "mode", "fast", False),
        ("picky.run", "mode", "FAST", False),
        ("picky.loose", "mode", "quick", False),
        ("picky.open_to_all", "mode", "quick", False),
        ("picky.Engine", "mode", "quick", True),
        ("picky.Engine", "0", "quick", True),
        ("picky.Engine().start", "0", "quick", True),
        ("picky.Engine().start", "0", "slow", False),
    ],
)
async def test_a_literal_annotation_lists_all_texts_there_are(
    tmp_path_factory: pytest.TempPathFactory, name: str, argument: str, text: str, *, refused: bool
) -> None:
    box = library(tmp_path_factory.mktemp("picky"), TEXTS)

    (answer,) = await box.resolve([Question(name=name, positional=1, values=((argument, text),))])

    assert bool(answer.bad_values) is refused


steps = st.sampled_from(
    ["()", "(...)", "[0]", "['a']", ".x", ".cut", "[~...]", "[:]", "(*...)", "(**...)", "(a=1)", "..", "(("]
)
roots = st.sampled_from(
    ["bench_tools.Saw", "os", "(await os.x", "__import__('os').system('true')", "builtins.dict", "", "(*os,)"]
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(roots, st.lists(steps, max_size=8)), min_size=5, max_size=20))
async def test_no_name_is_too_strange_to_be_answered(bench: Asking, parts: list[tuple[str, list[str]]]) -> None:
    names = ["".join([root, *taken]) for root, taken in parts]

    answers = await bench.resolve(
        [Question(name=name, keywords=("a",), positional=1, values=(("0", "t"),)) for name in names]
    )

    assert len(answers) == len(names)
    assert not [answer for answer in answers if answer.message == "the environment did not answer"]


async def test_nothing_in_a_name_is_ever_run(bench: Asking) -> None:
    mark = bench.folder / "ran"
    names = [
        f"__import__('pathlib').Path({str(mark)!r}).touch().x",
        f"open({str(mark)!r}, 'w').x",
        f"bench_tools.make(open({str(mark)!r}, 'w')).whittle",
        f"bench_tools.many()[open({str(mark)!r}, 'w')].whittle",
    ]

    await asked(bench, *names)

    assert not mark.exists()
