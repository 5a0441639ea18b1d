"""Boxes with one protection off. Each must be noticed by at least one case, or the case proves nothing."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.workers.sandbox.boxes import HandedEnvironment, HostFiles, NoSeccomp, UnsizedDisks, without
from workers.sandbox import seccomp
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.layout import FIRST_PROCESS, MASKED
from workers.sandbox.oci import OciBox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from workers.protocols import Document
    from workers.sandbox.beside import Tree
    from workers.sandbox.layout import Descriptors, System
    from workers.sandbox.unprivileged import Mount

NAMESPACES = ("pid", "net", "ipc", "uts", "cgroup")
"""Those that can be left out one by one; without a user namespace nobody but root can make any, see `test_twins.py`."""

BOUNDS = {"as": "limits:AS", "nproc": "limits:NPROC", "fsize": "limits:FSIZE", "nofile": "limits:NOFILE"} | {
    "cpu": "limits:CPU",
    "core": "limits:CORE",
}


@dataclass(frozen=True, slots=True)
class Twin:
    """A broken box, and a probe that notices."""

    name: str
    box: type[BubblewrapBox]
    noticed_by: str


def _optioned(name: str, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> type[BubblewrapBox]:
    class Changed(BubblewrapBox):
        def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
            return change(super()._options(mounts, fds))

    Changed.__name__ = name
    return Changed


def _shared(namespace: str) -> type[BubblewrapBox]:
    own = tuple(f"--unshare-{name}" for name in NAMESPACES if name != namespace)

    def change(options: tuple[str, ...]) -> tuple[str, ...]:
        kept = without(options, "--unshare-all")
        # Only who has a name of its own may be given one.
        return (*(without(kept, "--hostname", 1) if namespace == "uts" else kept), *own)

    return _optioned(f"Shared{namespace}", change)


def _remounted(place: str) -> type[BubblewrapBox]:
    def change(options: tuple[str, ...]) -> tuple[str, ...]:
        places = [at for at, option in enumerate(options) if option == "--remount-ro" and options[at + 1] == place]
        return tuple(option for at, option in enumerate(options) if at not in {*places, *(at + 1 for at in places)})

    return _optioned("NotRemounted", change)


def _allowed(groups: tuple[seccomp.Group, ...]) -> type[BubblewrapBox]:
    class Allowed(BubblewrapBox):
        def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
            os.ftruncate(fds.seccomp, 0)
            os.pwrite(fds.seccomp, seccomp.program(groups), 0)
            os.lseek(fds.seccomp, 0, os.SEEK_SET)
            return super()._options(mounts, fds)

    return Allowed


def _unbound(bound: str) -> type[BubblewrapBox]:
    class Unbound(BubblewrapBox):
        def _bounds(self) -> tuple[str, ...]:
            return tuple(option for option in super()._bounds() if not option.startswith(f"--{bound}="))

    return Unbound


def _shown(kept: tuple[str, ...]) -> type[BubblewrapBox]:
    """What the kernel tells is not covered, but for the paths in `kept`."""

    class Shown(BubblewrapBox):
        def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
            return unmasked(super()._options(mounts, fds), kept)

    return Shown


def unmasked(options: tuple[str, ...], kept: tuple[str, ...]) -> tuple[str, ...]:
    left = list(options)
    for path in {FIRST_PROCESS, *MASKED} & set(options) - set(kept):
        at = left.index(path)
        # Of a file `--dev-bind /dev/null PATH`, of a folder `--size N --tmpfs PATH --remount-ro PATH`.
        start, end = (at - 2, at + 1) if left[at - 2] == "--dev-bind" else (at - 3, at + 3)
        del left[start:end]
    return tuple(left)


class HandedToTheFirst(HandedEnvironment):
    """The worker's variables reach bubblewrap, whose own process is not covered."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return unmasked(super()._options(mounts, fds), MASKED)


class HandedThrough(HandedEnvironment):
    """The worker's variables reach whatever runs inside."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return without(super()._options(mounts, fds), "--clearenv")


class OpenUserNamespaces(NoSeccomp):
    """Neither the filter nor the kernel's limit stands before another user namespace."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        return without(super()._options(mounts, fds), "--disable-userns")


class StillRoot(BubblewrapBox):
    """Started by root, it stays root."""

    def _uid(self) -> int | None:
        return None


class CopiedBlindly(BubblewrapBox):
    """What lies beside the artifact is copied as `cp -rL` would: links are followed, `.git` comes along."""

    async def _tree(self, document: Document, stack: ExitStack) -> Tree | None:
        careful = await super()._tree(document, stack)
        assert careful is not None
        assert self._workspace is not None
        fd = os.memfd_create("beside")
        with os.fdopen(fd, "wb", closefd=False) as file, tarfile.open(fileobj=file, mode="w|") as tar:
            for path in (
                path for path in sorted(self._workspace.iterdir()) if path.name not in ("machine", "variables")
            ):
                if path.is_file():
                    info, content = tarfile.TarInfo(path.name), path.read_bytes()
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
            info = tarfile.TarInfo(".git")
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        stack.callback(os.close, fd)
        return replace(careful, fd=fd)


