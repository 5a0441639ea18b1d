"""`mendloop rules`: every rule that comes with mendloop, as the page docs/rules.md."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING

from workers.contract.markdown import code, row
from workers.knowledge.packs import shipped
from workers.knowledge.rule import Keyword, Pattern, Symbol, Value
from workers.knowledge.shape import shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.knowledge.rule import Gate, Rule, Version
    from workers.knowledge.shape import Shape

_HEAD = """\
# Rules

Made by `mendloop rules page`; [writing-rules.md](writing-rules.md) tells how to write one. A finding names the rule that made it; a rule holds in the versions in which the old form warns or is
gone, as far as the version is installed.

## Families without a list of their own

| id | what it speaks of |
| --- | --- |
| `execution/error`, `execution/warning`, `execution/expected-error` | what running the artifact showed |
| `api/name`, `api/keyword`, `api/value`, `api/module`, `api/warning` | what the installed packages say of a name, a call or a value when they are asked |
| `mined/...` | what the releases of a package were seen to do to a name: [knowledge.md](knowledge.md) |
| `python2/...` | Python 2 under Python 3, by construct |
| `models/retired`, `models/deprecated`, `models/policy`, `models/deployment` | models of vendors: past their end, near it, not the preferred one, behind a name of the owner's |
| `setup/...` | what an artifact installs: renamed, unknown, yanked, without a wheel, not to be had together |
| `data/unreached`, `data/gone` | addresses of data that a run did not reach, or that are known to be gone |
| `network/...`, `secret/...` | what a run reached for, and what it showed |
| `reader/...` | a reader who is left alone; only where `business_rules.reader_experience` asks for it |
| `shapes/own-rename` | the owner's own phrases in `business_rules.modernize` |
| `environment/...` | an environment that cannot be had, or that lacks what its declaration or the artifact asks for |

## Rewrites of calls

Their ids may stand in `business_rules.modernize`: alone, or as `rule:` of an object with `receivers`, the names of local variables
that hold what is called. Those marked *by itself* need not be named where the installed version warns of the old form; all are made
where it no longer has it.
"""


def rules() -> None:
    """Print the page."""
    sys.stdout.write(markdown())


def markdown() -> str:
    """The page."""
    packs = groupby(shipped().rules, key=lambda rule: rule.id.partition("/")[0])
    parts = [_HEAD, _table(("id", "from", "to", "by itself"), map(_shape, shapes().values()))]
    for name, found in packs:
        rows = (_rule(rule) for rule in found)
        parts += [f"\n## {name}\n\n", _table(("id", "from", "to", "deprecated", "gone"), rows)]
    return parts[0] + "\n" + "".join(parts[1:])


def _table(names: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [row(*names), row(*["---"] * len(names)), *(row(*cells) for cells in rows)]
    return "\n".join(lines) + "\n"


def _shape(shape: Shape) -> Iterator[str]:
    yield from (code(shape.id), shape.old, shape.new)
    yield "yes" if shape.deprecated_since and shape.staleness.value == "deprecated" else ""


def _rule(rule: Rule) -> Iterator[str]:
    old, new = _change(rule)
    yield from (code(rule.id), old, new or rule.message, *_gate(rule.gate))


def _change(rule: Rule) -> tuple[str, str]:
    match rule.change:
        case Symbol(old=old, new=new):
            return code(old), code(new) if new else ""
        case Keyword(calls=calls, old=old, new=new):
            first, more = next(iter(calls)), len(calls) - 1
            return f"{code(f'{old}=')} of {code(first)}{f' and {more} more' if more else ''}", code(
                f"{new}="
            ) if new else ""
        case Value(arguments=arguments, old=old, new=new):
            return f"{code(repr(old))} as {code(f'{arguments[0].keyword}=')}", code(repr(new)) if new else ""
        case Pattern(old=old, new=new):
            return code(old), code(new) if new else ""


def _gate(gate: Gate) -> tuple[str, str]:
    return _version(gate.deprecated), _version(gate.removed)


def _version(version: Version | None) -> str:
    return ".".join(map(str, version)) if version else ""
