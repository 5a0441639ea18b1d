"""Mend a folder of real stale notebooks, each in the environment it is known to run in, and print what came of it.

    python -m bench.corpus DIR [--pythons DIR] [--only p008,p230] [--out FILE] [--keep DIR]

DIR holds `manifest.json` (before/after pairs, and the environment in which each side is known to pass or fail), `pairs/`,
`envs/*.txt` (frozen requirement lists) and `cookbook/`. The files are copied before anything runs; DIR is only read.
An interpreter of the version that an environment names is looked for below `--pythons`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uv

COOKBOOK = """\
business_rules:
  preferred_chat_model: gpt-5.5
  preferred_embedding_model: text-embedding-3-large
  modernize:
    - "client.chat.completions.create -> client.responses.create"
    - "legacy function-calling schemas -> current tools schema"
    - rule: qdrant-search-to-query-points
      receivers: [qdrant]
    - "oaieval CLI examples -> current Evals API workflow"
  reader_experience:
    - Make fresh-environment setup explicit.
    - Keep the included examples runnable with local data and the standard library.
    - Keep sample repairs self-contained unless the notebook explicitly teaches external setup.
    - Remove manual result-file placeholders.
    - State runtime prerequisites and side effects before readers run cells.
    - Preserve the original teaching goal while modernizing the implementation.
