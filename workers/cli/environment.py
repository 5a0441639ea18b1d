"""`mendloop env explain`: what an artifact's environment would hold, and why. Nothing is installed or run."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from workers.cli import session, terminal
from workers.contract.errors import ConfigError
from workers.contract.report import reason
from workers.environments.deciding import Choice, decide
from workers.environments.explaining import Explained, as_json, lines
from workers.environments.interpreters import Chosen, available, choose
from workers.sandbox.interpreter import inspect_interpreter

if TYPE_CHECKING:
    from workers.cli.session import Asked
    from workers.running.prepared import Prepared
    from workers.settings import Root


def explain(asked: Asked, *, print_json: bool) -> int:
    """Run the command; its exit code: 0 when all that is declared is followed and all that is imported declared, else 1.

    Raises:
        ConfigError: what was typed is no artifact, or the configuration is wrong.
        EnvironmentBuildError: the interpreter that the configuration names cannot be used.
    """
    opened = session.start(asked)
    explained = asyncio.run(_explained(opened))
    if print_json:
        made = [as_json(each) for each in explained]
        sys.stdout.write(json.dumps(opened.redactor.mask_all({"schema": 1, "artifacts": made})) + "\n")
    else:
        _print(opened, explained)
    return int(not all(each.complete for each in explained))


async def _explained(opened: Prepared) -> list[Explained]:
    if not opened.documents:
        unread = "; ".join(f"{each.artifact.path}: {reason(each)}" for each in opened.unread)
        raise ConfigError(unread or "no artifact is there to be explained; name a notebook")
    interpreters = await available(os.environ)
    made: list[Explained] = []
    for document in opened.documents:
        root = opened.plan.root_for(document.path)
        decision = await asyncio.to_thread(decide, opened.repo, document, _choice(opened.repo, root))
        chosen = await _named(Path(root.python)) if root.python else choose(decision, interpreters)
        made.append(Explained(artifact=document.path, decision=decision, chosen=chosen))
    return made


def _choice(repo: Path, root: Root) -> Choice:
    """The owner's file decides where the configuration names one in the repository."""
    named = root.requirements
    inside = named is not None and named.is_relative_to(repo)
    return Choice(declaration=named.relative_to(repo).as_posix() if named is not None and inside else None)


async def _named(python: Path) -> Chosen:
    found = await inspect_interpreter(python)
    return Chosen(interpreter=found, why="the configuration names it")


def _print(opened: Prepared, explained: list[Explained]) -> None:
    console = terminal.output()
    for each in explained:
        for line in lines(each):
            indent = line[: len(line) - len(line.lstrip())]
            console.print(Text(indent + terminal.plain(opened.redactor.mask(line))), soft_wrap=True)
