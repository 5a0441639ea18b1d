from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import notebook
from workers.contract.domain import Edit
from workers.contract.errors import DocumentError
from workers.documents.notebook import Limits, parse, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = '{"cells": [%s], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}'
CODE = '{"cell_type": "code", "metadata": {}, "outputs": [], "source": "1"}'
EMPTY = '{"cell_type":"raw","source":""}'


def having(cell: str = CODE) -> bytes:
    return (GOOD % cell).encode()


def version(major: str, minor: str = "0") -> bytes:
    return f'{{"cells": [], "metadata": {{}}, "nbformat": {major}, "nbformat_minor": {minor}}}'.encode()


def in_metadata(value: str) -> bytes:
    return having().replace(b'"metadata": {}, "nbformat"', f'"metadata": {{"x": {value}}}, "nbformat"'.encode())


HOSTILE: dict[str, tuple[str, bytes]] = {
    "a byte that is no UTF-8": ("invalid-utf8", having().replace(b'"1"', b'"\xff"')),
    "a surrogate in UTF-8": ("invalid-utf8", having().replace(b'"1"', b'"\xed\xa0\x80"')),
    "UTF-16 with its mark": ("invalid-utf8", having().decode().encode("utf-16")),
    "UTF-16 without": ("not-json", having().decode().encode("utf-16-le")),
    "two byte order marks": ("not-json", b"\xef\xbb\xbf" * 2 + having()),
    "nothing": ("not-json", b""),
    "a byte order mark alone": ("not-json", b"\xef\xbb\xbf"),
    "white space": ("not-json", b" \n"),
    "a NUL in a string": ("not-json", having().replace(b'"1"', b'"\0"')),
    "a NUL at the end": ("not-json", having() + b"\0"),
    "a line feed in a string": ("not-json", having().replace(b'"1"', b'"\n"')),
    "two notebooks": ("not-json", having() * 2),
    "half a notebook": ("not-json", having()[:60]),
    "a trailing comma": ("not-json", having(CODE + ",")),
    "single quotes": ("not-json", having().replace(b'"', b"'")),
    "a key without a colon": ("not-json", b'{"cells" []}'),
    "a key that is no string": ("not-json", b"{1: 2}"),
    "Python": ("not-json", b"import os\n"),
    "a web page": ("not-json", b"<!DOCTYPE html>"),
    "NaN": ("not-json", in_metadata("NaN")),
    "Infinity": ("not-json", in_metadata("[-Infinity]")),
    "NaN as a whole": ("not-json", b"NaN"),
    "5,000 digits": ("number-too-long", in_metadata("1" * 5_000)),
    "a key twice in the notebook": ("duplicate-keys", b'{"cells": [], ' + having()[1:]),
    "a key twice in a cell": ("duplicate-keys", having(CODE.replace('"outputs": []', '"source": "2"'))),
    "a key twice in metadata": ("duplicate-keys", in_metadata('[{"a": 1, "\\u0061": 2}]')),
    "lists 900 deep": ("nesting", in_metadata("[" * 900 + "]" * 900)),
    "lists 100,000 deep": ("nesting", in_metadata("[" * 100_000 + "]" * 100_000)),
    "objects 100,000 deep": ("nesting", in_metadata('{"a":' * 100_000 + "1" + "}" * 100_000)),
    "lists 100,000 deep, never closed": ("nesting", b"[" * 100_000),
    "cells 100,000 deep": ("nesting", b'{"cells":[' * 100_000),
    "a list": ("not-a-notebook", b"[]"),
    "null": ("not-a-notebook", b"null"),
    "a string": ("not-a-notebook", b'"x"'),
    "a number": ("not-a-notebook", b"4"),
    "another kind of object": ("not-a-notebook", b'{"name": "package"}'),
    "no cells": ("not-a-notebook", b'{"nbformat": 4, "nbformat_minor": 0, "metadata": {}}'),
    "cells an object": ("not-a-notebook", having().replace(b"[" + CODE.encode() + b"]", b"{}")),
    "cells null": ("not-a-notebook", having().replace(b"[" + CODE.encode() + b"]", b"null")),
    "metadata a list": (
        "not-a-notebook",
        having().replace(b'"metadata": {}, "nbformat"', b'"metadata": [], "nbformat"'),
    ),
    "worksheets of the wrong type": ("not-a-notebook", b'{"nbformat": 3, "worksheets": [1]}'),
    "a worksheet without cells": ("not-a-notebook", b'{"nbformat": 3, "worksheets": [{}]}'),
    "version missing": ("unsupported-version", b'{"cells": []}'),
    "version 2": ("unsupported-version", version("2")),
    "version 5": ("unsupported-version", version("5")),
    "version 999": ("unsupported-version", version("999")),
    "version -1": ("unsupported-version", version("-1")),
    "version a string": ("unsupported-version", version('"4"')),
    "version a fraction": ("unsupported-version", version("4.0")),
    "version a list": ("unsupported-version", version("[4]")),
    "version true": ("unsupported-version", version("true")),
    "minor version 6": ("unsupported-version", version("4", "6")),
    "minor version 99": ("unsupported-version", version("4", "99")),
    "minor version -1": ("unsupported-version", version("4", "-1")),
    "minor version null": ("unsupported-version", version("4", "null")),
    "a cell that is a number": ("bad-cell", having("1")),
    "a cell that is a list": ("bad-cell", having("[]")),
    "a cell of no type": ("bad-cell", having("{}")),
    "a cell of an unknown type": ("bad-cell", having(CODE.replace("code", "coda"))),
    "a cell type that is a list": ("bad-cell", having(CODE.replace('"code"', "[1]"))),
    "a heading in nbformat 4": ("bad-cell", having(CODE.replace("code", "heading"))),
    "source missing": ("bad-cell", having(CODE.replace("source", "sauce"))),
    "source a number": ("bad-cell", having(CODE.replace('"1"', "1"))),
    "source null": ("bad-cell", having(CODE.replace('"1"', "null"))),
    "source an object": ("bad-cell", having(CODE.replace('"1"', '{"a": "b"}'))),
    "source a list with null": ("bad-cell", having(CODE.replace('"1"', '["1", null]'))),
    "source a nested list": ("bad-cell", having(CODE.replace('"1"', '[["1"]]'))),
    "outputs an object": ("bad-cell", having(CODE.replace("[]", "{}"))),
    "outputs of numbers": ("bad-cell", having(CODE.replace("[]", "[1]"))),
    "cell metadata a list": ("bad-cell", having(CODE.replace("{}", "[]"))),
    "a lone surrogate in a source": ("lone-surrogate", having(CODE.replace('"1"', '"\\udc00"'))),
    "a lone surrogate in a line": ("lone-surrogate", having(CODE.replace('"1"', '["1", "\\ud800"]'))),
    "halves of a pair in two lines": ("lone-surrogate", having(CODE.replace('"1"', '["\\ud83d", "\\ude00"]'))),
}

