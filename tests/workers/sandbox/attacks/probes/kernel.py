"""Probes of what the kernel lets a process do. Shipped as text, run inside a box and where nothing holds them back.

Arguments are such that a call that is let through changes nothing: pointers to nowhere, descriptors that are not open,
flags that do not exist. So what is refused by right answers otherwise than what merely fails.
"""

# The calls themselves are what is tried, as near to the kernel as they come.
# ruff: noqa: PERF401, PTH108, PTH110, PTH118, PTH123

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import time
from typing import Any


def in_a_child(attempt: Any) -> str:
    """What the attempt says; it may take its process with it. A signal that ended it is named."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            os.write(writing, str(attempt()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        said = file.read().decode()
    _, ended = os.waitpid(child, 0)
    return signal.Signals(os.WTERMSIG(ended)).name if os.WIFSIGNALED(ended) else said


def call(number: int, arguments: list[int], clone: bool) -> str:
    """The name of the error that a system call fails with, or `works`."""
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if clone and result == 0:
        # The new process, where there was not to be one.
        os._exit(0)
    return errno.errorcode.get(ctypes.get_errno(), "?") if result == -1 else "works"


def calls(told: Any) -> Any:
    """Every call of every group as it answers; one child for each group."""
    return {
        group: json.loads(
            in_a_child(lambda r=rows: json.dumps({n: call(k, a, n.startswith("clone")) for n, k, a in r}))
        )
        for group, rows in told["calls"].items()
    }


def user_namespace(told: Any) -> Any:
    """What becomes of a new user namespace, asked by the flag that no filter can see past: nothing is done in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    return in_a_child(
        lambda: "works" if libc.unshare(0x10000000) == 0 else errno.errorcode.get(ctypes.get_errno(), "?")
    )


def other_instructions(told: Any) -> Any:
    """A call through the gate of 32-bit programs, whose numbers a filter for 64 bits does not know."""
    if platform.machine() != "x86_64":
        return "SIGSYS"
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    return in_a_child(lambda: "works" if function() > 0 else "fails")


def limits(told: Any) -> Any:
    """As high as a process may raise each."""
    names = ("AS", "NPROC", "FSIZE", "NOFILE", "CPU", "CORE")
    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in names}


def address_space(told: Any) -> Any:
    """Whether more can be mapped than a process may; none of it is touched."""
    try:
        mmap.mmap(-1, told["address_bytes"] + (1 << 20), flags=mmap.MAP_PRIVATE | 0x4000).close()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "mapped"


def sparse_file(told: Any) -> Any:
    try:
        with open("sparse", "wb") as file:
            file.truncate(10 << 40)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    finally:
        if os.path.exists("sparse"):
            os.unlink("sparse")
    return "made"


def open_files(told: Any) -> Any:
    """How many files could be opened, of one more than a process may."""
    opened: list[int] = []
    try:
        for _ in range(told["nofile"] + 1):
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for number in opened:
        os.close(number)
    return len(opened)


def disks(told: Any) -> Any:
    """Mebibytes that could be written in each place, of twice what it may hold."""
    written: dict[str, int] = {}
    for place, most in told["disks"].items():
        path, done = os.path.join(place, "fill"), 0
        try:
            with open(path, "wb", buffering=0) as file:
                while done < 2 * most:
                    done += file.write(b"x" * (1 << 20))
        except OSError:
            pass
        if os.path.exists(path):
            os.unlink(path)
        written[place] = done >> 20
    return written


def core_dump(told: Any) -> Any:
    """Whether a process that crashes leaves its memory behind."""
    child = os.fork()
    if child == 0:
        ctypes.string_at(0)
    _, ended = os.waitpid(child, 0)
    return os.WCOREDUMP(ended)


def clock(told: Any) -> Any:
    """What becomes of setting the clock, by a time that does not exist; and our own clock is turned back."""
    try:
        time.clock_settime(time.CLOCK_REALTIME, -1)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "set"
