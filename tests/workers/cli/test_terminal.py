import io
import json
import subprocess
import sys

from rich.console import Console

from tests.workers.cli.commands import ROOT, environ
from tests.workers.contract import samples
from workers.cli import terminal
from workers.contract.domain import Repaired
from workers.contract.report import Delivery
from workers.settings import Value


def shown(*printed: object, width: int = 120) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    for each in printed:
        console.print(each)
    return stream.getvalue()


def test_progress_is_lines_for_a_pipe_and_a_board_for_a_terminal() -> None:
    assert isinstance(terminal.progress(Console(file=io.StringIO())), terminal.Lines)
    assert isinstance(terminal.progress(Console(file=io.StringIO(), force_terminal=True)), terminal.Board)


def test_lines_tell_the_elapsed_time_the_artifact_and_the_phase() -> None:
    stream = io.StringIO()
    with terminal.Lines(Console(file=stream)) as lines:
        lines.phase("a.ipynb", "execute", 0)
        lines.phase("a.ipynb", "validate", 2)
        lines.phase("a.ipynb", "done", 0)
        lines.finished(samples.report(Repaired(iteration=1)))

    assert [line.split("] ")[1] for line in stream.getvalue().splitlines()] == [
        "a.ipynb: execute",
        "a.ipynb: validate (iteration 2)",
        "a.ipynb: repaired after 3.0 s",
    ]
    assert all(line.startswith("[    0.0 s] ") for line in stream.getvalue().splitlines())


def test_a_board_shows_what_is_at_work_and_counts_what_is_done() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    with terminal.Board(console) as board:
        board.phase("[bold]a.ipynb", "execute", 0)
        board.phase("b.ipynb", "repair", 3)
        board.phase("a.ipynb", "repair", 1)
        board.finished(samples.report(Repaired(iteration=1)))

    drawn = stream.getvalue()
    assert "1 done" in drawn
    assert "repair, iteration 3" in drawn
    assert "0.0 of 0.0 s" in drawn
    assert "[bold]a.ipynb" in drawn


def test_the_table_and_what_is_below_it_fit_a_narrow_terminal_and_name_what_is_left() -> None:
    run = samples.run()
    deliveries = {"repaired.ipynb": Delivery(changed_cells=(1, 4))}

    text = shown(terminal.results(run, deliveries), *terminal.explained(run), width=200)

    row = next(line for line in text.splitlines() if "repaired.ipynb" in line)
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    assert cells == ["repaired.ipynb", "repaired", "failed → passed", "executed", "1", "1, 4", "0", "3.0"]
    assert "unrepaired.ipynb: unrepaired. an iteration left things as one before had; 1 finding left" in text
    assert "- cell 1, line 1: `oaieval` is a command of a retired platform." in text
    assert max(map(len, shown(terminal.results(run, deliveries), width=80).splitlines())) <= 80
    assert terminal.summary(run).startswith(
        "1 fresh, 1 repaired, 1 improved, 1 unrepaired, 1 skipped, 1 errored in 12.0 s"
    )


def test_foreign_text_has_no_control_characters_and_no_markup() -> None:
    assert terminal.plain("a\x1b[31m\r\nb\u202e") == "a<U+001B>[31m b<U+202E>"
    assert "[red]x" in shown(terminal.settings([Value(key="k", value="[red]x", origin="default")]))


def test_logs_go_to_standard_error_masked_so_that_standard_output_holds_results_alone() -> None:
    program = (
        "import structlog\n"
        "from workers.cli import logs\n"
        "from workers.contract.redact import redactor\n"
        "logs.configure(redactor({'MY_TOKEN': 'umbrella-stand'}))\n"
        "log = structlog.get_logger()\n"
        "try:\n"
        "    raise ValueError('umbrella-stand')\n"
        "except ValueError:\n"
        "    log.exception('mending_failed', artifact='a.ipynb')\n"
        "print('{}')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ(), capture_output=True, text=True, check=True, timeout=60
    )

    assert json.loads(done.stdout) == {}
    assert "event=mending_failed" in done.stderr
    assert "ValueError: [masked]" in done.stderr
    assert "umbrella-stand" not in done.stderr.replace("raise ValueError('umbrella-stand')", "")
