"""Build a folder of frozen environments with our builder and print how long each took.

    python -m bench.environments DIR --pythons DIR [--cache DIR] [--only old,now] [--out FILE]

DIR holds `manifest.json` (which Python each environment is for) and `envs/*.txt` (frozen requirement lists); it is only read.
An interpreter of the version that an environment names is looked for below `--pythons`. Packages come from the index that this
machine's variables name.

    cold      nothing is there: resolved, downloaded, unpacked, compiled, composed
    again     the downloads are there, nothing else: what another tenant waits for
    composed  the unpacked packages are there too: what another environment of the same packages waits for
    warm      the same question again, median of 9
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from workers.contract.errors import EnvironmentBuildError
from workers.environments.evicting import size_bytes
from workers.environments.supplier import Supplier
from workers.environments.supplying import supply
from workers.environments.words import Asked, Decision
from workers.sandbox.interpreter import Interpreter, inspect_interpreter

WARM = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One environment; seconds."""

    name: str
    python: str
    packages: int
    megabytes: float
    cold: float
    again: float
    composed: float
    warm: float
    error: str = ""


def decision(path: Path) -> Decision:
    """What a frozen list asks for."""
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return Decision(source=path.name, asked=tuple(Asked(requirement=line, origin=path.name) for line in lines))


async def timed(wanted: Decision, python: Interpreter, supplier: Supplier) -> tuple[float, Path, int]:
    """Seconds, where it lies, and how many packages it has."""
    started = time.perf_counter()
    found = await supply(wanted, python, supplier)
    return time.perf_counter() - started, found.environment.prefix, len(found.locked)


async def measured(name: str, corpus: Path, python: Interpreter, cache: Path) -> Row:
    """All four times of one environment; its cache is empty at first."""
    wanted = decision(corpus / "envs" / f"{name}.txt")
    supplier = Supplier(cache=cache, tenant="one", index=dict(os.environ))
    version = ".".join(map(str, python.version))
    try:
        cold, prefix, packages = await timed(wanted, python, supplier)
    except EnvironmentBuildError as error:
        return Row(
            name=name,
            python=version,
            packages=0,
            megabytes=0,
            cold=0,
            again=0,
            composed=0,
            warm=0,
            error=str(error)[:300],
        )
    warm = [(await timed(wanted, python, supplier))[0] for _ in range(WARM)]
    again, _, _ = await timed(wanted, python, replace(supplier, tenant="two"))
    shutil.rmtree(prefix.parent)
    composed, _, _ = await timed(wanted, python, supplier)
    return Row(
        name=name,
        python=version,
        packages=packages,
        megabytes=size_bytes(prefix) / 1e6,
        cold=cold,
        again=again,
        composed=composed,
        warm=statistics.median(warm),
    )


async def main(options: argparse.Namespace) -> None:
    """Measure them one after the other and print a table."""
    listed = json.loads((options.corpus / "manifest.json").read_text())["meta"]["envs"]
    only = set(options.only.split(",")) if options.only else set(listed)
    print(
        f"{'environment':<12} {'Python':<8} {'packages':>8} {'MB':>7} {'cold':>8} {'again':>8} {'composed':>9} {'warm':>8}"
    )
    rows: list[Row] = []
    for name, spec in listed.items():
        if name not in only:
            continue
        python = await inspect_interpreter(options.pythons / spec["python"] / "bin" / "python")
        with tempfile.TemporaryDirectory(prefix="environments-", dir=options.cache) as cache:
            row = await measured(name, options.corpus, python, Path(cache))
        rows.append(row)
        print(
            f"{row.name:<12} {row.python:<8} {row.packages:>8} {row.megabytes:>7.0f} {row.cold:>7.1f}s {row.again:>7.1f}s"
            f" {row.composed:>8.2f}s {1000 * row.warm:>6.1f}ms {row.error}",
            flush=True,
        )
    if options.out:
        options.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pythons", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="a directory to put the caches in; by default the temporary one")
    parser.add_argument("--only")
    parser.add_argument("--out", type=Path)
    asyncio.run(main(parser.parse_args()))
