"""The OCI runtimes of this machine, each as a kind of box."""

from __future__ import annotations

import shutil

from workers.sandbox.oci import PROGRAMS, RUNTIMES, OciBox

BOXES: dict[str, type[OciBox]] = {
    runtime.name: type(f"Of{runtime.name}", (OciBox,), {"runtimes": (runtime,)})
    for runtime in RUNTIMES
    if shutil.which(runtime.name, path=PROGRAMS)
}
"""By the runtime's name; empty where there is none, which `doctor` then says."""
