"""`mendloop knowledge`: what is known of libraries and models, how it is mined out of releases, and how it is brought up to date."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from workers.contract.errors import ConfigError

knowledge_app = typer.Typer(
    name="knowledge", help="What is known of libraries and models, and bringing it up to date.", no_args_is_help=True
)

Ranges = Annotated[
    list[str],
    typer.Argument(metavar="PACKAGE==A..B", help="Releases to read; `python==3.8..` is the standard library."),
]
Split = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PACKAGE", help="A package that parts of it moved to without a word, as to langchain-classic."
    ),
]
Into = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write a file per package there; printed on standard output otherwise."),
]
Date = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Releases until this day; until today otherwise.")]


@knowledge_app.command("mine")
def mine_command(ranges: Ranges, *, split: Split = None, into: Into = None, date: Date = None) -> None:
    """Read releases of packages, without importing or running any of them, and write down what changed."""
    from workers.cli import mining  # noqa: PLC0415 - loaded when it runs, as every command
    from workers.settings import judged_by  # noqa: PLC0415 - as above

    mining.mine(ranges, split or [], into, judged_by(date, os.environ, datetime.now(UTC).date()))


@knowledge_app.command("list")
def list_command() -> None:
    """Print every package that there are mined facts about, with how many."""
    from workers.knowledge import facts  # noqa: PLC0415 - loaded when it runs, as every command

    for package in facts.packages():
        shelf = facts.shelf(package)
        sys.stdout.write(f"{package}: {len(shelf)} facts, as of {shelf.head.as_of.isoformat()}\n")


@knowledge_app.command("refresh")
def refresh_command(
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help="An https address or a file.")] = None,
    *,
    into: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The table to write; your own one otherwise.")
    ] = None,
) -> None:
    """Merge a newer public table of models into your own, which lies over the shipped one."""
    from workers.knowledge import refreshing, vendors  # noqa: PLC0415 - loaded when it runs, as every command

    place = into or vendors.own_table(os.environ)
    if place is None:
        raise ConfigError("neither XDG_DATA_HOME nor HOME names a folder for your own table; name a file with --into")
    done = refreshing.refresh(source or refreshing.PUBLIC, into=place, today=datetime.now(UTC).date())
    for line in (*done.changes, *done.kept):
        sys.stdout.write(f"{line}\n")
    written = f"written to {done.path}" if done.path else "nothing to write"
    sys.stderr.write(f"{len(done.changed)} models changed, {done.passed_over} rows passed over; {written}\n")
