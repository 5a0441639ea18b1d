"""Files of the repository do nothing before the first cell runs, and are there when it does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, notebook, printed, told
from workers.documents.notebook import parse
from workers.sandbox.layout import OVERLAY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.sandbox.boxes import Place

FIRST_CELL = """
import json, os, sys
print(json.dumps({"marked": sorted(name for name in os.listdir("/tmp") if name.startswith("mark-")), "here": os.getcwd(), "path": sys.path}))
"""


def mark(name: str) -> str:
    """Code that leaves a mark when it runs."""
    return f"open('/tmp/mark-{name}', 'w').close()\n"


TRAPS = {
    "sitecustomize.py": mark("sitecustomize"),
    "usercustomize.py": mark("usercustomize"),
    "trap.pth": "import builtins; " + mark("pth"),
    "json.py": mark("json"),
    "zmq.py": mark("zmq"),
    "ipykernel_launcher.py": mark("ipykernel_launcher"),
    "ipykernel/__init__.py": mark("ipykernel"),
    "IPython/__init__.py": mark("IPython"),
    "traitlets.py": mark("traitlets"),
    "observe.py": mark("observe"),
    "session.py": mark("session"),
    "matplotlib_inline/__init__.py": mark("matplotlib_inline"),
    ".ipython/profile_default/startup/00-first.py": mark("startup"),
    ".ipython/profile_default/ipython_config.py": mark("ipython_config"),
    ".ipython/profile_default/ipython_kernel_config.py": mark("kernel_config"),
    "ipython_config.py": mark("ipython_config_here"),
    "ipython_kernel_config.py": mark("kernel_config_here"),
    "jupyter_config.py": mark("jupyter_config"),
    ".jupyter/jupyter_config.py": mark("dot_jupyter_config"),
    ".jupyter/jupyter_server_config.py": mark("server_config"),
    "share/jupyter/kernels/python3/kernel.json": json.dumps(
        {"argv": ["touch", "/tmp/mark-kernelspec"], "display_name": "x"}
    ),
    "kernels/python3/kernel.json": json.dumps({"argv": ["touch", "/tmp/mark-kernelspec"], "display_name": "x"}),
    "matplotlibrc": "backend: module://trap\n",
    "trap.py": mark("backend"),
    ".pythonrc.py": mark("pythonrc"),
    "pyvenv.cfg.txt": "home = /tmp",
    ".netrc": "machine x login y password z\n",
    ".condarc": "channels: [http://127.0.0.1:9/]\n",
    ".pypirc": "[distutils]\n",
    ".npmrc": "registry=http://127.0.0.1:9/\n",
    ".numba_config.yaml": "disable_jit: 1\n",
    ".Rprofile": "file.create('/tmp/mark-rprofile')\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:9/\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that is all traps, with the same ones beside a notebook in a folder."""
    for folder in (tmp_path, tmp_path / "docs"):
        for name, content in TRAPS.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    return tmp_path


@pytest.mark.parametrize("path", ["notebook.ipynb", "docs/notebook.ipynb"])
async def test_x148_x149_x150_nothing_of_the_repository_runs_before_the_first_cell(
    place: Place, repository: Path, path: str
) -> None:
    # `json` is a trap too, but the first cell gets the one that the kernel has loaded already, as everywhere.
    seen = told(await place.run(FIRST_CELL, workspace=repository, path=path))

    assert seen["marked"] == []
    assert seen["path"][0] == ""


async def test_x148_the_traps_do_work_for_who_asks_for_them(place: Place, repository: Path) -> None:
    run = await place.run("import sitecustomize, trap, os", FIRST_CELL, workspace=repository)

    # An environment may have a `sitecustomize` of its own, which was imported long before.
    assert set(told(run, 1)["marked"]) - {"mark-sitecustomize"} == {"mark-backend"}


