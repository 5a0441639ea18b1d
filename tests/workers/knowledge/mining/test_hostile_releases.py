"""Wheels that are not what they say, and sources that no interpreter would take."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.workers.knowledge.mining.libraries import mined
from tests.workers.sandbox.tiny_wheels import write_wheel
from workers.knowledge.mining import tree
from workers.knowledge.mining.mine import read
from workers.knowledge.mining.tree import UnreadableReleaseError, of_folder, of_wheel

if TYPE_CHECKING:
    from pathlib import Path

_OLD = "from .d import deprecated\n@deprecated('1.0')\ndef f(x): ...\n"


def test_paths_that_lead_out_of_a_wheel_are_no_modules_and_write_nothing(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "w", "lib", "1.0", {"lib/__init__.py": _OLD})
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("../../outside.py", _OLD)
        archive.writestr("/etc/outside.py", _OLD)
        archive.writestr("lib/..\\outside.py", _OLD)

    found = of_wheel(wheel)

    assert {source.module for source in found.sources} == {"lib"}
    assert not list(tmp_path.rglob("outside.py"))


def test_a_file_that_unpacks_to_far_more_than_a_source_is_left_out(tmp_path: Path) -> None:
    bomb = " " * (tree.FILE_BYTES + 2)

    found = of_wheel(write_wheel(tmp_path, "lib", "1.0", {"lib/__init__.py": _OLD, "lib/bomb.py": bomb}))

    assert [source.module for source in found.sources] == ["lib"]
    assert not found.complete


def test_a_table_of_contents_that_lies_about_a_size_does_not_make_us_read_on(tmp_path: Path) -> None:
    wheel = tmp_path / "lib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lib/__init__.py", " " * (tree.FILE_BYTES * 8))
    content = wheel.read_bytes()
    size = (tree.FILE_BYTES * 8).to_bytes(4, "little")
    wheel.write_bytes(content.replace(size, (100).to_bytes(4, "little")))

    with pytest.raises(UnreadableReleaseError, match="cannot be read as a wheel"):
        of_wheel(wheel)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    wheel = tmp_path / "lib-1.0-py3-none-any.whl"
    wheel.write_bytes(b"no archive at all")

    with pytest.raises(UnreadableReleaseError, match=r"lib-1\.0-py3-none-any\.whl cannot be read"):
        of_wheel(wheel)


def test_a_wheel_of_too_many_entries_is_not_read(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "lib", "1.0", {"lib/a.py": "", "lib/b.py": ""})

    with pytest.raises(UnreadableReleaseError, match="more than 3 files"):
        of_wheel(wheel, most_entries=3)


def test_sources_that_do_not_parse_make_only_themselves_unknown(tmp_path: Path) -> None:
    odd = {
        "lib/__init__.py": _OLD,
        "lib/broken.py": "def f(:\n",
        "lib/python2.py": "print 'hello'\n",
        "lib/deep.py": "x = " + "(" * 3000 + ")" * 3000 + "\n",
        "lib/encoding.py": "# -*- coding: no-such-codec -*-\nx = 1\n",
        "lib/nul.py": "x = 1\0\n",
    }

    facts = mined(tmp_path, odd, {"lib/__init__.py": _OLD})

    assert {label for label in facts if label.count(".") == 1} >= {"lib.f"}
    assert facts["lib.f"].removed == ""


def test_a_source_in_an_encoding_of_its_own_is_read(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "lib", "1.0", {})
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("lib/__init__.py", "# -*- coding: latin-1 -*-\n'\u00e9'\nname = 1\n".encode("latin-1"))

    assert read("lib", "1.0", of_wheel(wheel)).has("lib.name")


def test_a_class_that_inherits_from_itself_and_names_that_lead_in_circles_end(tmp_path: Path) -> None:
    loops = {
        "lib/__init__.py": "from .a import *\nfrom .b import x\nclass A(A): ...\nclass B(C): ...\nclass C(B): ...\n",
        "lib/a.py": "from .b import *\nfrom lib import *\n",
        "lib/b.py": "from .a import x, y\nz = z\n",
    }

    assert mined(tmp_path, loops, loops) == {}


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("x = 1\n")
    library = tmp_path / "library"
    library.mkdir()
    (library / "own.py").write_text("x = 1\n")
    (library / "linked.py").symlink_to(tmp_path / "secret.py")

    assert {source.module for source in of_folder(library).sources} == {"own"}


def test_a_release_that_takes_too_long_is_left_out(tmp_path: Path) -> None:
    found = of_wheel(write_wheel(tmp_path, "lib", "1.0", {"lib/__init__.py": ""}))

    with pytest.raises(UnreadableReleaseError, match=r"lib 1\.0 takes too long"):
        read("lib", "1.0", found, within_s=0.0)
