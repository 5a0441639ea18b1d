"""Which system calls a box may not make, in groups that each say why: what reading and computing never need."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from workers.contract.errors import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOW_32_BITS = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Argument:
    """A condition on one argument of a call. All 64 bits are compared, except where a mask says which."""

    index: int
    compare: Literal["equal", "above", "masked"]
    value: int
    mask: int = 0
    """For `masked`: the bits that have to be those of `value`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A call that is refused with `errno`, whatever its arguments are or only where all conditions are met."""

    call: str
    errno: int = errno.EPERM
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that are refused for one reason."""

    name: str
    reason: str
    rules: tuple[Rule, ...]


FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
"""The families of sockets that there are; the network namespace has nothing but `lo` for them."""

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
"""Flags of clone(2) that are refused."""

TERMINALS = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCSETD": 0x5423}
"""Requests of ioctl(2) that are refused."""


def _plain(*names: str) -> tuple[Rule, ...]:
    return tuple(Rule(name) for name in names)


def _clones() -> tuple[Rule, ...]:
    flags = (Rule("clone", arguments=(Argument(0, "masked", flag, flag),)) for flag in NAMESPACES.values())
    # clone3 hides its flags from a filter, so it looks like an old kernel's instead and everybody falls back to clone.
    return (*flags, Rule("clone3", errno.ENOSYS))


def _families() -> tuple[Rule, ...]:
    """Everything that is not in FAMILIES: the gaps one by one, then all above."""
    gaps = (Argument(0, "equal", family) for family in sorted(set(range(max(FAMILIES))) - set(FAMILIES)))
    # A family with rubbish in its upper half, which the kernel ignores, is above.
    refused = (*gaps, Argument(0, "above", max(FAMILIES)))
    return tuple(Rule(call, errno.EAFNOSUPPORT, (one,)) for call in ("socket", "socketpair") for one in refused)


GROUPS = (
    Group(
        "other processes",
        "Reading, steering or robbing another process of the same user: the driver that speaks for the box is one.",
        _plain("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd"),
    ),
    Group(
        "namespaces",
        "A user namespace of its own gives a process every capability within it, and with them most of the kernel's code.",
        (*_plain("unshare", "setns"), *_clones()),
    ),
    Group(
        "mounts",
        "What is seen where is decided before anything of a stranger's runs; parsers of file systems are full of holes.",
        _plain(
            *("mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr"),
            *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
        ),
    ),
    Group(
        "files by handle",
        "A handle opens a file of the same file system that no mount of the box shows.",
        _plain("open_by_handle_at", "name_to_handle_at"),
    ),
    Group(
        "machinery",
        "Programs for the kernel and its rarely used interfaces: where most of its holes of the last years have been.",
        _plain(
            *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"),
            *("fanotify_init", "lookup_dcookie", "vmsplice", "modify_ldt"),
        ),
    ),
    Group(
        "keyrings",
        "Keys belong to users and sessions, not to namespaces: the host's would be within reach.",
        _plain("add_key", "request_key", "keyctl"),
    ),
    Group(
        "the machine",
        "Its kernel, modules, clock, name, swap, accounts, ports and log are nobody's business in a box.",
        _plain(
            *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"),
            *("swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "ioperm", "iopl", "nfsservctl"),
            *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "vhangup"),
            *("move_pages", "migrate_pages", "mbind", "set_mempolicy", "uselib", "ustat", "sysfs"),
        ),
    ),
    Group(
        "terminals",
        "Typing into a terminal that another process reads, and line disciplines, which load modules of the kernel.",
        tuple(
            Rule("ioctl", arguments=(Argument(1, "masked", request, _LOW_32_BITS),)) for request in TERMINALS.values()
        ),
    ),
    Group(
        "socket families",
        "The network namespace does not cover AF_VSOCK, AF_ALG and others; each is a door to other code of the kernel.",
        _families(),
    ),
    Group(
        "netlink",
        "Of netlink only routing, which lists interfaces; packet filters, transformations and audit are not for a box.",
        (Rule("socket", arguments=(Argument(0, "equal", socket.AF_NETLINK), Argument(2, "above", 0))),),
    ),
)
"""Everything that is refused. What is not named is allowed, in the machine's own instruction set alone."""


@cache
def program(groups: tuple[Group, ...] = GROUPS) -> bytes:
    """The filter as BPF, for `bwrap --seccomp`.

    Raises:
        SandboxUnavailableError: libseccomp is not installed.
    """
    try:
        import pyseccomp  # noqa: PLC0415 - looks for the library when imported  # pyright: ignore[reportMissingTypeStubs]  # it has none
    except (ImportError, RuntimeError) as error:
        raise SandboxUnavailableError("libseccomp is missing; install it: apt-get install libseccomp2") from error
    return _compiled(pyseccomp, (rule for group in groups for rule in group.rules))


def _compiled(pyseccomp: Any, refused: Iterable[Rule]) -> bytes:
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for rule in refused:
        conditions = (_condition(pyseccomp, argument) for argument in rule.arguments)
        _add(rules, pyseccomp.ERRNO(rule.errno), rule.call, *conditions)
    with os.fdopen(os.memfd_create("seccomp"), "rb") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _condition(pyseccomp: Any, argument: Argument) -> Any:
    match argument.compare:
        case "equal":
            return pyseccomp.Arg(argument.index, pyseccomp.EQ, argument.value)
        case "above":
            return pyseccomp.Arg(argument.index, pyseccomp.GT, argument.value)
        case "masked":
            return pyseccomp.Arg(argument.index, pyseccomp.MASKED_EQ, argument.mask, argument.value)


def _add(rules: Any, action: int, name: str, *arguments: Any) -> None:
    try:
        rules.add_rule(action, name, *arguments)
    except (OSError, ValueError):
        # A call that this libseccomp or this architecture has no number for. Anything else shows in the probes of the box.
        return
