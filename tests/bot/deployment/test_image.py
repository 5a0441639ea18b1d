"""The image: the Dockerfile's steps carried out on a bare tree, and what came of them started."""

from __future__ import annotations

import pickle
import re
import subprocess
from pathlib import Path

import pytest

from tests.bot.deployment.dockerfile import ROOT, Image, build, read
from tests.stores import alone, shared_folder

TEXT = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Built once for all test processes."""
    folder = shared_folder(tmp_path_factory.getbasetemp()) / "image"
    made = folder / "image.pickle"
    with alone(folder.with_suffix(".lock")):
        if not made.exists():
            folder.mkdir()
            made.write_bytes(pickle.dumps(build(TEXT, ROOT, folder)))
    return pickle.loads(made.read_bytes())


def start(image: Image, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """As the container's entry point with these arguments."""
    home = image.path("/var/lib/mendloop")
    path = image.environment["PATH"]
    program = Path(image.path("/opt/mendloop/bin")) / image.entrypoint[0]
    return subprocess.run(
        [program, *arguments],
        env=image.environment | {"HOME": home, "PATH": path, "XDG_CACHE_HOME": f"{image.root.parent}/shared"} | environ,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_image_starts_and_says_what_it_lacks(image: Image) -> None:
    done = start(image, "check")

    assert done.returncode == 3, done.stderr
    assert "missing  settings  MENDLOOP_WEBHOOK_SECRET is not set" in done.stdout
    assert "missing  settings  MENDLOOP_APP_ID is not set" in done.stdout
    assert re.search(r"^ok +git", done.stdout, re.MULTILINE)


def test_the_image_serves_unless_told_otherwise(image: Image) -> None:
    done = start(image, *image.command)

    assert image.command == ("serve",)
    assert done.returncode == 2
    assert "MENDLOOP_APP_ID is not set" in done.stderr


def test_the_image_brings_what_migrates_a_ledger(image: Image, tmp_path: Path) -> None:
    done = start(image, "migrate", MENDLOOP_STATE_DIR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ledger.sqlite3").stat().st_size > 0


def test_the_image_holds_nothing_that_only_tests_need(image: Image) -> None:
    packages = {path.name for path in Path(image.path("/opt/mendloop/lib")).glob("python3*/site-packages/*")}

    assert {"bot", "workers", "arq", "sqlalchemy"} <= packages
    assert packages.isdisjoint({"pytest", "hypothesis", "pgserver", "pip", "hatchling", "tests", "papermill"})


def test_the_image_runs_as_nobody_special(image: Image) -> None:
    (system,) = image.not_run

    assert image.user == "mendloop"
    assert "useradd --system --uid 10001" in system


def test_the_image_has_the_systems_packages_that_setup_installs(image: Image) -> None:
    wanted = re.search(r'^packages="(.+)"', (ROOT / ".ci" / "setup").read_text(), re.MULTILINE)

    assert wanted is not None
    assert {*wanted[1].split(), "git", "ca-certificates"} <= set(image.not_run[0].split())


def test_every_stage_starts_from_the_python_the_lock_is_for() -> None:
    bases = {step.rest.split()[0] for step in read(TEXT) if step.word == "FROM"}

    assert bases == {"python:3.11-slim-bookworm"}


def test_nothing_is_installed_without_its_digest() -> None:
    installs = [
        part for step in read(TEXT) if step.word == "RUN" for part in step.rest.split("&&") if " install " in part
    ]
    ours = [part for part in installs if "pip install" in part and "/opt/dist/" not in part]

    assert len(ours) == 3
    assert all("--require-hashes" in part for part in ours)


def test_a_step_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="exit 7"):
        build("FROM x\nRUN echo before \\\n    && (exit 7)\n", ROOT, tmp_path)


def test_a_file_that_dockerignore_keeps_out_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="kept out"):
        build("FROM x\nCOPY Makefile ./\n", ROOT, tmp_path)


def test_only_what_the_image_is_made_of_is_sent_to_the_builder() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = {source for step in read(TEXT) if step.word == "COPY" for source in step.rest.split()[:-1]}

    assert {name for name in copied if not name.startswith(("--from", "/opt"))} == set(allowed)
