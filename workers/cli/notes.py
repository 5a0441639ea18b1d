"""What a person is told beside the results: a configuration that is not read, a path without a notebook, a path not judged."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from workers.contract import config, layers
from workers.contract.errors import ConfigError
from workers.contract.report import outcome_name, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from workers.contract.config_file import ConfigFile
    from workers.running.prepared import Prepared
    from workers.settings import Plan

_MISNAMED = (
    ".github/mendloop.yaml",
    ".github/.mendloop.yml",
    ".github/.mendloop.yaml",
    "mendloop.yml",
    "mendloop.yaml",
    ".mendloop.yml",
    ".mendloop.yaml",
)
"""Where people put the configuration and nobody reads it."""
_PREFIX = "MENDLOOP_"
_READ_BESIDE = frozenset({"MENDLOOP_DATE", "MENDLOOP_RUNS_DIR"})
"""Variables of the command line that set no key of the file."""


def misnamed(repo: Path) -> str:
    """That a file beside the place of the configuration is not read; empty where there is none."""
    found = next((name for name in _MISNAMED if (repo / name).is_file()), None)
    if found is None or (repo / config.PATH).exists():
        return ""
    return f"there is no {config.PATH}, so every setting has its default; {found} is not read: rename it"


def unread_variables(environ: Mapping[str, str], *, near: bool) -> Iterator[str]:
    """Variables that are named as ours and that the command line does not read; `near`: only what looks like a slip."""
    known = sorted(_READ_BESIDE | set(layers.VARIABLES))
    names = {name.removeprefix(_PREFIX): name for name in known}
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or name in known or not environ[name]:
            continue
        like = get_close_matches(name.removeprefix(_PREFIX), names, n=1, cutoff=0.75)
        if like or not near:
            meant = f"; did you mean {names[like[0]]}?" if like else ""
            yield f"{name} is set, and no command reads it{meant}"


def nothing_found(paths: Sequence[Path], opened: Prepared) -> str:
    """That what was typed holds no notebook; empty where it does."""
    if opened.documents or opened.unread:
        return ""
    where = ", ".join(map(str, paths))
    return (
        f"no notebook found in {where}. Searched are the globs of `include`; left out are those of `exclude`, what git "
        "ignores, and folders such as .venv and build"
    )


def not_judged(opened: Prepared) -> str:
    """That artifacts were not judged, which an exit code of 0 does not tell; empty where all were."""
    skipped = [report for report in opened.unread if outcome_name(report.outcome) == "skipped"]
    if not skipped:
        return ""
    shown = "; ".join(f"{report.artifact.path} ({reason(report)})" for report in skipped[:3])
    more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""  # noqa: PLR2004 - as many as are shown
    return f"not judged, and not counted by the exit code: {shown}{more}"


def refuse_missing_requirements(plan: Plan) -> None:
    """A requirements file that was typed has to be there, whether or not an artifact needs it.

    Raises:
        ConfigError: it is not.
    """
    origin = next((value.origin for value in plan.values if value.key == "requirements"), "")
    for root in plan.roots:
        if root.typed and root.requirements is not None and not root.requirements.is_file():
            raise ConfigError(
                f"{origin}: there is no file {root.requirements}; it is looked for from the current folder"
            )


def mistakes(repo: Path, plan: Plan, file: ConfigFile | None) -> Iterator[str]:
    """What the configuration names and the repository does not have, each with where it is written."""
    if file is not None:
        for index, root in enumerate(file.config.roots):
            if not (repo / root.path).is_dir():
                line = file.located.line(("roots", index, "path"))
                yield f"{file.located.name}:{line}: `roots[{index}].path` is {root.path!r}; there is no such folder"
    told: set[str] = set()
    for value in plan.values:
        named = value.key.rpartition(".")[2] == "requirements" and value.value
        # What was typed is looked for from the current folder, see above; a root that inherits says nothing new.
        if not named or value.origin.startswith(("$", "--")) or value.origin in told:
            continue
        told.add(value.origin)
        if not (repo / str(value.value)).is_file():
            yield f"{value.origin}: `{value.key}` is {value.value!r}; there is no such file in the repository"
