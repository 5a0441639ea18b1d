"""Probes of what can be seen: variables, processes, files, sockets, descriptors. Shipped as text, run inside a box.

Each function takes what it is told and returns what it saw, as plain JSON values; nothing is judged here. Every probe is
harmless where nothing holds it back, for it runs there too: to show that it would notice.
"""

# The calls themselves are what is tried, as near to the kernel as they come.
# ruff: noqa: PTH110, PTH111, PTH112, PTH113, PTH115, PTH116, PTH118, PTH123, PTH208, PTH211

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
from contextlib import suppress
from typing import Any

TOKEN = re.compile(rb"holder-[0-9a-f]{32}")


def text(path: str, most: int = 1 << 20) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError:
        return b""


def pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def refusal(attempt: Any) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__ if error.errno is None else os.strerror(error.errno)
    return ""


def environment(told: Any) -> Any:
    return dict(os.environ)


def processes(told: Any) -> Any:
    return len(pids())


def first_process(told: Any) -> Any:
    """What the command line and the variables of the first process and all others say."""
    said = b"".join(text(f"/proc/{pid}/{name}") for pid in pids() for name in ("cmdline", "environ"))
    return {"tokens": [token.decode() for token in TOKEN.findall(said)], "shown": told["overlay"].encode() in said}


def memory_of_others(told: Any) -> Any:
    """Processes, not ours or our children, whose memory can be opened."""
    opened: list[int] = []
    for pid in set(pids()) - {os.getpid()}:
        with suppress(OSError):
            os.close(os.open(f"/proc/{pid}/mem", os.O_RDONLY))
            opened.append(pid)
    return opened


def driver(told: Any) -> Any:
    """What of the program that speaks for the box can be opened: it could be made to say anything."""
    parent = f"/proc/{os.getppid()}"
    tries = {"mem": os.O_RDWR, "fd/1": os.O_WRONLY, "environ": os.O_RDONLY, "maps": os.O_RDONLY}
    return [
        name
        for name, flags in tries.items()
        if not refusal(lambda n=name, f=flags: os.close(os.open(f"{parent}/{n}", f)))
    ]


def voices(told: Any) -> Any:
    """Standard output of every process but this one, as far as it can be opened: one of them is the way out of the box."""
    opened: list[int] = []
    for pid in set(pids()) - {os.getpid()}:
        with suppress(OSError):
            os.close(os.open(f"/proc/{pid}/fd/1", os.O_WRONLY | os.O_NONBLOCK))
            opened.append(pid)
    return opened


def files_of_the_machine(told: Any) -> Any:
    return [path for path in told["famous"] if os.path.exists(os.path.expanduser(path))]


def root_directory(told: Any) -> Any:
    return sorted(os.listdir("/"))


def etc(told: Any) -> Any:
    return sorted(os.listdir("/etc"))


def devices(told: Any) -> Any:
    return sorted(os.listdir("/dev"))


def shared_memory(told: Any) -> Any:
    return [*os.listdir("/dev/shm"), *text("/proc/sysvipc/shm").decode().splitlines()[1:]]


def canary_files(told: Any) -> Any:
    """Tokens of the holder in any file that can be reached from the working directory, links included."""
    found: list[str] = []
    for path in below(told["root"], 3)[:500]:
        if os.path.isfile(path):
            found += [f"{path}: {token.decode()}" for token in TOKEN.findall(text(path, 4096))]
    return found


def below(folder: str, depth: int) -> list[str]:
    """The first entries of each folder and of those in it, links followed."""
    paths: list[str] = []
    with suppress(OSError):
        for name in sorted(os.listdir(folder))[:40]:
            path = os.path.join(folder, name)
            paths += [path, *(below(path, depth - 1) if depth and os.path.isdir(path) else [])]
    return paths


def git_folder(told: Any) -> Any:
    return os.path.exists(os.path.join(told["root"], ".git"))


def told_path(told: Any) -> Any:
    """The holder's own file, by its name."""
    return [token.decode() for token in TOKEN.findall(text(told["file"]))]


def abstract_socket(told: Any) -> Any:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        return refusal(lambda: asking.connect("\0" + told["abstract"]))


def listening_port(told: Any) -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
        asking.settimeout(2)
        return refusal(lambda: asking.connect(("127.0.0.1", told["port"])))


