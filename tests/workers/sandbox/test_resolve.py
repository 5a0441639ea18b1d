from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from workers.protocols import Answer, Question
from workers.sandbox.resolving import RESOLVER, answers, request

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = {
    "shelf/__init__.py": """
        import warnings
        from shelf.deprecating import renamed, renames_by_table, nearly, Ruler

        __version__ = "2.0"
        _GONE = {"old_name": "`shelf.old_name` was removed in 2.0. Use `shelf.new_name` instead."}

        def new_name(size, *, color=None):
            return size

        def __getattr__(name):
            if name in _GONE:
                raise AttributeError(_GONE[name])
            if name == "fading":
                warnings.warn("`shelf.fading` is deprecated, use `shelf.new_name`", FutureWarning, stacklevel=2)
                return new_name
            if name == "taken":
                raise ImportError("`taken` has been removed from shelf since version 1.2.")
            if name == "plotting":
                raise ImportError("shelf.plotting needs paper, which is not installed")
            if name == "moody":
                raise RuntimeError("not today")
            raise AttributeError(f"module 'shelf' has no attribute {name!r}")
        """,
    "shelf/lazy.py": "VALUE = 1\n",
    "shelf/noisy.py": "import warnings\nwarnings.warn('shelf.noisy is deprecated, use shelf.lazy', DeprecationWarning)\n",
    "shelf/needy.py": "import a_module_that_is_nowhere\n",
    "shelf/deprecating.py": """
        import functools

        def renamed(old, new):
            def decorate(function):
                @functools.wraps(function)
                def wrapper(*args, **kwargs):
                    if old in kwargs:
                        kwargs[new] = kwargs.pop(old)
                    return function(*args, **kwargs)
                return wrapper
            return decorate

        TABLE = {"colour": "color"}

        def by_table(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **{TABLE.get(name, name): value for name, value in kwargs.items()})
            return wrapper

        @renamed("colour", "color")
        def nearly(size, color=None):
            return size

        @by_table
        def renames_by_table(size, color=None):
            return size

        class Ruler:
            '''A decorator that keeps its names in itself.'''
            def __init__(self, old):
                self.old = old
            def __call__(self, function):
                ruler = self
                @functools.wraps(function)
                def wrapper(*args, **kwargs):
                    kwargs.pop(ruler.old, None)
                    return function(*args, **kwargs)
                return wrapper

        @Ruler("colour")
        def ruled(size, color=None):
            return size
        """,
    "shelf/calls.py": """
        import functools

        def exact(first, second=None, *, third=None): ...
        def anything(first, **options): ...
        def many(*values, sep=" "): ...

        class Plain:
            def __init__(self, size, *, color=None): ...
            def move(self, left, right=0): ...
            @classmethod
            def make(cls, size): ...
            @staticmethod
            def free(size): ...

        class Nothing: ...

        class Free:
            def __init__(self, **options): ...

        class Picky:
            def __new__(cls, size): return super().__new__(cls)
            def __init__(self, size, color=None): ...

        class Factory:
            def __new__(cls, *args, **options): return 1
            def __init__(self, size): ...

        class Meta(type):
            def __call__(cls, *args, **options): return None

        class Made(metaclass=Meta):
            def __init__(self, size): ...

        @functools.lru_cache(maxsize=None)
        def cached(size): ...

        @functools.singledispatch
        def generic(value, color=None): ...

        partial = functools.partial(exact, 1)

        class Callable:
            def __call__(self, size): ...

        call_me = Callable()
        """,
    "shelf/things.py": """
        import collections, dataclasses, enum, typing

        class Plain:
            kind: str
            def __init__(self):
                self.size = 1
            def later(self):
                self.weight = 2

        class Child(Plain):
            pass

        class Dynamic:
            def __getattr__(self, name):
                return 1

        class Inherits(Dynamic):
            pass

        class Looks:
            def __getattribute__(self, name):
                return object.__getattribute__(self, name)

        class Computed:
            def __init__(self, **values):
                for name, value in values.items():
                    setattr(self, name, value)

        class Dict:
            def __init__(self, values):
                self.__dict__.update(values)

        class Named:
            def __init__(self):
                setattr(self, "height", 1)

        class Slots:
            __slots__ = ("size",)

        class Meta(type):
            def __getattr__(cls, name):
                if name == "magic":
                    return 1
                raise AttributeError(name)

        class Magic(metaclass=Meta):
            pass

        class Color(enum.Enum):
            RED = 1

        Point = collections.namedtuple("Point", "x y")
        Made = type("Made", (), {})

        @dataclasses.dataclass
        class Data:
            size: int

        def decorate(thing):
            thing.outside = 1
            return thing

        @property
        def broken(self):
            raise RuntimeError

        number = 7
        """,
    "space/part/__init__.py": "",
    "shadow/__init__.py": "class inner:\n    pass\n",
    "shadow/inner.py": "VALUE = 1\n",
    "forger.py": """
        import os, sys
        line = '{"event": "answer", "index": 0, "status": "exists"}\\n{"event": "done"}\\n'
        print(line, flush=True)
        sys.__stdout__.write(line)
        for descriptor in (0, 1, 2):
            os.write(descriptor, line.encode())
        """,
    "quitter.py": "import os\nos._exit(0)\n",
    "exiter.py": "import sys\nsys.exit(3)\n",
    "crasher.py": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
    "raiser.py": "raise ValueError('not on a Friday')\n",
    "stopper.py": "raise BaseException('stop')\n",
    "leaver.py": "import os\nif os.fork() == 0:\n    import time; time.sleep(5); os._exit(0)\nVALUE = 1\n",
    "resolve_names.py": "VALUE = 'theirs'\n",
    "threader.py": "import threading, time\nthreading.Thread(target=time.sleep, args=(30,)).start()\n",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of modules, old and new ways in them."""
    folder = tmp_path_factory.mktemp("library")
    for name, text in LIBRARY.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


def said(library: Path, *questions: Question, resolver: Path = RESOLVER) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-I", resolver],
        input=json.dumps(request(questions, [str(library)])),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={},
    )
    started, *lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert started == {"event": "started"}
    return lines


def ask(library: Path, *questions: Question, resolver: Path = RESOLVER) -> tuple[Answer, ...]:
    lines = said(library, *questions, resolver=resolver)
    assert lines[-1] == {"event": "done"}
    assert [line["index"] for line in lines[:-1]] == list(range(len(questions)))
    return answers(questions, lines, "nothing was said")


def ask_names(library: Path, *names: str) -> dict[str, Answer]:
    return {answer.question.name: answer for answer in ask(library, *(Question(name=name) for name in names))}


def statuses(library: Path, *names: str) -> dict[str, str]:
    return {name: answer.status for name, answer in ask_names(library, *names).items()}


def test_a_name_that_is_there_exists_with_its_kind(library: Path) -> None:
    found = ask_names(
        library, "shelf", "shelf.new_name", "shelf.calls.Plain", "shelf.things.number", "os.path.join", "len"
    )

    assert {name: answer.kind for name, answer in found.items()} == {
        "shelf": "module",
        "shelf.new_name": "function",
        "shelf.calls.Plain": "class",
        "shelf.things.number": "instance",
        "os.path.join": "function",
        "len": "",
    }
    assert found["shelf.new_name"].parameters == ("size", "color")


def test_a_name_that_was_taken_away_is_absent_in_the_librarys_own_words(library: Path) -> None:
    found = ask_names(library, "shelf.old_name", "shelf.taken", "shelf.lazy.nothing", "shelf.nowhere.deep.down")

    assert {answer.status for answer in found.values()} == {"absent"}
    assert found["shelf.old_name"].message == "`shelf.old_name` was removed in 2.0. Use `shelf.new_name` instead."
    assert found["shelf.taken"].message == "`taken` has been removed from shelf since version 1.2."
    assert found["shelf.lazy.nothing"].missing_at == "shelf.lazy"
    assert found["shelf.nowhere.deep.down"].missing_at == "shelf"


def test_a_submodule_nobody_has_imported_yet_exists(library: Path) -> None:
    assert statuses(library, "shelf.lazy.VALUE", "xml.etree.ElementTree.parse", "shadow.inner.VALUE") == {
        "shelf.lazy.VALUE": "exists",
        "xml.etree.ElementTree.parse": "exists",
        "shadow.inner.VALUE": "exists",
    }


def test_what_cannot_be_imported_is_unimportable_and_not_absent(library: Path) -> None:
    found = ask_names(
        library,
        "nowhere",
        "nowhere.at.all",
        "raiser",
        "stopper",
        "exiter",
        "shelf.needy",
        "shelf.plotting",
        "space.other",
    )

    assert {answer.status for answer in found.values()} == {"unimportable"}
    assert found["raiser"].message == "ValueError: not on a Friday"
    assert "a_module_that_is_nowhere" in found["shelf.needy"].message
    assert "not installed" in found["shelf.plotting"].message


def test_reading_that_fails_in_another_way_decides_nothing(library: Path) -> None:
    assert statuses(library, "shelf.moody", "__main__.main", "not a name", "shelf..x", "") == {
        "shelf.moody": "undecided",
        "__main__.main": "undecided",
        "not a name": "undecided",
        "shelf..x": "undecided",
        "": "undecided",
    }


def test_a_warning_that_reading_raises_is_told(library: Path) -> None:
    found = ask_names(library, "shelf.fading", "shelf.noisy", "shelf.new_name", "shelf.lazy")

    assert found["shelf.fading"].warning == "`shelf.fading` is deprecated, use `shelf.new_name`"
    assert found["shelf.noisy"].warning == "shelf.noisy is deprecated, use shelf.lazy"
    assert found["shelf.new_name"].warning == found["shelf.lazy"].warning == ""


def test_an_attribute_of_a_class_is_absent_only_if_no_instance_can_have_it(library: Path) -> None:
    absent = ["Plain.gone", "Child.gone", "Slots.gone", "Color.GREEN", "Point.z", "Data.gone", "Named.gone"]
    undecided = [
        *("Plain.kind", "Plain.size", "Plain.weight", "Child.size", "Plain.outside", "Named.height"),
        *("Dynamic.gone", "Inherits.gone", "Looks.gone", "Computed.gone", "Dict.gone", "Made.gone", "Data.size"),
        *("Magic.gone", "number.gone", "broken.gone"),
    ]
    names = [f"shelf.things.{name}" for name in [*absent, *undecided, "Magic.magic", "Slots.size", "Color.RED"]]

    found = statuses(library, *names)

    assert [name for name in absent if found[f"shelf.things.{name}"] != "absent"] == []
    assert [name for name in undecided if found[f"shelf.things.{name}"] != "undecided"] == []
    assert (
        found["shelf.things.Magic.magic"]
        == found["shelf.things.Slots.size"]
        == found["shelf.things.Color.RED"]
        == "exists"
    )


CALLS = [
    ("calls.exact", ("second", "third"), 1, "exists", ()),
    ("calls.exact", ("fourth", "second"), 1, "exists", ("fourth",)),
    ("calls.exact", ("first",), 1, "exists", ("first",)),
    ("calls.exact", (), 3, "exists", ("*",)),
    ("calls.exact", (), 2, "exists", ()),
    ("calls.exact", ("third",), None, "exists", ()),
    ("calls.anything", ("fourth",), 1, "undecided", ()),
    ("calls.anything", ("fourth",), 2, "exists", ("*",)),
    ("calls.many", ("sep",), 9, "exists", ()),
    ("calls.many", ("end",), 9, "exists", ("end",)),
    ("calls.Plain", ("color",), 1, "exists", ()),
    ("calls.Plain", ("colour",), 1, "exists", ("colour",)),
    ("calls.Plain", (), 2, "exists", ("*",)),
    ("calls.Plain", ("self",), 0, "exists", ("self",)),
    ("calls.Plain.move", ("right",), 1, "exists", ()),
    ("calls.Plain.move", ("up",), 1, "exists", ("up",)),
    ("calls.Plain.move", (), 3, "exists", ()),
    ("calls.Plain.move", (), 4, "exists", ("*",)),
    ("calls.Plain.make", ("size",), 0, "exists", ()),
    ("calls.Plain.make", (), 2, "exists", ("*",)),
    ("calls.Plain.free", ("color",), 0, "exists", ("color",)),
    ("calls.Nothing", ("size",), 0, "exists", ("size",)),
    ("calls.Nothing", (), 1, "exists", ("*",)),
    ("calls.Nothing", (), 0, "exists", ()),
    ("calls.Free", ("size",), 0, "undecided", ()),
    ("calls.Picky", ("color",), 1, "exists", ("color",)),
    ("calls.Factory", ("color",), 1, "undecided", ()),
    ("calls.Made", ("color",), 1, "undecided", ()),
    ("calls.cached", ("color",), 1, "exists", ("color",)),
    ("calls.cached", ("size",), 0, "exists", ()),
    ("calls.generic", ("colour",), 1, "undecided", ()),
    ("calls.partial", ("fourth",), 0, "exists", ("fourth",)),
    ("calls.call_me", ("color",), 0, "exists", ("color",)),
    ("things.number", ("color",), 0, "undecided", ()),
    ("deprecating.nearly", ("color",), 1, "exists", ()),
    ("deprecating.nearly", ("colour",), 1, "undecided", ()),
    ("deprecating.nearly", ("hue",), 1, "exists", ("hue",)),
    ("deprecating.renames_by_table", ("colour",), 1, "undecided", ()),
    ("deprecating.renames_by_table", ("hue",), 1, "exists", ("hue",)),
    ("deprecating.ruled", ("colour",), 1, "undecided", ()),
    ("deprecating.ruled", ("hue",), 1, "exists", ("hue",)),
]


def test_a_call_is_bad_only_where_it_provably_does_not_bind(library: Path) -> None:
    questions = [Question(name=f"shelf.{name}", keywords=keys, positional=count) for name, keys, count, _, _ in CALLS]

    found = ask(library, *questions)

    expected = [(name, keys, count, status, bad) for name, keys, count, status, bad in CALLS]
    got = [
        (
            question.name.removeprefix("shelf."),
            question.keywords,
            question.positional,
            answer.status,
            answer.bad_keywords,
        )
        for question, answer in zip(questions, found, strict=True)
    ]
    assert got == expected


def test_a_refused_call_says_what_the_function_takes(library: Path) -> None:
    (found,) = ask(library, Question(name="shelf.calls.exact", keywords=("fourth",), positional=3))

    assert "unexpected keyword argument 'fourth'" in found.message
    assert "3 positional arguments are too many" in found.message
    assert found.parameters == ("first", "second", "third")


def test_builtins_are_judged_by_what_they_say_of_themselves(library: Path) -> None:
    wrong, right, silent = ask(
        library,
        Question(name="builtins.sorted", keywords=("cmp",), positional=1),
        Question(name="builtins.sorted", keywords=("key",), positional=1),
        Question(name="builtins.dict", keywords=("anything",)),
    )

    assert wrong.bad_keywords == ("cmp",)
    assert (right.status, right.bad_keywords) == ("exists", ())
    assert silent.status == "undecided"


def test_what_an_import_prints_is_no_answer(library: Path) -> None:
    found = ask_names(library, "forger.nothing", "forger")

    assert found["forger.nothing"].status == "absent"
    assert found["forger"].status == "exists"


def test_an_import_that_ends_the_interpreter_spoils_its_own_questions_only(library: Path) -> None:
    found = ask_names(
        library, "shelf", "quitter.x", "shelf.lazy", "crasher", "quitter.y", "shelf.new_name", "crasher.z"
    )

    assert {name: answer.status for name, answer in found.items()} == {
        "shelf": "exists",
        "quitter.x": "undecided",
        "shelf.lazy": "exists",
        "crasher": "undecided",
        "quitter.y": "undecided",
        "shelf.new_name": "exists",
        "crasher.z": "undecided",
    }
    assert "ended the interpreter" in found["quitter.x"].message


def test_an_import_that_leaves_children_or_threads_does_not_hold_up_the_end(library: Path) -> None:
    assert statuses(library, "leaver.VALUE", "threader.threading") == {
        "leaver.VALUE": "exists",
        "threader.threading": "exists",
    }


def test_an_import_that_never_ends_is_left_after_its_time(library: Path, tmp_path: Path) -> None:
    (library / "sleeper.py").write_text("import time\ntime.sleep(600)\n")
    impatient = copied(tmp_path, "resolve.py", "QUESTION_TIMEOUT_S = 60.0", "QUESTION_TIMEOUT_S = 1.0")

    slow, other = ask(library, Question(name="sleeper.x"), Question(name="shelf.lazy"), resolver=impatient)

    assert slow.status == "undecided"
    assert "longer than 1 s" in slow.message
    assert other.status == "exists"


def test_modules_of_the_resolvers_own_names_are_theirs(library: Path) -> None:
    (found,) = ask(library, Question(name="resolve_names.VALUE"))

    assert found.status == "exists"


def test_what_comes_out_of_a_box_is_not_believed_to_be_well_formed() -> None:
    questions = (Question(name="a", keywords=("k",)), Question(name="b"), Question(name="c"))
    lines: list[dict[str, Any]] = [
        {
            "event": "answer",
            "index": 0,
            "status": "exists",
            "bad_keywords": ["k", "forged", 7],
            "message": ["x"],
            "kind": "?",
        },
        {"event": "answer", "index": 0, "status": "absent"},
        {"event": "answer", "index": 1, "status": "splendid"},
        {"event": "answer", "index": "2", "status": "exists"},
        {"event": "answer", "index": 99, "status": "exists"},
        {"event": "done"},
    ]

    first, second, third = answers(questions, lines, "the box ended")

    assert first == Answer(question=questions[0], status="exists", bad_keywords=("k",))
    assert second == Answer(question=questions[1], status="undecided", message="the box ended")
    assert third == replace(second, question=questions[2])


def copied(folder: Path, name: str, old: str, new: str) -> Path:
    """The resolver with one thing changed; returns the program."""
    for path in RESOLVER.parent.glob("resolve*.py"):
        text = path.read_text()
        if path.name == name:
            assert text.count(old) == 1
            text = text.replace(old, new)
        (folder / path.name).write_text(text)
    return folder / "resolve.py"


TWINS = {
    "absent although the class answers for attributes": (
        ("resolve_names.py", "if doubt:", "if not doubt:"),
        Question(name="shelf.things.Dynamic.gone"),
    ),
    "absent although a method sets it": (
        ("resolve_attributes.py", "if name in source.stored:", "if False:"),
        Question(name="shelf.things.Plain.size"),
    ),
    "absent although names are computed": (
        ("resolve_attributes.py", "if body.dynamic and", "if False and"),
        Question(name="shelf.things.Computed.gone"),
    ),
    "absent although the module behind the class has it": (
        ("resolve_names.py", "if hidden is not None", "if False"),
        Question(name="shadow.inner.VALUE"),
    ),
    "bad although a decorator takes the old keyword": (
        ("resolve_calls.py", "if verdict == BAD and doubtful:", "if False:"),
        Question(name="shelf.deprecating.nearly", keywords=("colour",)),
    ),
    "prints taken for answers": (
        ("resolve.py", "            os.dup2(nowhere, stream)", "            os.dup2(channel, stream)"),
        Question(name="forger.nothing"),
    ),
}


@pytest.mark.parametrize(("change", "question"), TWINS.values(), ids=TWINS.keys())
def test_a_careless_twin_is_told_apart(
    library: Path, tmp_path: Path, change: tuple[str, str, str], question: Question
) -> None:
    twin = copied(tmp_path, *change)

    assert ask(library, question, resolver=twin) != ask(library, question)


async def test_many_questions_are_answered_in_one_go(library: Path) -> None:
    questions = [Question(name=f"shelf.lazy.name_{number}") for number in range(2000)]

    found = await asyncio.to_thread(ask, library, *questions)

    assert {answer.status for answer in found} == {"absent"}
