"""The seams of the loop: what a stage, a document and a box must offer. Defined by who uses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from workers.contract.domain import (
        Artifact,
        BaseEvidence,
        Case,
        Edit,
        Execution,
        Finding,
        Record,
        Repair,
        Report,
        Validation,
    )
    from workers.contract.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A piece of a document: a notebook's cell or a page's fence or paragraph."""

    index: int
    kind: str
    """`code`, `markdown` or `raw`."""
    source: str
    """As text, lines ended by `\\n` whatever the file uses."""
    id: str | None = None
    tags: frozenset[str] = frozenset()


class Document(Protocol):
    """A file as cells that know where they came from, so an edit goes back to exact bytes.

    Immutable. Notebooks and pages alike: a page's fences and paragraphs are its cells.
    """

    @property
    def path(self) -> str:
        """POSIX path relative to the repository."""
        ...

    @property
    def kind(self) -> str:
        """`notebook` or `page`."""
        ...

    @property
    def raw(self) -> bytes:
        """The file's bytes."""
        ...

    @property
    def language(self) -> str:
        """Lower-case language of the code cells, e.g. `python`; python2 kernels count as `python`."""
        ...

    @property
    def cells(self) -> Sequence[Cell]:
        """All cells, in order."""
        ...

    @property
    def artifact(self) -> Artifact:
        """Path, kind and digest."""
        ...

    def file_line(self, cell: int, line: int) -> int:
        """The line of the file (from 1) where line `line` (from 1) of cell `cell` (from 0) stands."""
        ...

    def edited(self, edits: Iterable[Edit]) -> Document:
        """A new document with the edits spliced into the bytes; every byte outside the edited sources is unchanged.

        Raises:
            EditError: an edit overlaps another, lies outside its cell, or does not find its `old` text.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Does a name exist in the environment, and does a call of it bind?"""

    name: str
    """Dotted, starting with an importable module: `numpy.bool_`, `pandas.DataFrame.append`. Or an attribute of a value, as an
    expression over such names in which `...` stands for what is not known: `pandas.read_csv(...)['a'].append`. Its steps are
    attributes, calls, subscripts, `await`, and `(*x,)[0]` for an item that an assignment unpacks; they are followed by
    classes and annotations, and never run."""
    keywords: tuple[str, ...] = ()
    """Keyword names a call passes; empty asks for the name alone."""
    positional: int | None = None
    """How many positional arguments a call passes; None asks for the keywords alone."""
    values: tuple[tuple[str, str], ...] = ()
    """(keyword or position from 0, text) of the texts that a call passes as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadValue:
    """A text that a call passes and the library does not take, or not for long."""

    argument: str
    """As in the question: a keyword, or a position from 0."""
    words: str
    """What the library says."""
    deprecated: bool = False
    """It is taken still, with a warning."""
    instead: str = ""
    """Another text that the library's words name and that was seen to be taken; or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the environment says."""

    question: Question
    status: str
    """`exists`, `absent` (its parent was reached and does not have it), `unimportable` (the module is not there or
    fails to import) or `undecided` (dynamic attributes, no signature)."""
    bad_keywords: tuple[str, ...] = ()
    """Keywords of the question that provably do not bind."""
    parameters: tuple[str, ...] = ()
    """Parameter names of the callable, where it has a signature."""
    message: str = ""
    """The library's own words: the AttributeError, ImportError or deprecation text."""
    missing_at: str = ""
    """The longest prefix of the name that exists, for `absent`."""
    kind: str = ""
    """`module`, `class`, `function`, `instance` or empty."""
    warning: str = ""
    """A DeprecationWarning or FutureWarning raised by merely reading the attribute."""
    owner: str = ""
    """Dotted public name of the type whose attribute a value's last step is, e.g. `pandas.DataFrame`; empty for a dotted name."""
    bad_values: tuple[BadValue, ...] = ()
    """Texts of the question that the library provably refuses."""


class Environment(Protocol):
    """An interpreter and its installed packages."""

    @property
    def python(self) -> Path:
        """The interpreter."""
        ...

    @property
    def python_version(self) -> tuple[int, int, int]:
        """Of that interpreter."""
        ...

    @property
    def packages(self) -> Mapping[str, str]:
        """Normalised distribution name -> version; the kernel overlay is not among them."""
        ...

    @property
    def digest(self) -> str:
        """Of interpreter version and packages."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command that ended."""

    returncode: int
    """As a shell tells it: 127 for a program that cannot be started; negative for the signal that ended it."""
    output: str
    """Standard output and error as they came, bounded head and tail."""