LARGE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "ten million lists": ("too-many-values", lambda: in_metadata("[" + "[]," * 10_000_000 + "1]")),
    "100,000 cells": ("too-many-cells", lambda: having(",".join([CODE] * 100_000))),
    "a million empty cells": ("too-many-cells", lambda: having(",".join([EMPTY] * 1_000_000))),
    "11 MB of source": ("too-much-source", lambda: having(CODE.replace('"1"', f'"{"x" * 11 * 2**20}"'))),
    "51 MB": ("too-large", lambda: having() + b" " * 51 * 2**20),
}


@pytest.mark.parametrize("name", [*HOSTILE, *LARGE])
def test_a_hostile_file_ends_in_a_named_error(name: str) -> None:
    code, raw = HOSTILE[name] if name in HOSTILE else (LARGE[name][0], LARGE[name][1]())

    started = time.process_time()
    with pytest.raises(DocumentError) as caught:
        parse(raw, "a.ipynb")

    assert caught.value.code == code
    assert len(str(caught.value)) < 300
    assert str(caught.value).isascii()
    assert time.process_time() - started < 5


CARRIED = {
    "a number past floating point": in_metadata("1e999"),
    "4,000 digits": in_metadata("1" * 4_000),
    "minus zero": in_metadata("[-0, -0.0, 1E+2, 0.10]"),
    "a lone surrogate in metadata": in_metadata('"\\ud800"'),
    "a lone surrogate in a key": in_metadata('{"\\ud800": 1}'),
    "a lone surrogate in an output": having(CODE.replace("[]", '[{"output_type": "stream", "text": "\\udfff"}]')),
    "100,000 keys": in_metadata("{" + ",".join(f'"{key}": 0' for key in range(100_000)) + "}"),
    "a megabyte of base64": in_metadata(f'"{"QUJD" * 2**18}"'),
    "lists 90 deep": in_metadata("[" * 90 + "]" * 90),
    "brackets in strings": in_metadata(json.dumps("[" * 100_000 + '\\"[' * 1_000)),
    "a kernel of a megabyte": having().replace(
        b'"metadata": {}, "nb', b'"metadata": {"kernelspec": "%s"}, "nb' % (b"x" * 2**20)
    ),
    "a cell without metadata": having(EMPTY),
    "an unknown member": having(CODE.replace('"outputs"', '"\\u0000": null, "outputs"')),
}


