from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workers.environments.repositories import opener, requirements, whys
from workers.environments.declared.conda_specs import specifier
from workers.environments.declared.environment_yml import read

if TYPE_CHECKING:
    from workers.environments.declared.said import Said


def read_text(text: str, **files: str) -> Said:
    return read(text.encode(), "environment.yml", opener({f"{name}.txt": content for name, content in files.items()}))


def test_conda_packages_that_are_on_an_index_are_taken_and_the_rest_is_named() -> None:
    said = read_text(
        """
name: lab
channels: [conda-forge]
dependencies:
  - python=3.9.12
  - numpy=1.21
  - conda-forge::opencv>=4
  - pytorch::pytorch ==1.9 py39_0
  - python-graphviz
  - graphviz   # the program
  - r-base
  - nobody-knows-this
  - someproject=1.2=pyhd8ed1ab_0
  - pip
  - pip:
      - seaborn>=0.11
      - git+https://example.invalid/o/x
      - -r more.txt
      - --index-url https://example.invalid
""",
        more="six\n",
    )

    assert requirements(said.asked) == [
        "numpy==1.21.*",
        "opencv-python-headless>=4",
        "torch==1.9",
        "graphviz",
        "someproject==1.2.*",
        "seaborn>=0.11",
        "x",
        "six",
    ]
    assert said.python == "==3.9.*"
    assert [each.name for each in said.missing] == ["graphviz", "r-base", "nobody-knows-this"]
    assert list(whys(said)) == ["--index-url https://example.invalid"]
    assert said.notes == ("5 conda packages of environment.yml are taken from the package index as the same projects.",)


def test_an_environment_without_conda_packages_has_no_note() -> None:
    assert read_text("dependencies: [python, {pip: [six]}]\n").notes == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1.2", "==1.2.*"),
        ("==1.2", "==1.2"),
        ("1.2.*", "==1.2.*"),
        ("=1.2.*", "==1.2.*"),
        (">=1.2,<2", "<2,>=1.2"),
        (">=1.2.*", ">=1.2"),
        ("=1.19.2=py37_0", "==1.19.2.*"),
        (" 1.2 py37_0", "==1.2"),
        ("=1.2|1.3", ""),
        ("*", ""),
        ("=2024a.rc.x", ""),
        ("", ""),
    ],
)
def test_a_conda_version_is_a_specifier_or_any(text: str, expected: str) -> None:
    assert specifier(text) == expected


BOMB = "a: &a [x,x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(20))


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "dependencies: !!python/object/apply:os.system [ls]\n",
        "dependencies: [" * 200,
        "dependencies: {a: 1}\n",
        "- a\n- b\n",
        "\x00",
        "dependencies:\n" + "- numpy\n" * 20_000,
    ],
)
def test_a_hostile_environment_is_refused_or_asks_for_nothing(text: str) -> None:
    said = read_text(text)

    assert not said.usable
    assert len(said.refused) <= 1
