"""Run the code cells of an artifact in a real kernel beside it, and tell what happened, one JSON line at a time.

Reads one JSON request from standard input. Writes `started`, `ready`, then `begin` and `cell` for each cell, then `done`.
"""

import json
import os
import secrets
import sys
import time

import collect
import shim
import tree
from session import RunEndedError, Session
from voice import Voice

_START_S = 60.0


def main():
    """Read the request and do it."""
    voice = Voice()
    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    voice.say("started", python=list(sys.version_info[:3]))
    os.makedirs(request["cwd"], exist_ok=True)
    session = Session(request, secrets.token_hex(16), shim.environment(request["runtime"], request["overlay"]))
    try:
        tree.unpack(request.get("tree"))
        sys.path.append(request["overlay"])
        session.connect(_START_S)
        voice.say("ready")
        _run(voice, session, request)
        voice.say("done", ended="", reason="")
    except RunEndedError as end:
        ended, reason = end.args
        voice.say("done", ended=ended, reason=reason)
    finally:
        session.kill()


def _run(voice, session, request):
    limits = request["limits"]
    budget = collect.Budget(limits["output_bytes_cell"], limits["output_bytes_total"], limits["rich_bytes_total"])
    raw = collect.Budget(4 * limits["output_bytes_cell"], 2 * limits["output_bytes_total"], 0)
    cells = request["cells"]
    for number, cell in enumerate(cells):
        if cell["skip"]:
            continue
        voice.say("begin", cell=cell["cell"])
        collected = collect.Cell(budget, raw if request["raw"] else None)
        started = time.monotonic()
        reply, error, end = _one(session, cell, collected, limits["cell_timeout_s"])
        if error is None and _leaves(reply) and any(_runs(later) for later in cells[number + 1 :]):
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
            error=error,
            expected=expected,
        )
        whole = collected.whole_outputs()
        if whole is not None and (error is None or expected):
            voice.say("raw", cell=cell["cell"], outputs=whole, execution_count=reply.get("execution_count"))
        if end is not None:
            raise RunEndedError(*end)
        if error is not None and not expected:
            return


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


if __name__ == "__main__":
    main()
