from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workers.sandbox.limits import Limits
from workers.sandbox.probe import judged, probe, probe_box
from workers.sandbox.remedies import Host, remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = Limits()
HOLDS: dict[str, Any] = {
    "processes": 2,
    "interfaces": ["lo"],
    "network": "ENETUNREACH",
    "vsock": "EAFNOSUPPORT",
    "write /usr": "EROFS",
    "write /": "EROFS",
    "write the environment": "EROFS",
    "unshare": "EPERM",
    "status": {
        "Seccomp": "2",
        "NoNewPrivs": "1",
        "CapEff": "0" * 16,
        "CapPrm": "0" * 16,
        "CapBnd": "0" * 16,
        "CapInh": "0" * 16,
    },
    "uid": 1000,
    "system belongs to": 65534,
    "address_bytes": LIMITS.address_bytes,
    "pids": LIMITS.pids,
    "host": [],
}

BREACHES: dict[str, dict[str, Any]] = {
    "own process numbers": {"processes": 180},
    "no network interface but lo": {"interfaces": ["lo", "eth0"]},
    "network unreachable": {"network": "ETIMEDOUT"},
    "AF_VSOCK refused": {"vsock": ""},
    "/usr read-only": {"write /usr": ""},
    "/ read-only": {"write /": ""},
    "environment read-only": {"write the environment": ""},
    "no nested user namespace": {"unshare": ""},
    "system call filter": {"status": {**HOLDS["status"], "Seccomp": "0"}},
    "no new privileges": {"status": {**HOLDS["status"], "NoNewPrivs": "0"}},
    "no capabilities": {"status": {**HOLDS["status"], "CapBnd": "000001ffffffffff"}},
    "not root": {"uid": 0, "system belongs to": 0},
    "memory limit": {"address_bytes": -1},
    "process limit": {"pids": -1},
    "nothing of this machine": {"host": ["/home"]},
}


async def test_the_box_of_this_machine_holds() -> None:
    results = await probe()

    assert [result for result in results if not result.ok and result.needed] == []
    names = [result.name for result in results]
    assert names[:5] == ["uv", "git", "bubblewrap", "libseccomp", "box starts"]
    assert names[5 : 5 + len(BREACHES)] == list(BREACHES)
    assert names[-1] == "limits kept by"
    assert all(result.seen for result in results)


def test_every_breach_is_seen_and_only_that_one() -> None:
    assert all(result.ok for result in judged(HOLDS, LIMITS))

    for name, breach in BREACHES.items():
        results = judged({**HOLDS, **breach}, LIMITS)
        assert [result.name for result in results if not result.ok] == [name]
        assert all(result.remedy for result in results if not result.ok)


@pytest.mark.parametrize("nonsense", [{}, {"status": None}, {"interfaces": 7}, dict.fromkeys(HOLDS)])
def test_what_was_not_told_counts_as_not_so(nonsense: dict[str, Any]) -> None:
    results = judged(nonsense, LIMITS)

    assert [result.name for result in results if result.ok] == []


async def test_without_bubblewrap_it_is_said_what_to_install_and_nothing_else_is_tried(tmp_path: Path) -> None:
    results = await probe_box(programs=str(tmp_path))

    assert [(result.name, result.ok) for result in results] == [("bubblewrap", False), ("libseccomp", True)]
    assert results[0].remedy == "apt-get install bubblewrap"


@pytest.fixture
def programs() -> Iterator[Path]:
    """A folder that any user reaches: started by root, a box gives that up first."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_a_bubblewrap_that_may_not_make_namespaces_is_reported_with_its_words_and_a_remedy(
    programs: Path,
) -> None:
    for name, words in (
        ("bwrap", 'case "$1" in --version) echo "bubblewrap 0";; *) echo "No permissions" >&2; exit 1;; esac'),
        *((tool, f'exec /usr/bin/{tool} "$@"') for tool in ("setpriv", "unshare", "prlimit")),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{words}\n")
        (programs / name).chmod(0o755)

    results = await probe_box(programs=str(programs))

    assert [(result.name, result.ok) for result in results][-1] == ("box starts", False)
    assert "No permissions" in results[-1].seen
    assert results[-1].remedy


def test_the_remedy_names_who_forbids_user_namespaces() -> None:
    free = Host(unprivileged="1", apparmor="0", most="1000", container=False)

    assert "sysctl -w kernel.unprivileged_userns_clone=1" in remedy(replace(free, unprivileged="0"))
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in remedy(replace(free, apparmor="1"))
    assert "sysctl -w user.max_user_namespaces" in remedy(replace(free, most="0"))
    assert "--security-opt seccomp=unconfined" in remedy(replace(free, container=True))
    assert "bwrap" in remedy(Host(unprivileged=None, apparmor=None, most=None, container=False))
    assert remedy(Host.here())
