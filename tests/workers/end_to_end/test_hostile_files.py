"""Files that want to crash the command, hang it or lead it astray, given together with one healthy notebook."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tests.builders import notebook
from tests.workers import orchard
from tests.workers.end_to_end.machine import artifacts, checkout, outcomes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment

PLAIN = notebook("print(1)").raw
HOSTILE = {
    "bytes": ("invalid-utf8", PLAIN.replace(b"print(1)", b"print('\xff')")),
    "cells": ("bad-cell", PLAIN.replace(b'"cell_type": "code"', b'"cell_type": ["code"]')),
    "deep": ("nesting", PLAIN.replace(b'"metadata": {}', b'"metadata": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    "empty": ("not-json", b""),
    "list": ("not-a-notebook", b"[1, 2]"),
    "nan": ("not-json", PLAIN.replace(b'"metadata": {}', b'"metadata": {"score": NaN}')),
    "old": ("unsupported-version", PLAIN.replace(b'"nbformat": 4', b'"nbformat": 2')),
    "program": ("not-json", b"#!/bin/sh\necho \xc2\xa7\n"),
    "surrogate": ("lone-surrogate", PLAIN.replace(b"print(1)", b"print('\\ud800')")),
    "twice": ("duplicate-keys", PLAIN.replace(b'"nbformat": 4,', b'"nbformat": 4, "nbformat": 4,')),
    "wide": ("not-a-notebook", b'{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'),
}
"""Name of the file -> the error's short name, and what is in it."""


def test_every_hostile_file_is_named_with_what_happened_and_the_healthy_one_is_still_judged(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    files = {f"{name}.ipynb": raw for name, (_, raw) in HOSTILE.items()}
    repo = checkout(tmp_path / "repo", {**files, "healthy.ipynb": orchard.HEALTHY.raw})
    os.mkfifo(repo / "pipe.ipynb")
    with (repo / "sparse.ipynb").open("wb") as file:
        file.truncate(200 * 2**20)
    (repo / "folder.ipynb").mkdir()
    names = sorted(path.name for path in repo.glob("*.ipynb"))
    started = time.monotonic()

    done = machine.mendloop("repair", *names, "--python", environment.python, "--json", "--write", cwd=repo)

    assert time.monotonic() - started < 20
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    of = artifacts(done)
    codes = {f"{name}.ipynb": code for name, (code, _) in HOSTILE.items()}
    codes |= {"pipe.ipynb": "not-a-file", "sparse.ipynb": "too-large"}
    assert outcomes(done) == {**dict.fromkeys(codes, "skipped"), "healthy.ipynb": "fresh"}
    assert {path: of[path]["reason"].partition(":")[0] for path in codes} == codes
    assert all(of[path]["base"]["status"] == "not_run" and of[path]["evidence_level"] == "none" for path in codes)
    assert of["healthy.ipynb"]["evidence_level"] == "executed"
    assert {path: (repo / path).read_bytes() for path in files} == files


def test_a_link_out_of_the_repository_is_never_followed(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    repo = checkout(tmp_path / "repo", {"healthy.ipynb": orchard.HEALTHY.raw})
    outside = tmp_path / "outside.ipynb"
    outside.write_bytes(notebook("import orchard", "orchard.tally([1])  # nobody's business").raw)
    before = outside.read_bytes()
    (repo / "link.ipynb").symlink_to(outside)
    (repo / "folder").symlink_to(tmp_path)
    flags = ("--python", environment.python, "--json", "--write")

    searched = machine.mendloop("repair", ".", *flags, cwd=repo)
    named = machine.mendloop("repair", "link.ipynb", "healthy.ipynb", "--repo", ".", *flags, cwd=repo)

    assert outcomes(searched) == {"healthy.ipynb": "fresh"}
    assert named.returncode == 0, named.stderr
    assert outcomes(named) == {"healthy.ipynb": "fresh", "link.ipynb": "skipped"}
    assert artifacts(named)["link.ipynb"]["reason"] == "'link.ipynb' leads out of the repository"
    assert outside.read_bytes() == before
    assert (repo / "link.ipynb").is_symlink()
    assert not any(
        b"nobody's business" in path.read_bytes() for path in machine.state_home.rglob("*") if path.is_file()
    )
