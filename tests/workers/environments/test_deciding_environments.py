from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.environments.repositories import decided, repository, requirements, whys
from workers.environments.deciding import decide

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = '[project]\nname="lux"\nversion="1.0"\nrequires-python=">=3.9"\ndependencies=["pandas"]\n'


def test_a_healthy_repository_has_nothing_refused_missing_or_undeclared(tmp_path: Path) -> None:
    decision = decided(
        tmp_path,
        {"requirements.txt": "numpy==2.1.0\nmatplotlib\n"},
        "import numpy as np\nimport json\n%matplotlib inline",
    )

    assert decision.source == "requirements.txt"
    assert requirements(decision.asked) == ["numpy==2.1.0", "matplotlib"]
    assert decision.refused == decision.missing == decision.undeclared == decision.notes == ()
    assert (decision.python, decision.as_of, decision.own) == ("", None, None)


def test_where_nothing_is_declared_imports_decide_and_are_undeclared(tmp_path: Path) -> None:
    decision = decided(
        tmp_path, {}, "import numpy as np", "from sklearn import svm\nimport os", committed=date(2019, 5, 1)
    )

    assert decision.source == "imports"
    assert [(each.requirement, each.origin) for each in decision.undeclared] == [
        ("numpy", "import in cell 0"),
        ("scikit-learn", "import in cell 1"),
    ]
    assert (decision.as_of, decision.as_of_origin) == (date(2019, 5, 1), "the commit that last changed it")
    assert decision.python_preferred == "<3.8"


def test_where_nothing_is_declared_and_nothing_imported_nothing_is_asked(tmp_path: Path) -> None:
    decision = decided(tmp_path, {}, "print(1)", committed=date(2019, 5, 1))

    assert (decision.source, decision.asked, decision.as_of) == ("nothing", (), None)


def test_what_is_declared_is_taken_as_of_today_unless_somebody_wants_its_day(tmp_path: Path) -> None:
    files = {"requirements.txt": "numpy\n"}

    today = decided(tmp_path, files, "import numpy", committed=date(2019, 5, 1))
    then = decided(tmp_path, files, "import numpy", committed=date(2019, 5, 1), by_date=True)

    assert (today.as_of, then.as_of) == (None, date(2019, 5, 1))


def test_two_notebooks_of_different_projects_have_their_own_declarations(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "flask\n",
        "one/requirements.txt": "numpy\n",
        "two/deep/er/a.txt": "",
        "two/pyproject.toml": '[project]\nname="two"\ndependencies=["polars"]\n',
    }

    one = decided(tmp_path, files, "import numpy", path="one/a.ipynb")
    two = decided(tmp_path, files, "import polars", path="two/deep/er/a.ipynb")
    top = decided(tmp_path, files, "import flask", path="a.ipynb")

    assert [each.source for each in (one, two, top)] == [
        "one/requirements.txt",
        "two/pyproject.toml",
        "requirements.txt",
    ]
    assert [requirements(each.asked) for each in (one, two, top)] == [["numpy"], ["polars"], ["flask"]]


def test_a_file_that_says_nothing_usable_gives_way_and_is_told(tmp_path: Path) -> None:
    files = {
        "docs/requirements.txt": "-e git+ssh://git@example.invalid/x\n",
        "pyproject.toml": "[tool.ruff]\n",
        "requirements.txt": "six\n",
    }

    decision = decided(tmp_path, files, "import six", path="docs/a.ipynb")

    assert decision.source == "requirements.txt"
    assert len(decision.refused) == 1
    assert decision.refused[0].origin == "docs/requirements.txt:1"


def test_the_folders_of_binder_come_first_and_what_stands_beside_in_them_holds(tmp_path: Path) -> None:
    files = {
        "binder/environment.yml": "dependencies: [python=3.10, numpy]\n",
        "binder/requirements.txt": "six\n",
        "binder/postBuild": "pip install never",
        "binder/apt.txt": "ffmpeg\n",
        ".binder/requirements.txt": "wheel\n",
        "requirements.txt": "flask\n",
        "runtime.txt": "python-3.7\n",
    }

    decision = decided(tmp_path, files, "import numpy")

    assert decision.source == "binder/environment.yml"
    assert requirements(decision.asked) == ["numpy"]
    assert (decision.python, decision.python_origin) == ("==3.10.*", "python of binder/environment.yml")
    assert [each.name for each in decision.missing] == ["ffmpeg"]
    assert [each.text for each in decision.refused] == ["binder/postBuild"]


def test_runtime_txt_says_which_python(tmp_path: Path) -> None:
    decision = decided(tmp_path, {"requirements.txt": "six\n", "runtime.txt": "python-3.9"}, "import six")

    assert (decision.python, decision.python_origin) == ("==3.9.*", "runtime.txt")


