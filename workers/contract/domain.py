"""The words of the domain: values that cross between the stages of the loop.

Standard library only. Everything is frozen; a failed repair is a value, not an exception. Cells count from 0, lines and
columns from 1, columns and offsets in characters (code points), times in seconds, money in US dollars.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal

from workers.contract.faults import Fault  # noqa: TC001 - messages read the annotations of this module


class IssueType(StrEnum):
    """What kind of staleness a finding speaks of."""

    STALE_MODEL = "stale_model"
    DEPRECATED_API = "deprecated_api"
    BROKEN_EXECUTION = "broken_execution"
    SETUP_GAP = "setup_gap"
    RUNTIME_RISK = "runtime_risk"
    CLARITY_ISSUE = "clarity_issue"
    DRIFT = "drift"
    OTHER = "other"


class Severity(StrEnum):
    """How much a finding matters to a reader."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low, 2 for high."""
        return ("low", "medium", "high").index(self.value)


class Staleness(StrEnum):
    """The class of staleness; an owner chooses by class what counts."""

    BROKEN = "broken"
    RETIRED = "retired"
    DEPRECATED = "deprecated"
    POLICY = "policy"
    READER = "reader"


class Rung(IntEnum):
    """The evidence ladder: the strongest kind of evidence behind a finding. E5 is execution, E1 an opinion."""

    E1 = 1
    E2 = 2
    E3 = 3
    E4 = 4
    E5 = 5


class Cause(StrEnum):
    """Where the fault lies; only `code` is ours to mend."""

    CODE = "code"
    ENVIRONMENT = "environment"
    DATA = "data"
    SECRET = "secret"  # noqa: S105 - the name of a class, not a password
    UPSTREAM = "upstream"
    INTENTIONAL = "intentional"
    UNKNOWN = "unknown"


class StopReason(StrEnum):
    """Why the loop ended for an artifact."""

    PASSED = "passed"
    MAX_ITERATIONS = "max_iterations"
    NO_PROGRESS = "no_progress"
    NEEDS_HUMAN = "needs_human"
    BUDGET = "budget"
    CANCELLED = "cancelled"
    OPERATIONAL_ERROR = "operational_error"


