"""`mendloop rules`: what is typed. The commands are loaded when they run, as everywhere on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

rules_app = typer.Typer(
    name="rules",
    help="Look at the rules, and try them on their cases. Alone it prints all of them as Markdown.",
    invoke_without_command=True,
)

Config = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The rules of this configuration too; .github/mendloop.yml is one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@rules_app.callback()
def rules_command(context: typer.Context) -> None:
    """Look at the rules, and try them on their cases. Alone it prints all of them as Markdown."""
    if context.invoked_subcommand is None:
        page_command()


@rules_app.command("page")
def page_command() -> None:
    """Print every rule that comes with mendloop, with its id, as Markdown."""
    from workers.cli import rules  # noqa: PLC0415 - see above

    rules.rules()


@rules_app.command("list")
def list_command(*, config: Config = None, json: Json = False) -> None:
    """List every rule: what is stale, what takes its place, since when."""
    from workers.cli import rules_telling  # noqa: PLC0415 - see above

    rules_telling.listed(config, as_json=json)


@rules_app.command("explain")
def explain_command(
    identity: Annotated[str, typer.Argument(metavar="ID", help="As findings name it, e.g. pandas/DataFrame.applymap.")],
    *,
    config: Config = None,
) -> None:
    """Say what a rule finds, since when, who says so, by which mechanism, and which cases it has."""
    from workers.cli import rules_telling  # noqa: PLC0415 - see above

    rules_telling.explained(identity, config)


@rules_app.command("test")
def cases_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PACK|FILE]...", help="A pack by name, or a file of one; all otherwise."),
    ] = None,
    *,
    config: Config = None,
) -> None:
    """Try rules on their cases: found, mended exactly, mended once, and everything else left alone."""
    from workers.cli import rules_testing  # noqa: PLC0415 - see above

    raise typer.Exit(rules_testing.test(names or [], config))
