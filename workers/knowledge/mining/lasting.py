"""When a name was seen last, and whether it is gone from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.knowledge.mining.found import Presence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from workers.knowledge.mining.release import Release

    Names = Callable[[Release], Iterable[str]]

_NEAR = 2


def last_seen(releases: Sequence[Release], names: Names) -> dict[str, int]:
    """Name -> number of the last release that has it."""
    return {name: at for at, release in enumerate(releases) for name in names(release)}


def gone_from(releases: Sequence[Release], path: str, last: int, *, strict: bool = True) -> int | None:
    """The first release after the last with the name, where it is surely gone in that one and all after it."""
    after = releases[last + 1 :]
    enough = {Presence.ABSENT} if strict else {Presence.ABSENT, Presence.UNMENTIONED}
    return last + 1 if after and all(each.find(path).presence in enough for each in after) else None


def there_from(releases: Sequence[Release], new: str) -> str:
    """The release from which on the target is there; empty for one of another package."""
    if new.partition(".")[0] not in releases[-1].family:
        return ""
    first = len(releases)
    while first and releases[first - 1].find(new).is_here:
        first -= 1
    return releases[first].version


def place(release: Release, path: str) -> str:
    """Where a name is written: `path:line` of its definition, or the name itself where that is elsewhere."""
    found = release.find(path)
    home = found.canonical
    while home and home not in release.modules:
        home = home.rpartition(".")[0]
    line = getattr(found.item, "line", 0)
    return f"{release.modules[home].path}:{line}" if home else path


def is_offered(release: Release, path: str) -> bool:
    """A package gathers it, or it stands near the top: what users are meant to import."""
    home = release.modules.get(path.rpartition(".")[0])
    return path.count(".") <= _NEAR or (home is not None and home.is_package)
