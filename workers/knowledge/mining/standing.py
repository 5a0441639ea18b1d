"""Whether one thing takes the place of another in every use, by what the two are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.knowledge.mining.found import Presence
from workers.knowledge.mining.model import Class, Function
from workers.knowledge.mining.signatures import SUPER, stands_for

if TYPE_CHECKING:
    from workers.knowledge.mining.found import Found
    from workers.knowledge.mining.release import Release


def stands(release: Release, old: str, new: str) -> bool:
    """Whether `new` takes the place of `old` in every use, proven by what the two are, not by words."""
    before, after = release.find(old), release.find(new)
    if not _same_receiver(release, old, new):
        return False
    if before.is_here and before.canonical == after.canonical:
        return True
    moved = old.rpartition(".")[2] == new.rpartition(".")[2]
    match before.item, after.item:
        case Function(is_property=True) as first, _:
            return _forwarded(release, old, first) == after.canonical
        case Function() as first, Function() as second:
            forwarded = _forwarded(release, old, first) == after.canonical
            alike = stands_for(first, second) or (forwarded and first.is_open)
            return alike and (forwarded or moved or first.digest == second.digest)
        case Class() as first, Class():
            alike = made_alike(release.function(before.canonical), release.function(after.canonical))
            return (moved and alike) or _only_named(release, before.canonical, first, after.canonical)
        case _:
            return False


def stands_elsewhere(release: Release, old: str, new: str, found: Found) -> bool:
    """As `stands`, for a target in another package, where it was `found`."""
    before = release.find(old)
    match before.item, found.item:
        case Function() as first, Function() as second:
            return _forwarded(release, before.canonical, first) in {new, found.canonical} or stands_for(first, second)
        case Function() as first, _:
            return _forwarded(release, before.canonical, first) in {new, found.canonical}
        case _:
            return True


def made_alike(old: Function | None, new: Function | None) -> bool:
    """Whether a class can be made as the other was, as far as it is known how they are made."""
    return old is None or new is None or stands_for(old, new)


def _same_receiver(release: Release, old: str, new: str) -> bool:
    """A method is replaced by one of the same class, also an inherited one; anything else by what is no method."""
    owner, other = old.rpartition(".")[0], new.rpartition(".")[0]
    is_method = [isinstance(release.find(each).item, Class) for each in (owner, other)]
    if not any(is_method) or owner == other:
        return True
    return all(is_method) and release.find(f"{owner}.{new.rpartition('.')[2]}").canonical == release.find(new).canonical


def _forwarded(release: Release, old: str, item: Function) -> str:
    """The definition that a function hands everything on to."""
    name = item.forwards.removeprefix("self.").removeprefix("cls.")
    homes = [old.rpartition(".")[0]]
    while "." in homes[-1]:
        homes.append(homes[-1].rpartition(".")[0])
    found = (release.find(f"{home}.{name}") for home in homes if name)
    return next((each.canonical for each in found if each.presence is Presence.PRESENT), "?")


def _only_named(release: Release, canonical: str, item: Class, base: str) -> bool:
    """A class that adds nothing to its base but a warning."""
    made = item.members.get("__init__")
    hands_on = made is None or (isinstance(made, Function) and made.forwards == SUPER)
    bare = all(name.startswith("__") for name in item.members)
    return bare and hands_on and base in release.bases(canonical, item)
