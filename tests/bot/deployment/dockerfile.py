"""Carries out a Dockerfile's steps in a folder, where there is no container engine: `python -m tests.bot.deployment.dockerfile FOLDER`.

Paths of the image are mapped into the folder. What needs a system of its own (`apt-get`, `useradd`) is not run but returned.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pathspec

ROOT = Path(__file__).parents[3]
MAPPED = ("/opt", "/src", "/runs", "/var/lib/mendloop")
NEEDS_A_SYSTEM = re.compile(r"\b(apt-get|useradd)\b")
STEP_S = 600

CERTIFICATES = {"UV_SYSTEM_CERTS": "true"} if Path("/etc/ssl/certs/ca-certificates.crt").exists() else {}
"""The machine's own, as the set-up uses them: its way to the index may need them."""


@dataclass(frozen=True, slots=True)
class Instruction:
    word: str
    rest: str
    stage: int


@dataclass(slots=True)
class Image:
    """What came of the last stage."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    user: str = "root"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    healthcheck: str = ""
    not_run: list[str] = field(default_factory=list[str])

    def path(self, text: str) -> str:
        """Where a path of the image lies, in a text of any kind."""
        for prefix in MAPPED:
            text = re.sub(rf"(?<![\w.-]){re.escape(prefix)}(?=[/\s:'\"]|$)", f"{self.root}{prefix}", text)
        return text


def read(text: str) -> list[Instruction]:
    """The instructions, with continued lines joined and comments gone."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found: list[Instruction] = []
    stage = -1
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        stage += word == "FROM"
        found.append(Instruction(word, rest.strip(), stage))
    return found


def build(dockerfile: str, context: Path, root: Path) -> Image:
    """Carry out every instruction."""
    instructions = read(dockerfile)
    last = instructions[-1].stage
    image = Image(root)
    folder = root
    for step in instructions:
        if step.word == "FROM":
            image.environment, folder = {}, root
        elif step.word == "WORKDIR":
            folder = Path(image.path(step.rest))
            folder.mkdir(parents=True, exist_ok=True)
        elif step.word == "COPY":
            copy(step.rest, context, folder)
        elif step.word == "RUN":
            run(step.rest, folder, image)
        else:
            describe(step, image, final=step.stage == last)
    return image


def describe(step: Instruction, image: Image, *, final: bool) -> None:
    """Instructions that say something about the image."""
    if step.word == "ENV":
        image.environment |= {name: image.path(value) for name, value in re.findall(r"(\w+)=(\S+)", step.rest)}
    elif not final:
        raise ValueError(f"only the last stage says {step.word}")
    elif step.word == "USER":
        image.user = step.rest
    elif step.word in {"ENTRYPOINT", "CMD"}:
        setattr(image, {"ENTRYPOINT": "entrypoint", "CMD": "command"}[step.word], tuple(json.loads(step.rest)))
    elif step.word == "HEALTHCHECK":
        image.healthcheck = step.rest
    elif step.word not in {"VOLUME", "EXPOSE", "STOPSIGNAL"}:
        raise ValueError(f"no such instruction: {step.word}")


def copy(rest: str, context: Path, folder: Path) -> None:
    """Copy from the context what `.dockerignore` leaves; between stages everything is where it is."""
    if rest.startswith("--from="):
        return
    *sources, target = rest.split()
    ignored = pathspec.GitIgnoreSpec.from_lines((context / ".dockerignore").read_text().splitlines())
    for source in sources:
        place = folder / target
        if (context / source).is_dir():
            shutil.copytree(context / source, place, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        elif ignored.match_file(source):
            raise FileNotFoundError(f"{source} is kept out by .dockerignore")
        else:
            shutil.copy(context / source, place / Path(source).name if place.is_dir() else place)


def run(rest: str, folder: Path, image: Image) -> None:
    command = image.path(re.sub(r"^--mount=\S+\s+", "", rest))
    if NEEDS_A_SYSTEM.search(command):
        image.not_run.append(command)
        return
    inherited = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    programs = f"{_pythons(folder.parent)}:{inherited['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-ec", command],
        cwd=folder,
        # How files get there is not what is looked at, and takes half of the time.
        env=CERTIFICATES
        | inherited
        | image.environment
        | {"PATH": programs, "UV_LINK_MODE": "hardlink", "UV_COMPILE_BYTECODE": "0"},
        capture_output=True,
        text=True,
        timeout=STEP_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command}\n{done.stdout}{done.stderr}")


def _pythons(folder: Path) -> Path:
    """A folder with `python` as the image's base has it; a system's own may be called `python3` alone."""
    found = folder / "programs"
    found.mkdir(exist_ok=True)
    for name in ("python", "python3"):
        with suppress(FileExistsError):
            (found / name).symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    return found


if __name__ == "__main__":
    made = build((ROOT / "Dockerfile").read_text(), ROOT, Path(sys.argv[1]).absolute())
    sys.stdout.write(f"{made}\n")
