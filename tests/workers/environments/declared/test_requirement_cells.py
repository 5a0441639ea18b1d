from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.workers.environments.repositories import opener, requirements, whys
from workers.environments.declared.cells import read

if TYPE_CHECKING:
    from workers.environments.declared.said import Said


def read_cells(*cells: str | tuple[str, str], folder: str = ".", **files: str) -> Said:
    known = opener({name.replace("__", "/") + ".txt": content for name, content in files.items()})
    return read(notebook(*cells).cells, folder, known)


INSTALLS = {
    "%pip install numpy": ["numpy"],
    "!pip install -q -U 'pandas>=2' seaborn": ["pandas>=2", "seaborn"],
    "!pip install pandas>=2.0 2>&1 > /dev/null": ["pandas>=2.0"],
    "pip install rich": ["rich"],
    "!{sys.executable} -m pip install six": ["six"],
    "!python3 -m pip --quiet install six": ["six"],
    "%pip install --upgrade pip && pip install tqdm": ["pip", "tqdm"],
    "%uv pip install polars": ["polars"],
    "!uv pip install polars==1.2": ["polars==1.2"],
    "!sudo -H pip3 install six; echo done": ["six"],
    "%%bash\npip install six\necho pip\n": ["six"],
    "%%capture\n!pip install six \\\n  wheel\n": ["six", "wheel"],
    "import sys, subprocess\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'six'])": ["six"],
    "import os\nos.system('pip install six')": ["six"],
    "if IN_COLAB:\n    !pip install six\n": ["six"],
    "out = !pip install six": ["six"],
    "%conda install -y -c conda-forge scikit-learn=1.2 cudatoolkit": ["scikit-learn==1.2.*"],
    "!pip install -i https://example.invalid six": ["six"],
    "!pip install 'transformers[torch]' numpy@git+https://example.invalid/n": ["transformers[torch]", "numpy"],
    "# !pip install six": [],
    "!pip list": [],
    "!pip uninstall -y six": [],
    "print('pip install six')": [],
    "!echo pip install": [],
    "!pip install 'unclosed": [],
    "%%writefile setup.sh\npip install six\n": [],
}


@pytest.mark.parametrize("source", INSTALLS)
def test_what_a_cell_installs_is_asked_for(source: str) -> None:
    assert requirements(read_cells(source).asked) == INSTALLS[source]


def test_the_cell_is_named_and_text_cells_are_not_read() -> None:
    said = read_cells(("markdown", "!pip install six"), "%pip install numpy")

    assert [(each.requirement, each.origin) for each in said.asked] == [("numpy", "cell 1 (%pip)")]


def test_files_are_looked_up_from_the_artifact_on() -> None:
    said = read_cells(
        "!pip install -r requirements.txt\n!pip install -r ../../x\n!pip install -e ..",
        folder="docs",
        docs__requirements="six",
    )

    assert requirements(said.asked) == ["six"]
    assert said.folders == (".",)
    assert list(whys(said)) == ["../../x"]


def test_what_cannot_be_followed_is_told() -> None:
    said = read_cells(
        "!pip install {package} $MORE --index-url https://example.invalid/simple\n!apt-get install -y ffmpeg\n%conda install cudatoolkit"
    )

    assert said.asked == ()
    assert list(whys(said)) == ["{package}", "$MORE", "--index-url https://example.invalid/simple"]
    assert [each.name for each in said.missing] == ["ffmpeg", "cudatoolkit"]
