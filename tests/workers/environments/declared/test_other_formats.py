from __future__ import annotations

import pytest

from tests.workers.environments.repositories import opener, requirements, whys
from workers.environments.declared import binder, pipfile, setup_cfg, setup_py
from workers.environments.declared.said import Said
from workers.environments.words import Asked

NOTHING = opener({})


def test_a_pipfile_is_read_and_its_sources_are_refused() -> None:
    text = """
[[source]]
name = "pypi"
url = "https://example.invalid/pypi"
[[source]]
name = "ours"
url = "https://user:hunter2hunter2@example.invalid/simple"
[packages]
numpy = "*"
pandas = {version = ">=2", extras = ["excel"], markers = "sys_platform == 'linux'"}
here = {path = ".", editable = true}
lux = {git = "https://example.invalid/lux", ref = "main"}
[dev-packages]
pytest = "*"
[requires]
python_version = "3.11"
"""

    said = pipfile.read(text.encode(), "Pipfile", NOTHING)

    assert requirements(said.asked) == ["numpy", 'pandas[excel]>=2; sys_platform == "linux"', "lux"]
    assert said.folders == (".",)
    assert (said.python, said.options[0].name) == ("==3.11.*", "dev")
    assert len(said.refused) == 1
    assert "hunter2" not in repr(said)


def test_setup_cfg_is_read_without_interpolation() -> None:
    text = """
[metadata]
name = x
version = attr: x.__version__
[options]
python_requires = >=3.8
install_requires =
    numpy>=1.20
    # a comment
    odd %(name)s
package_dir =
    = src
packages = find:
[options.packages.find]
where = src
[options.extras_require]
docs = sphinx
"""

    said = setup_cfg.read(text.encode(), "setup.cfg", NOTHING)

    assert requirements(said.asked) == ["numpy>=1.20"]
    assert list(whys(said)) == ["odd %(name)s"]
    assert said.python == ">=3.8"
    assert [option.name for option in said.options] == ["docs"]
    assert said.package
    assert (said.package.places, said.package.version) == (("src/*",), "")


def test_setup_cfg_that_names_a_file_reads_it() -> None:
    said = setup_cfg.read(
        b"[options]\ninstall_requires = file: r.txt, ../../x\n", "lib/setup.cfg", opener({"lib/r.txt": "six"})
    )

    assert requirements(said.asked) == ["six"]
    assert whys(said) == {"../../x": "it lies outside the repository"}


@pytest.mark.parametrize("text", ["[options", "=x\n[a]\n", "[options]\n[options]\ninstall_requires = \n", "\x80"])
def test_a_broken_setup_cfg_never_raises(text: str) -> None:
    assert not setup_cfg.read(text.encode("latin-1"), "setup.cfg", NOTHING).usable


def test_setup_py_is_read_where_it_says_things_in_so_many_words() -> None:
    text = """
from setuptools import setup, find_packages
import os
base = ["numpy>=1.20", "pandas"]
os.system("touch /tmp/never")
setup(
    name="x", version="2.0", python_requires=">=3.7", packages=["x", "x.inner"], package_dir={"": "lib"},
    install_requires=base + ["six"], extras_require={"docs": ["sphinx"], "all": read_all()},
)
"""

    said = setup_py.read(text.encode(), "setup.py", NOTHING)

    assert requirements(said.asked) == ["numpy>=1.20", "pandas", "six"]
    assert said.python == ">=3.7"
    assert [
        (option.name, [each.requirement for each in option.items if isinstance(each, Asked)]) for option in said.options
    ] == [("docs", ["sphinx"])]
    assert said.package
    assert (said.package.name, said.package.version, said.package.places) == ("x", "2.0", ("lib/x",))


def test_what_setup_py_computes_is_named_and_not_run() -> None:
    text = 'from setuptools import setup\nsetup(name="x", install_requires=open("requirements.txt").read().split())\n'

    said = setup_py.read(text.encode(), "setup.py", NOTHING)

    assert said.notes == ("setup.py computes install_requires; it is never run, so that is not known.",)
    assert not said.usable


BOMBS = [
    "setup(install_requires=a)\na = a + a\n",
    "".join(f"a{n} = a{n + 1} + a{n + 1}\n" for n in range(100)) + "a100 = ['six']\nsetup(install_requires=a0)\n",
    "".join(f"a{n} = [{','.join([f'a{n + 1}'] * 50)}]\n" for n in range(20)) + "a20 = []\nsetup(install_requires=a0)\n",
    "setup(install_requires=" + "[" * 90 + "]" * 90 + ")",
    "setup(install_requires=" + "(" * 5000 + ")" * 5000 + ")",
    "x = 'a'\n"
    + "".join(f"x{n} = x{n + 1} + x{n + 1}\n" for n in range(40))
    + "x40 = 'aaaa'\nsetup(install_requires=x0)\n",
    "print 'python 2'\n",
    "\x00",
    "",
]


@pytest.mark.parametrize("text", BOMBS)
def test_a_hostile_setup_py_never_raises(text: str) -> None:
    assert not setup_py.read(text.encode(), "setup.py", NOTHING).usable


def test_a_package_with_extension_modules_says_so() -> None:
    text = 'from setuptools import setup, Extension\nsetup(name="x", ext_modules=[Extension("a", ["a.c"])])\n'

    said = setup_py.read(text.encode(), "setup.py", NOTHING)

    assert said.package
    assert said.package.compiled == "extension modules"


@pytest.mark.parametrize(
    ("text", "python"),
    [("python-3.9\n", "==3.9.*"), ("python-3.8.12", "==3.8.*"), ("3.11\n3.10\n", "==3.11.*"), ("r-4.1-2022-01-01", "")],
)
def test_runtime_txt_names_a_minor_version(text: str, python: str) -> None:
    said = binder.runtime_txt(text.encode(), "runtime.txt", NOTHING)

    assert said.python == python
    assert bool(said.refused) is not bool(python)


def test_packages_of_the_system_are_missing_and_programs_are_never_run() -> None:
    apt = binder.apt_txt(b"graphviz ffmpeg # both\n\ntexlive\n", "binder/apt.txt", NOTHING)
    program = binder.program(b"#!/bin/bash\npip install six\n", "binder/postBuild", NOTHING)

    assert [each.name for each in apt.missing] == ["graphviz", "ffmpeg", "texlive"]
    assert "never run" in program.refused[0].why
    assert program.asked == ()
    assert binder.other(b"", "Project.toml", NOTHING).missing[0].why == "packages of Julia"
    assert binder.runtime_txt(b"", "runtime.txt", NOTHING) == Said()
