"""Is there a box here, and does it hold? Looked at from inside, before anything of a stranger's runs in it."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from uv import find_uv_bin

from workers.contract import children
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import cgroups, guestcall, oci, unprivileged
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.sandbox.environments import InstalledEnvironment, from_interpreter
from workers.sandbox.layout import GUEST
from workers.sandbox.limits import Limits
from workers.sandbox.oci import OciBox
from workers.sandbox.remedies import Host, remedy

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMEOUT_S = 20.0
_RUNTIME = "OCI runtime (for `--sandbox oci`)"
_FEW = 8
"""Processes that a box may show to its first program: itself, and what bubblewrap leaves there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One thing that was looked at."""

    name: str
    ok: bool
    seen: str
    """What was seen, for a reader."""
    remedy: str = ""
    """What to do about it; empty where all is well."""
    needed: bool = True
    """False for what serves a choice of the owner's: that it is not there is no fault of this machine."""


async def probe(
    environment: InstalledEnvironment | None = None, overlay: Path | None = None, limits: Limits | None = None
) -> tuple[ProbeResult, ...]:
    """Everything a run needs of this machine. Without an environment, this Python's own is looked at from inside."""
    programs = await asyncio.gather(
        _program("uv", _uv(), "pip install uv"), _program("git", shutil.which("git"), "apt-get install git")
    )
    box = await probe_box(environment, overlay, limits)
    return (*programs, *box, await _other_box(environment, overlay, limits), await asyncio.to_thread(_keeper))


def _keeper() -> ProbeResult:
    kept_by = cgroups.found().kept_by
    advice = (
        "" if kept_by != cgroups.RLIMITS else "; groups of the kernel (cgroups) that this user may make do it better"
    )
    return ProbeResult(name="limits kept by", ok=True, seen=kept_by + advice)


async def probe_box(
    environment: InstalledEnvironment | None = None,
    overlay: Path | None = None,
    limits: Limits | None = None,
    *,
    programs: str = unprivileged.PROGRAMS,
    kind: Literal["bubblewrap", "oci"] = "bubblewrap",
) -> tuple[ProbeResult, ...]:
    """What the box needs, and what it is like inside. Ends at the first thing without which the rest cannot be seen.

    `programs` is where bubblewrap is looked for, as in `BubblewrapBox`.
    """
    maker = await (_bubblewrap(programs) if kind == "bubblewrap" else _runtime(programs))
    parts = (maker, await asyncio.to_thread(_seccomp))
    if not all(part.ok for part in parts):
        return parts
    environment = environment or await from_interpreter(Path(sys.executable))
    limits = limits or Limits()
    try:
        with tempfile.TemporaryDirectory(prefix="mendloop-probe-") as empty:
            looking = _LookingBox if kind == "bubblewrap" else _LookingOciBox
            seen = await looking(environment, overlay or Path(empty), None, limits, programs=programs).look()
    except SandboxUnavailableError as error:
        advice = await asyncio.to_thread(lambda: remedy(Host.here()))
        return (*parts, ProbeResult(name="box starts", ok=False, seen=str(error), remedy=advice))
    return (*parts, ProbeResult(name="box starts", ok=True, seen="yes"), *judged(seen, limits))


class _LookingBox(BubblewrapBox):
    """The box as it is used, with a program inside that only looks around."""

    async def look(self) -> dict[str, Any]:
        """What it saw.

        Raises:
            SandboxUnavailableError: the box did not start, or the program did not come to its end.
        """
        with ExitStack() as stack:
            program = self._program(("-I", f"{GUEST}/look.py"), stack, None)
            mounts = [str(path) for path in self.environment.mounts]
            reply = await guestcall.call(program, {"mounts": mounts}, Limits(wall_s=_TIMEOUT_S))
        seen = next((line for line in reply.lines if line.get("event") == "seen"), None)
        if seen is None or not reply.done:
            said = reply.stderr.strip() or reply.ended or "it said nothing"
            raise SandboxUnavailableError(f"The box did not start: {said[-500:]}")
        return seen


class _LookingOciBox(_LookingBox, OciBox):
    """The same of an OCI runtime."""


def judged(seen: dict[str, Any], limits: Limits) -> tuple[ProbeResult, ...]:
    """What was seen inside, against what has to be so. What was not told counts as not so."""
    return tuple(_judge(name, test, shown, seen, limits) for name, test, shown in _INSIDE)


def _judge(
    name: str, test: Callable[[dict[str, Any], Limits], bool], shown: str, seen: dict[str, Any], limits: Limits
) -> ProbeResult:
    try:
        ok = test(seen, limits)
    except (KeyError, TypeError, ValueError):
        ok = False
    return ProbeResult(
        name=name,
        ok=ok,
        seen=f"{shown}: {seen.get(shown, 'not told')}",
        remedy="" if ok else "This box does not hold: report it, with the kernel's and bubblewrap's version.",
    )


