"""The owner's command as the request for the program inside, and its lines as how it ended."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.contract.errors import SandboxUnavailableError
from workers.protocols import Completed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.protocols import Document
    from workers.sandbox.guestcall import Reply
    from workers.sandbox.limits import Limits

COMMANDER = Path(__file__).parent / "guest" / "command.py"
"""The program, started by the environment's interpreter. It imports its siblings in the same folder."""

NOT_FOUND = 127
"""What a shell says for a program that cannot be started."""
ENDED = -9
"""The exit code of a command that a limit ended: killed."""


def request(
    argv: Sequence[str], document: Document, limits: Limits, *, root: str, tree_fd: int | None
) -> dict[str, Any]:
    """Run `argv` at `root`, where the repository's files stand inside with the document's bytes in their place."""
    return {
        "argv": list(argv),
        "path": document.path,
        "document": base64.b64encode(document.raw).decode(),
        "root": root,
        "tree": None if tree_fd is None else {"fd": tree_fd, "into": root},
        "output_bytes": limits.output_bytes_cell,
    }


def completed(argv: Sequence[str], reply: Reply) -> Completed:
    """How the command ended. What came out of a box is a stranger's word: only a whole reply is believed.

    Raises:
        TimeoutError: it took longer than a run may.
        SandboxUnavailableError: the box did not start; nothing was learned.
    """
    lines = {str(line.get("event")): line for line in reply.lines}
    if "started" not in lines:
        raise SandboxUnavailableError(f"The box did not start: {reply.stderr.strip() or reply.ended}")
    if reply.ended == "timeout":
        raise TimeoutError(f"{argv[0]} took longer than a run may")
    if reply.done and "absent" in lines:
        why = lines["absent"].get("reason")
        return Completed(returncode=NOT_FOUND, output=f"`{argv[0]}` cannot be started in the environment's box: {why}")
    return _exited(reply, lines.get("exited", {}))


def _exited(reply: Reply, line: Mapping[str, Any]) -> Completed:
    returncode, output = line.get("returncode"), line.get("output")
    if reply.done and isinstance(returncode, int) and isinstance(output, str):
        return Completed(returncode=returncode, output=output)
    return Completed(returncode=ENDED, output=f"ended before it was done ({reply.ended or 'killed'})\n{reply.stderr}")