def test_a_lock_beside_a_declaration_holds_its_versions(tmp_path: Path) -> None:
    lock = (
        '[[package]]\nname="lux"\nsource={editable="."}\n[[package]]\nname="numpy"\nversion="1.26.4"\n'
        'source={registry="x"}\n[[package]]\nname="tool"\nversion="1"\nsource={git="x"}\n'
    )
    files = {
        "pyproject.toml": PYPROJECT,
        "uv.lock": lock,
        "other/pyproject.toml": '[project]\nname="other"\ndependencies=["six"]\n',
    }

    decision = decided(tmp_path, files, "import pandas, numpy, tool")
    other = decided(tmp_path, files, "import six", path="other/a.ipynb")

    assert requirements(decision.constraints) == ["numpy==1.26.4"]
    assert "Versions are those of uv.lock." in decision.notes
    assert any(note.startswith("1 packages of the lock come from elsewhere") for note in decision.notes)
    assert other.constraints == (), "it is no member of that workspace"


def test_requirement_cells_add_to_what_is_declared(tmp_path: Path) -> None:
    decision = decided(tmp_path, {"requirements.txt": "numpy\n"}, "%pip install rich", "import rich, numpy")

    assert decision.source == "requirements.txt"
    assert [(each.requirement, each.declared) for each in decision.asked] == [("numpy", True), ("rich", True)]


def test_requirement_cells_alone_decide(tmp_path: Path) -> None:
    decision = decided(tmp_path, {}, "!pip install rich", "import rich", committed=date(2019, 5, 1))

    assert (decision.source, requirements(decision.asked), decision.as_of) == ("cells", ["rich"], None)


def test_an_import_that_another_declaration_names_is_taken_from_there(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname="x"\ndependencies=["six"]\n[project.optional-dependencies]\nplot=["seaborn>=0.12","bokeh"]\n',
        "requirements-dev.txt": "networkx==3.1\npytest\n",
        "environment.yml": "dependencies: [obscurething, xarray=2024.1]\n",
    }

    decision = decided(tmp_path, files, "import six, seaborn, networkx, obscurething, xarray")

    assert requirements(decision.asked) == ["six", "seaborn>=0.12", "networkx==3.1", "obscurething", "xarray==2024.1.*"]
    assert decision.undeclared == ()
    assert len(decision.notes) == 4


def test_extras_and_groups_for_notebooks_are_taken_whole_and_others_when_asked_for(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname="x"\ndependencies=["six"]\n[project.optional-dependencies]\n'
        'notebooks=["x[plot]","nbclient"]\nplot=["seaborn"]\ngpu=["cupy"]\n'
    }

    plain, asked = (decided(tmp_path, files, "import six", options=options) for options in ((), ("gpu",)))

    assert requirements(plain.asked) == ["six", "nbclient", "seaborn"]
    assert requirements(asked.asked) == ["six", "nbclient", "seaborn", "cupy"]


def test_the_repositorys_own_package_is_taken_from_its_files_with_what_it_needs(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PYPROJECT,
        "src/lux/__init__.py": "import numpy\n",
        "docs/requirements.txt": "sphinx\n",
    }

    decision = decided(
        tmp_path, files, "!pip install lux git+https://example.invalid/o/lux\nimport lux", path="docs/a.ipynb"
    )

    assert decision.own
    assert (decision.own.name, decision.own.folder, decision.own.packages, decision.own.version) == (
        "lux",
        ".",
        ("src/lux",),
        "1.0",
    )
    assert requirements(decision.asked) == ["sphinx", "pandas"]
    assert decision.python == ">=3.9"
    assert "lux is asked for and is the repository itself: its own files are taken." in decision.notes
    assert decision.refused == ()


def test_a_package_that_is_compiled_has_to_be_built_and_that_is_said(tmp_path: Path) -> None:
    files = {"pyproject.toml": PYPROJECT, "lux/__init__.py": "", "lux/fast.pyx": ""}

    decision = decided(tmp_path, files, "import lux")

    assert decision.own
    assert decision.own.packages == ()
    assert any("has to be built" in note for note in decision.notes)


def test_a_package_that_nobody_imports_is_not_installed(tmp_path: Path) -> None:
    decision = decided(tmp_path, {"pyproject.toml": PYPROJECT, "lux/__init__.py": ""}, "import pandas")

    assert decision.own is None


def test_the_package_of_a_folder_that_a_requirement_names_is_installed(tmp_path: Path) -> None:
    files = {"pyproject.toml": PYPROJECT, "lux/__init__.py": "", "docs/requirements.txt": "-e ..\n"}

    decision = decided(tmp_path, files, "print(1)", path="docs/a.ipynb")

    assert decision.own
    assert decision.own.name == "lux"
    assert requirements(decision.asked) == ["pandas"]