class EvidenceLevel(StrEnum):
    """How far a verdict rests on running the artifact."""

    EXECUTED = "executed"
    PARTIAL = "partial"
    STATIC = "static"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file to keep true."""

    path: str
    """POSIX path relative to the repository."""
    kind: Literal["notebook", "page"]
    digest: str
    """SHA-256 of the bytes, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in an artifact something is."""

    cell: int
    """From 0."""
    line: int = 1
    """In the cell's source, from 1."""
    column: int = 1
    """In the line, from 1, in characters."""
    file_line: int = 1
    """In the file, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace a stretch of one cell's source.

    `start` and `end` are character offsets into the cell's source, whose lines end in a line feed; `old` is what stands there, so
    that an edit made for another text is refused instead of applied.
    """

    cell: int
    start: int
    end: int
    old: str
    new: str

    @property
    def key(self) -> tuple[int, int, str, str]:
        """What makes two edits the same edit."""
        return (self.cell, self.start, self.old, self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """How a finding could be mended, exact to the character."""

    edits: tuple[Edit, ...]
    target: str | None = None
    """The dotted name the edit moves to, e.g. `numpy.bool_`; None where no name has to resolve (a string value, a
    builtin, syntax)."""
    resolved: bool = False
    """True when `target` (and every new keyword) was seen to resolve in the artifact's environment, or needs none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something stale, where it is, how we know, and which way a repair could go."""

    id: str
    """Stable across runs and reordering of cells: see `finding_id`."""
    artifact: str
    place: Place | None
    """None where the whole artifact is meant."""
    issue_type: IssueType
    severity: Severity
    staleness: Staleness
    rung: Rung
    cause: Cause
    rule: str
    """The id of the rule or check that made it, e.g. `numpy/bool` or `execution/error`."""
    message: str
    evidence: str = ""
    """What was seen: an error's text, a warning, a signature. Bounded and masked."""
    fix: str = ""
    """The suggested direction, for a reader."""
    unlock: str = ""
    """What would have to happen where no repair is ours to make (a key, a data file, a decision)."""
    suggestion: Suggestion | None = None


def finding_id(rule: str, anchor: str, occurrence: int = 0) -> str:
    """A finding's id from what it is about, never from where it stands.

    `anchor` is the stale text with white space folded (a symbol, a keyword, an error's class); `occurrence` counts
    equal anchors of one rule within the artifact, in document order.
    """
    folded = " ".join(anchor.split())
    return hashlib.sha256(f"{rule}\0{folded}\0{occurrence}".encode(errors="surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output of a cell as the kernel sent it."""

    kind: Literal["stream", "display_data", "execute_result", "error"]
    name: str = ""
    """`stdout` or `stderr` for a stream, the error's class for an error."""
    text: str = ""
    """Stream text, text/plain, or the error's message; ANSI codes removed; bounded (see `truncated`)."""
    mime: tuple[tuple[str, str], ...] = ()
    """(type, SHA-256 of the content) for every representation besides text/plain, sorted."""
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelWarning:
    """A Python warning that running a cell raised."""

    category: str
    """The class's name, e.g. `FutureWarning`."""
    message: str
    line: int | None
    """Line in the cell's source it points at, from 1; None where it points into a library."""
    filename: str = ""
    """Where it points, for a warning in a library; empty for the cell itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellError:
    """The exception that ended a cell."""

    name: str
    """The class's name, e.g. `AttributeError`; `Timeout`, `Killed`, `KernelDied` and `OutputLimit` when the box ended it."""
    message: str
    traceback: str
    """Plain text, bounded head and tail."""
    line: int | None
    """Line in the cell's source where the innermost frame of the cell stands, from 1; None where unknown."""
    frames: tuple[tuple[str, int, str], ...] = ()
    """(file or `cell:<index>`, line, function), outermost first, bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAttempt:
    """Something that reached for the network and got nothing."""

    host: str
    """As it was asked for; empty where it was not seen, only that something was tried."""
    port: int = 0
    """0 where none was named."""
    via: Literal["python", "other", "proxy"] = "python"
    """Seen in the cell's interpreter, by the kernel's counters alone (what a cell started), or at the proxy."""
    kind: Literal["refused", "missed", "stolen", "failed"] = "refused"
    """No permission; no recorded answer where the owner wants that to refuse a repair; a canary was to go with it; or the
    host or the way there failed."""
    why: str = ""
    """A clause, from the proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """What running one code cell showed."""

    cell: int
    status: Literal["ok", "error", "not_run"]
    seconds: float = 0.0
    outputs: tuple[Output, ...] = ()
    warnings: tuple[KernelWarning, ...] = ()
    error: CellError | None = None
    expected: bool = False
    """True when the cell is tagged `raises-exception` and raised: execution went on after it."""
    attempts: tuple[NetworkAttempt, ...] = ()
    """Where it reached for without permission, each place once, bounded."""
    leaks: tuple[str, ...] = ()
    """Kinds of secrets in what it showed, canaries among them. What it showed has none of the canaries any more."""
    raw: str = field(default="", repr=False, compare=False)
    """JSON: `outputs` and `execution_count` as a notebook of nbformat 4 stores them. Only where the box was asked to keep
    them, the cell ran, and they are within its bounds; empty otherwise. Never part of a message or a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of an artifact in its environment."""

    status: Literal["passed", "failed", "not_run"]
    cells: tuple[CellRun, ...] = ()
    """One per code cell, in order; cells after a failure are `not_run`."""
    reason: str = ""
    """Why it is `not_run`, or how the box ended it; empty otherwise."""
    ended: str = ""
    """`timeout`, `memory`, `pids`, `disk`, `output`, `killed` or `kernel_died` when a limit ended the run."""
    seconds: float = 0.0
    environment: str = ""
    """Digest of the environment and the settings it ran in."""
    boxed: bool = True
    """False when the owner typed `--sandbox none`."""
    reduced: str = ""
    """What the owner's configuration left out of the run or set in it, in a clause; empty for a run in full."""
    settings: tuple[tuple[str, str], ...] = ()
    """(name, value) of what was fixed for the run: hash seed, host name, time zone, locale, threads."""
    widgets: str = field(default="", repr=False, compare=False)
    """JSON: the state of widgets as a notebook's metadata stores it, where the box was asked to keep outputs. Never part of
    a message or a record."""
    attempts: tuple[NetworkAttempt, ...] = ()
    """What the proxy refused, whichever cell asked; of a box without permission for any host there are none."""

    @property
    def failed_run(self) -> CellRun | None:
        """The cell the run ended at, if one failed."""
        return next((run for run in self.cells if run.status == "error" and not run.expected), None)

    @property
    def failed_cell(self) -> int | None:
        """Index of the failed cell, from 0."""
        run = self.failed_run
        return None if run is None else run.cell

    @property
    def error(self) -> CellError | None:
        """The error the run ended with."""
        run = self.failed_run
        return None if run is None else run.error

    @property
    def executed_cells(self) -> int:
        """How many code cells ran to their end, expected exceptions included."""
        return sum(run.status == "ok" or run.expected for run in self.cells)

    @property
    def until_cell(self) -> int | None:
        """Index of the last cell that ran to its end; None when none did."""
        return max((run.cell for run in self.cells if run.status == "ok" or run.expected), default=None)

    @property
    def level(self) -> EvidenceLevel:
        """What this run is worth as evidence."""
        match self.status:
            case "passed" if not self.reduced and all(run.status != "not_run" for run in self.cells):
                return EvidenceLevel.EXECUTED
            case "passed" | "failed":
                # A cell tagged to be skipped did not run, in a run that passed as well; and other values are another run.
                return EvidenceLevel.PARTIAL if self.executed_cells else EvidenceLevel.STATIC
            case "not_run":
                return EvidenceLevel.STATIC


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseEvidence:
    """The unchanged artifact, run once, and once more before anything is called repaired."""

    first: Execution
    second: Execution | None = None

    @property
    def flaky(self) -> bool:
        """True when two runs of the same bytes ended differently: status, failed cell or error class."""
        return self.second is not None and _ending(self.first) != _ending(self.second)


def _ending(run: Execution) -> tuple[str, int | None, str, str]:
    return (run.status, run.failed_cell, run.error.name if run.error else "", run.ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A proposal: what to change and who says so. Nobody has checked it yet."""

    edits: tuple[Edit, ...]
    by: str
    """The rung of the ladder, e.g. `rules` or `hints`."""
    changes_made: tuple[str, ...]
    """One sentence per change, for the record and the pull request."""
    unresolved_items: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    """Ids of the findings it means to mend."""
    about: tuple[str, ...] = ()
    """Dotted names that the edits are about, e.g. `pandas.DataFrame.append`, where they are known."""
    model_calls: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One check of a validation and its verdict."""

    name: str
    passed: bool
    severity: Severity = Severity.HIGH
    evidence: str = ""
    feedback: str = ""
    """What the next repair should do about it."""
    veto: bool = False
    """True for a rule that no attempt may break (conduct, policy, regression): an attempt that fails it is never
    delivered, not even as an improvement."""
    cells: tuple[int, ...] = ()
    """Cells to blame, where known: a later repair leaves the refused edits of these cells out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The verdict on one attempt. Whether it passed is always recomputed from the cases."""

    cases: tuple[Case, ...]
    head: Execution
    remaining: tuple[Finding, ...] = ()
    """The remaining delta: what is still wrong at the classes that count."""

    @property
    def passed(self) -> bool:
        """Every case accepted and nothing remains. No case at all is not a pass."""
        return bool(self.cases) and all(case.passed for case in self.cases) and not self.remaining

    @property
    def refused(self) -> Case | None:
        """The first rule with a veto that refused."""
        return next((case for case in self.cases if case.veto and not case.passed), None)

    @property
    def evidence_level(self) -> EvidenceLevel:
        """What the run of the head is worth."""
        return self.head.level


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One iteration: what was found, what was tried, what came of it."""

    iteration: int
    """From 1."""
    review: tuple[Finding, ...]
    repair: Repair
    validation: Validation
    updated: str
    """SHA-256 of the updated copy."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Nothing stale at the classes that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """Everything that counted is mended and proven."""

    iteration: int
    """The record whose copy is delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Improved:
    """The delta strictly shrank, and something remains."""

    iteration: int
    remaining: tuple[Finding, ...]
    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrepaired:
    """Something is stale still, and why the loop stopped."""

    remaining: tuple[Finding, ...]
    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Not judged, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errored:
    """Our fault or the weather's: the artifact was not judged."""

    reason: str


Outcome = Fresh | Repaired | Improved | Unrepaired | Skipped | Errored


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One artifact: everything that was seen and how it ended."""

    artifact: Artifact
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    """Of the initial review, those that do not count included."""
    base: BaseEvidence | None = None
    fault: Fault | None = None
    """On which side the fault of a failing base is, where that was asked."""
    records: tuple[Record, ...] = ()
    note: str = ""
    """What ended the loop, in a sentence, where the outcome does not say it."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a run ran with, so that it can be understood and repeated."""

    version: str
    python: str
    """Version of the interpreter the artifacts ran in."""
    environment: str
    """Digest of the environment and box settings."""
    configuration: str
    """Digest of the effective configuration, business rules included."""
    rules: str
    """Digest of the rule packs."""
    sandbox: str
    as_of: str
    """The date the run judged by, YYYY-MM-DD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What comes back: a report per artifact, and where it came from."""

    id: str
    started: str
    """UTC, ISO 8601."""
    reports: tuple[Report, ...]
    provenance: Provenance
    seconds: float = 0.0
