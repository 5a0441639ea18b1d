from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import Command, Fault, Malformed, Question, Task, Unclear, Verb, parse, task


def repair(**fields: object) -> Command:
    return Command(verb=Verb.REPAIR, **fields)  # pyright: ignore[reportArgumentType]  # as the table says


FITS = {
    "/repair": repair(),
    "/repair a.ipynb": repair(paths=("a.ipynb",)),
    "/repair ./docs/ b.md c.rst": repair(paths=("docs", "b.md", "c.rst")),
    "/repair A.IPYNB": repair(paths=("A.IPYNB",)),
    "/repair a.ipynb a.ipynb": repair(paths=("a.ipynb",)),
    '/repair "my notes/first try.ipynb" use pandas 2': repair(
        paths=("my notes/first try.ipynb",), guidance="use pandas 2"
    ),
    "/repair `a.ipynb` again": repair(paths=("a.ipynb",), guidance="again"),
    "/repair bücher/größe.ipynb": repair(paths=("bücher/größe.ipynb",)),
    "/repair --iterations 3": repair(iterations=3),
    "/repair --iterations=20 --engine codex": repair(iterations=20, engine="codex"),
    "/repair a.ipynb --engine rules b.ipynb now please": repair(
        paths=("a.ipynb", "b.ipynb"), engine="rules", guidance="now please"
    ),
    "/repair use the new client in cell 3": repair(guidance="use the new client in cell 3"),
    "/repair not working since pandas 2": repair(guidance="not working since pandas 2"),
    "/repair step 3 fails": repair(guidance="step 3 fails"),
    "/repair fix x.ipynb first": repair(guidance="fix x.ipynb first"),
    "/repair docs/ carefully": repair(paths=("docs",), guidance="carefully"),
    "/repair 修理 してください": repair(guidance="修理 してください"),
    "/repair make it nice 👩\u200d💻": repair(guidance="make it nice 👩\u200d💻"),
    "/repair\n- [ ] cell 3 prints a table": repair(guidance="- [ ] cell 3 prints a table"),
    "/repair a.ipynb\nuse httpx\n\n- no warnings\n\n```\nexpected\n```\n\nThanks!": repair(
        paths=("a.ipynb",), guidance="use httpx\n- no warnings\n\n```\nexpected\n```"
    ),
    "/repair so it runs <!-- hidden -->": repair(guidance="so it runs"),
    "/repair it runs\n\n> quoted\n\n- not mine": repair(guidance="it runs"),
    "/repair it runs\n/repair stop": repair(guidance="it runs"),
    "/repair status": Command(verb=Verb.STATUS),
    "/repair stop\nThanks": Command(verb=Verb.STOP),
    "/repair retry": Command(verb=Verb.RETRY),
    "/repair rebase": Command(verb=Verb.REBASE),
    "/repair recreate": Command(verb=Verb.RECREATE),
    "/repair revert": Command(verb=Verb.REVERT),
    "/repair help me with this": Command(verb=Verb.HELP),
    "/repair ignore README": Command(verb=Verb.IGNORE, paths=("README",)),
    "/repair unignore old/": Command(verb=Verb.UNIGNORE, paths=("old",)),
    "/repair explain 0123456789ab": Command(verb=Verb.EXPLAIN, finding="0123456789ab"),
    "/repair continue with httpx": Command(verb=Verb.CONTINUE, guidance="with httpx"),
    "/repair continue\n- [ ] no warnings": Command(verb=Verb.CONTINUE, guidance="- [ ] no warnings"),
    "/repair note the data moves in May": Command(verb=Verb.NOTE, guidance="the data moves in May"),
}
REFUSED = {
    "/repair ../../x.ipynb": Fault.PATH,
    "/repair a/../b.ipynb": Fault.PATH,
    "/repair /etc/passwd": Fault.PATH,
    "/repair docs//a.ipynb": Fault.PATH,
    "/repair docs/./a.ipynb": Fault.PATH,
    "/repair docs\\a.ipynb": Fault.PATH,
    "/repair *.ipynb": Fault.PATH,
    "/repair docs/**": Fault.PATH,
    "/repair ~/a.ipynb": Fault.PATH,
    "/repair -x/a.ipynb": Fault.PATH,
    "/repair :(glob)a.ipynb": Fault.PATH,
    "/repair .git/config": Fault.PATH,
    "/repair x/.GIT/config": Fault.PATH,
    "/repair https://example.org/a.ipynb": Fault.PATH,
    "/repair $(id)/a.ipynb;rm\u00a0-rf": Fault.PATH,
    "/repair /": Fault.PATH,
    f"/repair {'a' * 400}.ipynb": Fault.PATH,
    "/repair a.ipynb, b.ipynb": Fault.SEPARATOR,
    "/repair " + " ".join(f"{n}.md" for n in range(21)): Fault.MANY_PATHS,
    "/repair --iterations": Fault.ITERATIONS,
    "/repair --iterations 0": Fault.ITERATIONS,
    "/repair --iterations 21": Fault.ITERATIONS,
    "/repair --iterations -1": Fault.ITERATIONS,
    "/repair --iterations 1e1": Fault.ITERATIONS,
    "/repair --iterations \u0663": Fault.ITERATIONS,
    "/repair --engine": Fault.ENGINE,
    "/repair --engine $(id)": Fault.ENGINE,
    "/repair --engine GPT": Fault.ENGINE,
    "/repair --iterations 2 --iterations 3": Fault.OPTION,
    "/repair --all; rm -rf /": Fault.OPTION,
    "/repair fix cell 3 --iterations 5": Fault.OPTION_LATE,
    "/repair stop now": Fault.ALONE,
    "/repair revert a.ipynb": Fault.ALONE,
    "/repair ignore": Fault.ONE_PATH,
    "/repair ignore a.ipynb b.ipynb": Fault.ONE_PATH,
    "/repair ignore ../a": Fault.PATH,
    "/repair explain": Fault.ONE_FINDING,
    "/repair explain everything": Fault.ONE_FINDING,
    "/repair continue": Fault.NO_WORDS,
    "/repair note": Fault.NO_WORDS,
    "/repair note \0": Fault.CHARACTERS,
    "/repair status\u200b": Fault.CHARACTERS,
    "/repair fix \u202ethis": Fault.CHARACTERS,
    "/repair fix\u2028/repair stop": Fault.CHARACTERS,
    "/repair a\x1b[31m.ipynb": Fault.CHARACTERS,
    "/repair fix it\n- \U000e0041": Fault.CHARACTERS,
    f"/repair fix {'it ' * 2000}": Fault.TOO_LONG,
}
ASKED = {
    "/repair statsu": Question.NEAR_VERB,
    "/repair Status": Question.NEAR_VERB,
    "/repair status.": Question.NEAR_VERB,
    "/repair ignroe a.ipynb": Question.NEAR_VERB,
    "/repair contniue with httpx": Question.NEAR_VERB,
    "/repair analysis": Question.BARE_WORD,
    "/repair README": Question.BARE_WORD,
    "/repair $(id)": Question.BARE_WORD,
}
PIECES = st.sampled_from(
    [
        *("/repair", " ", "\n", "\r\n", "\t", "status", "stop", "--iterations", "--engine", "3", "a.ipynb", "../x"),
        *('"', "`", ">", "<!--", "-->", "- ", "|", "[", "](", "canary\u2603", "\0", "\u200b", "~~~"),
        *("ignore", "explain", "note", "continue"),
    ]
)


