"""The attempts that `bench.limits` makes, one per way to pass a limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workers.sandbox.limits import MIB, Limits

LIMITS = Limits(
    wall_s=90,
    cell_timeout_s=60,
    cpu_s=60,
    memory_bytes=768 * MIB,
    pids=100,
    tmpfs_bytes=128 * MIB,
    file_bytes=64 * MIB,
    inodes=20_000,
    output_bytes_total=4 * MIB,
    rich_bytes_total=32 * MIB,
    outputs_total=10_000,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a cell does, and what the run has to be called then."""

    name: str
    limit: str
    ended: str
    cell: str
    limits: dict[str, Any] = field(default_factory=dict[str, Any])
    """In place of those of `LIMITS`."""
    allowed_s: float = 0.0
    """How long it may go on; only what is longer is counted."""


_FILL = (
    "with open({path!r}, 'wb', buffering=0) as file:\n    for _ in range(200):\n        file.write(b'x' * (1 << 20))"
)

ATTEMPTS = (
    Attempt(name="fork bomb", limit="pids", ended="pids", cell="import os\nwhile True: os.fork()"),
    Attempt(
        name="fork bomb, errors swallowed",
        limit="pids",
        ended="pids",
        cell="import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    ),
    Attempt(
        name="thread bomb",
        limit="pids",
        ended="pids",
        cell="import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    ),
    Attempt(
        name="memory, page by page",
        limit="memory",
        ended="memory",
        cell="x = []\nwhile True: x.append(bytearray(b'x') * 10_000_000)",
    ),
    Attempt(name="memory, one request", limit="memory", ended="memory", cell="x = bytearray(b'x') * 50_000_000_000"),
    Attempt(
        name="memory, errors swallowed",
        limit="memory",
        ended="memory",
        cell=(
            "import os\nx = []\nfor _ in range(3): os.fork()\nwhile True:\n    try:\n        x.append(bytearray(b'x') * 10_000_000)\n"
            "    except MemoryError:\n        pass"
        ),
    ),
    Attempt(
        name="mmap, shared and anonymous",
        limit="memory",
        ended="memory",
        cell=(
            "import mmap, os, time\nx = [mmap.mmap(-1, 100_000_000) for _ in range(4)]\nos.fork()\n"
            "x += [mmap.mmap(-1, 100_000_000) for _ in range(4)]\nfor m in x: m.write(b'x' * 100_000_000)\ntime.sleep(60)"
        ),
    ),
    Attempt(
        name="files without a name (memfd)",
        limit="memory",
        ended="memory",
        cell=(
            "import os\nwhile True:\n    fd = os.memfd_create('x')\n"
            "    for _ in range(50): os.write(fd, b'x' * 1_000_000)"
        ),
    ),
    Attempt(
        name="many processes, each with little",
        limit="memory",
        ended="memory",
        cell=(
            "import os, time\nfor _ in range(30):\n    if os.fork() == 0:\n        x = bytearray(b'x') * 40_000_000\n"
            "        time.sleep(60)\ntime.sleep(60)"
        ),
    ),
    *(
        Attempt(name=f"fill {place}", limit="disk", ended="disk", cell=_FILL.format(path=path))
        for place, path in (("/tmp", "/tmp/x"), ("/dev/shm", "/dev/shm/x"), ("/run", "/run/x"))  # noqa: S108 - inside the box
    ),
    Attempt(
        name="fill the repository's copy",
        limit="disk",
        ended="disk",
        cell="for n in range(9):\n    with open(str(n), 'wb') as file: file.write(b'x' * 40_000_000)",
    ),
    Attempt(name="one large file", limit="file size", ended="disk", cell=_FILL.format(path="x")),
    Attempt(
        name="a million files",
        limit="inodes",
        ended="disk",
        cell="for n in range(1_000_000): open(str(n), 'w').close()",
    ),
    Attempt(
        name="a sparse file of 10 TB",
        limit="file size",
        ended="disk",
        cell="open('x', 'wb').truncate(10 << 40)",
    ),
    Attempt(name="flood of stdout", limit="output", ended="output", cell="while True: print('x' * 1000)"),
    Attempt(
        name="flood of stderr",
        limit="output",
        ended="output",
        cell="import sys\nwhile True: print('x' * 1000, file=sys.stderr)",
    ),
    Attempt(name="flood of displays", limit="output", ended="output", cell="while True: display('x' * 10_000)"),
    Attempt(
        name="flood of images",
        limit="output",
        ended="output",
        cell=(
            "from IPython.display import Image\nwhile True: display(Image(data=b'\\x89PNG' * 500_000, format='png'))"
        ),
    ),
    Attempt(
        name="metadata of displays",
        limit="output",
        ended="output",
        cell="while True: display({'text/plain': ''}, raw=True, metadata={'x': 'x' * 2_000_000})",
    ),
    Attempt(
        name="one message of 80 MB",
        limit="output",
        ended="output",
        cell="print('x' * 80_000_000)",
    ),
    Attempt(
        name="10^5 outputs",
        limit="outputs",
        ended="output",
        cell="for n in range(100_000): display(n)",
    ),
    Attempt(
        name="an error of 80 MB",
        limit="output",
        ended="output",
        cell="raise ValueError('x' * 80_000_000)",
    ),
    Attempt(
        name="a busy loop in C that holds the GIL",
        limit="time of a cell",
        ended="timeout",
        cell="import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')",
        limits={"cell_timeout_s": 1.0},
        allowed_s=1.0,
    ),
    Attempt(
        name="sleep past the deadline",
        limit="time of a cell",
        ended="timeout",
        cell="time.sleep(60)",
        limits={"cell_timeout_s": 1.0},
        allowed_s=1.0,
    ),
    Attempt(
        name="sleep past the deadline of the run",
        limit="time of the run",
        ended="timeout",
        cell="time.sleep(60)",
        limits={"wall_s": 8.0},
        allowed_s=8.0,
    ),
    Attempt(
        name="SIGTERM and SIGINT ignored",
        limit="time of a cell",
        ended="timeout",
        cell=(
            "import signal\nfor s in (signal.SIGTERM, signal.SIGINT): signal.signal(s, signal.SIG_IGN)\nwhile True: pass"
        ),
        limits={"cell_timeout_s": 1.0},
        allowed_s=1.0,
    ),
    Attempt(
        name="stops itself (SIGSTOP)",
        limit="time of a cell",
        ended="timeout",
        cell="import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        limits={"cell_timeout_s": 1.0},
        allowed_s=1.0,
    ),
    Attempt(
        name="stops the driver that holds the cells' clock",
        limit="time of the run",
        ended="timeout",
        cell="import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(60)",
        limits={"wall_s": 8.0},
        allowed_s=8.0,
    ),
    Attempt(
        name="processor time, one process",
        limit="processor time",
        ended="timeout",
        cell="while True: pass",
        limits={"cpu_s": 1},
        allowed_s=1.0,
    ),
    Attempt(
        name="processor time, children one after the other",
        limit="processor time",
        ended="timeout",
        cell=(
            "import subprocess, sys\nwhile True: subprocess.run([sys.executable, '-S', '-c', 'sum(range(2_000_000))'])"
        ),
        limits={"cpu_s": 1},
        allowed_s=1.0,
    ),
    Attempt(name="kills itself (SIGKILL)", limit="none", ended="killed", cell="import os\nos.kill(os.getpid(), 9)"),
)
