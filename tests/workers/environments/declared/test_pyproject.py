from __future__ import annotations

import pytest

from tests.workers.environments.repositories import opener, requirements, whys
from workers.environments.declared.poetry_versions import specifier
from workers.environments.declared.pyproject import read
from workers.environments.declared.said import Said
from workers.environments.words import Asked


def read_text(text: str, path: str = "pyproject.toml", **files: str) -> Said:
    return read(text.encode(), path, opener({f"{name}.txt": content for name, content in files.items()}))


def options(said: Said) -> dict[str, list[str]]:
    return {
        option.name: [each.requirement for each in option.items if isinstance(each, Asked)] for option in said.options
    }


def test_pep_621_with_extras_and_what_python_it_wants() -> None:
    said = read_text(
        '[project]\nname="x"\nversion="1.2"\nrequires-python=">=3.9"\ndependencies=["numpy>=1","Not A Requirement!"]\n'
        '[project.optional-dependencies]\ndocs=["sphinx"]\n'
    )

    assert requirements(said.asked) == ["numpy>=1"]
    assert list(whys(said)) == ["Not A Requirement!"]
    assert (said.python, said.python_origin) == (">=3.9", "requires-python of pyproject.toml")
    assert options(said) == {"docs": ["sphinx"]}
    assert said.package
    assert (said.package.name, said.package.version) == ("x", "1.2")


def test_dependency_groups_hold_what_they_include() -> None:
    said = read_text(
        '[dependency-groups]\ntest=["pytest"]\nlab=["jupyterlab>=4",{include-group="test"}]\nodd=[{include-group="gone"}]\n'
    )

    assert options(said) == {"test": ["pytest"], "lab": ["jupyterlab>=4", "pytest"], "odd": []}
    (odd,) = [option for option in said.options if option.name == "odd"]
    assert len(odd.items) == 1


def test_groups_that_include_each_other_twice_over_do_not_grow() -> None:
    chain = "".join(f'g{n}=[{{include-group="g{n + 1}"}},{{include-group="g{n + 1}"}}]\n' for n in range(60))

    said = read_text(f"[dependency-groups]\n{chain}g60=['six']\n")

    assert options(said)["g0"] == ["six"]


def test_poetry_tables_become_requirements() -> None:
    said = read_text(
        """
[tool.poetry]
name = "x"
packages = [{include = "inner", from = "src"}]
[tool.poetry.dependencies]
python = "^3.8"
numpy = "^1.21"
pandas = {version = "~2.1", extras = ["excel"], python = ">=3.9"}
torch = [{version = "^2.0", platform = "linux"}, {version = "1.13", platform = "darwin"}]
pinned = "1.2.3"
any = "*"
lux = {git = "https://example.invalid/lux.git", rev = "abc"}
maybe = {version = "^1", optional = true}
odd = "latest"
[tool.poetry.extras]
more = ["maybe"]
[tool.poetry.group.docs.dependencies]
sphinx = "^7"
[tool.poetry.dev-dependencies]
black = "*"
"""
    )

    assert requirements(said.asked) == [
        "numpy<2.0,>=1.21",
        'pandas[excel]<2.2,>=2.1; python_version >= "3.9"',
        'torch<3.0,>=2.0; sys_platform == "linux"',
        'torch==1.13; sys_platform == "darwin"',
        "pinned==1.2.3",
        "any",
        "lux",
    ]
    assert said.asked[-1].address == "git+https://example.invalid/lux.git@abc"
    assert list(whys(said)) == ["odd latest"]
    assert said.python == "<4.0,>=3.8"
    assert options(said) == {"more": ["maybe<2.0,>=1"], "docs": ["sphinx<8.0,>=7"], "dev": ["black"]}
    assert said.package
    assert said.package.places == ("src/inner",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("^1.2.3", "<2.0,>=1.2.3"),
        ("^0.2.3", "<0.3,>=0.2.3"),
        ("^0.0.3", "<0.0.4,>=0.0.3"),
        ("^0", "<1.0,>=0"),
        ("~1.2", "<1.3,>=1.2"),
        ("~1", "<2.0,>=1"),
        ("1.2.*", "==1.2.*"),
        ("", ""),
        (">= 2.0 , < 3", "<3,>=2.0"),
        (">=3.8 <4", "<4,>=3.8"),
        ("~2.7 || ^3.6", "<4.0,>=2.7"),
        ("^1.0 || >=3", ">=1.0"),
        ("*|| ^1", ""),
        ("latest", None),
        ("^", None),
        ("1" * 600, None),
    ],
)
def test_a_constraint_of_poetry_is_a_specifier_or_none(text: str, expected: str | None) -> None:
    assert specifier(text) == expected


def test_requirements_files_that_setuptools_reads_are_read() -> None:
    said = read_text(
        '[project]\nname="x"\ndynamic=["dependencies"]\n[tool.setuptools.dynamic]\ndependencies={file=["base.txt","/etc/passwd"]}\n',
        base="six\n",
    )

    assert requirements(said.asked) == ["six"]
    assert whys(said) == {"/etc/passwd": "it lies outside the repository"}


def test_dependencies_that_a_build_computes_are_said_to_be() -> None:
    said = read_text('[project]\nname="x"\ndynamic=["dependencies"]\n')

    assert said.notes == ("pyproject.toml leaves its dependencies to its build, which is not run.",)


def test_what_uv_takes_from_elsewhere_is_not_taken_from_the_index_under_its_name() -> None:
    said = read_text(
        '[project]\nname="x"\ndependencies=["clip","helper","shared","numpy","torch"]\n[tool.uv.sources]\n'
        'clip={git="https://example.invalid/clip",tag="v1"}\nhelper={path="lib"}\nshared={workspace=true}\n'
        'torch=[{index="pytorch-cpu"}]\n',
        "sub/pyproject.toml",
    )

    assert [(each.requirement, each.address) for each in said.asked] == [
        ("clip", "git+https://example.invalid/clip@v1"),
        ("numpy", ""),
        ("torch", ""),
    ]
    assert sorted(whys(said)) == ["helper", "shared"]
    assert said.folders == ("sub/lib",)


def test_pixi_in_a_pyproject_is_read() -> None:
    said = read_text(
        '[tool.pixi.dependencies]\npython="3.12.*"\nxarray=">=2024"\ngraphviz="*"\n[tool.pixi.pypi-dependencies]\nmine={path="."}\nrich="*"\n'
        '[tool.pixi.feature.lab.dependencies]\njupyterlab="4.*"\n'
    )

    assert requirements(said.asked) == ["xarray>=2024", "rich"]
    assert said.python == "==3.12.*"
    assert [each.name for each in said.missing] == ["graphviz"]
    assert options(said) == {"lab": ["jupyterlab==4.*"]}


def test_a_pyproject_of_tools_alone_asks_for_nothing_and_refuses_nothing() -> None:
    said = read_text("[tool.ruff]\nline-length = 100\n")

    assert said == Said()


@pytest.mark.parametrize(
    "text", ["[project", "a=" + "[" * 5000, "[project]\ndependencies=5\n", "project=7\ntool=[1]\n"]
)
def test_a_broken_pyproject_never_raises(text: str) -> None:
    assert not read_text(text).usable


def test_a_package_that_is_compiled_says_so() -> None:
    said = read_text('[build-system]\nrequires=["maturin"]\nbuild-backend="maturin"\n[project]\nname="x"\n')

    assert said.package
    assert said.package.compiled == "Rust"
