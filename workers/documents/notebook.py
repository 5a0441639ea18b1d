"""Notebooks as documents: cells that know where they came from, and edits spliced into the file's own bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.contract.domain import Artifact, Edit
from workers.contract.errors import DocumentError, EditError
from workers.documents import kernels, notebooktree, outputs, sources
from workers.documents.edits import Replacement, applied, checked, in_file, narrowed, plain
from workers.documents.habits import Habits
from workers.documents.jsontext import seen
from workers.documents.notebooktree import DEFAULT_LIMITS, Limits, Tree
from workers.documents.proof import prove
from workers.protocols import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Literal

    from workers.documents.jsontext import Json
    from workers.documents.notebooktree import CellNode

__all__ = ["DEFAULT_LIMITS", "Limits", "Notebook", "parse", "read"]


def read(path: Path, shown: str, limits: Limits = DEFAULT_LIMITS) -> Notebook:
    """The notebook in the file at `path`, known to readers as `shown`; its size is looked at before its content.

    Raises:
        DocumentError: it cannot be read, is no regular file, or is no notebook we can read (see `parse`).
    """
    try:
        _check_status(path.stat(), limits)
        # Without waiting: should a pipe have taken the file's place, it is refused, not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _check_status(os.fstat(descriptor), limits)
            raw = file.read(limits.size_bytes + 1)
    except (OSError, ValueError) as error:
        raise DocumentError("unreadable", f"cannot be read: {error}") from error
    return parse(raw, shown, limits=limits)


def _check_status(status: os.stat_result, limits: Limits) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("not-a-file", "is no regular file")
    if status.st_size > limits.size_bytes:
        raise DocumentError("too-large", f"is {status.st_size} bytes; the limit is {limits.size_bytes}")


def parse(raw: bytes, path: str, *, limits: Limits = DEFAULT_LIMITS) -> Notebook:
    """The notebook that `raw` holds.

    Raises:
        DocumentError: its `code` is `too-large`, `invalid-utf8`, `nesting`, `too-many-values`, `not-json`,
            `duplicate-keys`, `number-too-long`, `not-a-notebook`, `unsupported-version`, `too-many-cells`, `bad-cell`,
            `lone-surrogate` (in a source; elsewhere it is carried along) or `too-much-source`.
    """
    return _notebook(path, raw, notebooktree.read(raw, limits))


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook of nbformat 3 or 4; implements `protocols.Document`. Made by `parse`."""

    path: str
    raw: bytes = field(repr=False)
    tree: Tree = field(repr=False, compare=False)
    """The same bytes as text and values."""
    language: str = field(compare=False)
    """Lower-case language of the code cells; `python` where nothing says otherwise."""
    cells: tuple[Cell, ...] = field(repr=False, compare=False)
    """All cells in order, those of nbformat 3's worksheets one after the other."""

    @property
    def kind(self) -> Literal["notebook"]:
        """Always `notebook`."""
        return "notebook"

    @property
    def nbformat(self) -> tuple[int, int]:
        """Major and minor version."""
        return self.tree.version

    @property
    def metadata(self) -> dict[str, Json]:
        """As parsed. A stranger's: to be read with doubt, and not to be changed."""
        return self.tree.metadata

    @property
    def kernel_name(self) -> str:
        """What the metadata calls the kernel; empty where it says nothing usable."""
        return kernels.kernel_name(self.metadata)

    @property
    def artifact(self) -> Artifact:
        """Path, kind and digest."""
        return Artifact(path=self.path, kind=self.kind, digest=hashlib.sha256(self.raw).hexdigest())

    def outputs(self, cell: int) -> list[dict[str, Json]]:
        """The stored outputs of cell `cell` as parsed; those of nbformat 3 in the words of nbformat 4."""
        return outputs.stored(self.tree, self.tree.cells[cell])

    def file_line(self, cell: int, line: int) -> int:
        """The line of the file (from 1) of a cell's line; of the whole source where the file has it as one string.

        A line past the source's end counts as its last.
        """
        node = self.tree.cells[cell]
        return self.tree.text.count("\n", 0, sources.line_start(self.tree.text, node.source, node.text, line)) + 1

    def edited(self, edits: Iterable[Edit]) -> Notebook:
        """This notebook with the edits made; every byte outside the source tokens of changed lines is unchanged.

        Raises:
            EditError: an edit overlaps another, lies outside its cell, or does not find its `old` text; or what came
                out was not exactly what was asked for.
        """
        by_cell: defaultdict[int, list[Edit]] = defaultdict(list)
        for edit in edits:
            by_cell[edit.cell].append(edit)
        habits = Habits(self.tree.text, self.tree.root)
        expected: dict[int, str] = {}
        splices: list[Replacement] = []
        for index, asked in by_cell.items():
            ordered = checked(asked, self._source(index))
            whole = [Replacement(edit.start, edit.end, plain(edit.new)) for edit in ordered]
            expected[index] = applied(whole, self.cells[index].source)
            if expected[index] != self.cells[index].source:
                splices.append(self._source_splice(index, ordered, habits))
        return self._spliced(splices, texts=expected)

    def with_outputs(
        self,
        new: Mapping[int, Sequence[dict[str, Json]]],
        execution_counts: Mapping[int, int | None] | None = None,
    ) -> Notebook:
        """This notebook with other stored outputs (in the words of nbformat 4) of some code cells; nothing else moves.

        Raises:
            EditError: a cell is not there or no code cell, or an output is none that JSON knows.
        """
        values: dict[tuple[int, str], Json] = {}
        for cell, listed in new.items():
            if outputs.stored(self.tree, self._code(cell)) != [*listed]:
                values[cell, "outputs"] = outputs.for_file(self.tree, listed)
        counter = "prompt_number" if self.tree.is_v3 else "execution_count"
        values |= {(cell, counter): count for cell, count in (execution_counts or {}).items()}
        habits = Habits(self.tree.text, self.tree.root)
        ordered = outputs.ordered(self.tree)
        splices = [
            outputs.member(self._code(cell), key, value, habits, sort_keys=ordered)
            for (cell, key), value in values.items()
        ]
        return self._spliced([splice for splice in splices if splice], members=values)

    def _code(self, cell: int) -> CellNode:
        self._source(cell)
        node = self.tree.cells[cell]
        if node.kind != "code":
            raise EditError(f"cell {cell} is no code cell: it has no outputs")
        return node

    def _source(self, cell: int) -> str:
        if not 0 <= cell < len(self.cells):
            raise EditError(f"there is no cell {cell}: {self.path} has {len(self.cells)}")
        return self.cells[cell].source

    def _source_splice(self, index: int, ordered: Sequence[Edit], habits: Habits) -> Replacement:
        node = self.tree.cells[index]
        token = sources.rewritten(self.tree.text, node.source, in_file(narrowed(ordered), node.text), habits)
        return Replacement(node.source.start, node.source.end, seen(token))

    def _spliced(
        self,
        splices: Sequence[Replacement],
        *,
        texts: Mapping[int, str] | None = None,
        members: Mapping[tuple[int, str], Json] | None = None,
    ) -> Notebook:
        if not splices:
            return self
        text = applied(sorted(splices, key=lambda splice: splice.start), self.tree.text)
        try:
            raw = self.tree.bom + text.encode("latin-1")
            tree = notebooktree.read(raw, self.tree.limits, guarded=members is None)
        except (DocumentError, UnicodeEncodeError) as error:
            raise EditError(f"{self.path}: the edit would leave a file that cannot be read: {error}") from error
        prove(self.tree, tree, texts or {}, members or {})
        return _notebook(self.path, raw, tree)


def _notebook(path: str, raw: bytes, tree: Tree) -> Notebook:
    stated = (cell.node.members.get("language") for cell in tree.cells if tree.is_v3)
    language = kernels.language(tree.metadata, [node.value for node in stated if node])
    return Notebook(path, raw, tree, language, tuple(_cell(index, node) for index, node in enumerate(tree.cells)))


def _cell(index: int, node: CellNode) -> Cell:
    found, tags = node.node.members.get("id"), node.metadata.get("tags")
    return Cell(
        index=index,
        kind=node.kind,
        source=plain(node.text),
        id=found.value if found and isinstance(found.value, str) else None,
        tags=frozenset(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else frozenset(),
    )
