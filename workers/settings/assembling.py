"""Settings: everything a run is told to do, assembled as defaults < file < environment < flags."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from workers.contract import config, layers
from workers.contract.config_file import dotted
from workers.contract.domain import Staleness
from workers.contract.errors import ConfigError
from workers.contract.layers import ENVIRONMENT_KEYS
from workers.contract.paths import contained
from workers.settings.values import DEFAULT_CLASSES, Plan, Root, Settings, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.config_file import ConfigFile
    from workers.contract.layers import Layer
    from workers.contract.yaml_lines import KeyPath


def assemble(
    file: ConfigFile | None, environ: Mapping[str, str], flags: Mapping[str, Any], *, repo: Path, as_of: date
) -> Plan:
    """The settings of a run.

    `flags` maps names of `FLAGS` to values; None counts as not given. `repo` is where relative paths of the file start.

    Raises:
        ConfigError: a value is wrong; the message names it and where it was written.
    """
    above = (layers.from_environ(environ), layers.from_flags(flags))
    stated = {} if file is None else file.stated
    top = layers.from_file(file, (), {key: value for key, value in stated.items() if key != "roots"})
    named = [layers.from_file(file, ("roots", index), root) for index, root in enumerate(stated.get("roots") or [])]
    stacks = {".": (top, *above)} | {_folder(layer): (top, layer, *above) for layer in named}
    roots = [_root(path, stack, repo, as_of) for path, stack in stacks.items()]
    deepest_first = sorted(roots, key=lambda root: (-len(PurePosixPath(root.path).parts), root.path))
    values = [value for path, stack in stacks.items() for value in _values(path, stack)]
    return Plan(roots=tuple(deepest_first), values=tuple(values))


def judged_by(flag: str | None, environ: Mapping[str, str], today: date) -> date:
    """The date to judge staleness by.

    Raises:
        ConfigError: it is not of the form YYYY-MM-DD.
    """
    name, text = ("--date", flag) if flag else ("$MENDLOOP_DATE", environ.get("MENDLOOP_DATE"))
    if not text:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"`{name}` is {text!r}; expected a date like 2026-11-20") from error


def _folder(layer: Layer) -> str:
    return config.NamedRoot.model_validate_json(json.dumps({"path": layer.values["path"]})).path


def _effective(stack: tuple[Layer, ...]) -> config.Config:
    values: dict[str, Any] = {}
    for layer in stack:
        values = layers.merged(values, layer.values)
    left_out = {"path", *ENVIRONMENT_KEYS}
    return config.Config.model_validate_json(json.dumps({k: v for k, v in values.items() if k not in left_out}))


def _root(path: str, stack: tuple[Layer, ...], repo: Path, as_of: date) -> Root:
    effective = _effective(stack)
    python, requirements, origin = _environment(stack)
    inside = not origin.startswith(("$", "--"))
    if python and inside:
        python = _outside(python, origin, repo)
    return Root(
        path=path,
        include=effective.include,
        exclude=effective.exclude,
        python=python,
        requirements=(contained(repo, requirements) if inside else Path(requirements)) if requirements else None,
        typed=not inside,
        environment=effective.environment,
        extras=effective.extras,
        builds=effective.builds,
        settings=_settings(effective, as_of),
    )


def _environment(stack: tuple[Layer, ...]) -> tuple[str | None, str | None, str]:
    """Interpreter, requirements, and where they are written: the highest layer that states one decides over both."""
    for layer in reversed(stack):
        python, requirements = (layer.values.get(key) for key in ENVIRONMENT_KEYS)
        if python is None and requirements is None:
            continue
        origin = layer.origins[("python" if python else "requirements",)]
        if python and requirements:
            raise ConfigError(f"{origin}: an interpreter and requirements exclude each other; give one")
        return python, requirements, origin
    return None, None, "default"


def _outside(python: str, origin: str, repo: Path) -> str:
    """The interpreter a file names: a bare name, which is looked up on PATH alone, or a path.

    A file of the checkout may not name a program of the checkout: it would start outside any box.
    """
    if "/" not in python:
        return python
    try:
        place = repo / Path(python).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{origin}: `python` is {python!r}; there is no such home directory") from error
    if place.is_relative_to(repo) or place.resolve().is_relative_to(repo.resolve()):
        raise ConfigError(
            f"{origin}: `python` is {python!r}, a program inside the checkout; type --python {python} if you trust it"
        )
    return str(place)


def _settings(effective: config.Config, as_of: date) -> Settings:
    limits = effective.limits
    return Settings(
        as_of=as_of,
        classes=_classes(effective),
        severity_threshold=effective.severity,
        business=effective.business_rules.rules(),
        rules=effective.rules,
        fix=effective.fix,
        vary=effective.vary,
        outputs=effective.outputs,
        max_iterations=effective.max_iterations,
        findings_per_iteration=effective.findings_per_iteration,
        jobs=effective.jobs,
        **limits.model_dump(),
        run=tuple(entry.run() for entry in effective.run),
        protected_cells=tuple(str(cell) for cell in effective.protected_cells),
        must_keep=effective.must_keep,
        banned_patterns=effective.banned_patterns,
        overrides=frozenset(effective.conduct_overrides),
        commands=effective.commands,
        network=effective.network.rules(),
    )


def _classes(effective: config.Config) -> frozenset[Staleness]:
    """What counts: as stated, or the defaults and whatever the business rules and rules of policy speak of."""
    if effective.classes is not None:
        return frozenset(effective.classes)
    rules = effective.business_rules
    policy = rules.preferred_chat_model or rules.preferred_embedding_model or rules.deprecated_models or rules.modernize
    policy = policy or any(rule.staleness == Staleness.POLICY.value for rule in effective.rules)
    spoken_of = ((Staleness.POLICY, policy), (Staleness.READER, rules.reader_experience))
    return DEFAULT_CLASSES.union(staleness for staleness, rule in spoken_of if rule)


def _values(path: str, stack: tuple[Layer, ...]) -> list[Value]:
    """Every setting of one root with its origin."""
    origins: dict[KeyPath, str] = {}
    for layer in stack:
        origins |= layer.origins
    python, requirements, chosen = _environment(stack)
    origins |= {("python",): chosen if python else "default", ("requirements",): chosen if requirements else "default"}
    model = _effective(stack)
    effective = model.model_dump(mode="json", by_alias=True, exclude={"roots"})
    effective |= {"classes": sorted(c.value for c in _classes(model)), "python": python, "requirements": requirements}
    prefix = () if path == "." else (path,)
    return [
        Value(key=dotted((*prefix, *leaf)), value=value, origin=origins.get(leaf, "default"))
        for leaf, value in layers.leaves(effective).items()
    ]
