"""Which system calls a box may not make: the kernel's side doors that reading and computing never need."""

from __future__ import annotations

import errno
import os
import socket
from functools import cache
from typing import TYPE_CHECKING, Any

from workers.contract.errors import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

DENIED = {
    "other processes": ("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd"),
    "namespaces": ("unshare", "setns"),
    "mounts": (
        *("mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree"),
        *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
    ),
    "files by handle, past the mounts": ("open_by_handle_at", "name_to_handle_at"),
    "the kernel's own machinery, where its holes have been": (
        *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"),
        *("fanotify_init", "lookup_dcookie", "vmsplice"),
    ),
    "keyrings, which namespaces do not cover": ("add_key", "request_key", "keyctl"),
    "the machine itself": (
        *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"),
        *("swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "ioperm", "iopl", "nfsservctl"),
        *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "vhangup"),
        *("move_pages", "migrate_pages", "mbind", "set_mempolicy", "uselib", "ustat", "sysfs"),
    ),
}
"""Refused with EPERM, by what they would reach."""

NAMESPACES = {
    "CLONE_NEWTIME": 0x80,
    "CLONE_NEWNS": 0x20000,
    "CLONE_NEWCGROUP": 0x2000000,
    "CLONE_NEWUTS": 0x4000000,
    "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
}
"""Flags of clone(2) that are refused. clone3 hides its flags from a filter, so it looks like an old kernel's instead."""

FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
"""The network namespace has nothing but `lo` for these; AF_VSOCK and others it does not cover."""

TERMINAL_INPUT = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C}
"""ioctl requests that type into a terminal."""

_LOW_32_BITS = 0xFFFFFFFF


@cache
def program() -> bytes:
    """The filter as BPF, for `bwrap --seccomp`.

    Raises:
        SandboxUnavailableError: libseccomp is not installed.
    """
    try:
        import pyseccomp  # noqa: PLC0415 - looks for the library when imported  # pyright: ignore[reportMissingTypeStubs]  # it has none
    except (ImportError, RuntimeError) as error:
        raise SandboxUnavailableError("libseccomp is missing; install it: apt-get install libseccomp2") from error
    return _compiled(pyseccomp)


def _compiled(pyseccomp: Any) -> bytes:
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refused = pyseccomp.ERRNO(errno.EPERM)
    for name in (name for names in DENIED.values() for name in names):
        _add(rules, refused, name)
    _add(rules, pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    for flag in NAMESPACES.values():
        _add(rules, refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    for request in TERMINAL_INPUT.values():
        _add(rules, refused, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, _LOW_32_BITS, request))
    for call in ("socket", "socketpair"):
        for argument in _other_families(pyseccomp):
            _add(rules, pyseccomp.ERRNO(errno.EAFNOSUPPORT), call, argument)
    with os.fdopen(os.memfd_create("seccomp"), "rb") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add(rules: Any, action: int, name: str, *arguments: Any) -> None:
    try:
        rules.add_rule(action, name, *arguments)
    except (OSError, ValueError):
        # A call that this libseccomp or this architecture has no number for. Anything else shows in the probes of the box.
        return


def _other_families(pyseccomp: Any) -> Iterator[Any]:
    """Everything that is not in FAMILIES: the gaps one by one, then all above.

    Compared with all 64 bits: a family with rubbish in its upper half, which the kernel ignores, is above.
    """
    for family in set(range(max(FAMILIES))) - set(FAMILIES):
        yield pyseccomp.Arg(0, pyseccomp.EQ, family)
    yield pyseccomp.Arg(0, pyseccomp.GT, max(FAMILIES))
