"""One release as a whole: where a dotted name leads."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from workers.knowledge.mining import offers
from workers.knowledge.mining.found import Found, Presence
from workers.knowledge.mining.model import Alias, Class, Function, Module
from workers.knowledge.mining.reading import read
from workers.knowledge.mining.tree import UnreadableReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workers.knowledge.mining.model import Item
    from workers.knowledge.mining.tree import Source, Tree

_DEPTH = 30
_ABSENT, _UNKNOWN, _UNMENTIONED = Found(Presence.ABSENT), Found(Presence.UNKNOWN), Found(Presence.UNMENTIONED)


class Release:
    """The modules of one version of one package."""

    def __init__(
        self, package: str, version: str, tree: Tree, known: dict[Source, Module | None], until: float = float("inf")
    ) -> None:
        """Read the sources; those that are `known` from another release are not read again, the others become known.

        Raises:
            UnreadableReleaseError: it is not done at `until`, in the seconds that this process has worked.
        """
        self.package, self.version = package, version
        self.modules: dict[str, Module] = {}
        self.stubs: dict[str, Module] = {}
        self.unread: set[str] = set()
        self.native, self.complete = tree.native, tree.complete
        for source in tree.sources:
            if time.process_time() > until:
                raise UnreadableReleaseError(f"{package} {version} takes too long to read; it is left out")
            if source not in known:
                known[source] = read(source)
            module = known[source]
            if module is None:
                self.unread.add(source.module)
            else:
                (self.stubs if source.is_stub else self.modules)[source.module] = module
        self._folders = frozenset(
            above for each in (*self.modules, *self.native, *self.unread) for above in _above(each)
        )
        self.roots = frozenset(name.partition(".")[0] for name in (*self.modules, *self.native, *self.unread))
        self.family = self.roots
        """The top-level modules of all releases of the package that are looked at: what is among them and not here is gone."""
        self._found: dict[str, Found] = {}

    def relate(self, others: Iterable[Release]) -> None:
        """Tell the release of the others of its package."""
        self.family = frozenset(root for each in (self, *others) for root in each.roots)
        self._found.clear()

    def find(self, dotted: str) -> Found:
        """Where an absolute dotted name leads."""
        return self._find(dotted, _DEPTH)

    def _find(self, dotted: str, depth: int) -> Found:
        if depth == 0:
            return _UNKNOWN
        if dotted not in self._found:
            # Written before it is known: names that lead in a circle end here.
            self._found[dotted] = _UNKNOWN
            self._found[dotted] = self._walked(dotted, depth - 1)
        return self._found[dotted]

    def _walked(self, dotted: str, depth: int) -> Found:
        parent, _, name = dotted.rpartition(".")
        if not parent:
            return self._module(dotted) if dotted in self.family else Found(Presence.PRESENT, None, dotted)
        above = self._find(parent, depth)
        if above.presence is not Presence.PRESENT:
            return above
        match above.item:
            case Module() as module:
                return self._in_module(module, name, depth)
            case Class() as owner:
                return self._in_class(above.canonical, owner, name, depth)
            case None:
                return Found(Presence.PRESENT, None, f"{above.canonical}.{name}")
            case _:
                return _UNKNOWN

    def _module(self, name: str) -> Found:
        if name in self.modules:
            return Found(Presence.PRESENT, self.modules[name], name)
        if name in self.native or name in self.unread:
            return Found(Presence.PRESENT, self.stubs.get(name) or _opaque(name), name)
        if name in self._folders:
            return Found(Presence.PRESENT, _opaque(name), name)
        return _ABSENT if self.complete else _UNKNOWN

    def _in_module(self, module: Module, name: str, depth: int) -> Found:
        if name in module.names:
            return self._followed(module, name, module.names[name], depth)
        inner = self._module(f"{module.name}.{name}")
        if inner.presence is Presence.PRESENT:
            return inner
        starred = self._starred(module, name, depth)
        if starred.presence is Presence.PRESENT:
            return starred
        stub = self.stubs.get(module.name)
        if stub is not None and stub is not module and name in stub.names:
            return Found(Presence.PRESENT, stub.names[name], f"{module.name}.{name}")
        return self._missing(module, name, starred, has_stub=stub is not None)

    def _missing(self, module: Module, name: str, starred: Found, *, has_stub: bool) -> Found:
        """What it means that a name is nowhere to be seen; `starred` is what the modules say that everything is taken from."""
        if starred.presence is Presence.UNKNOWN and has_stub:
            return _UNMENTIONED
        if module.is_open:
            return _UNKNOWN if name in module.mentions or not module.mentions else _UNMENTIONED
        return starred if starred.presence is not Presence.ABSENT or self.complete else _UNKNOWN

    def _starred(self, module: Module, name: str, depth: int) -> Found:
        """In the modules of which everything is imported; the worst of their answers where none has it."""
        worst = _ABSENT
        # The last import binds.
        for origin in reversed(module.stars):
            if origin.partition(".")[0] not in self.roots:
                worst = _UNKNOWN
                continue
            found = self._find(f"{origin}.{name}", depth) if self._hands_out(origin, name, depth) else _ABSENT
            if found.presence is Presence.PRESENT and not (isinstance(found.item, Module) and found.item.is_package):
                return found
            if found.presence is not Presence.ABSENT and worst.presence is not Presence.UNKNOWN:
                worst = found
        return worst

    def _hands_out(self, origin: str, name: str, depth: int) -> bool:
        """Whether `from origin import *` may bind the name."""
        module = self._find(origin, depth).item
        if not isinstance(module, Module) or module.exports_more:
            return True
        return not name.startswith("_") if module.exported is None else name in module.exported

    def _followed(self, module: Module, name: str, item: Item, depth: int) -> Found:
        here = f"{module.name}.{name}"
        if not isinstance(item, Alias):
            return Found(Presence.PRESENT, item, here)
        target = item.target if item.is_import else f"{module.name}.{item.target}"
        if target == here:
            # `TimeoutError = TimeoutError`: a builtin, or a module of the same name.
            inner = self._module(here)
            return inner if inner.presence is Presence.PRESENT else Found(Presence.PRESENT, None, here)
        found = self._find(target, depth)
        if found.presence is Presence.PRESENT:
            return found
        # It is bound here to something that cannot be followed: there it is all the same.
        return Found(Presence.PRESENT, None, here if not item.is_import else target)

    def _in_class(self, canonical: str, owner: Class, name: str, depth: int) -> Found:
        if name in owner.members:
            item = owner.members[name]
            if (
                isinstance(item, Alias)
                and not item.is_import
                and "." not in item.target
                and item.target in owner.members
            ):
                return self._in_class(canonical, owner, item.target, depth - 1) if depth > 0 else _UNKNOWN
            return Found(Presence.PRESENT, item, f"{canonical}.{name}")
        worst = _UNKNOWN if owner.is_made else _UNMENTIONED if owner.is_open else _ABSENT
        for base in self.bases(canonical, owner):
            found = _UNKNOWN if base is None else self._find(f"{base}.{name}", depth)
            if found.presence is Presence.PRESENT and found.item is not None:
                return found
            if found.presence is Presence.PRESENT:
                worst = _UNKNOWN
            elif found.presence is not Presence.ABSENT and worst.presence is not Presence.UNKNOWN:
                worst = found
        return worst

    def bases(self, canonical: str, owner: Class) -> Iterator[str | None]:
        """Dotted names of the base classes; None for one that is not in this release."""
        module = self._home(canonical)
        for base in owner.bases:
            if base in {"object", "Generic", "Protocol", "ABC", "abc.ABC", "typing.Generic", "NamedTuple", "TypedDict"}:
                continue
            found = self.find(f"{module}.{base}") if base and module else _UNKNOWN
            yield found.canonical if isinstance(found.item, Class) else None

    def _home(self, canonical: str) -> str:
        parent = canonical.rpartition(".")[0]
        while parent and parent not in self.modules:
            parent = parent.rpartition(".")[0]
        return parent

    @cached_property
    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """Definition -> public names under which modules offer it, the shortest first."""
        return offers.paths(self)

    @cached_property
    def borrowed(self) -> Mapping[str, str]:
        """Public name -> the thing of another package that it is another name of."""
        return offers.borrowed(self)

    @cached_property
    def heirs(self) -> Mapping[str, tuple[str, ...]]:
        """Class -> the public classes that inherit from it, directly or not, by their definitions."""
        return offers.heirs(self)

    def has(self, dotted: str) -> bool:
        """Whether the name is there for sure: defined here, or bound here to something of this package."""
        found = self.find(dotted)
        ours = found.item is not None or found.canonical.partition(".")[0] in self.roots
        return found.presence is Presence.PRESENT and ours

    def function(self, dotted: str) -> Function | None:
        """What a call of the name binds to: the function, or how the class is made; None where that cannot be told."""
        found = self.find(dotted)
        if isinstance(found.item, Class):
            found = _UNKNOWN if found.item.is_made else self.find(f"{found.canonical}.__init__")
        return found.item if isinstance(found.item, Function) else None


def _above(dotted: str) -> Iterator[str]:
    """The packages that a module lies in."""
    while dotted := dotted.rpartition(".")[0]:
        yield dotted


def _opaque(name: str) -> Module:
    return Module(
        name=name, path="", is_package=True, names={}, stars=(), exported=None, exports_more=False, is_open=True
    )
