from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_github.tests.conftest import Listener, Place


def git(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    identity = {
        f"GIT_{who}_{what}": f"{who}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_TERMINAL_PROMPT": "0", **identity}
    return subprocess.run(
        ["git", *command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def url(place: Place, token: str, name: str = "octo-org/demo") -> str:
    return place.hub.git_url.replace("://", f"://x-access-token:{token}@") + f"/{name}.git"


def commit(folder: Path, path: str, content: str) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content)
    git("add", ".", cwd=folder)
    git("commit", "-qm", "Change", cwd=folder)


def test_a_token_clones_its_repository_and_no_other(place: Place, tmp_path: Path) -> None:
    place.hub.repository("octo-org/other", {"a": b"a"}, place.installation)
    token = place.installation.token([place.repository], contents="read")

    mine = git("clone", "-q", url(place, token), str(tmp_path / "mine"))
    other = git("clone", "-q", url(place, token, "octo-org/other"), str(tmp_path / "other"))
    nobody = git("clone", "-q", f"{place.hub.git_url}/octo-org/demo.git", str(tmp_path / "nobody"))

    assert mine.returncode == 0, mine.stderr
    assert (tmp_path / "mine" / "docs" / "guide.md").read_text() == "one\ntwo\nthree\n"
    assert other.returncode != 0
    assert nobody.returncode != 0


def test_one_commit_is_fetched_shallow_and_without_blobs(place: Place, tmp_path: Path) -> None:
    old = place.repository.head()
    place.repository.push("main", {"a.ipynb": b"new\n"}, by=place.ada)
    git("init", "-q", str(tmp_path))
    token = place.installation.token([place.repository], contents="read")

    done = git("fetch", "-q", "--depth=1", "--filter=blob:none", url(place, token), old, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert git("rev-list", "--count", old, cwd=tmp_path).stdout.strip() == "1"


@pytest.mark.parametrize("ending", ["expired", "revoked", "suspended", "uninstalled"])
def test_a_dead_token_clones_nothing(place: Place, tmp_path: Path, ending: str) -> None:
    token = place.installation.token([place.repository], contents="read")
    match ending:
        case "expired":
            place.hub.clock.advance(3700)
        case "revoked":
            place.client(token).delete(f"{place.hub.api_url}/installation/token")
        case "suspended":
            place.installation.suspend()
        case _:
            place.installation.delete()

    assert git("clone", "-q", url(place, token), str(tmp_path / "x")).returncode != 0


def test_a_push_is_told_like_any_other(place: Place, listener: Listener, tmp_path: Path) -> None:
    git("clone", "-q", url(place, place.ada.token), str(tmp_path / "w"))
    commit(tmp_path / "w", "new.md", "new\n")

    done = git("push", "-q", "origin", "HEAD:refs/heads/side", cwd=tmp_path / "w")

    assert done.returncode == 0, done.stderr
    assert place.repository.file("side", "new.md") == b"new\n"
    place.hub.webhooks.settle()
    told = listener.last("push")
    assert (told["ref"], told["created"], told["sender"]["login"]) == ("refs/heads/side", True, "ada")
    assert told["commits"][0]["added"] == ["new.md"]


def test_a_push_needs_write_and_respects_protection_and_workflows(place: Place, tmp_path: Path) -> None:
    reader = place.installation.token([place.repository], contents="read")
    writer = place.installation.token([place.repository], contents="write")
    git("clone", "-q", url(place, writer), str(tmp_path / "w"))
    folder = tmp_path / "w"
    commit(folder, "new.md", "new\n")
    place.repository.protect("main")

    read_only = git("push", "-q", url(place, reader), "HEAD:refs/heads/side", cwd=folder)
    protected = git("push", "-q", "origin", "HEAD:refs/heads/main", cwd=folder)
    fine = git("push", "-q", "origin", "HEAD:refs/heads/side", cwd=folder)
    commit(folder, ".github/workflows/ci.yml", "on: push\n")
    workflow = git("push", "-q", "origin", "HEAD:refs/heads/side", cwd=folder)

    assert read_only.returncode != 0
    assert "GH006" in protected.stderr
    assert fine.returncode == 0, fine.stderr
    assert "without `workflows` permission" in workflow.stderr


def test_a_former_name_leads_to_the_present_one(place: Place, tmp_path: Path) -> None:
    token = place.installation.token([place.repository], contents="read")
    place.repository.rename("renamed")

    assert git("clone", "-q", url(place, token), str(tmp_path / "x")).returncode == 0