class Box(Protocol):
    """Where a stranger's code runs: no network, no host files, bounded everything, all gone afterwards."""

    @property
    def name(self) -> str:
        """`bubblewrap`, `oci` or `none`."""
        ...

    @property
    def environment(self) -> Environment:
        """What runs inside."""
        ...

    async def execute(self, document: Document) -> Execution:
        """Run the code cells in order in a fresh box. A failing artifact is a value.

        Raises:
            SandboxUnavailableError: the box could not be started; nothing was learned about the artifact.
        """
        ...

    async def resolve(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """Ask the environment, in a box, without running the artifact; answers in the order of the questions.

        Raises:
            SandboxUnavailableError: the box could not be started.
        """
        ...

    async def run(self, argv: Sequence[str], document: Document) -> Completed:
        """Run a command without a shell at the root of the repository's files, the document's bytes among them.

        Raises:
            TimeoutError: it took too long; it and its children are gone.
            SandboxUnavailableError: the box could not be started.
        """
        ...


class Review(Protocol):
    """Finds by evidence; edits nothing, runs nothing of the artifact."""

    async def __call__(self, document: Document, execution: Execution) -> tuple[Finding, ...]:
        """All findings, those that do not count included, in document order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a repairer gets to see."""

    document: Document
    """The best copy so far."""
    findings: tuple[Finding, ...]
    """What counts and remains in it, most important first."""
    execution: Execution
    """The last run of that copy."""
    records: tuple[Record, ...]
    """All iterations before this one."""
    refused: frozenset[tuple[int, int, str, str]]
    """`Edit.key`s that a validation has refused: not to be offered again."""


class Repairer(Protocol):
    """A rung of the ladder."""

    @property
    def name(self) -> str:
        """As records and the pull request show it."""
        ...

    async def propose(self, task: Task) -> Repair | None:
        """A repair of at least one edit, or None when this rung has nothing (new) to offer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a validation judges: the unchanged artifact, the attempt, and what made it."""

    base: Document
    head: Document
    repair: Repair
    """All edits since the base, as one repair against the best copy the attempt started from."""
    base_evidence: BaseEvidence
    base_findings: tuple[Finding, ...]
    """What counted and was found in the base."""


class Check(Protocol):
    """One rule of validation; also the protocol of plug-in validators."""

    @property
    def name(self) -> str:
        """The case's name."""
        ...

    async def check(self, change: Change) -> Case:
        """Accept or refuse. A refusal's `feedback` tells the next repair what to do."""
        ...


class Validate(Protocol):
    """All rules in order; cheap ones first, execution last; the first veto that refuses ends it."""

    async def __call__(self, change: Change) -> Validation:
        """The verdict; `remaining` is the delta of the head."""
        ...


class Inquiry(Protocol):
    """What is found out about one artifact whose unchanged copy fails: on which side the fault is."""

    @property
    def base(self) -> BaseEvidence:
        """The runs of the unchanged artifact, one more than before where it was run again."""
        ...

    @property
    def mends_code(self) -> bool:
        """Whether its code may be edited: never where the artifact is right and the versions are not."""
        ...

    @property
    def fault(self) -> Fault:
        """What is known by now."""
        ...

    def told(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """The findings with the cause that was found and the way out in words; told twice is told once."""
        ...

    async def head(self, document: Document, run: Execution) -> None:
        """Run a copy that passed with the other versions too."""
        ...

    async def blame(self) -> None:
        """Search for the packages and releases that make the difference, where that was not done yet."""
        ...


class Faults(Protocol):
    """Finds out on which side the fault is."""

    async def inquire(self, document: Document, run: Execution, left_s: float | None) -> Inquiry | None:
        """Ask about the unchanged `document` that ran as `run`, in at most `left_s` seconds; None where there is nothing to ask.

        Raises:
            SandboxUnavailableError: the box it is judged in could not be started.
        """
        ...


class Progress(Protocol):
    """Watches a run. Whatever it raises is logged and changes nothing."""

    def phase(self, artifact: str, phase: str, iteration: int) -> None:
        """`artifact` entered `phase` (`execute`, `review`, `repair`, `validate`, `done`)."""
        ...

    def finished(self, report: Report) -> None:
        """An artifact ended."""
        ...


class Hook(Protocol):
    """May veto an attempt before it is validated."""

    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        """A sentence that vetoes the repair, or None."""
        ...
