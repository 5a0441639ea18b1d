"""The machine a person types the installed `mendloop` on: its folders, its environment variables, git checkouts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
COMMAND = Path(sys.executable).with_name("mendloop")
SCHEMA = json.loads((ROOT / "docs" / "result.schema.json").read_text())
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
_KEPT_STARTS = ("SSL_", "UV_", "PIP_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the command is typed. Nothing else of this machine's steers it."""

    cache_home: Path
    state_home: Path

    def environ(self, **more: str) -> dict[str, str]:
        """The variables of a started command."""
        kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_STARTS)}
        folders = {"XDG_CACHE_HOME": str(self.cache_home), "XDG_STATE_HOME": str(self.state_home)}
        return {**kept, **folders, "NO_COLOR": "1", **more}

    def mendloop(self, *arguments: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Type `mendloop ARGUMENTS` in `cwd` and wait for its end."""
        command = [str(COMMAND), *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=self.environ(**more), capture_output=True, text=True, check=False, timeout=240
        )

    def start(self, *arguments: str | Path, cwd: Path, **more: str) -> subprocess.Popen[str]:
        """Type it and go on."""
        command = [str(COMMAND), *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=cwd, env=self.environ(**more), stdout=pipe, stderr=pipe, text=True)

    def runs(self) -> list[Path]:
        """The run folders, the oldest first."""
        return sorted((self.state_home / "mendloop" / "runs").glob("*"))


def git(repo: Path, *arguments: str | Path) -> str:
    """What git prints; it has to succeed."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    command = ["git", *who, *map(str, arguments)]
    return subprocess.run(command, cwd=repo, capture_output=True, text=True, check=True, timeout=60).stdout


def checkout(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A git repository with these files committed."""
    folder.mkdir(parents=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    git(folder, "init", "-q")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "Notebooks")
    return folder


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one object that `--json` printed, checked against the published schema."""
    assert done.stdout, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, SCHEMA)
    return value


def artifacts(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """The artifacts of that object by path."""
    return {artifact["path"]: artifact for artifact in result(done)["artifacts"]}


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The outcome of every artifact."""
    return {path: artifact["outcome"] for path, artifact in artifacts(done).items()}
