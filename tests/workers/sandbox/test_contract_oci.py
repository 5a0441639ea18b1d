"""The contract in the box of every OCI runtime that this machine has; where it has none, `doctor` says so."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.sandbox.runtimes import BOXES
from tests.workers.sandbox_contract import Backend, SandboxContract
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import oci
from workers.sandbox.probe import probe, probe_box

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.sandbox.boxes import Place


def contracts() -> dict[str, type]:
    """One class of tests for each runtime."""
    return {
        f"Test{name.capitalize()}": type(f"Test{name.capitalize()}", (_Oci,), {"kind": kind})
        for name, kind in BOXES.items()
    }


class _Oci(SandboxContract):
    kind: Any

    @pytest.fixture
    def backend(self, place: Place) -> Backend:
        return Backend(place, lambda where, limits, files: where.box(limits, files, self.kind), oci.OciBox.promises)


globals().update(contracts())


async def test_doctor_says_whether_there_is_a_runtime_and_needs_none() -> None:
    (told,) = [result for result in await probe() if result.name.startswith("OCI runtime")]

    assert not told.needed
    assert told.ok == bool(BOXES), told
    assert ("its box holds" if BOXES else "not there") in told.seen


async def test_without_a_runtime_it_is_said_what_to_install_and_that_is_no_fault(tmp_path: Path) -> None:
    (missing, *_) = await probe_box(programs=str(tmp_path), kind="oci")

    assert (missing.ok, missing.needed, missing.seen) == (False, False, "not there")
    assert "apt-get install crun" in missing.remedy


async def test_without_a_runtime_nothing_runs(place: Place, tmp_path: Path) -> None:
    for name in ("setpriv", "unshare", "prlimit"):
        (tmp_path / name).symlink_to(shutil.which(name, path=oci.PROGRAMS) or "")
    box = oci.OciBox(place.environment, place.overlay, None, programs=str(tmp_path))

    with pytest.raises(SandboxUnavailableError, match="apt-get install crun"):
        await box.resolve([])
