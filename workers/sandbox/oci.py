"""The box of an OCI runtime: the same layout, driver and end as bubblewrap's, made by runsc, crun or runc.

The runtime never runs as root. It starts as an unprivileged user in namespaces of its own, where that user is called root;
the bundle stands in memory there. So nothing is left on the machine however it ends, and when whoever started it dies, the
first process of those namespaces is killed and everything in them with it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import bundle, cgroups, unprivileged
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.layout import DISKS, System
from workers.sandbox.program import Program

if TYPE_CHECKING:
    from contextlib import ExitStack

    from workers.protocols import Document
    from workers.sandbox import beside
    from workers.sandbox.unprivileged import Mount

PROGRAMS = f"{unprivileged.PROGRAMS}:/usr/local/bin:/usr/local/sbin"
"""Where runtimes are looked for: never on anybody's PATH."""

_FILES_FD = 3
"""The one descriptor beside the standard ones that a runtime hands on."""
_STAGE_BYTES = 4 * 1024 * 1024
_ID = "box"
_ETC = {
    "passwd": "reader:x:0:0::/tmp/home:/bin/sh\n",
    "group": "reader:x:0:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
}

_SCRIPT = """
set -e
stage=$1; files=$2; covered=$3; config=$4; shift 4
mount -t tmpfs -o mode=755,nosuid,nodev,size=SIZE bundle "$stage"
cd "$stage"
printf %s "$config" >config.json
mkdir rootfs rootfs/etc state
while [ "$1" != -- ]; do ln -s "$1" "rootfs$2"; shift 2; done; shift
while [ "$1" != -- ]; do printf '%s\\n' "$2" >"rootfs/etc/$1"; shift 2; done; shift
if [ -n "$covered" ] && [ -d /sys/fs/cgroup ]; then mount -t tmpfs -o ro,size=4k none /sys/fs/cgroup; fi
# The runtime makes one user namespace, and nobody in it another.
echo 1 >/proc/sys/user/max_user_namespaces
if [ -n "$files" ]; then exec 3<"/proc/self/fd/$files"; fi
exec "$@"
""".replace("SIZE", str(_STAGE_BYTES))


@dataclass(frozen=True, slots=True)
class Runtime:
    """A program that runs bundles, and how it is told to."""

    name: str
    options: tuple[str, ...] = ()
    """Before the command."""
    hand_on: tuple[str, ...] = ("--preserve-fds", "1")
    """Options of `run` that hand descriptor 3 on."""
    covered: bool = False
    """It stumbles over a machine with old and new control groups side by side, and is shown none: limits need none."""

    def command(self, program: str, stage: Path, *, files: bool) -> tuple[str, ...]:
        """Run the bundle that stands in `stage`."""
        handed = self.hand_on if files else ()
        return (program, *self.options, "--root", f"{stage}/state", "run", *handed, "--bundle", str(stage), _ID)


RUNTIMES = (
    Runtime(
        "runsc",
        ("--network=none", "--ignore-cgroups", "--oci-seccomp"),
        ("--pass-fd", f"{_FILES_FD}:{_FILES_FD}"),
    ),
    Runtime("crun", ("--cgroup-manager=disabled",), covered=True),
    Runtime("runc"),
)
"""In this order: a kernel of its own first, then the fastest."""


def found(programs: str = PROGRAMS, runtimes: tuple[Runtime, ...] = RUNTIMES) -> tuple[Runtime, str]:
    """The first runtime there is, and where it is.

    Raises:
        SandboxUnavailableError: there is none.
    """
    for runtime in runtimes:
        if path := shutil.which(runtime.name, path=programs):
            return runtime, path
    names = ", ".join(runtime.name for runtime in runtimes)
    raise SandboxUnavailableError(f"No OCI runtime is there ({names}); install one: apt-get install crun")


class OciBox(BubblewrapBox):
    """Runs artifacts in a fresh box each, made by an OCI runtime."""

    name = "oci"
    runtimes = RUNTIMES

    @property
    def digest(self) -> str:
        """Of the environment and of everything else that a run in it depends on."""
        runtime, _ = found(self._where, self.runtimes)
        return hashlib.sha256(f"{super().digest} {runtime.name}".encode()).hexdigest()

    @property
    def _where(self) -> str:
        return PROGRAMS if self._programs == unprivileged.PROGRAMS else self._programs

    async def _tree(self, document: Document, stack: ExitStack) -> beside.Tree | None:
        tree = await super()._tree(document, stack)
        return None if tree is None else replace(tree, inside=_FILES_FD)

    def _program(
        self,
        script: tuple[str, ...],
        stack: ExitStack,
        tree: beside.Tree | None,
    ) -> Program:
        """A box that runs `python script` of the environment."""
        runtime, path = found(self._where, self.runtimes)
        start = unprivileged.start(self._mounts(), self._uid(), self._programs)
        system = System.of_host()
        made = self._config(start.mounts, system, script)
        # Not where the mounts are staged, nor over any of them.
        stage = unprivileged.stage_for([Path(mount.source) for mount in (*start.mounts, *self._mounts())])
        group = stack.enter_context(self._keeper.group(self._limits))
        return Program(
            argv=(
                *cgroups.entering(group),
                *(*start.prefix, *self._alone()),
                *(str(stage), "" if tree is None else str(tree.fd), "yes" if runtime.covered else "", json.dumps(made)),
                *(*(part for link in system.links for part in link), "--"),
                *(*(part for name, text in _ETC.items() for part in (name, text.rstrip("\n"))), "--"),
                *runtime.command(path, stage, files=tree is not None),
            ),
            env={"PATH": unprivileged.PROGRAMS},
            cwd=Path("/"),
            pass_fds=() if tree is None else (tree.fd,),
            boxed=True,
            disks=DISKS,
            group=group,
        )

    def _config(self, mounts: tuple[Mount, ...], system: System, script: tuple[str, ...]) -> dict[str, object]:
        command = (str(self.environment.python), *script)
        return bundle.config(mounts, system, self._limits, self._fixed, command)

    def _alone(self) -> tuple[str, ...]:
        """A place where the runtime is alone, and that ends with whoever started it."""
        setpriv = unprivileged.tool("setpriv", "util-linux", self._programs)
        unshare = unprivileged.tool("unshare", "util-linux", self._programs)
        return (
            *(setpriv, "--pdeathsig", "KILL"),
            *(unshare, "--user", "--map-root-user", "--mount", "--propagation", "private"),
            *("--pid", "--fork", "--kill-child=KILL", "--mount-proc"),
            *("--", "/bin/sh", "-c", _SCRIPT, "sh"),
        )
