"""Where a value goes: through names, loops, functions of the document and fields, until it is plain or out of sight.

Every place counts: a value that is read in a way nobody understands, or that goes where nobody follows it, is told as lost, for
an edit of the other places alone would leave the document half moved.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.review.shapes.following import bound, functions
from workers.review.shapes.following.passes import SHOWN, builtin, harmless, passed_on
from workers.review.shapes.following.reading import HANDED_ON, reading, whole
from workers.review.shapes.following.values import PLAIN, Kind, Lost, Plain, Read, Record, Series, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workers.review.shapes.shape import Code, Function
    from workers.review.sites import Site

    Sink = Callable[[Source], bool]
    """Whether a value may go to where it stands although nobody follows it there."""

_WRAPPERS = frozenset({"tenacity", "backoff", "functools", "retry", "retrying"})
"""Libraries whose decorators hand on what the function returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """All that reads the values, and what could not be followed."""

    reads: tuple[Read, ...]
    lost: tuple[Lost, ...]


def follow(code: Code, sources: Iterable[Source], sink: Sink = lambda _: False) -> Followed:
    """Follow the values from where they are made."""
    flow = _Flow(code, sink)
    for source in sources:
        flow.put(source.site, source.node, source.kind)
    return flow.run()


class _Flow:
    """The walk: what is known of each expression, by cell and node, for two cells of the same text share one tree."""

    def __init__(self, code: Code, sink: Sink) -> None:
        self.code = code
        self.sink = sink
        self.kinds: dict[tuple[int, int], Kind] = {}
        self.waiting: list[Source] = []
        self.queued: set[tuple[int, int]] = set()
        self.shared: list[tuple[Source, tuple[tuple[int, ast.expr], ...]]] = []
        self.reads: list[Read] = []
        self.lost: list[Lost] = []

    def put(self, site: Site, node: ast.expr, kind: Kind) -> None:
        """Note that `node` is of a kind, once."""
        known = self.kinds.setdefault((site.cell, id(node)), kind)
        source = Source(site=site, node=node, kind=kind)
        if (site.cell, id(node)) not in self.queued:
            self.queued.add((site.cell, id(node)))
            self.waiting.append(source)
        elif known != kind:
            self._lose(source, "it may be one thing or another")

    def run(self) -> Followed:
        """Follow all that waits, and what comes of it."""
        done = 0
        while done < len(self.waiting):
            source = self.waiting[done]
            done += 1
            if not isinstance(source.kind, Plain):
                self._step(source)
        for source, others in self.shared:
            if any(not self._agrees(cell, value, source.kind) for cell, value in others):
                self._lose(source, "it may hold something else as well")
        return Followed(reads=tuple(self.reads), lost=tuple(self.lost))

    def _agrees(self, cell: int, value: ast.expr, kind: Kind) -> bool:
        return isinstance(value, ast.Constant) or self.kinds.get((cell, id(value))) == kind

    def _lose(self, source: Source, why: str) -> None:
        if not self.sink(source):
            self.lost.append(Lost(site=source.site, node=source.node, why=why))

    def _step(self, source: Source) -> None:
        """One step from an expression to what it stands in."""
        around = source.site.around(source.node)
        parent = around[0] if around else None
        match parent:
            case ast.Await():
                self.put(source.site, parent, source.kind)
            case ast.Attribute() | ast.Subscript() | ast.Compare():
                self._member(source, around)
            case ast.Assign(targets=[ast.Name(id=name)]):
                self._assigned(source, name)
            case ast.For() | ast.AsyncFor() | ast.comprehension() if parent.iter is source.node:
                self._iterated(source, parent, around)
            case ast.Call() | ast.keyword():
                self._argument(source, around)
            case ast.Return() | ast.Yield():
                self._returned(source, around)
            case _ if not harmless(parent, around):
                self._lose(source, "it goes on to where it is not followed")
            case _:
                pass

    def _iterated(
        self, source: Source, loop: ast.For | ast.AsyncFor | ast.comprehension, around: tuple[ast.AST, ...]
    ) -> None:
        if isinstance(loop, ast.comprehension):
            self._looped(source, loop.target, bound.in_comprehension(around[1], loop))
        else:
            self._looped(source, loop.target, tuple(loop.body))

    def _through(self, source: Source, parent: ast.Await | ast.Starred) -> None:
        if isinstance(parent, ast.Starred):
            self._lose(source, "it is spread out")
        else:
            self.put(source.site, parent, source.kind)

    def _member(self, source: Source, around: tuple[ast.AST, ...]) -> None:
        """A field or an item of it, or a question about it."""
        match source.kind, around[0]:
            case _, ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
                pass
            case Series(item=item), ast.Subscript(slice=at, ctx=ast.Load()) as outer if outer.value is source.node:
                self.put(source.site, outer, source.kind if isinstance(at, ast.Slice) else item)
            case _:
                self._note(source, reading(source, around))

    def _note(self, source: Source, read: Read | str) -> None:
        if isinstance(read, str):
            self._lose(source, read)
            return
        self.reads.append(read)
        if read.how in HANDED_ON:
            self.put(source.site, read.outer, read.record.fields[read.field])

    def _assigned(self, source: Source, name: str) -> None:
        """Every place that reads the name and may find the value there."""
        for site, load in bound.loads(self.code, name):
            held = bound.reaching(site, load, self.code.imports.assigned(load, site.cell))
            if not held and not bound.otherwise(site, load):
                self._lose(
                    Source(site=site, node=load, kind=source.kind), f"what `{name}` holds is not known everywhere"
                )
            elif any(one.value is source.node and one.cell == source.site.cell for one in held):
                self.put(site, load, source.kind)
                others = tuple((one.cell, one.value) for one in held)
                self.shared.append((Source(site=site, node=load, kind=source.kind), others))

    def _looped(self, source: Source, target: ast.expr, inside: tuple[ast.AST, ...]) -> None:
        """The loop's own name, inside the loop."""
        match source.kind, target:
            case Series(item=item), ast.Name(id=name):
                self._named_in(source, name, item, inside)
            case Series(item=Record(name="", fields=pair)), ast.Tuple(elts=names):
                for index, one in enumerate(names):
                    kind = pair.get(str(index), PLAIN)
                    if isinstance(one, ast.Name):
                        self._named_in(source, one.id, kind, inside)
                    elif not isinstance(kind, Plain):
                        self._lose(source, "it is taken apart")
            case _:
                self._lose(source, "it is looped over in a way that has no counterpart")

    def _named_in(self, source: Source, name: str, kind: Kind, inside: tuple[ast.AST, ...]) -> None:
        if bound.stored(inside, name) or bound.strays(self.code, source.site, name, inside):
            self._lose(source, f"`{name}` is not the loop's alone")
            return
        for load in bound.reads_of(source.site, inside, name):
            self.put(source.site, load, kind)

    def _argument(self, source: Source, around: tuple[ast.AST, ...]) -> None:
        """Handed to a call, by position or by keyword."""
        keyword = around[0].arg or "" if isinstance(around[0], ast.keyword) else None
        call = around[0] if keyword is None else around[1]
        if not isinstance(call, ast.Call) or call.func is source.node:
            self._lose(source, "it is called" if isinstance(call, ast.Call) else "it is a class's argument")
            return
        if self.code.imports.dotted(call.func, source.site.cell) == "json.dumps" and call.args[:1] == [source.node]:
            self._note(source, whole(source, source.node, "json.dumps"))
            return
        name = builtin(self.code, source.site, call) if keyword is None else ""
        if name in SHOWN:
            return
        passed = passed_on(source, call, name)
        if passed is None:
            self._handed(source, call, keyword)
        else:
            self.put(source.site, call, passed)
            self._keyed(source, call)

    def _keyed(self, source: Source, call: ast.Call) -> None:
        """`sorted(values, key=lambda value: ...)`."""
        for one in call.keywords:
            match one.value, source.kind:
                case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=name)]), body=body), Series(item=item) if (
                    one.arg == "key"
                ):
                    for load in bound.reads_of(source.site, (body,), name):
                        self.put(source.site, load, item)
                case _ if one.arg == "key":
                    self._lose(source, "it is sorted by an unknown key")
                case _:
                    pass

    def _handed(self, source: Source, call: ast.Call, keyword: str | None) -> None:
        """Handed to a function of the document's own: all of its callers have to hand it the same."""
        inside = functions.received(self.code, source.site, call, source.node, keyword)
        if isinstance(inside, str):
            self._lose(source, inside)
            return
        for load in inside.loads:
            self.put(inside.site, load, source.kind)
        self.shared.append((source, inside.others))

    def _returned(self, source: Source, around: tuple[ast.AST, ...]) -> None:
        """Returned by a function of the document's own: every call of it is of that kind."""
        function = functions.enclosing(around)
        if function is None or not self._transparent(function, source.site) or functions.method(source.site, function):
            self._lose(source, "it is returned to where it is not followed")
            return
        callers = functions.callers(self.code, function)
        if callers is None:
            self._lose(source, f"`{function.name}` is handed on")
            return
        kind = Series(item=source.kind) if isinstance(around[0], ast.Yield) else source.kind
        for site, call in callers:
            self.put(site, call, kind)

    def _transparent(self, function: Function, site: Site) -> bool:
        makers = (one.func if isinstance(one, ast.Call) else one for one in function.decorator_list)
        roots = {(self.code.imports.dotted(one, site.cell) or "").partition(".")[0] for one in makers}
        return roots <= _WRAPPERS
