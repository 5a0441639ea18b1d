"""`mendloop rules test`: rules held against their cases."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract import config_file
from workers.contract.errors import ConfigError, DocumentError
from workers.contract.markdown import seen
from workers.contract.paths import read_bounded
from workers.knowledge import packs
from workers.knowledge.written import bundles
from workers.review import trying, trying_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from workers.contract.written import Entry
    from workers.knowledge.written.bundles import Bundle
    from workers.review.trying import Failure

SHAPES = "shapes"
"""Names the rules of shapes among the packs."""
_FILE_BYTES = 2**20


def test(names: Sequence[str], config: Path | None) -> int:
    """Run the command; its exit code: 1 when a rule is refused or a case fails.

    Raises:
        ConfigError: a name is no pack and no file, or a file cannot be used.
    """
    today = datetime.now(UTC).date()
    everything = not names and config is None
    chosen = [*_bundles(names, everything=everything), *([bundles.of_own(own(config))] if config else [])]
    failed = sum(_tell(bundle, today) for bundle in chosen)
    tried = sum(len(bundle.trials) for bundle in chosen)
    if everything or SHAPES in names:
        trials = trying_shapes.trials()
        shaped = trying_shapes.shape_failures(trials, today)
        _print(shaped)
        failed, tried = failed + len(shaped), tried + sum(map(len, trials.values()))
    sys.stdout.write(f"{tried} cases tried, {failed} failed\n")
    return int(failed > 0)


def own(config: Path) -> tuple[Entry, ...]:
    """The rules that a configuration states, those of its roots too.

    Raises:
        ConfigError: the file cannot be read or is wrong.
    """
    file = config_file.read(_bytes(config), str(config)).config
    return (*file.rules, *(rule for root in file.roots for rule in root.rules))


def _bundles(names: Sequence[str], *, everything: bool) -> Iterator[Bundle]:
    known = {file.name.removesuffix(".yml"): file for file in packs.files()}
    for name in known if everything else names:
        if name in known:
            yield bundles.of_file(name, known[name].read_bytes())
        elif Path(name).is_file():
            yield bundles.of_file(Path(name).stem, _bytes(Path(name)))
        elif name != SHAPES:
            raise ConfigError(f"{name} is no pack and no file; packs are {', '.join((*known, SHAPES))}")


def _bytes(path: Path) -> bytes:
    try:
        return read_bounded(path.resolve().parent, path.name, _FILE_BYTES)
    except DocumentError as error:
        raise ConfigError(str(error)) from error


def _tell(bundle: Bundle, today: date) -> int:
    for name, why in bundle.refused:
        sys.stdout.write(f"REFUSED {name}: {why}\n")
    failed = trying.failures(bundle.trials, trying.by_packs(bundle.packs, today))
    _print(failed)
    return len(failed) + len(bundle.refused)


def _print(failed: Sequence[Failure]) -> None:
    for one in failed:
        trial = one.trial
        where = ", ".join(f"{name} {version}" for name, version in trial.installed)
        made = f" (made from a case: {trial.made})" if trial.made else ""
        source = "\n".join(f"    {line}" for cell in trial.cells for line in cell.split("\n"))
        sys.stdout.write(seen(f"FAILED {trial.of}{made}, with {where or 'nothing installed'}: {one.why}") + "\n")
        sys.stdout.write(seen(source) + "\n")