def test_modules_of_the_repository_are_followed_and_never_asked_of_an_index(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "six\n",
        "docs/helper.py": "from .inner import x\nimport tools.deep\nimport scipy\n",
        "docs/tools/__init__.py": "",
        "docs/tools/deep.py": "import networkx\n",
        "lib/shared.py": "import seaborn\n",
        "elsewhere/astray.py": "",
    }

    decision = decided(
        tmp_path,
        files,
        "import sys\nsys.path.append('../lib')\nimport helper, shared, astray, utils",
        path="docs/a.ipynb",
    )

    assert [(each.requirement, each.origin) for each in decision.undeclared] == [
        ("scipy", "import in docs/helper.py"),
        ("seaborn", "import in lib/shared.py"),
        ("networkx", "import in docs/tools/deep.py"),
    ]
    assert [each.name for each in decision.missing] == ["astray", "utils"]


def test_an_import_that_the_artifact_goes_on_without_is_not_supplied(tmp_path: Path) -> None:
    source = (
        "try:\n    import cupy\nexcept ImportError:\n    cupy = None\ntry:\n    import google.colab\nexcept:\n    pass"
    )

    decision = decided(tmp_path, {}, source)

    assert (decision.source, decision.asked, decision.missing) == ("nothing", (), ())


def test_a_name_that_is_declared_as_a_checkout_is_never_taken_from_the_index(tmp_path: Path) -> None:
    files = {"requirements.txt": "six\ngit+https://example.invalid/openai/CLIP.git\n"}

    decision = decided(tmp_path, files, "import clip")

    assert requirements(decision.asked) == ["six"]
    assert [each.name for each in decision.refused] == ["clip"]


def test_an_address_is_followed_where_the_owner_allows_it(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "six @ https://example.invalid/wheels/six-1-py3-none-any.whl\nclip @ https://other.invalid/c.zip\n"
    }

    decision = decided(tmp_path, files, "import six", addresses=("https://example.invalid/wheels/",))

    assert [(each.requirement, each.address) for each in decision.asked] == [
        ("six", "https://example.invalid/wheels/six-1-py3-none-any.whl")
    ]
    assert [each.name for each in decision.refused] == ["clip"]


def test_the_owners_file_decides_whatever_stands_nearer(tmp_path: Path) -> None:
    files = {"docs/requirements.txt": "sphinx\n", "ci/notebooks.lst": "six\n", "ci/env.yaml": "dependencies: [numpy]\n"}

    listed = decided(tmp_path, files, "1", path="docs/a.ipynb", declaration="ci/notebooks.lst")
    conda = decided(tmp_path, files, "1", path="docs/a.ipynb", declaration="ci/env.yaml")

    assert (listed.source, requirements(listed.asked)) == ("ci/notebooks.lst", ["six"])
    assert requirements(conda.asked) == ["numpy"]


def test_what_a_well_known_package_brings_along_is_no_gap(tmp_path: Path) -> None:
    decision = decided(
        tmp_path, {"requirements.txt": "seaborn\n"}, "import numpy, pandas, matplotlib.pyplot\nimport bokeh"
    )

    assert requirements(decision.undeclared) == ["bokeh"]


def test_a_kernels_name_says_which_python_where_nothing_else_does(tmp_path: Path) -> None:
    named = notebook("1", kernelspec={"name": "python3.9", "display_name": "x", "language": "python"})

    alone = decide(tmp_path, named)
    (tmp_path / "runtime.txt").write_text("python-3.11")
    declared = decide(tmp_path, named)

    assert (alone.python, alone.python_origin) == ("==3.9.*", "the kernel's name")
    assert declared.python == "==3.11.*"


def test_the_python_of_a_notebook_is_preferred_only_where_versions_are_held(tmp_path: Path) -> None:
    saved = notebook("import numpy", language_info={"name": "python", "version": "3.8.5"})

    pinned = decide(repository(tmp_path / "a", {"requirements.txt": "numpy==1.19.2\n"}), saved)
    open_ended = decide(repository(tmp_path / "b", {"requirements.txt": "numpy\n"}), saved)

    assert (pinned.python_preferred, open_ended.python_preferred) == ("==3.8.*", "")


def test_nothing_outside_the_repository_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hunter2\n")
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "requirements.txt").symlink_to(tmp_path / "secret.txt")
    (repo / "lib").symlink_to(tmp_path)
    os.mkfifo(repo / "setup.cfg")

    decision = decided(repo, {}, "import six\nimport sys\nsys.path.append('lib')\nsys.path.append('/')")

    assert decision.source == "imports"
    assert "hunter2" not in repr(decision)
    assert "leads out of the repository" in " ".join(whys(decision).values())


@pytest.mark.parametrize("path", ["a.ipynb", "gone/deep/a.ipynb"])
def test_a_repository_that_is_empty_or_gone_is_no_error(tmp_path: Path, path: str) -> None:
    assert decided(tmp_path / "gone", {}, "1", path=path).source == "nothing"
