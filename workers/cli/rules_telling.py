"""`mendloop rules list` and `rules explain`: what a rule says, where it is from and how it works."""

from __future__ import annotations

import json
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from workers.cli.rules_testing import own
from workers.contract.errors import ConfigError
from workers.contract.markdown import seen
from workers.contract.written import NO_PACKAGE
from workers.knowledge import packs
from workers.knowledge.rule import Keyword, Pattern, Symbol, Value
from workers.knowledge.shape import shapes
from workers.knowledge.written import bundles
from workers.knowledge.written.cases import dotted
from workers.review import trying_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workers.knowledge.rule import Rule, Version
    from workers.knowledge.shape import Shape
    from workers.knowledge.written.cases import Trial


def listed(config: Path | None, *, as_json: bool) -> None:
    """Print every rule, one a line.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    rules = packs.with_own(packs.shipped(), own(config) if config else ()).rules
    rows = [*map(_row, rules), *map(_shape_row, shapes().values())]
    if as_json:
        sys.stdout.write(json.dumps({"schema": 1, "rules": rows}) + "\n")
        return
    for row in rows:
        new = f" -> {row['new']}" if row["new"] else ""
        sys.stdout.write(seen(f"{row['id']}: {row['old']}{new} ({_when(row)})") + "\n")


def explained(identity: str, config: Path | None) -> None:
    """Print what is known of one rule.

    Raises:
        ConfigError: there is no such rule, or the configuration cannot be used.
    """
    written = own(config) if config else ()
    rules = packs.with_own(packs.shipped(), written)
    rule = rules.rule(identity)
    shape = shapes().get(identity.removeprefix("shapes/"))
    if rule:
        name = identity.partition("/")[0]
        lines = [
            *_told(rule),
            *_cases(_trials(name, rule, bundles.of_own(written) if name == packs.OWN else _shipped(name))),
        ]
    elif shape:
        lines = [*_told_shape(shape), *_cases(trying_shapes.trials().get(shape.id, ()))]
    else:
        known = [*(one.id for one in rules.rules), *(f"shapes/{name}" for name in shapes())]
        near = get_close_matches(identity, known, n=1)
        raise ConfigError(f"there is no rule {identity!r}{f'; did you mean {near[0]}?' if near else ''}")
    sys.stdout.write(seen("\n".join(lines)) + "\n")


def _shipped(name: str) -> bundles.Bundle:
    file = next(file for file in packs.files() if file.name == f"{name}.yml")
    return bundles.of_file(name, file.read_bytes())


def _trials(name: str, rule: Rule, bundle: bundles.Bundle) -> Sequence[Trial]:
    """The written cases of a rule, and what its pack says of all."""
    found = [trial for trial in bundle.trials if rule.id in trial.rules and trial.made in {"", "each"}]
    return [trial for trial in found if trial.of != name or trial.claim != "leaves"] or found


def _row(rule: Rule) -> dict[str, Any]:
    gate = rule.gate
    return {
        "id": rule.id,
        "kind": type(rule.change).__name__.lower(),
        "package": rule.package,
        "class": rule.staleness.value,
        "old": rule.change.old,
        "new": rule.change.new,
        **{name: _text(getattr(gate, name)) for name in ("since", "deprecated", "removed", "restored")},
        "as_of": rule.as_of.isoformat(),
        "source": rule.source,
        "message": rule.message,
    }


def _shape_row(shape: Shape) -> dict[str, Any]:
    return {
        "id": f"shapes/{shape.id}",
        "kind": "shape",
        "package": shape.package,
        "class": shape.staleness.value,
        "old": shape.old,
        "new": shape.new,
        "since": shape.target_since,
        "deprecated": shape.deprecated_since,
        "removed": shape.gone_since,
        "restored": None,
        "as_of": shape.as_of.isoformat(),
        "source": shape.source,
        "message": "",
    }


def _text(version: Version | None) -> str | None:
    return dotted(version) if version else None


def _when(row: dict[str, Any]) -> str:
    if row["package"] in {None, NO_PACKAGE}:
        return row["class"]
    steps = [f"{name} in {row[name]}" for name in ("deprecated", "removed", "restored") if row[name]]
    return f"{row['package']}: {', '.join(steps) or row['class']}"


def _told(rule: Rule) -> Iterator[str]:
    row = _row(rule)
    yield f"{rule.id}: `{row['old']}`" + (f" -> `{row['new']}`" if row["new"] else ", left to a person")
    yield f"  when: {_when(row)}" + (f"; the new form since {row['since']}" if row["since"] else "")
    yield f"  source: {rule.source} (as of {rule.as_of})"
    yield f"  mechanism: {_mechanism(rule)}"
    if rule.message:
        yield f"  message: {rule.message}"


def _told_shape(shape: Shape) -> Iterator[str]:
    row = _shape_row(shape)
    yield f"shapes/{shape.id}: {shape.old} -> {shape.new}"
    yield f"  when: {_when(row)}" + (f"; the new form since {row['since']}" if row["since"] else "")
    yield f"  source: {shape.source} (as of {shape.as_of})"
    yield "  mechanism: a rewrite of calls, in Python, that follows what names are bound to"


def _mechanism(rule: Rule) -> str:
    match rule.change:
        case Symbol():
            return "a dotted name, followed through imports, assignments and the types of receivers"
        case Keyword(calls=calls):
            return f"a keyword of {', '.join(calls)}"
        case Value(arguments=arguments):
            return f"a string passed to {', '.join(one.call for one in arguments)}"
        case Pattern(language=language, stands_for=held):
            bound = f", where {', '.join(f'{name} is {what}' for name, what in held)}" if held else ""
            return f"an ast-grep pattern in {language}{bound}"


def _cases(trials: Sequence[Trial]) -> Iterator[str]:
    for trial in trials:
        at = ", ".join(f"{name} {version}" for name, version in trial.installed)
        yield f"  case, {trial.claim}{f', with {at}' if at else ''}:"
        yield from _indented(trial.cells, "    ")
        if trial.claim == "mends":
            yield from _indented(trial.after, "    > ")


def _indented(cells: Sequence[str], indent: str) -> Iterator[str]:
    yield from (f"{indent}{line}".rstrip() for cell in cells for line in cell.rstrip("\n").split("\n"))
