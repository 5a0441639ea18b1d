from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.fake_github.tests.conftest import Listener, Place

HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"


def test_a_person_reads_a_pull_request_without_being_harmed(place: Place) -> None:
    place.repository.push("side", {"a.ipynb": b"<script>alert(2)</script>\n"}, by=place.ada)
    pull = place.repository.open_pull("side", by=place.ada, title=HOSTILE, body=f"**Mended** {HOSTILE}")
    place.repository.comment(pull.number, HOSTILE, place.ada)

    page = httpx.get(pull.look()["html_url"], trust_env=False)

    assert page.text == httpx.get(f"{place.hub.url}/ui/octo-org/demo/pull/{pull.number}", trust_env=False).text
    assert "<strong>Mended</strong>" in page.text
    assert '<span class="del">-{&#34;cells&#34;: []}</span>' in page.text
    for harm in ("<script", "<img", 'href="javascript:'):
        assert harm not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_every_page_that_is_linked_is_there(place: Place) -> None:
    place.repository.push("side", {"a.ipynb": b"1\n"}, by=place.ada)
    place.repository.open_pull("side", by=place.ada)
    sha = place.repository.head("side")
    note = {"path": "a.ipynb", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}
    output = {"title": "t", "summary": "s", "annotations": [note]}
    place.client().post("/check-runs", json={"name": "mendloop", "head_sha": sha, "output": output})
    client, waiting, seen = httpx.Client(base_url=place.hub.url, trust_env=False), ["/ui"], set[str]()

    while waiting:
        path = waiting.pop()
        page = client.get(path)
        assert page.status_code == 200, path
        seen.add(path)
        links = {link.partition("#")[0] for link in re.findall(r'href="([^"]+)"', page.text)}
        waiting += [link for link in links if link.startswith("/") and link not in {*seen, *waiting}]

    assert {path.split("/")[3] for path in seen if path.count("/") > 2} >= {"pull", "commit", "runs", "blob"}


def test_a_person_comments_presses_and_merges(place: Place, listener: Listener) -> None:
    place.repository.push("side", {"a.ipynb": b"1\n"}, by=place.ada)
    place.repository.open_pull("side", by=place.ada)
    button = {"label": "Repair", "identifier": "repair", "description": "d"}
    wanted = {"name": "mendloop", "head_sha": place.repository.head("side"), "actions": [button]}
    run = place.client().post("/check-runs", json=wanted).json()["id"]
    here = f"{place.hub.url}/octo-org/demo"

    said = httpx.post(f"{here}/pull/1/comment", data={"body": "/repair"}, trust_env=False)
    clicked = httpx.post(f"{here}/runs/{run}/click", data={"identifier": "repair", "back": "//evil"}, trust_env=False)
    merged = httpx.post(f"{here}/pull/1/merge", trust_env=False)

    assert [answer.status_code for answer in (said, clicked, merged)] == [303, 303, 303]
    assert clicked.headers["location"] == "/ui"
    place.hub.webhooks.settle()
    assert listener.last("issue_comment", "created")["comment"]["body"] == "/repair"
    assert listener.last("check_run", "requested_action")["sender"]["login"] == "maintainer"
    assert place.repository.pulls()[0]["merged"] is True


def test_it_stands_alone_and_says_where(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    command = [sys.executable, "-m", "tests.fake_github", "--key", str(key), "--seed", str(Path(__file__).parent)]
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        url = lines[0].split()[-1]
        page = httpx.get(url, trust_env=False)
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)

    assert "octo-org/demo" in page.text
    assert any(line.startswith("MENDLOOP_APP_ID") for line in lines)
    assert "PRIVATE KEY" in key.read_text()
    assert oct(key.stat().st_mode & 0o777) == "0o600"
    assert process.returncode == 0, rest
