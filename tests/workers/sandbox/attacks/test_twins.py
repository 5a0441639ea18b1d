"""One protection off at a time: the cases notice."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.sandbox.attacks import twins
from tests.workers.sandbox.attacks.cases import SEEN
from tests.workers.sandbox.attacks.launchers import as_command, fails
from tests.workers.sandbox.boxes import NoSeccomp, notebook, without
from tests.workers.sandbox.runtimes import BOXES
from workers.contract.errors import SandboxUnavailableError
from workers.sandbox.bubblewrap import BubblewrapBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.workers.sandbox.attacks.ground import Ground
    from tests.workers.sandbox.attacks.twins import Twin
    from workers.sandbox.layout import Descriptors
    from workers.sandbox.unprivileged import Mount


@pytest.fixture
def variables(grounds: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's own environment holds the secret."""
    monkeypatch.setenv("HOLDER_TOKEN", grounds.token)


async def noticed(twin: Twin, kind: type[BubblewrapBox], grounds: Ground) -> list[str]:
    seen = await as_command(grounds.place.box(grounds.limits, grounds.workspace, kind=kind), grounds)
    return [case.probe for case in fails(seen, grounds)]


@pytest.mark.parametrize("twin", twins.BUBBLEWRAP, ids=[twin.name for twin in twins.BUBBLEWRAP])
@pytest.mark.usefixtures("variables")
async def test_a_box_with_one_protection_off_is_noticed(twin: Twin, grounds: Ground) -> None:
    assert twin.noticed_by in {case.probe for case in SEEN}

    assert twin.noticed_by in await noticed(twin, twin.box, grounds)


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("twin", twins.OCI, ids=[twin.name for twin in twins.OCI])
async def test_a_bundle_with_one_protection_off_is_noticed(twin: Twin, name: str, grounds: Ground) -> None:
    kind = type("Twin", (twin.box,), {"runtimes": BOXES[name].runtimes})

    assert twin.noticed_by in await noticed(twin, kind, grounds)


async def user_namespace(kind: type[BubblewrapBox], grounds: Ground) -> Any:
    seen = await as_command(grounds.place.box(grounds.limits, grounds.workspace, kind=kind), grounds)
    return seen["user_namespace"]["seen"]


async def test_two_things_stand_before_another_user_namespace_and_each_alone_is_enough(grounds: Ground) -> None:
    assert await user_namespace(BubblewrapBox, grounds) == errno.errorcode[errno.EPERM]
    assert await user_namespace(NoSeccomp, grounds) == errno.errorcode[errno.ENOSPC]
    assert await user_namespace(twins.OpenUserNamespaces, grounds) == "works"


class NoUserNamespace(BubblewrapBox):
    """A broken box: the namespace without which an ordinary user can make no other."""

    def _options(self, mounts: Sequence[Mount], fds: Descriptors) -> tuple[str, ...]:
        options = without(without(super()._options(mounts, fds), "--unshare-user"), "--disable-userns")
        return tuple("--unshare-pid" if option == "--unshare-all" else option for option in options)


async def test_without_a_user_namespace_there_is_no_box(grounds: Ground) -> None:
    box = NoUserNamespace(grounds.place.environment, grounds.place.overlay, None, grounds.limits)

    with pytest.raises(SandboxUnavailableError):
        await box.execute(notebook("print(1)"))
