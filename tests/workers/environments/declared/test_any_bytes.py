"""Whatever the bytes are, a reader returns; and whatever it asks for is plain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from tests.builders import notebook
from tests.workers.environments.repositories import opener
from workers.environments.declared import (
    binder,
    cells,
    environment_yml,
    locks,
    pipfile,
    pixi,
    pyproject,
    requirements_txt,
    setup_cfg,
    setup_py,
)
from workers.environments.words import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.environments.declared.said import Open, Said

READERS: dict[str, Callable[[bytes, str, Open], Said]] = {
    "requirements.txt": requirements_txt.read,
    "pyproject.toml": pyproject.read,
    "pixi.toml": pixi.read,
    "uv.lock": locks.read_toml,
    "Pipfile.lock": locks.read_pipfile_lock,
    "Pipfile": pipfile.read,
    "environment.yml": environment_yml.read,
    "setup.cfg": setup_cfg.read,
    "setup.py": setup_py.read,
    "runtime.txt": binder.runtime_txt,
    "apt.txt": binder.apt_txt,
}
WORDS = st.sampled_from(
    [
        "[project]\n", "dependencies", "=", "[", "]", "{", "}", '"', "'", "\n", " ", "numpy", ">=1", "; ", "- ", ": ", "pip", "-r ",
        "-c ", "-e ", "..", "/", "@", "git+https://h/x", "file:///x", "\\\n", "#", "${X}", "[tool.poetry.dependencies]\n", "python",
        "^1", "~2", "||", "[[package]]\n", "name", "version", "source", "git", "[packages]\n", "[dependency-groups]\n", "a",
        "include-group", "[options]\n", "install_requires", "setup(", ")", ",", "*", "&a ", "*a", "!!x ", "\x00", "\u202e", "é", "1",
        "[tool.uv.sources]\n", "path", "workspace", "true", "--hash=sha256:" + "a" * 64, "[build-system]\n", "[options.extras_require]\n",
    ]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=60).map("".join)
RAW = TEXTS.map(str.encode) | st.binary(max_size=300)


def plain(asked: Asked) -> bool:
    """One requirement that a resolver of ours may be given: a name and versions, and no place to get it from."""
    parsed = Requirement(asked.requirement)
    return parsed.url is None and "\n" not in asked.requirement and not parsed.name.startswith("-")


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=None)
@given(raw=RAW)
def test_any_bytes_are_read_without_an_error(name: str, raw: bytes) -> None:
    said = READERS[name](raw, name, opener({"a": "numpy", "requirements.txt": raw}))

    options = [item for option in said.options for item in option.items]
    asked = [each for each in (*said.asked, *said.constraints, *options) if isinstance(each, Asked)]
    assert all(plain(each) for each in asked)
    assert all("\n" not in each.text for each in said.refused)


@settings(max_examples=60, deadline=None)
@given(
    source=st.lists(
        WORDS | st.sampled_from(["!pip install ", "%pip install ", "%%bash\n", "&&", "|", ">", "\t"]), max_size=40
    ).map("".join)
)
def test_any_cell_is_read_without_an_error(source: str) -> None:
    said = cells.read(notebook(source).cells, ".", opener({}))

    assert all(plain(each) for each in said.asked)


def test_a_requirement_with_an_address_would_be_caught() -> None:
    assert not plain(Asked(requirement="six @ https://example.invalid/six.whl", origin="x"))