def interfaces(told: Any) -> Any:
    return [name for _, name in socket.if_nameindex()]


def metadata_service(told: Any) -> Any:
    """Whether the kernel knows a way there; nothing is sent."""
    ways: list[str] = []
    for address in ("169.254.169.254", "192.0.2.1", "10.0.0.1"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            if not refusal(lambda a=address: asking.connect((a, 80))):
                ways.append(address)
    return ways


def proxies(told: Any) -> Any:
    return [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith(("PIP_", "UV_"))]


def descriptors(told: Any) -> Any:
    """Where every descriptor of this process leads."""
    leads: list[str] = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            leads.append(os.readlink(f"/proc/self/fd/{number}"))
    return sorted(leads)


def namespaces(told: Any) -> Any:
    return {
        name: os.readlink(f"/proc/self/ns/{name}") for name in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
    }


def host_name(told: Any) -> Any:
    return os.uname().nodename


def session(told: Any) -> Any:
    """The number of the session that we are in: 0 for one that began outside."""
    return os.getsid(0)


def terminal(told: Any) -> Any:
    return refusal(lambda: os.close(os.open("/dev/tty", os.O_RDWR)))


def mounts_that_can_be_written(told: Any) -> Any:
    """[place, type] of every mount that is not read-only."""
    lines = [line.split(" ") for line in text("/proc/self/mountinfo").decode().splitlines()]
    kinds = [(line[4], line[line.index("-") + 1], line[5]) for line in lines]
    return [[place, kind] for place, kind, options in kinds if "rw" in options.split(",")]


def places_that_can_be_written(told: Any) -> Any:
    """Of those that nobody may change, by asking the kernel: nothing is written."""
    return [path for path in told["read_only"] if os.path.exists(path) and os.access(path, os.W_OK)]


def hostile_names(told: Any) -> Any:
    """Names that break scripts outside, if anybody outside looked."""
    names = [b"a\nb", b"a\tb", b"\xff\xfe", "\u202egnp.exe".encode(), b"-rf", b"n" * 255, b"$(touch x)"]
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for name in names:
            with open(os.path.join(folder.encode(), name), "wb"):
                pass
        os.symlink("/etc/shadow", os.path.join(folder, "link"))
        os.mkfifo(os.path.join(folder, "fifo"))
        return len(os.listdir(folder))


def set_user_programs(told: Any) -> Any:
    """[the user before, while a set-user-id program runs], as the kernel tells it."""
    su = next((path for path in ("/usr/bin/su", "/usr/bin/chsh", "/usr/bin/mount") if os.path.exists(path)), "")
    if not su:
        return [os.getuid(), os.getuid()]
    with subprocess.Popen(
        [su, "-c", "id"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        said = text(f"/proc/{running.pid}/status").decode()
        running.kill()
    effective = re.search(r"^Uid:\t\d+\t(\d+)", said, re.MULTILINE)
    return [os.geteuid(), int(effective.group(1)) if effective else os.geteuid()]


def owner_of_the_system(told: Any) -> Any:
    """[who we are, whom the system's files belong to] as numbers in here."""
    return [os.getuid(), os.stat("/usr").st_uid]


def status(told: Any) -> Any:
    lines = (line.partition(":") for line in text("/proc/self/status").decode().splitlines())
    return {
        name: value.strip() for name, _, value in lines if name.startswith(("Cap", "NoNewPrivs", "Seccomp", "Groups"))
    }


def told_by_the_kernel(told: Any) -> Any:
    """What of the kernel's talk about the machine is not empty."""
    return [path for path in told["masked"] if os.path.isfile(path) and text(path, 64)]


def settings_of_the_kernel(told: Any) -> Any:
    names = (
        *("kernel/core_pattern", "kernel/modprobe", "vm/panic_on_oom", "kernel/hostname", "kernel/shmmax"),
        *("fs/binfmt_misc/register", "net/ipv4/ip_forward", "user/max_user_namespaces"),
    )
    return [name for name in names if os.access(f"/proc/sys/{name}", os.W_OK)]


def hardware(told: Any) -> Any:
    return [
        path
        for path in (
            "/sys/kernel",
            "/sys/fs/cgroup",
            "/dev/kmsg",
            "/dev/mem",
            "/dev/sda",
            "/dev/vda",
            "/dev/kvm",
            "/dev/fuse",
        )
        if os.path.exists(path)
    ]