async def test_x149_the_places_of_configuration_are_ours_and_empty(place: Place, repository: Path) -> None:
    run = await place.run(
        "import os\nfor name in ('HOME', 'IPYTHONDIR', 'JUPYTER_CONFIG_DIR', 'MPLCONFIGDIR'): print(os.environ[name])",
        "import jupyter_core.paths as p; print([d for d in p.jupyter_config_path() + p.jupyter_path() if '/repository' in d])",
        workspace=repository,
    )

    assert all(line.startswith("/tmp/home") for line in printed(run).splitlines())
    assert printed(run, 1) == "[]\n"


async def test_r126_the_kernel_that_a_notebook_asks_for_is_not_looked_for(place: Place, repository: Path) -> None:
    raw = json.loads(notebook("import sys; print(sys.executable)").raw)
    for name in ("../../x", "evil", "x" * 100_000):
        raw["metadata"]["kernelspec"] = {"name": name, "display_name": name, "language": "python"}

        run = await place.box(workspace=repository).execute(parse(json.dumps(raw).encode(), "notebook.ipynb"))

        assert printed(run) == f"{place.environment.python}\n"


async def test_modules_and_files_beside_the_artifact_are_there(place: Place, tmp_path: Path) -> None:
    (tmp_path / "docs" / "package").mkdir(parents=True)
    (tmp_path / "docs" / "local_module.py").write_text("answer = 42\n")
    (tmp_path / "docs" / "package" / "__init__.py").write_text("from . import inner\n")
    (tmp_path / "docs" / "package" / "inner.py").write_text("name = 'inner'\n")
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")

    run = await place.run(
        "import local_module, package; print(local_module.answer, package.inner.name)",
        "print(open('../data.csv').read(), end=''); open('../data.csv', 'w').write('gone'); open('new', 'w').close()",
        "import os; print(sorted(os.listdir('..')), sorted(os.listdir('.')))",
        workspace=tmp_path,
        path="docs/notebook.ipynb",
    )

    assert run.status == "passed", run.error
    assert (printed(run), printed(run, 1)) == ("42 inner\n", "a,b\n1,2\n")
    assert printed(run, 2) == "['data.csv', 'docs'] ['local_module.py', 'new', 'package']\n"
    assert (tmp_path / "data.csv").read_text() == "a,b\n1,2\n"
    assert not (tmp_path / "docs" / "new").exists()


async def test_x167_a_second_run_finds_nothing_of_the_first(place: Place, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1")
    box = place.box(workspace=tmp_path)
    leave = "import os; print(os.path.exists('cache'), open('data.csv').read()); open('cache', 'w'); open('data.csv', 'w').write('2')"

    runs = [await box.execute(notebook(leave)) for _ in range(2)]

    assert [printed(run) for run in runs] == ["False 1\n"] * 2


async def test_a_file_that_was_left_out_is_named_when_it_is_missed(place: Place, tmp_path: Path) -> None:
    (tmp_path / "big.csv").write_bytes(b"x" * 2000)
    limits = replace(SMALL, copy_file_bytes=1000)

    run = await place.run("open('big.csv')", limits=limits, workspace=tmp_path)

    assert run.error is not None
    assert run.error.name == "FileNotFoundError"
    assert run.reason == "big.csv was left out of the box: it is over a size limit or leads out"


async def test_the_overlay_comes_after_everything_of_the_environment(place: Place) -> None:
    path = told(await place.run(FIRST_CELL))["path"]

    ours = [at for at, entry in enumerate(path) if entry == OVERLAY]
    theirs = [at for at, entry in enumerate(path) if entry in map(str, place.environment.site_packages)]
    assert len(ours) == 1
    assert max(theirs) < ours[0]


async def test_what_the_start_spares_itself_is_there_for_whoever_wants_it(place: Place) -> None:
    run = await place.run(
        "import sys\nprint([name for name in ('debugpy', 'jedi', 'IPython.terminal.embed') if name in sys.modules])",
        "import debugpy, jedi, IPython\nfrom IPython.terminal.embed import embed\nprint(embed.__module__, callable(IPython.embed))",
    )

    assert run.status == "passed", run.error
    assert (printed(run), printed(run, 1)) == ("[]\n", "IPython.terminal.embed True\n")
