"""The proxy as a process: who may look into it, what it leaves, and how long it lives."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest

from tests.workers.network import rig
from tests.workers.network.rig import CANARIES, NAME, Client
from tests.workers.network.test_allowed_hosts import CREDENTIAL, KEY
from workers.contract.errors import SandboxUnavailableError
from workers.contract.network import Host, Network
from workers.network.outlets import SOCKET
from workers.network.starting import proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.network.starting import Proxy

AUTHORITY = rig.authority_of()
NOTHING = Network(hosts=(Host(name=NAME),))

PROBE = """
import os, sys
uid, pid, needle = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()[::-1]
if os.geteuid() == 0:
    os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
seen = b""
for name in ("environ", "cmdline"):
    try:
        seen += open("/proc/%d/%s" % (pid, name), "rb").read()
    except OSError:
        pass
try:
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "rw" in line.split()[1] and end - start < 1 << 28:
                memory.seek(start)
                seen += memory.read(end - start)
except OSError:
    pass
print("found" if needle in seen else "nothing")
"""
HOLDER = "import sys, time; kept = [sys.stdin.readline()]; print('held', flush=True); time.sleep(60)"


def look_into(pid: int, uid: int, value: str) -> str:
    """What a process of that user finds of a value in another's memory, environment and arguments."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(uid), str(pid), value[::-1]], capture_output=True, timeout=60, check=True
    )
    return done.stdout.decode().strip()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def gone_soon(pid: int) -> bool:
    until = time.monotonic() + 20
    while not gone(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return gone(pid)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder with a short path."""
    made = Path(mkdtemp(prefix="net-"))
    yield made
    shutil.rmtree(made)


def user_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("\nUid:")[2].split()[0])


async def test_nobody_of_the_same_user_or_another_looks_into_the_proxy(folder: Path) -> None:
    async with proxy(NOTHING, folder=folder, canaries=CANARIES, credentials=CREDENTIAL) as running:
        pid = running.process.pid
        users = {user_of(pid), 61_000, 65_534} if os.geteuid() == 0 else {os.geteuid()}
        seen = {user: await asyncio.to_thread(look_into, pid, user, KEY) for user in users}

    assert set(seen.values()) == {"nothing"}


async def test_a_process_that_is_not_closed_to_others_is_found_out() -> None:
    user = 60_999 if os.geteuid() == 0 else os.geteuid()
    drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if os.geteuid() == 0 else []
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    process = await asyncio.create_subprocess_exec(
        *drop, python, "-c", HOLDER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{KEY}\n".encode())
        await process.stdin.drain()
        assert await process.stdout.readline() == b"held\n"
        assert await asyncio.to_thread(look_into, process.pid, user, KEY) == "found"
    finally:
        process.kill()
        await process.wait()


async def test_secrets_are_in_no_argument_no_variable_and_no_file(folder: Path) -> None:
    async with proxy(
        NOTHING, folder=folder, canaries=CANARIES, credentials=CREDENTIAL, recording=folder / "recorded"
    ) as running:
        async with running.box("a.ipynb"):
            files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        place = Path("/proc", str(running.process.pid))
        told = (place / "cmdline").read_bytes()
        if os.geteuid() == 0:
            told += (place / "environ").read_bytes()

    secrets = (KEY, *CANARIES.values.values())
    assert not [secret for secret in secrets if secret.encode() in files + told]


async def test_the_proxy_has_no_power_and_started_by_root_is_nobody_in_particular(folder: Path) -> None:
    async with proxy(NOTHING, folder=folder, canaries=CANARIES) as running:
        status = Path(f"/proc/{running.process.pid}/status").read_text()

    user = 60_999 if os.geteuid() == 0 else os.geteuid()
    assert f"Uid:\t{user}\t{user}\t{user}\t{user}" in status
    assert "Groups:\t \n" in status or os.geteuid() != 0
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


async def test_requests_go_through_the_process_and_what_did_not_pass_is_told(folder: Path) -> None:
    async with rig.host(tls=AUTHORITY) as host:
        network = Network(hosts=(Host(name=NAME, port=host.port, credential="key"),))
        async with proxy(
            network,
            folder=folder,
            canaries=CANARIES,
            credentials=CREDENTIAL,
            recording=folder / "recorded",
            trial=rig.trial(AUTHORITY),
        ) as running:
            async with running.box("a.ipynb") as outlet:
                box = Client(outlet.folder / SOCKET, running.certificate)
                got = await box.get(port=host.port)
                await box.tunnelled(b"", name="evil.example.org", port=443)
                await box.tunnelled(b"", name="evil.example.org", port=443)
            async with running.box("a.ipynb") as again:
                told = await Client(again.folder / SOCKET, running.certificate).get(port=host.port)
            totals = await running.totals()

    assert got.endswith(b"hello")
    assert told.endswith(b"hello")
    assert host.connections == 1
    assert f"bearer {KEY}".lower().encode() in host.heard[0].lower()
    assert [(each.host, each.port, each.via, each.kind) for each in outlet.refusals] == [
        ("evil.example.org", 443, "proxy", "refused")
    ]
    assert again.refusals == []
    assert (totals[NAME]["asked"], totals[NAME]["replayed"], totals["evil.example.org"]["refused"]) == (1, 1, 2)


async def test_without_a_trial_this_machine_is_not_dialled(folder: Path) -> None:
    async with rig.sink() as sink:
        network = Network(hosts=(Host(name="localhost.example.org", port=sink.port, scheme="http"),))
        trial = rig.trial(localhost_example_org="127.0.0.1").model_copy(update={"loopback": False})
        async with (
            proxy(network, folder=folder, canaries=CANARIES, trial=trial) as running,
            running.box("a.ipynb") as outlet,
        ):
            at = f"localhost.example.org:{sink.port}"
            head = f"GET http://{at}/ HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n"
            got = await Client(outlet.folder / SOCKET, running.certificate).raw(head.encode())

    assert got.startswith(b"HTTP/1.1 403")
    assert sink.connections == 0


async def test_a_box_that_ends_takes_its_connections_with_it_and_leaves_no_file(folder: Path) -> None:
    async with proxy(NOTHING, folder=folder, canaries=CANARIES) as running:
        async with running.box("a.ipynb") as outlet:
            reader, writer = await asyncio.open_unix_connection(outlet.folder / SOCKET)
            assert sorted(path.name for path in outlet.folder.iterdir()) == ["authority.pem", "out"]
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()

    assert list(folder.iterdir()) == []
    assert gone(running.process.pid)


async def used(running: Proxy, artifact: str) -> None:
    """A box that runs while the proxy comes to its end."""
    async with running.box(artifact):
        running.process.kill()
        await running.process.wait()


async def test_a_box_learns_that_its_way_out_was_gone(folder: Path) -> None:
    async with proxy(NOTHING, folder=folder, canaries=CANARIES) as running:
        for artifact in ("a.ipynb", "b.ipynb"):
            with pytest.raises(SandboxUnavailableError, match="proxy"):
                await used(running, artifact)

    assert list(folder.iterdir()) == []


async def test_a_proxy_that_cannot_begin_says_why_and_no_secret(folder: Path) -> None:
    (folder / "recorded").write_text("nonsense\n")

    with pytest.raises(SandboxUnavailableError, match="not a recorded answer") as raised:
        async with proxy(
            NOTHING, folder=folder, canaries=CANARIES, credentials=CREDENTIAL, recording=folder / "recorded"
        ):
            pytest.fail("it began")

    assert not [secret for secret in (KEY, *CANARIES.values.values()) if secret in str(raised.value)]


WORKER = """
import asyncio, sys
from pathlib import Path
from workers.contract.canaries import Canaries
from workers.contract.network import Host, Network
from workers.network.starting import proxy
async def main():
    network = Network(hosts=(Host(name="data.example.org"),))
    async with proxy(network, folder=Path(sys.argv[1]), canaries=Canaries.fresh()) as running:
        print(running.process.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_the_proxy_dies_with_a_worker_that_was_killed(folder: Path) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, str(folder), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert worker.stdout is not None
    pid = int(await asyncio.wait_for(worker.stdout.readline(), 60))
    assert not gone(pid)

    worker.send_signal(signal.SIGKILL)
    await worker.wait()

    assert await asyncio.to_thread(gone_soon, pid)