def _by_whom() -> tuple[Twin, ...]:
    """Root alone has something to give up, and alone is kept from an ordinary user's pipes."""
    if os.geteuid() == 0:
        return (Twin("stays root", StillRoot, "owner_of_the_system"),)
    # Pipes that root made are not for the user in the box to open; those of an ordinary user are.
    return (Twin("shows the way out", _shown(MASKED), "voices"),)


BUBBLEWRAP = (
    Twin("shares process numbers", _shared("pid"), "processes"),
    Twin("shares the network", _shared("net"), "listening_port"),
    Twin("shares the network's abstract sockets", _shared("net"), "abstract_socket"),
    Twin("shares System V memory", _shared("ipc"), "namespaces"),
    Twin("shares the host name", _shared("uts"), "host_name"),
    Twin("shares control groups", _shared("cgroup"), "namespaces"),
    *(
        Twin(
            f"allows {group.name}", _allowed(tuple(g for g in seccomp.GROUPS if g is not group)), f"calls:{group.name}"
        )
        for group in seccomp.GROUPS
    ),
    Twin("has no filter", NoSeccomp, "status:filter"),
    Twin("runs 32-bit calls", NoSeccomp, "other_instructions"),
    Twin("hands its variables to bubblewrap", HandedToTheFirst, "first_process"),
    Twin("clears no variables", HandedThrough, "environment"),
    Twin("leaves / writable", _remounted("/"), "places_that_can_be_written"),
    Twin("leaves /dev writable", _remounted("/dev"), "places_that_can_be_written"),
    Twin("has places without a size", UnsizedDisks, "disks"),
    Twin("keeps the session", _optioned("SameSession", lambda o: without(o, "--new-session")), "session"),
    Twin("keeps capabilities", _optioned("Powerful", lambda o: (*o, "--cap-add", "ALL")), "status:capabilities"),
    Twin("shows /etc", HostFiles, "etc"),
    Twin(
        "shows the hardware",
        _optioned(
            "Hardware",
            lambda o: (*o[: o.index("--remount-ro")], "--ro-bind", "/sys", "/sys", *o[o.index("--remount-ro") :]),
        ),
        "hardware",
    ),
    Twin(
        "binds the system writable",
        _optioned("Bound", lambda o: tuple("--bind" if option == "--ro-bind" else option for option in o)),
        "mounts_that_can_be_written",
    ),
    Twin("lets the first process be written", _shown(MASKED), "memory_of_others"),
    Twin("shows what the kernel tells", _shown((FIRST_PROCESS,)), "told_by_the_kernel"),
    *(Twin(f"has no --{bound}", _unbound(bound), probe) for bound, probe in BOUNDS.items()),
    Twin("follows links and copies .git", CopiedBlindly, "canary_files"),
    Twin("has .git beside the artifact", CopiedBlindly, "git_folder"),
    *_by_whom(),
)
"""Of bubblewrap's box."""


def _configured(change: Callable[[dict[str, Any]], object]) -> type[OciBox]:
    class Configured(OciBox):
        def _config(self, mounts: tuple[Mount, ...], system: System, script: tuple[str, ...]) -> dict[str, Any]:
            config = super()._config(mounts, system, script)
            change(config)
            return config

    return Configured


def _less(namespace: str) -> Callable[[dict[str, Any]], object]:
    return lambda config: config["linux"]["namespaces"].remove({"type": namespace})


OCI = (
    Twin("shares the network", _configured(_less("network")), "namespaces"),
    Twin("shares System V memory", _configured(_less("ipc")), "namespaces"),
    Twin("has no filter", _configured(lambda config: config["linux"].pop("seccomp")), "status:filter"),
    Twin(
        "has a writable root",
        _configured(lambda config: config["root"].update(readonly=False)),
        "places_that_can_be_written",
    ),
    Twin("has no limits", _configured(lambda config: config["process"].pop("rlimits")), "limits:NOFILE"),
    Twin(
        "gains privileges",
        # What starts it forbids them too: both have to be off, and that is only in the bundle's power where nothing else is.
        _configured(lambda config: config["process"]["capabilities"].update(bounding=["CAP_SYS_ADMIN"])),
        "status:capabilities",
    ),
    Twin("masks nothing", _configured(lambda config: config["linux"].pop("maskedPaths")), "told_by_the_kernel"),
    Twin(
        "steers the machine", _configured(lambda config: config["linux"].pop("readonlyPaths")), "settings_of_the_kernel"
    ),
)
"""Of an OCI runtime's."""