"""


@dataclass(frozen=True)
class Job:
    """One file to mend in one environment."""

    name: str
    environment: str
    file: Path
    known: str
    """What is known about this side: PASS or FAIL."""
    fair: bool = False


@dataclass(frozen=True)
class Row:
    """What came of one job."""

    name: str
    environment: str
    known: str
    fair: bool
    base: str
    outcome: str
    head: str
    iterations: int
    changed_cells: int
    error: str
    seconds: float


def jobs_of(corpus: Path, only: set[str]) -> list[Job]:
    """Every notebook side that is known to run or to be mendable, with its environment."""
    jobs: list[Job] = []
    for pair in json.loads((corpus / "manifest.json").read_text())["pairs"]:
        known = pair["executable_offline"]
        if pair["format"] != "ipynb" or (only and pair["id"] not in only):
            continue
        runs = known.get("runs") or ([[known["env"], known["status"].upper()]] if "env" in known else [])
        for environment, verdict in runs:
            before, after = verdict.split("->")
            fair = verdict == "FAIL->PASS" and pair["id"] != "p245"
            jobs.append(Job(f"{pair['id']} before", environment, corpus / pair["before"], before, fair))
            if after == "PASS":
                jobs.append(Job(f"{pair['id']} after", environment, corpus / pair["after"], after))
    return jobs


def build(environment: str, corpus: Path, pythons: Path, cache: Path) -> tuple[Path, float]:
    """An environment from its frozen list; the interpreter in it and the seconds it took (0 when it was there)."""
    spec = json.loads((corpus / "manifest.json").read_text())["meta"]["envs"][environment]
    listed = corpus / "envs" / f"{environment}.txt"
    home = cache / f"{environment}-{hashlib.sha256(listed.read_bytes()).hexdigest()[:12]}"
    python = home / "bin" / "python"
    if (home / "done").exists():
        return python, 0.0
    started = time.monotonic()
    interpreter = pythons / spec["python"] / "bin" / "python"
    command = [uv.find_uv_bin()]
    subprocess.run([*command, "venv", "-q", "--clear", "--python", interpreter, home], check=True)
    subprocess.run(
        [*command, "pip", "install", "-q", "--no-build", "--compile-bytecode", "--python", python, "-r", listed],
        check=True,
    )
    (home / "done").touch()
    return python, time.monotonic() - started


async def mendloop(*arguments: str | Path) -> dict[str, Any]:
    """Run the command line and read its one JSON object."""
    program = Path(sys.executable).parent / "mendloop"
    process = await asyncio.create_subprocess_exec(
        program, "repair", "--json", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if not out:
        raise RuntimeError(f"exit {process.returncode}: {err.decode()[-2000:]}")
    return json.loads(out)


def ending(side: dict[str, Any]) -> str:
    """A base or head in a few words."""
    if side["status"] == "failed":
        return f"failed at {side['failed_cell']} {side['error_class']}"
    return side["status"]


async def mend(job: Job, python: Path, scratch: Path) -> Row:
    """Mend a copy of one file."""
    folder = scratch / f"{job.name.replace(' ', '-')}-{job.environment}"
    folder.mkdir(parents=True)
    shutil.copyfile(job.file, folder / "notebook.ipynb")
    started = time.monotonic()
    arguments = ["--repo", folder, "--python", python, "--out", scratch / "runs", "--timeout-s", "600", "--write"]
    result = await mendloop(folder / "notebook.ipynb", *arguments)
    one = result["artifacts"][0]
    return Row(
        name=job.name,
        environment=job.environment,
        known=job.known,
        fair=job.fair,
        base=ending(one["base"]),
        outcome=one["outcome"],
        head=ending(one["head"]),
        iterations=one["iterations"],
        changed_cells=len(one["changed_cells"]),
        error=(one["head"]["error"] or one["reason"] or "").split("\n")[0][:100],
        seconds=round(time.monotonic() - started, 1),
    )


async def pairs(corpus: Path, arguments: argparse.Namespace, scratch: Path) -> list[Row]:
    """All jobs, two at a time."""
    jobs = jobs_of(corpus, set(filter(None, arguments.only.split(","))))
    pythons: dict[str, Path] = {}
    for environment in sorted({job.environment for job in jobs}):
        pythons[environment], seconds = build(environment, corpus, arguments.pythons, arguments.cache)
        print(f"environment {environment}: {seconds:.1f} s", flush=True)
    slots = asyncio.Semaphore(2)
    rows: list[Row] = []

    async def one(job: Job) -> None:
        async with slots:
            row = await mend(job, pythons[job.environment], scratch)
            rows.append(row)
            print(" | ".join(map(str, asdict(row).values())), flush=True)

    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(one(job))
    return rows


def summary(rows: list[Row]) -> str:
    """The figures that count."""
    fair = [row for row in rows if row.fair]
    delivered = {"repaired", "improved"}
    mended = [row.name for row in fair if row.outcome in delivered and row.head == "passed"]
    broken = [row.name for row in rows if row.base == "passed" and row.outcome in delivered]
    broken = [name for name in broken if next(row for row in rows if row.name == name).head != "passed"]
    odd = [
        f"{row.name} ({row.environment}): {row.base}" for row in rows if (row.base == "passed") != (row.known == "PASS")
    ]
    return "\n".join(
        [
            f"fair pairs FAIL -> PASS: {len(mended)} of {len(fair)}: {', '.join(sorted(mended))}",
            f"not mended: {', '.join(sorted({row.name for row in fair} - set(mended)))}",
            f"PASS -> FAIL: {len(broken)} {broken}",
            f"base differs from what the manifest says: {len(odd)} {odd}",
            f"files: {len(rows)}, seconds each: median {sorted(row.seconds for row in rows)[len(rows) // 2] if rows else 0}",
        ]
    )


async def cookbook(corpus: Path, scratch: Path) -> None:
    """The recipe's three notebooks under the recipe's own business rules."""
    folder = scratch / "cookbook"
    shutil.copytree(corpus / "cookbook", folder)
    config = scratch / "recipe.yml"
    config.write_text(COOKBOOK)
    arguments = ["--repo", folder, "--config", config, "--date", "2026-11-20", "--out", scratch / "runs"]
    result = await mendloop(folder, *arguments)
    for one in result["artifacts"]:
        print(f"{one['path']}: {one['outcome']} ({one['stop_reason']}), {one['iterations']} iterations,", end=" ")
        print(f"base {ending(one['base'])}, head {ending(one['head'])}, remaining {one['remaining_delta']}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pythons", type=Path, default=Path.home() / ".pyenv" / "versions")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "mendloop" / "corpus")
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path, help="where the rows go, as JSON")
    parser.add_argument("--keep", type=Path, help="an empty directory where the files and the runs stay")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mendloop-corpus-") as temporary:
        scratch = arguments.keep or Path(temporary)
        asyncio.run(cookbook(arguments.corpus, scratch))
        rows = asyncio.run(pairs(arguments.corpus, arguments, scratch))
    print(summary(rows))
    if arguments.out:
        arguments.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
