"""`mendloop-app`: starts the processes of the GitHub App. Only wiring: the environment is read here and nowhere else."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot import serving
from bot.settings import DRY_RUN, environment, problems
from workers.contract import deployment, logs
from workers.contract.deployment import SettingsError, keep_private
from workers.contract.errors import ConfigError, MendloopError
from workers.contract.redact import redactor

if TYPE_CHECKING:
    from bot.settings import Kind

USAGE = 2
OPERATIONAL = 3

app = typer.Typer(
    name="mendloop-app",
    help="The GitHub App: hears deliveries, mends what is stale, opens pull requests.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything but write to GitHub.")]


@app.command()
def serve(*, dry_run: DryRun = False) -> None:
    """Run every process on this machine, with an embedded Redis and, unless a URL says otherwise, SQLite."""
    keep_private()
    asyncio.run(serving.serve(_environ(dry_run=dry_run)))


@app.command()
def web() -> None:
    """Run the web process: deliveries and pages. It holds the webhook secret, never the key."""
    _become("web", dry_run=False)


@app.command()
def github(*, dry_run: DryRun = False) -> None:
    """Run the github process: dispatch, broker, publishing. It alone holds the App's key."""
    _become("github", dry_run=dry_run)


@app.command()
def loop() -> None:
    """Run a loop process: it mends in boxes. It holds no key and no secret of GitHub's."""
    _become("loop", dry_run=False)


@app.command()
def migrate() -> None:
    """Bring the ledger's tables up to date. `serve` does so by itself."""
    environ = _environ(dry_run=False)
    reading = deployment.Reading(environ)
    where = deployment.shared(reading)
    reading.done()
    asyncio.run(serving.migrate(where.ledger_url))


@app.command()
def check() -> None:
    """Say everything that is missing for running here."""
    from bot import checks  # noqa: PLC0415 - it loads all of the GitHub client, which the others start without

    looks = asyncio.run(checks.look(_environ(dry_run=False)))
    mask = redactor(os.environ).mask
    width = max(len(found.name) for found in looks)
    for found in looks:
        sys.stdout.write(f"{'ok     ' if found.ok else 'missing'}  {found.name:{width}}  {mask(found.seen)}\n")
    raise typer.Exit(0 if all(found.ok for found in looks) else OPERATIONAL)


def main() -> NoReturn:
    """Run the command line. Exit codes: 2 for settings that cannot be used, 3 for what this machine or the ledger lacks."""
    masking = redactor(os.environ)
    logs.configure("serve", masking)
    try:
        app()
    except SettingsError as error:
        _leave("\n".join(f"mendloop-app: {masking.mask(problem)}" for problem in error.problems), USAGE)
    except ConfigError as error:
        _leave(f"mendloop-app: {masking.mask(str(error))}", USAGE)
    except MendloopError as error:
        _leave(f"mendloop-app: {masking.mask(str(error))}", OPERATIONAL)
    sys.exit(0)


def _become(kind: Kind, *, dry_run: bool) -> NoReturn:
    """Turn into the process itself, with exactly the environment it may have."""
    environ = _environ(dry_run=dry_run)
    wrong = problems(kind, environ)
    if wrong:
        raise SettingsError(wrong)
    command = serving.command(kind)
    os.execve(command[0], command, environment(kind, environ))  # noqa: S606  # no shell, and a fixed command


def _environ(*, dry_run: bool) -> dict[str, str]:
    return dict(os.environ) | ({DRY_RUN: "true"} if dry_run else {})


def _leave(words: str, status: int) -> NoReturn:
    sys.stderr.write(words + "\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