_CAPABILITIES = ("CapEff", "CapPrm", "CapBnd", "CapInh")

_INSIDE: tuple[tuple[str, Callable[[dict[str, Any], Limits], bool], str], ...] = (
    ("own process numbers", lambda seen, _: 0 < seen["processes"] <= _FEW, "processes"),
    ("no network interface but lo", lambda seen, _: set(seen["interfaces"]) <= {"lo"}, "interfaces"),
    ("network unreachable", lambda seen, _: seen["network"] in {"ENETUNREACH", "EPERM", "EACCES"}, "network"),
    ("AF_VSOCK refused", lambda seen, _: bool(seen["vsock"]), "vsock"),
    ("/usr read-only", lambda seen, _: seen["write /usr"] in {"EROFS", "EACCES", "EPERM"}, "write /usr"),
    ("/ read-only", lambda seen, _: seen["write /"] in {"EROFS", "EACCES", "EPERM"}, "write /"),
    (
        "environment read-only",
        lambda seen, _: seen["write the environment"] in {"EROFS", "EACCES", "EPERM"},
        "write the environment",
    ),
    ("no nested user namespace", lambda seen, _: seen["unshare"] in {"EPERM", "ENOSYS", "ENOSPC"}, "unshare"),
    ("system call filter", lambda seen, _: seen["status"]["Seccomp"] == "2", "status"),
    ("no new privileges", lambda seen, _: seen["status"]["NoNewPrivs"] == "1", "status"),
    (
        "no capabilities",
        lambda seen, _: all(int(seen["status"][name], 16) == 0 for name in _CAPABILITIES),
        "status",
    ),
    # Who is called root inside may be anybody: whom the system's own files belong to is not told by a number.
    ("not root", lambda seen, _: seen["uid"] != int(seen["system belongs to"]), "uid"),
    ("memory limit", lambda seen, limits: 0 < seen["address_bytes"] <= limits.address_bytes, "address_bytes"),
    ("process limit", lambda seen, limits: 0 < seen["pids"] <= limits.pids, "pids"),
    ("nothing of this machine", lambda seen, _: seen["host"] == [], "host"),
)
"""Name, what has to be so, and the part of what was seen that shows it."""


async def _bubblewrap(programs: str) -> ProbeResult:
    try:
        path = unprivileged.tool("bwrap", "bubblewrap", programs)
    except SandboxUnavailableError as error:
        return ProbeResult(name="bubblewrap", ok=False, seen=str(error), remedy="apt-get install bubblewrap")
    return await _program("bubblewrap", path, "apt-get install bubblewrap")


async def _runtime(programs: str) -> ProbeResult:
    try:
        _, path = await asyncio.to_thread(oci.found, programs if programs != unprivileged.PROGRAMS else oci.PROGRAMS)
    except SandboxUnavailableError as error:
        return ProbeResult(name=_RUNTIME, ok=False, seen="not there", remedy=str(error), needed=False)
    return replace(await _program(_RUNTIME, path, ""), needed=False)


async def _other_box(
    environment: InstalledEnvironment | None, overlay: Path | None, limits: Limits | None
) -> ProbeResult:
    """What `--sandbox oci` would find here, in one line: nobody needs it."""
    results = await probe_box(environment, overlay, limits, kind="oci")
    failed = next((result for result in results if not result.ok), None)
    if failed is None:
        return replace(results[0], seen=f"{results[0].seen.splitlines()[0]}, its box holds")
    return replace(failed, name=_RUNTIME, seen=failed.seen, needed=False)


def _seccomp() -> ProbeResult:
    try:
        importlib.import_module("pyseccomp")
    except (ImportError, OSError, RuntimeError) as error:
        return ProbeResult(name="libseccomp", ok=False, seen=str(error), remedy="apt-get install libseccomp2")
    return ProbeResult(name="libseccomp", ok=True, seen="loaded")


def _uv() -> str | None:
    try:
        return find_uv_bin()
    except FileNotFoundError:
        return None


async def _program(name: str, path: str | None, remedy: str) -> ProbeResult:
    """Whether the program is there and says its version."""
    if path is None:
        return ProbeResult(name=name, ok=False, seen="not found", remedy=remedy)
    try:
        process = await children.start(
            *(path, "--version"),
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_TIMEOUT_S):
            stdout, _ = await process.communicate()
    except (OSError, TimeoutError) as error:
        return ProbeResult(name=name, ok=False, seen=f"{path} does not run: {error}", remedy=remedy)
    return ProbeResult(name=name, ok=process.returncode == 0, seen=stdout.decode(errors="replace").strip(), remedy="")