@pytest.mark.parametrize("name", CARRIED)
def test_what_is_odd_but_harmless_is_carried_along_byte_for_byte(name: str) -> None:
    document = parse(CARRIED[name], "a.ipynb")

    source = document.cells[0].source
    there = document.edited([Edit(cell=0, start=0, end=len(source), old=source, new="two")])
    back = there.edited([Edit(cell=0, start=0, end=3, old="two", new=source)])

    assert there.raw.count(b'"two"') == 1
    assert there.raw.replace(b'"two"', json.dumps(source).encode()) == document.raw
    assert back.raw == document.raw


def test_odd_ids_and_tags_are_left_out_but_kept() -> None:
    cell = '{"cell_type": "code", "id": 3, "metadata": {"tags": ["a", 1, null]}, "source": []}'

    document = parse(having(cell), "a.ipynb")

    assert (document.cells[0].id, document.cells[0].tags) == (None, {"a"})
    assert document.outputs(0) == []


def test_limits_are_the_callers(tmp_path: Path) -> None:
    document = notebook("abc", "d")
    (tmp_path / "a.ipynb").write_bytes(document.raw)

    assert read(tmp_path / "a.ipynb", "a.ipynb") == document
    for limits, code in (
        (Limits(size_bytes=len(document.raw) - 1), "too-large"),
        (Limits(cells=1), "too-many-cells"),
        (Limits(depth=2), "nesting"),
        (Limits(source_bytes=3), "too-much-source"),
        (Limits(values=10), "too-many-values"),
    ):
        with pytest.raises(DocumentError) as caught:
            read(tmp_path / "a.ipynb", "a.ipynb", limits)
        assert caught.value.code == code


# Files


def test_a_file_of_200_mb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(DocumentError) as caught:
        read(path, "a.ipynb")

    assert caught.value.code == "too-large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000


def test_a_folder_a_pipe_a_device_and_nothing_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    codes: dict[str, str] = {}

    for name in (".", "pipe", "link", "nothing", "a\0b"):
        with pytest.raises(DocumentError) as caught:
            read(tmp_path / name, "a.ipynb")
        codes[name] = caught.value.code

    assert codes == {
        ".": "not-a-file",
        "pipe": "not-a-file",
        "link": "not-a-file",
        "nothing": "unreadable",
        "a\0b": "unreadable",
    }


MEASURE = """
import re, sys
from pathlib import Path
from workers.documents.notebook import parse, read

def peak_kb():
    # Of this program alone: what getrusage says begins with the program that started it.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

before = peak_kb()
"""
READ = 'document = read(Path(sys.argv[1]), "a.ipynb")\nprint(len(document.cells), peak_kb() - before)'
TWIN = """
import json
text = Path(sys.argv[1]).read_bytes().decode()
value = json.loads(text)
print(len(value["cells"]), peak_kb() - before)
"""
"""A reader that holds the file as text."""


def large(near: str) -> bytes:
    """30 MB of images in 6 cells, and `near` in a source and beside one of the images."""
    image: dict[str, Any] = {"output_type": "display_data", "data": {"image/png": "iVBOR" * 10**6}, "metadata": {}}
    outputs = {cell: [image, *([{**image, "data": {"text/plain": near}}] * (cell == 3))] for cell in range(6)}
    return notebook(f"# {near}", *"bcdef", outputs=outputs).raw


def cost(path: Path, program: str) -> float:
    """What reading the file costs at its peak, in its own size."""
    command = [sys.executable, "-c", MEASURE + program, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    cells, grown_kb = map(int, done.stdout.split())
    assert cells == 6
    return grown_kb * 1024 / path.stat().st_size


@pytest.mark.parametrize("near", ["a", "é", "🙂", "🙂 \\u00e9"], ids=["ascii", "latin", "emoji", "emoji and an escape"])
def test_a_file_near_the_cap_costs_less_than_four_times_its_size(tmp_path: Path, near: str) -> None:
    path = tmp_path / "a.ipynb"
    # The builder writes every character as it is; one that is escaped beside it is another matter.
    path.write_bytes(large(near).replace(b"\\\\u00e9", b"\\u00e9"))

    assert cost(path, READ) < 4


def test_a_reader_that_holds_the_file_as_text_is_caught_by_the_measure(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(large("🙂"))

    assert cost(path, TWIN) > 4
