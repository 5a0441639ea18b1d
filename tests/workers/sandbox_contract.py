"""What every backend does alike. `tests/workers/sandbox/test_contract_*.py` runs this for each of them.

What a backend by its nature does not keep from the code in it is declared by it (`promises`); it is not passed over here,
but has to be told by every run's evidence.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, host_processes, notebook, printed
from workers.contract.errors import SandboxUnavailableError
from workers.protocols import Question
from workers.sandbox.promises import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Execution
    from workers.protocols import Box
    from workers.sandbox.limits import Limits
    from workers.sandbox.promises import Promise

LONG = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(600)', {!r}])"

KEPT: dict[Promise, str] = {
    "network": "import socket; print([name for _, name in socket.if_nameindex()] in ([], ['lo']))",
    "files": "import os; print(not os.path.exists({outside!r}))",
    "disk": "import os; print(os.statvfs('.').f_blocks * os.statvfs('.').f_frsize <= {disk})",
    "processes": "import os; print(not os.path.exists('/proc/{pid}/comm') or open('/proc/{pid}/comm').read() != {comm!r})",
    "privileges": "print('CapBnd:\\t0000000000000000' in open('/proc/self/status').read())",
}
"""A cell that prints True where the promise is kept."""


@dataclass(frozen=True)
class Backend:
    """Makes boxes of one kind."""

    place: Place
    make: Callable[[Place, Limits, Path | None], Box]
    promises: frozenset[Promise]

    def __call__(self, limits: Limits, workspace: Path | None) -> Box:
        return self.make(self.place, limits, workspace)

    def unstartable(self) -> Box:
        """A box whose interpreter is none."""
        environment = replace(self.place.environment, python=Path("/nowhere/python"))
        return self.make(replace(self.place, environment=environment), SMALL, None)


class SandboxContract:
    """Every backend has a fixture `backend`."""

    async def run(
        self, backend: Backend, *cells: str, limits: Limits = SMALL, workspace: Path | None = None
    ) -> Execution:
        return await backend(limits, workspace).execute(notebook(*cells))

    async def test_cells_run_in_order_and_tell_what_they_showed(self, backend: Backend) -> None:
        run = await self.run(backend, "x = 20", "import sys; print(x + 1); print('oh', file=sys.stderr)", "x * 2")

        assert (run.status, run.ended, [cell.status for cell in run.cells]) == ("passed", "", ["ok"] * 3)
        assert [(o.kind, o.name, o.text) for o in run.cells[1].outputs] == [
            ("stream", "stdout", "21\n"),
            ("stream", "stderr", "oh\n"),
        ]
        assert [(o.kind, o.text) for o in run.cells[2].outputs] == [("execute_result", "40")]

    async def test_an_error_ends_the_run_at_its_cell_and_line(self, backend: Backend) -> None:
        run = await self.run(backend, "1", "x = 1\n1 / 0", "print('never')")

        assert (run.status, run.failed_cell, run.cells[2].status) == ("failed", 1, "not_run")
        assert run.error is not None
        assert (run.error.name, run.error.line) == ("ZeroDivisionError", 2)
        assert "1 / 0" in run.error.traceback

    async def test_warnings_are_told_with_their_line(self, backend: Backend) -> None:
        run = await self.run(backend, "import warnings\nwarnings.warn('old', DeprecationWarning)")

        (warning,) = run.cells[0].warnings
        assert (warning.category, warning.message, warning.line) == ("DeprecationWarning", "old", 2)

    async def test_files_beside_the_artifact_are_there_and_stay_as_they_are(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        (tmp_path / "data.csv").write_text("a,b\n")
        (tmp_path / "near.py").write_text("VALUE = 7\n")
        (tmp_path / ".git").mkdir()

        run = await self.run(
            backend,
            "import near, os; print(near.VALUE, open('data.csv').read().strip(), os.path.exists('.git'))",
            "open('data.csv', 'w').write('changed'); open('new', 'w').close()",
            workspace=tmp_path,
        )

        assert (run.status, printed(run)) == ("passed", "7 a,b False\n")
        assert {path.name for path in tmp_path.iterdir()} == {"data.csv", "near.py", ".git"}
        assert (tmp_path / "data.csv").read_text() == "a,b\n"

    async def test_nothing_of_one_run_is_there_in_the_next(self, backend: Backend, tmp_path: Path) -> None:
        cell = "import os; print(os.path.exists('left')); open('left', 'w').close(); os.environ['LEFT'] = '1'; import json; json.left = 1"
        box = backend(SMALL, tmp_path)

        runs = [
            await box.execute(notebook("import os, json; print(os.environ.get('LEFT'), hasattr(json, 'left'))", cell))
            for _ in range(2)
        ]

        assert [(printed(run), printed(run, 1)) for run in runs] == [("None False\n", "False\n")] * 2

    async def test_questions_are_answered_in_order(self, backend: Backend) -> None:
        questions = [Question(name=name) for name in ("json.loads", "json.gone", "nowhere.x")]

        answers = await backend(SMALL, None).resolve(questions)

        assert [answer.status for answer in answers] == ["exists", "absent", "unimportable"]
        assert [answer.question for answer in answers] == questions

    async def test_a_command_runs_among_the_files_with_the_documents_own_bytes(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        (tmp_path / "notebook.ipynb").write_text("old")
        document = notebook("1")
        box = backend(SMALL, tmp_path)

        done = await box.run(["sh", "-c", "wc -c < notebook.ipynb; exit 3"], document)
        missing = await box.run(["no-such-program"], document)

        assert (done.returncode, done.output.strip()) == (3, str(len(document.raw)))
        assert (missing.returncode, "no-such-program" in missing.output) == (127, True)

    @pytest.mark.parametrize(
        ("cell", "limits", "ended"),
        [
            ("while True: pass", {"cell_timeout_s": 0.5}, "timeout"),
            ("import time; time.sleep(60)", {"wall_s": 5.0}, "timeout"),
            ("x = []\nwhile True: x.append(bytearray(20_000_000))", {}, "memory"),
            ("while True: print('x' * 10_000, flush=True)", {"output_bytes_total": 1 << 20}, "output"),
            (
                (
                    "import threading, time\nfor _ in range(99): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
                    "time.sleep(60)"
                ),
                {},
                "pids",
            ),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", {}, "killed"),
            ("import os; os._exit(3)", {}, "kernel_died"),
        ],
        ids=["cell", "run", "memory", "output", "pids", "killed", "died"],
    )
    async def test_a_limit_ends_the_run_by_its_name(
        self, backend: Backend, cell: str, limits: dict[str, float], ended: str
    ) -> None:
        run = await self.run(backend, cell, "print('never')", limits=replace(SMALL, **limits))

        assert (run.status, run.ended, run.cells[1].status) == ("failed", ended, "not_run"), run.reason

    async def test_a_command_that_takes_too_long_is_over(self, backend: Backend) -> None:
        marker = f"slow-{uuid.uuid4().hex}"

        with pytest.raises(TimeoutError):
            await backend(replace(SMALL, wall_s=1.0), None).run(["sh", "-c", "sleep 600; true", marker], notebook("1"))

        assert host_processes(marker) == []

    async def test_what_a_cell_leaves_running_is_dead_when_the_run_is_over(self, backend: Backend) -> None:
        marker = f"left-{uuid.uuid4().hex}"
        start = LONG.format(marker).replace("subprocess.run(", "subprocess.Popen(")

        run = await self.run(backend, start, "print('left')")

        assert (run.status, printed(run, 1)) == ("passed", "left\n")
        assert host_processes(marker) == []

    async def test_a_run_that_is_called_off_leaves_nothing(self, backend: Backend) -> None:
        marker = f"off-{uuid.uuid4().hex}"
        running = asyncio.create_task(self.run(backend, LONG.format(marker)))
        while not host_processes(marker):  # noqa: ASYNC110 - another process tells nobody that it has begun
            await asyncio.sleep(0.05)

        running.cancel()
        await asyncio.wait({running})

        assert running.cancelled()
        assert host_processes(marker) == []

    async def test_a_box_that_cannot_start_is_unavailable_and_no_failure_of_the_artifact(
        self, backend: Backend
    ) -> None:
        box = backend.unstartable()

        for asked in (
            box.execute(notebook("1")),
            box.resolve([Question(name="json")]),
            box.run(["true"], notebook("1")),
        ):
            with pytest.raises(SandboxUnavailableError):
                await asked

    async def test_what_the_backend_promises_is_kept_and_what_it_does_not_is_told(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        (tmp_path / "outside").write_text("x")
        words = {
            "outside": str(tmp_path / "outside"),
            "disk": SMALL.tmpfs_bytes,
            "pid": os.getpid(),
            "comm": Path(f"/proc/{os.getpid()}/comm").read_text(),
        }
        promised = sorted(backend.promises)

        run = await self.run(backend, *(KEPT[promise].format(**words) for promise in promised), "1")

        assert {promise: printed(run, at) for at, promise in enumerate(promised)} == dict.fromkeys(promised, "True\n")
        assert run.boxed is (backend.promises == ALL)

    async def test_the_repository_may_be_any_size_of_nothing(self, backend: Backend) -> None:
        run = await backend(SMALL, None).execute(notebook())

        assert (run.status, run.cells) == ("passed", ())
