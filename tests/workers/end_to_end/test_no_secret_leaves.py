"""A secret of the machine: neither in a box, nor in what a run prints and leaves."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.builders import notebook
from tests.workers.end_to_end.machine import artifacts, checkout

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.end_to_end.machine import Machine
    from workers.sandbox.environments import InstalledEnvironment

CANARY = "canary-7f3a9c51d2e84b06"
SPELLINGS = (CANARY.encode(), base64.b64encode(CANARY.encode()).rstrip(b"="), CANARY.encode().hex().encode())
SPY = """
import base64, os
seen = "\\n".join(f"{name}={value}" for name, value in sorted(os.environ.items()))
for place in ("/proc/self/environ", "/proc/1/environ", "/proc/self/mountinfo"):
    try:
        seen += open(place, errors="replace").read().replace("\\0", "\\n")
    except OSError as error:
        seen += str(error)
print(seen)
print(base64.b64encode(seen.encode()).decode(), seen.encode().hex())
""".strip()


def leaks(texts: dict[str, bytes]) -> list[str]:
    """Names of the texts in which the canary stands in any spelling."""
    return [name for name, text in texts.items() if any(spelling in text for spelling in SPELLINGS)]


def test_a_token_of_this_machine_reaches_neither_the_box_nor_anything_that_is_left(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    files = {
        "spy.ipynb": notebook("import orchard", SPY, "orchard.tally([1])").raw,
        "loud.ipynb": notebook("import os\nraise RuntimeError(str(dict(os.environ)))").raw,
    }
    repo = checkout(tmp_path / "repo", files)
    variables = {"FORGE_TOKEN": CANARY, "OPENAI_API_KEY": CANARY, "REGISTRY_PASSWORD": CANARY}

    done = machine.mendloop("repair", ".", "--python", environment.python, "--json", cwd=repo, **variables)

    of = artifacts(done)
    assert (of["spy.ipynb"]["outcome"], of["loud.ipynb"]["outcome"]) == ("repaired", "unrepaired")
    left = {str(path): path.read_bytes() for path in machine.state_home.rglob("*") if path.is_file()}
    record = next(text for name, text in left.items() if name.endswith("spy.ipynb/record.json"))
    assert b"PATH=" in record, "what the box showed was kept, so there was something to find"
    assert "'PATH':" in of["loud.ipynb"]["base"]["error"]
    assert b"FORGE_TOKEN" not in record, "not even the variable's name gets in"
    assert leaks({**left, "stdout": done.stdout.encode(), "stderr": done.stderr.encode()}) == []
    assert leaks({"a twin that keeps what it is given": SPY.encode() + CANARY.encode().hex().encode()})


def test_a_secret_that_the_notebook_itself_holds_is_masked_in_what_is_printed(
    machine: Machine, environment: InstalledEnvironment, tmp_path: Path
) -> None:
    # In two parts, so that no scanner takes this file for the leak.
    key = "ghp" + "_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    repo = checkout(tmp_path / "repo", {"a.ipynb": notebook(f"raise RuntimeError('refused: {key}')").raw})

    done = machine.mendloop("repair", "a.ipynb", "--python", environment.python, "--json", cwd=repo)

    (artifact,) = artifacts(done).values()
    assert artifact["base"]["error"] == "refused: [masked]"
    assert key not in done.stdout + done.stderr
    assert not any(key.encode() in path.read_bytes() for path in machine.state_home.rglob("*") if path.is_file())