@pytest.mark.parametrize("body", FITS)
def test_a_command_that_fits_the_grammar_is_read(body: str) -> None:
    assert parse(body) == FITS[body]


@pytest.mark.parametrize("body", REFUSED)
def test_c38_a_command_that_does_not_fit_is_refused_with_a_fixed_sentence(body: str) -> None:
    assert parse(body) == Malformed(REFUSED[body])


@pytest.mark.parametrize("body", ASKED)
def test_a_command_that_may_mean_two_things_is_asked_about(body: str) -> None:
    assert parse(body) == Unclear(ASKED[body])


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_c38_no_comment_raises_and_no_answer_repeats_it(rest: str) -> None:
    reading = parse(f"/repair {rest}")

    match reading:
        case Malformed(reason=answer):
            assert answer in set(Fault)
        case Unclear(question=answer):
            assert answer in set(Question)
        case Command():
            _is_bounded(reading)
        case None:
            pass


def _is_bounded(command: Command) -> None:
    for path in command.paths:
        assert not path.startswith(("/", "-", "~", ":"))
        assert not {"", ".", ".."} & set(path.split("/"))
        assert not any(character in path for character in '\\*?[]\0\n"`')
        assert len(path) <= 400
    assert len(command.paths) <= 20
    assert command.iterations is None or 1 <= command.iterations <= 20
    assert len(command.guidance) <= 4001
    assert "\0" not in command.guidance


@settings(max_examples=100, deadline=None)
@given(
    paths=st.lists(st.from_regex(r"\A[a-z_]{1,8}(/[a-z_]{1,8}){0,2}\.ipynb\Z"), max_size=4, unique=True),
    iterations=st.none() | st.integers(1, 20),
    engine=st.none() | st.sampled_from(["rules", "model", "codex"]),
    guidance=st.sampled_from(["", "use the new client", "make cell 3 print a table"]),
)
def test_what_is_written_by_the_grammar_is_read_back(
    paths: list[str], iterations: int | None, engine: str | None, guidance: str
) -> None:
    options = [f"--iterations {iterations}"] * (iterations is not None) + [f"--engine {engine}"] * (engine is not None)

    reading = parse(" ".join(["/repair", *paths, *options, guidance]))

    assert reading == repair(paths=tuple(paths), iterations=iterations, engine=engine, guidance=guidance)


def test_every_verb_can_be_said() -> None:
    said = {command.verb for command in FITS.values()}

    assert said == set(Verb)


def test_guidance_becomes_a_task_whose_list_is_what_it_is_measured_by() -> None:
    guidance = "Move to httpx.\nKeep the retries.\n\n- [ ] cell 3 prints\n  a table\n* [x] no warnings\n1. under a minute\n\nThanks"

    assert task(guidance) == Task(
        text="Move to httpx.\nKeep the retries.\n\n\nThanks",
        criteria=("cell 3 prints a table", "no warnings", "under a minute"),
    )


def test_guidance_without_a_list_is_a_task_without_criteria() -> None:
    assert task("use httpx - and -1 is not an item") == Task(text="use httpx - and -1 is not an item", criteria=())
    assert task("") == Task(text="", criteria=())
