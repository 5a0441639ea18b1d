"""`mendloop scan --resolve`: environments are asked about names, each in a box."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal

from workers import stages
from workers.cli import session
from workers.running.environments import Unusable, box_limits
from workers.sandbox.opening import open_box

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workers.cli.session import Begun
    from workers.contract.domain import Finding
    from workers.protocols import Document
    from workers.sandbox.environments import InstalledEnvironment
    from workers.settings import Root

    Sandbox = Literal["bubblewrap", "oci", "none"]
    Group = tuple[Root, tuple[Document, ...]]


def found(
    begun: Begun,
    documents: Sequence[Document],
    groups: Sequence[Group],
    of_roots: Mapping[str, InstalledEnvironment | Unusable],
    sandbox: Sandbox,
) -> Iterator[tuple[Document, Sequence[Finding]]]:
    """The documents with what is found in each, in their order, each as soon as all before it are there.

    `groups` are the same documents by their root, `of_roots` is as `judging.grounds` tells it.

    Raises:
        MendloopError: there is no box.
    """
    there: dict[str, Sequence[Finding]] = {}
    wanted = deque(documents)
    for root, held in groups:
        ground = of_roots[root.path]
        if isinstance(ground, Unusable):
            seen: Sequence[Sequence[Finding]] = [ground.report(document).findings for document in held]
        else:
            seen = asyncio.run(_asked(begun, root, held, ground, sandbox))
        there |= zip((document.path for document in held), seen, strict=True)
        while wanted and wanted[0].path in there:
            document = wanted.popleft()
            yield document, there.pop(document.path)


async def _asked(
    begun: Begun, root: Root, documents: Sequence[Document], environment: InstalledEnvironment, sandbox: Sandbox
) -> Sequence[Sequence[Finding]]:
    limits = box_limits(root.settings)
    box = await open_box(sandbox, environment=environment, cache=session.cache(), workspace=begun.repo, limits=limits)
    return await stages.scan_all(
        documents, settings=root.settings, environment=environment, resolve=box.resolve, workspace=begun.repo
    )
