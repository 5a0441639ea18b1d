"""The command line as a person meets it: another process, its streams and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "PIP_INDEX_URL",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
)


def environ(**more: str) -> dict[str, str]:
    """This machine's environment without anything that steers mendloop, and `more`."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(("SSL_", "UV_"))}
    return kept | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"} | more


def command(*arguments: str | Path) -> list[str]:
    """The words of `mendloop ARGUMENTS`, without an installed script."""
    return [sys.executable, "-m", "workers.cli", *map(str, arguments)]


def mendloop(*arguments: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        command(*arguments), cwd=cwd, env=environ(**more), capture_output=True, text=True, check=False, timeout=240
    )
