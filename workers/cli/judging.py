"""By what a scan judges artifacts: the environment of each root and the review in it, or why there is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workers.cli import session
from workers.contract.errors import EnvironmentBuildError
from workers.review.assembling import reviewer
from workers.running import scanning
from workers.running.environments import Unusable, environment_for, refuse_mistakes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workers.cli.session import Begun
    from workers.contract.domain import Finding
    from workers.protocols import Document
    from workers.sandbox.environments import InstalledEnvironment
    from workers.settings import Root


async def grounds(begun: Begun, roots: Iterable[Root]) -> Mapping[str, InstalledEnvironment | Unusable]:
    """The path of a root -> what its artifacts are judged in, or why there is nothing.

    Raises:
        EnvironmentBuildError: nothing at all can be judged by what was typed, or the fault is nobody's who could mend it.
    """
    found: dict[str, InstalledEnvironment | Unusable] = {}
    for root in roots:
        try:
            found[root.path] = await environment_for(root, cache=session.cache(), index=os.environ)
        except EnvironmentBuildError as error:
            unusable = Unusable(root=root, error=error, repo=begun.repo)
            if not unusable.theirs:
                raise
            found[root.path] = unusable
    refuse_mistakes([ground for ground in found.values() if isinstance(ground, Unusable)], len(found))
    return found


def judge(
    begun: Begun, of_roots: Mapping[str, InstalledEnvironment | Unusable]
) -> Callable[[Document], Sequence[Finding]]:
    """What is found in one document without asking its environment."""
    reviews = {
        root.path: reviewer(root.settings, ground, None, begun.repo)
        for root in begun.plan.roots
        if (ground := of_roots.get(root.path)) and not isinstance(ground, Unusable)
    }

    def judged(document: Document) -> Sequence[Finding]:
        path = begun.plan.root_for(document.path).path
        ground = of_roots[path]
        return (
            ground.report(document).findings if isinstance(ground, Unusable) else scanning.now(reviews[path], document)
        )

    return judged
