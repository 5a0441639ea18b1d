"""What a box looks like from inside, as bubblewrap's command line. Pure but for `System.of_host`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workers.sandbox.limits import RUN_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.sandbox.limits import Limits
    from workers.sandbox.unprivileged import Mount

ROOT = "/repository"
"""The repository's files, copied in; writable, gone afterwards."""
RUNTIME = "/run/kernel"
OVERLAY = "/opt/mendloop/kernel"
GUEST = "/opt/mendloop/guest"
HOME = "/tmp/home"  # noqa: S108 - inside the box
DISKS = (ROOT, "/tmp", "/run", "/dev/shm")  # noqa: S108 - inside the box
"""All that is writable."""

SETTINGS = "/proc/sys"
"""Some of the kernel's settings belong to namespaces, and so to who is in them."""

FIRST_PROCESS = "/proc/1"
"""Bubblewrap's own, which runs as the same user as everything else here and holds the way out by which the driver speaks."""

MASKED = (
    *("/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/kallsyms"),
    *("/proc/latency_stats", "/proc/scsi", "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats"),
    *("/proc/cmdline", "/proc/config.gz", "/proc/modules", "/proc/kmsg", "/proc/iomem", "/proc/ioports"),
)
"""What the kernel tells about the machine and its other users, which no namespace covers: empty inside."""

_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts")
"""Where the dynamic loader looks, and where Debian's links lead. Nothing about this machine or its users."""

UNSHARED = (
    *("--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session"),
    *("--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "box", "--clearenv"),
)


@dataclass(frozen=True, slots=True)
class System:
    """The host's system directories beside /usr: links into it on a merged system, directories on others."""

    links: tuple[tuple[str, str], ...]
    """(what it points to, path)."""
    directories: tuple[str, ...]
    masked: tuple[tuple[str, bool], ...] = ()
    """(path of `FIRST_PROCESS` and `MASKED`, whether it is a directory) of those that this kernel has."""

    @staticmethod
    def of_host() -> System:
        """As they are here."""
        paths = [Path("/", name) for name in _SYSTEM]
        return System(
            tuple((str(path.readlink()), str(path)) for path in paths if path.is_symlink()),
            (
                *(str(path) for path in paths if path.is_dir() and not path.is_symlink()),
                *(path for path in _ETC if Path(path).exists()),
            ),
            tuple((path, Path(path).is_dir()) for path in (FIRST_PROCESS, *MASKED) if Path(path).exists()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptors:
    """What bubblewrap reads from descriptors; each is good for one box."""

    seccomp: int
    files: tuple[tuple[str, int], ...]
    """(name under /etc, its content)."""
    home: tuple[tuple[str, int], ...] = ()
    """(path below the home directory, its content)."""


def variables(programs: Path) -> dict[str, str]:
    """The whole environment of a box whose interpreter lies in the directory `programs`."""
    return {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "USER": "reader",
        "LOGNAME": "reader",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": "/tmp",  # noqa: S108 - inside the box
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "IPYTHONDIR": f"{HOME}/.ipython",
        "JUPYTER_CONFIG_DIR": f"{HOME}/.jupyter",
        "JUPYTER_DATA_DIR": f"{HOME}/.local/share/jupyter",
        "JUPYTER_RUNTIME_DIR": RUNTIME,
        "MPLCONFIGDIR": f"{HOME}/.matplotlib",
    }


def arguments(  # noqa: PLR0913 - the parts of a box, each by name
    mounts: Sequence[Mount],
    system: System,
    limits: Limits,
    fds: Descriptors,
    programs: Path,
    *,
    writable: Sequence[Mount] = (),
) -> tuple[str, ...]:
    """Everything that bubblewrap reads from `--args`. What is written to a `writable` mount stays on the machine's disk."""
    return (
        *UNSHARED,
        *("--seccomp", str(fds.seccomp)),
        *_system(system),
        *(part for name, fd in fds.files for part in ("--perms", "0444", "--ro-bind-data", str(fd), f"/etc/{name}")),
        *_writable(limits),
        *(part for path, fd in fds.home for part in ("--perms", "0600", "--file", str(fd), f"{HOME}/{path}")),
        *(part for mount in mounts for part in ("--ro-bind", str(mount.source), mount.target)),
        *(part for mount in writable for part in ("--bind", str(mount.source), mount.target)),
        # Last: / and /dev are file systems in memory that nothing bounds.
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *(part for name, value in variables(programs).items() for part in ("--setenv", name, value)),
        *("--chdir", "/"),
    )


def _system(system: System) -> tuple[str, ...]:
    return (
        *("--ro-bind", "/usr", "/usr"),
        *(part for target, path in system.links for part in ("--symlink", target, path)),
        *(part for path in system.directories for part in ("--ro-bind", path, path)),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--ro-bind", SETTINGS, SETTINGS),
        *(part for path, directory in system.masked for part in _mask(path, directory=directory)),
    )


def _mask(path: str, *, directory: bool) -> tuple[str, ...]:
    if directory:
        return ("--size", "4096", "--tmpfs", path, "--remount-ro", path)
    return ("--dev-bind", "/dev/null", path)


def _writable(limits: Limits) -> tuple[str, ...]:
    quarter = str(limits.tmpfs_bytes // 4)
    return (
        *("--size", str(limits.tmpfs_bytes), "--tmpfs", ROOT),
        *("--perms", "1777", "--size", quarter, "--tmpfs", "/tmp"),  # noqa: S108 - inside the box
        *("--perms", "1777", "--size", quarter, "--tmpfs", "/dev/shm"),  # noqa: S108 - inside the box
        *("--size", str(RUN_BYTES), "--tmpfs", "/run"),
        *("--dir", HOME, "--dir", RUNTIME),
    )
