"""A box as an OCI bundle: the same layout as bubblewrap's, in the words of the runtime specification. Pure.

https://github.com/opencontainers/runtime-spec
"""

from __future__ import annotations

import operator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.sandbox import seccomp
from workers.sandbox.layout import DISKS, HOME, MASKED, ROOT, RUNTIME, variables
from workers.sandbox.limits import RUN_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.sandbox.fixed import Fixed
    from workers.sandbox.layout import System
    from workers.sandbox.limits import Limits
    from workers.sandbox.unprivileged import Mount

NAMESPACES = ("user", "pid", "network", "mount", "ipc", "uts", "cgroup")
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
"""Places in /proc where the machine is steered: the user inside is called root there, and some are that user's to write."""

_ENTER = 'umask 022; mkdir -p "$1" "$2"; shift 2; exec "$@"'
_OPERATORS = {"equal": "SCMP_CMP_EQ", "above": "SCMP_CMP_GT", "masked": "SCMP_CMP_MASKED_EQ"}
_DEV_BYTES = 64 * 1024


def config(
    mounts: Sequence[Mount], system: System, limits: Limits, fixed: Fixed, command: Sequence[str]
) -> dict[str, Any]:
    """The bundle's `config.json`: `command` in a fresh box, its root file system in `rootfs` beside it.

    The command's first word is the environment's interpreter.
    """
    return {
        "ociVersion": "1.0.2",
        "process": _process(limits, fixed, command),
        "root": {"path": "rootfs", "readonly": True},
        "hostname": fixed.hostname,
        "mounts": [*_kernels(), *_writable(limits), *_shown(mounts, system)],
        "linux": {
            "namespaces": [{"type": name} for name in NAMESPACES],
            # One user, who is nobody outside: the runtime itself runs as an unprivileged user of the machine.
            "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
            "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
            "maskedPaths": list(MASKED),
            "readonlyPaths": list(READ_ONLY),
            "rootfsPropagation": "private",
            "seccomp": filtered(seccomp.GROUPS),
        },
    }


def _process(limits: Limits, fixed: Fixed, command: Sequence[str]) -> dict[str, Any]:
    environment = {**variables(Path(command[0]).parent), **fixed.variables}
    return {
        "terminal": False,
        "user": {"uid": 0, "gid": 0},
        "args": ["/bin/sh", "-c", _ENTER, "sh", HOME, RUNTIME, *command],
        "env": [f"{name}={value}" for name, value in environment.items()],
        "cwd": "/",
        "capabilities": {name: [] for name in ("bounding", "effective", "inheritable", "permitted", "ambient")},
        "rlimits": [
            {"type": name, "soft": soft, "hard": hard}
            for name, soft, hard in (
                ("RLIMIT_AS", limits.address_bytes, limits.address_bytes),
                ("RLIMIT_CORE", 0, 0),
                ("RLIMIT_CPU", limits.cpu_s, limits.cpu_s + 1),
                ("RLIMIT_FSIZE", limits.file_bytes, limits.file_bytes),
                ("RLIMIT_NOFILE", limits.nofile, limits.nofile),
                ("RLIMIT_NPROC", limits.pids, limits.pids),
            )
        ],
        "noNewPrivileges": True,
    }


def _kernels() -> list[dict[str, Any]]:
    return [
        _mount("/proc", "proc", "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "nosuid", "noexec", "ro", "mode=755", f"size={_DEV_BYTES}"),
        _mount("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
    ]


def _writable(limits: Limits) -> list[dict[str, Any]]:
    quarter = limits.tmpfs_bytes // 4
    sizes = {ROOT: (limits.tmpfs_bytes, "755"), "/run": (RUN_BYTES, "755")}
    return [
        _mount(disk, "tmpfs", "nosuid", "nodev", f"size={size}", f"mode={mode}", f"nr_inodes={limits.inodes}")
        for disk in DISKS
        for size, mode in (sizes.get(disk, (quarter, "1777")),)
    ]


def _shown(mounts: Sequence[Mount], system: System) -> list[dict[str, Any]]:
    own = [(path, path) for path in ("/usr", *system.directories)]
    return [
        {"destination": target, "type": "bind", "source": source, "options": ["bind", "ro", "nosuid", "nodev"]}
        for source, target in (*own, *((str(mount.source), mount.target) for mount in mounts))
    ]


def _mount(destination: str, kind: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": kind, "options": list(options)}


def filtered(groups: Sequence[seccomp.Group]) -> dict[str, Any]:
    """The system call filter; without architectures it is the machine's own alone that may make calls."""
    rules = [rule for group in groups for rule in group.rules]
    plain = sorted((rule for rule in rules if not rule.arguments), key=operator.attrgetter("errno"))
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            *(
                {"names": [rule.call for rule in same], "action": "SCMP_ACT_ERRNO", "errnoRet": number}
                for number, same in groupby(plain, key=operator.attrgetter("errno"))
            ),
            *(_conditional(rule) for rule in rules if rule.arguments),
        ],
    }


def _conditional(rule: seccomp.Rule) -> dict[str, Any]:
    return {
        "names": [rule.call],
        "action": "SCMP_ACT_ERRNO",
        "errnoRet": rule.errno,
        "args": [_condition(argument) for argument in rule.arguments],
    }


def _condition(argument: seccomp.Argument) -> dict[str, Any]:
    operation = {"index": argument.index, "op": _OPERATORS[argument.compare]}
    if argument.compare == "masked":
        return {**operation, "value": argument.mask, "valueTwo": argument.value}
    return {**operation, "value": argument.value}
