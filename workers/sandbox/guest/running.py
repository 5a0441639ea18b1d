"""The cells, one after the other, and what is told of each."""

import time

import collect
import displays
import widgets
from session import RunEndedError


def run(voice, session, request):
    """Run the cells and tell of them; RunEndedError when the run has to end before its last cell."""
    notebook = _Notebook(request)
    try:
        for number, cell in enumerate(request["cells"]):
            if not cell["skip"] and not _done(voice, session, notebook, cell, request["cells"][number + 1 :]):
                return
    finally:
        if request["raw"] and notebook.widgets.state:
            voice.say("widgets", state=notebook.widgets.saved())


class _Notebook:
    """What the cells have in common."""

    def __init__(self, request):
        limits = request["limits"]
        self.timeout_s = limits["cell_timeout_s"]
        self.budget = collect.Budget(
            limits["output_bytes_cell"],
            limits["output_bytes_total"],
            limits["rich_bytes_total"],
            limits["outputs_cell"],
            limits["outputs_total"],
        )
        self.raw = None
        if request["raw"]:
            self.raw = collect.Budget(4 * limits["output_bytes_cell"], 2 * limits["output_bytes_total"], 0)
        self.displays, self.widgets = displays.Displays(), widgets.Widgets()
        self.told = {}

    def begun(self, cell):
        """A cell that begins."""
        return collect.Cell(self.budget, self.raw, self.displays, self.widgets, cell)


def _done(voice, session, notebook, cell, after):
    """Run and tell of one cell; False when it failed and the ones after it are not to be run."""
    voice.say("begin", cell=cell["cell"])
    collected = notebook.begun(cell["cell"])
    started = time.monotonic()
    reply, error, end = _one(session, cell, collected, notebook.timeout_s)
    if error is None and _leaves(reply) and any(map(_runs, after)):
        error = collect.ended("KernelDied", "the cell ended the kernel by exit() and there are cells after it")
        end = ("kernel_died", error["message"])
    expected = error is not None and end is None and cell["expects_error"]
    voice.say(
        "cell",
        cell=cell["cell"],
        status="ok" if error is None else "error",
        seconds=round(time.monotonic() - started, 6),
        outputs=collected.plain_outputs(),
        warnings=collected.warnings,
        attempts=collected.attempts,
        error=error,
        expected=expected,
    )
    if error is None or expected:
        notebook.told[cell["cell"]] = (collected, reply.get("execution_count"))
        _say_whole(voice, collected, reply.get("execution_count"))
    _say_changed(voice, notebook, collected)
    if end is not None:
        raise RunEndedError(*end)
    return error is None or expected


def _say_whole(voice, collected, count):
    whole = collected.whole_outputs()
    if whole is not None:
        voice.say("raw", cell=collected.index, outputs=whole, execution_count=count)


def _say_changed(voice, notebook, running):
    """An update reaches every output with its display id, also in cells that were told of long ago."""
    for earlier in notebook.displays.changed(running):
        voice.say("changed", cell=earlier.index, outputs=earlier.plain_outputs())
        if earlier.index in notebook.told:
            _say_whole(voice, *notebook.told[earlier.index])


def _one(session, cell, collected, timeout_s):
    """(reply, error, how it ended the run) of one cell; None where there is none."""
    if not cell["source"].strip():
        return {}, None, None
    try:
        reply = session.run(cell["cell"], cell["source"], collected, timeout_s)
    except RunEndedError as end:
        kind, reason = end.args
        names = {"timeout": "Timeout", "output": "OutputLimit", "killed": "Killed"}
        return {}, collect.ended(names.get(kind, "KernelDied"), reason), end.args
    if reply.get("status") == "ok":
        # %%capture and its like show an error of their body and go on as if there were none.
        shown = collected.swallowed if cell["source"].lstrip().startswith("%%") else None
        return reply, None if shown is None else collect.error(shown, collected.failure), None
    return reply, collect.error(reply, collected.failure), None


def _leaves(reply):
    return any(part.get("source") == "ask_exit" for part in reply.get("payload", []))


def _runs(cell):
    return bool(cell["source"].strip()) and not cell["skip"]
