"""What the scan's benchmark lays out are notebooks, and its memory is what is really held."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.detect import with_outputs
from bench.peak import held_bytes
from workers.documents.notebook import parse
from workers.sandbox import tree

CODE: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": []}
NEW: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 4,
    "metadata": {},
    "cells": [CODE | {"source": "a = 1", "execution_count": None}],
}
OLD: dict[str, Any] = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": ""},
    "worksheets": [{"metadata": {}, "cells": [CODE | {"input": "a = 1", "language": "python"}]}] * 2,
}
BLOCK = 2**26


@pytest.mark.parametrize(("notebook", "cells"), [(NEW, 1), (OLD, 2)])
def test_a_notebook_of_every_format_gets_the_weight_it_is_to_have(notebook: dict[str, Any], cells: int) -> None:
    made = json.dumps(with_outputs(json.loads(json.dumps(notebook)), 7, 40_000)).encode()

    document = parse(made, "a.ipynb")

    assert 40_000 < len(made) < 42_000
    assert [cell.source for cell in document.cells] == ["a = 1"] * cells
    assert made.count(b"image/png") + made.count(b'"png"') == cells


def test_notebooks_of_the_same_sources_are_other_bytes() -> None:
    first, second, again = (json.dumps(with_outputs(json.loads(json.dumps(NEW)), seed, 400)) for seed in (1, 2, 1))

    assert first == again != second


def test_a_notebook_without_code_stays_one() -> None:
    assert with_outputs({"cells": []}, 1, 400) == {"cells": []}


def test_pages_that_a_forked_child_shares_are_counted_once() -> None:
    code = f"import os, sys; held = b'x' * {BLOCK}; os.fork() and print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        seen = tree.usage(process.pid)
        held = sum(map(held_bytes, seen.pids))
        process.stdin.close()

    assert len(seen.pids) == 2
    assert BLOCK < held < 1.8 * BLOCK < seen.resident_bytes
    assert held_bytes(process.pid) == 0, "one that is gone holds nothing"
