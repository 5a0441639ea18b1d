"""The command line. Only wiring: what is typed becomes values, errors become exit codes.

The commands are loaded when they run: the loop takes half a second to load, which completion and help need not wait for.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.knowledge import knowledge_app
from workers.cli.rules_app import rules_app
from workers.contract.errors import ConfigError, EnvironmentBuildError, MendloopError
from workers.contract.markdown import seen
from workers.contract.redact import redactor
from workers.running import version

USAGE = 2
OPERATIONAL = 3

app = typer.Typer(
    name="mendloop",
    help="Mend stale notebooks, and prove it by running them before and after.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
config_app = typer.Typer(name="config", help="Look at the configuration.", no_args_is_help=True)
app.add_typer(config_app)
app.add_typer(rules_app)
app.add_typer(knowledge_app)
env_app = typer.Typer(name="env", help="Look at the environments that artifacts run in.", no_args_is_help=True)
app.add_typer(env_app)


class Sandbox(StrEnum):
    """Where artifacts run."""

    BUBBLEWRAP = "bubblewrap"
    OCI = "oci"
    NONE = "none"


Paths = Annotated[list[Path], typer.Argument(metavar="PATHS...", help="Notebooks, or folders to search for them.")]
Repo = Annotated[Path | None, typer.Option(help="The repository; found upward from PATHS by its .git otherwise.")]
Python = Annotated[
    str | None,
    typer.Option(metavar="INTERPRETER", help="Run in this interpreter's environment (CPython 3.7 or later)."),
]
Requirements = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Build the environment from this file, with uv; looked for from the current folder."
    ),
]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Configuration; .github/mendloop.yml otherwise.")]
Date = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Judge staleness by this date; today otherwise.")]
Box = Annotated[
    Sandbox,
    typer.Option(help="`oci` is a box of runsc, crun or runc; `none` runs without a box, and the evidence says so."),
]
Write = Annotated[
    bool,
    typer.Option(
        "--write",
        help="Write repaired artifacts over the originals, improved ones too (they still have something left).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


def _version(asked: bool) -> None:  # noqa: FBT001 - typer passes an option's value by position
    if asked:
        sys.stdout.write(f"mendloop {version.version()}\n")
        raise typer.Exit


@app.callback()
def top(
    *,
    asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Mend stale notebooks, and prove it by running them before and after."""


@app.command("repair")
def repair_command(  # noqa: PLR0913 - an option each
    paths: Paths,
    *,
    repo: Repo = None,
    python: Python = None,
    requirements: Requirements = None,
    config: Config = None,
    date: Date = None,
    max_iterations: Annotated[int | None, typer.Option(metavar="N", help="Iterations for one artifact.")] = None,
    findings_per_iteration: Annotated[
        int | None, typer.Option(metavar="N", help="Findings that one iteration mends at most; all otherwise.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(metavar="N", help="Artifacts at once.")] = None,
    timeout_s: Annotated[float | None, typer.Option(metavar="S", help="Seconds for one run of an artifact.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Print the patch; with --json on standard error.")] = False,
    write: Write = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the run in this folder, outside the checkout.")
    ] = None,
    json: Json = False,
    sandbox: Box = Sandbox.BUBBLEWRAP,
) -> None:
    """Repair stale artifacts. Nothing in the working tree changes without --write."""
    from workers.cli import repair, session  # noqa: PLC0415 - see above

    flags = {
        "--python": python,
        "--requirements": requirements,
        "--max-iterations": max_iterations,
        "--findings-per-iteration": findings_per_iteration,
        "--jobs": jobs,
        "--timeout-s": timeout_s,
    }
    asked = session.Asked(paths=paths, repo=repo, config=config, date=date, flags=flags)
    options = repair.Options(asked=asked, sandbox=sandbox.value, out=out, diff=diff, write=write, as_json=json)
    raise typer.Exit(repair.repair(options))


@app.command("scan")
def scan_command(  # noqa: PLR0913 - an option each
    paths: Paths,
    *,
    repo: Repo = None,
    python: Python = None,
    requirements: Requirements = None,
    config: Config = None,
    date: Date = None,
    resolve: Annotated[bool, typer.Option("--resolve", help="Ask the environment about names, in a box.")] = False,
    json: Json = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0 on standard output.")] = False,
    sandbox: Box = Sandbox.BUBBLEWRAP,
) -> None:
    """Find what is stale without running any artifact."""
    from workers.cli import scan, session  # noqa: PLC0415 - see above

    if json and sarif:
        raise ConfigError("--json and --sarif exclude each other; give one")
    flags = {"--python": python, "--requirements": requirements}
    asked = session.Asked(paths=paths, repo=repo, config=config, date=date, flags=flags)
    options = scan.Options(asked=asked, sandbox=sandbox.value, resolve=resolve, as_json=json, as_sarif=sarif)
    raise typer.Exit(scan.scan(options))


@app.command("doctor")
def doctor_command() -> None:
    """Check what this machine offers for running artifacts, and say what to install."""
    from workers.cli import doctor  # noqa: PLC0415 - see above

    raise typer.Exit(doctor.doctor())


@config_app.command("check")
def check_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The repository, or a path in it.")] = Path(),
    config: Config = None,
) -> None:
    """Check the configuration and show every setting with its origin."""
    from workers.cli import settings_commands  # noqa: PLC0415 - see above

    settings_commands.check(path, config)


@config_app.command("schema")
def schema_command() -> None:
    """Print the JSON schema of the configuration file."""
    from workers.cli import settings_commands  # noqa: PLC0415 - see above

    settings_commands.schema()


@env_app.command("explain")
def explain_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A notebook, or a folder to search for them.")],
    *,
    repo: Repo = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say what an artifact's environment would hold, who asks for it, and what of the declarations is not followed."""
    from workers.cli import environment, session  # noqa: PLC0415 - see above

    asked = session.Asked(paths=[path], repo=repo, config=config, date=None, flags={})
    raise typer.Exit(environment.explain(asked, print_json=json))


def main() -> None:
    """Run what was typed and leave with its exit code.

    0: all fresh, repaired or skipped; 1: something remains; 2: usage or configuration; 3: an operational error;
    130: interrupted.
    """
    try:
        app(prog_name="mendloop")
    except (ConfigError, EnvironmentBuildError) as error:
        _say(error)
        sys.exit(USAGE)
    except MendloopError as error:
        _say(error)
        sys.exit(OPERATIONAL)


def _say(error: MendloopError) -> None:
    """An error's message, masked: an installer's words may hold the credentials of an index, a stranger's terminal codes."""
    sys.stderr.write(f"mendloop: {seen(redactor(os.environ).mask(str(error)))}\n")
