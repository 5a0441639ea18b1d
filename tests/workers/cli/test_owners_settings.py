"""What an owner configures, as a whole run of the command applies it. Without a box; about 5 s a run."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders import notebook
from tests.workers.cli.commands import mendloop

OLD: list[dict[str, Any]] = [{"name": "stdout", "output_type": "stream", "text": ["as it was\n"]}]
STALE = notebook("import collections", "print(collections.Mapping)", "print(1 + 1)", outputs={1: OLD, 2: OLD})
MENDED = STALE.raw.replace(b"collections.Mapping", b"collections.abc.Mapping")
NOW = "<class 'collections.abc.Mapping'>\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    (made / ".github").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", made], check=True, timeout=60)
    (made / STALE.path).write_bytes(STALE.raw)
    return made


def configure(repo: Path, **values: Any) -> None:
    # JSON is YAML.
    (repo / ".github" / "mendloop.yml").write_text(json.dumps(values))


def repair(repo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    flags = ("--sandbox", "none", "--python", sys.executable, "--out", repo.parent / "runs")
    return mendloop("repair", ".", "--json", *arguments, *flags, cwd=repo)


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("keep", ["as it was\n", "as it was\n"]),
        ("changed", [NOW, "as it was\n"]),
        ("refresh", [NOW, "2\n"]),
        ("clear", ["", ""]),
    ],
)
def test_patch_copy_record_and_working_tree_agree_on_the_outputs(repo: Path, policy: str, shown: list[str]) -> None:
    configure(repo, outputs=policy)
    other = repo.parent / "other"
    subprocess.run(["git", "clone", "-q", repo, other], check=True, capture_output=True, timeout=60)
    (other / STALE.path).write_bytes(STALE.raw)

    done = repair(repo, "--write")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    (artifact,), folder = result["artifacts"], Path(result["run_dir"])
    written = (repo / STALE.path).read_bytes()
    record = json.loads((folder / artifact["record"]).read_text())["record"]
    subprocess.run(["git", "apply", folder / "deliverable" / "patch.diff"], cwd=other, check=True, timeout=60)
    assert (other / STALE.path).read_bytes() == written
    assert (folder / artifact["record"]).with_name(STALE.path).read_bytes() == written
    assert record["updated"] == hashlib.sha256(written).hexdigest()
    assert (written == MENDED) is (policy == "keep")
    texts = ["".join("".join(o["text"]) for o in cell["outputs"]) for cell in json.loads(written)["cells"]]
    assert texts == ["", *shown]
    assert not any('"raw"' in file.read_text() for file in folder.rglob("*.json"))
    body = (folder / "deliverable" / "pull_request.md").read_text()
    assert ("print something else than the stored outputs they keep: 1." in body) is (policy == "keep")
    assert ("Stored outputs changed: cells 1" in body) is (policy != "keep")


def test_the_owners_command_has_the_last_word_before_anything_runs(repo: Path) -> None:
    (repo / "check.py").write_text(
        "import sys\nsys.exit('abc is not wanted' if 'abc' in open(sys.argv[1]).read() else 0)"
    )
    configure(repo, commands=["python check.py {artifact}"])
    refused = repair(repo)
    (repo / "check.py").write_text("")
    accepted = repair(repo)
    configure(repo, commands=[["no-such-program"]])
    missing = repair(repo)

    (no,), (yes,), (gone,) = (json.loads(done.stdout)["artifacts"] for done in (refused, accepted, missing))
    assert (no["outcome"], yes["outcome"], gone["outcome"]) == ("unrepaired", "repaired", "unrepaired")
    cases = [_case(done, "command: ") for done in (refused, missing)]
    assert "abc is not wanted" in cases[0]["evidence"]
    assert "`no-such-program` cannot be started" in cases[1]["evidence"]
    assert all(case["veto"] and not case["passed"] for case in cases)


def _case(done: subprocess.CompletedProcess[str], name: str) -> Any:
    result = json.loads(done.stdout)
    record = json.loads((Path(result["run_dir"]) / result["artifacts"][0]["record"]).read_text())["record"]
    return next(case for case in record["validation"]["cases"] if case["name"].startswith(name))


def test_a_preferred_model_that_is_retired_itself_is_told_by_every_command(repo: Path) -> None:
    (repo / STALE.path).write_bytes(notebook("x = 1").raw)
    configure(repo, business_rules={"preferred_chat_model": "gpt-4-0314"})

    repaired = repair(repo, "--date", "2026-11-20")
    scanned = mendloop("scan", ".", "--json", "--python", sys.executable, "--date", "2026-11-20", cwd=repo)
    checked = mendloop("config", "check", ".", cwd=repo, MENDLOOP_DATE="2026-11-20")

    for done in (repaired, scanned, checked):
        told = [line for line in done.stderr.splitlines() if "gpt-4-0314" in line]
        assert len(told) == 1, done.stderr
        assert told[0].startswith("mendloop: The preferred model gpt-4-0314 was shut down on ")
        assert done.returncode == 0
        assert "gpt-4-0314 was shut" not in done.stdout


def test_a_preferred_model_that_is_served_is_not_spoken_of(repo: Path) -> None:
    configure(repo, business_rules={"preferred_chat_model": "gpt-5.5"})

    checked = mendloop("config", "check", ".", cwd=repo, MENDLOOP_DATE="2026-11-20")

    assert (checked.returncode, checked.stderr) == (0, "")
