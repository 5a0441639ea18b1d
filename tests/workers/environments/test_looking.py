"""What an artifact imports, where packages lie, what names mean."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.builders import notebook
from tests.workers.environments.repositories import repository
from workers.environments import names
from workers.environments.declared.said import Package
from workers.environments.imports import added_folders, of_cells
from workers.environments.packages import located
from workers.environments.tree import Tree
from workers.knowledge import distributions

IMPORTS = {
    "import numpy as np, os": ["numpy"],
    "from google.cloud import storage": ["google.cloud.storage"],
    "import torch.nn as nn\nfrom torch import optim": ["torch.nn", "torch.optim"],
    "def f():\n    import rich": ["rich"],
    "%load_ext sql\n%load_ext autoreload": ["sql"],
    "%%time\nimport rich": ["rich"],
    "%%bash\nimport rich": [],
    "from __future__ import print_function\nimport imp, urllib2": [],
    "print 'two'\nimport rich": ["rich"],
    "from . import x": ["x"],
    "'import rich'": [],
    "import": [],
}


@pytest.mark.parametrize("source", IMPORTS)
def test_what_a_cell_imports_from_outside_the_standard_library(source: str) -> None:
    assert [each.module for each in of_cells(notebook(source).cells)] == IMPORTS[source]


def test_an_import_is_guarded_only_where_its_failure_is_caught() -> None:
    source = "try:\n    import a1\nexcept ImportError:\n    import b1\ntry:\n    import c1\nexcept ValueError:\n    pass\ntry:\n    import d1\nexcept ImportError:\n    raise"

    assert {each.module: each.guarded for each in of_cells(notebook(source).cells)} == {
        "a1": True,
        "b1": True,
        "c1": False,
        "d1": False,
    }


def test_a_module_that_is_imported_again_without_guard_is_needed() -> None:
    cells = notebook("try:\n    import a1\nexcept ImportError:\n    pass", "import a1").cells

    assert [(each.origin, each.guarded) for each in of_cells(cells)] == [("import in cell 1", False)]


def test_folders_that_an_artifact_adds_literally_are_known() -> None:
    source = (
        "import sys, os\nsys.path.append('..')\nsys.path.insert(0, os.path.abspath(os.path.join('..', 'src')))\n"
        "sys.path.append(str(Path('lib') / 'x'))\nsys.path.append(computed())\n%cd data\n"
    )

    assert set(added_folders(notebook(source).cells)) == {"..", "../src", "lib/x", "data"}


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("cv2", "opencv-python-headless"),
        ("sklearn.svm", "scikit-learn"),
        ("google.cloud.storage.blob", "google-cloud-storage"),
        ("google.protobuf.x", "protobuf"),
        ("azure.identity", "azure-identity"),
        ("azure.storage.blob", "azure-storage-blob"),
        ("llama_index.core", "llama-index-core"),
        ("llama_index.llms.openai", "llama-index-llms-openai"),
        ("qdrant_client.models", "qdrant-client"),
        ("mpl_toolkits.mplot3d", "matplotlib"),
        ("Bio", "biopython"),
    ],
)
def test_a_module_is_brought_by_its_distribution(module: str, distribution: str) -> None:
    assert names.distribution(module) == distribution


def test_modules_of_a_place_are_brought_by_no_index() -> None:
    assert names.place("google.colab.drive")[0] == "google.colab"
    assert names.place("google.cloud.storage") == ("", "")


def test_a_part_of_a_namespace_is_satisfied_by_the_distribution_called_so() -> None:
    assert "ml4t-data" in names.satisfying("ml4t.data.loading")
    assert "opencv-contrib-python" in names.satisfying("cv2")
    assert "scipy" not in names.satisfying("numpy")


def test_findings_and_environments_ask_one_table() -> None:
    assert names.distribution is distributions.distribution
    assert names.names().imports is distributions.facts().imports


def test_the_table_holds_names_that_can_be_asked_for_and_nothing_twice() -> None:
    facts = names.names()
    every = [
        *facts.imports.values(),
        *facts.conda.values(),
        *facts.known,
        *(each for found in facts.brings.values() for each in found),
    ]
    raw = tomllib.loads(Path(names.__file__).with_name("names.toml").read_text("utf-8"))

    assert all(str(Requirement(each)) == each for each in every)
    assert not facts.other.keys() & facts.conda.keys()
    assert len(raw["known"]["names"]) == len(set(raw["known"]["names"]))
    assert facts.as_of <= date(2026, 11, 21)
    assert facts.source


PACKAGES = {
    "src layout": (
        Package(name="A-B", folder="."),
        {"src/ab/__init__.py": "", "tests/__init__.py": ""},
        [("ab", "src/ab")],
    ),
    "beside": (
        Package(name="A-B", folder="x"),
        {"x/a_b/__init__.py": "", "x/other/__init__.py": ""},
        [("a_b", "x/a_b")],
    ),
    "one module": (Package(name="six", folder="."), {"six.py": "", "setup.py": ""}, [("six", "six.py")]),
    "of another name": (
        Package(name="PyLux", folder="."),
        {"lux/__init__.py": "", "docs/conf.py": ""},
        [("lux", "lux")],
    ),
    "stated": (
        Package(name="x", folder=".", places=("lib/y", "z.py")),
        {"lib/y/__init__.py": "", "z.py": ""},
        [("y", "lib/y"), ("z", "z.py")],
    ),
    "all in a folder": (Package(name="x", folder=".", places=("lib/*",)), {"lib/y/__init__.py": ""}, [("y", "lib/y")]),
    "outside": (Package(name="x", folder=".", places=("../y",)), {"readme.md": ""}, None),
    "nothing": (Package(name="x", folder="."), {"docs/conf.py": ""}, None),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_where_a_packages_modules_lie(tmp_path: Path, case: str) -> None:
    package, files, modules = PACKAGES[case]

    found = located(package, Tree(repository(tmp_path, files)))

    assert (list(found.modules) if found else None) == modules


def test_a_tree_knows_top_level_modules_and_not_those_inside_packages(tmp_path: Path) -> None:
    files = {"a/x.py": "", "b/pkg/__init__.py": "", "b/pkg/inner.py": "", "node_modules/y.py": "", "plain/data.csv": ""}

    assert Tree(repository(tmp_path, files)).everywhere == {"x": "a/x.py", "pkg": "b/pkg"}
