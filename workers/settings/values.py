"""What a run is told to do, as the stages read it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from workers.contract import config
from workers.contract.business import BusinessRules
from workers.contract.network import Network

if TYPE_CHECKING:
    from datetime import date

    from workers.contract.domain import Severity, Staleness
    from workers.contract.reduced import ReducedRun
    from workers.contract.written import Entry

OutputsPolicy = Literal["keep", "changed", "refresh", "clear"]
FixPolicy = Literal["code", "env", "ask"]
DEFAULT_CLASSES = frozenset(config.DEFAULT_CLASSES)

_LIMITS = config.Limits()
_TOP = config.Config()
_NO_RULES = BusinessRules()
_NO_NETWORK = Network()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings for the artifacts under one root."""

    as_of: date
    """Staleness is judged by this date."""
    classes: frozenset[Staleness] = DEFAULT_CLASSES
    """What counts: findings of other classes are shown and start no repair."""
    severity_threshold: Severity = _TOP.severity
    """Findings below it are shown and start no repair."""
    business: BusinessRules = _NO_RULES
    """What the owner wants used, replaced and explained."""
    rules: tuple[Entry, ...] = ()
    """The repository's own rules."""
    fix: FixPolicy = _TOP.fix
    """What to mend where the versions moved under the code."""
    vary: bool = _TOP.vary
    """Repeat runs with another hash seed and host name."""
    outputs: OutputsPolicy = _TOP.outputs
    """What happens to the stored outputs of a repaired notebook."""
    max_iterations: int = _TOP.max_iterations
    """Per artifact."""
    findings_per_iteration: int | None = _TOP.findings_per_iteration
    """What one iteration mends at most, the most important first; None sets no limit."""
    jobs: int = _TOP.jobs
    """Artifacts at once."""
    timeout_s: float = _LIMITS.timeout_s
    """For one execution of one artifact."""
    cell_timeout_s: float = _LIMITS.cell_timeout_s
    """For one cell."""
    budget_s: float = _LIMITS.budget_s
    """Wall time for all iterations of one artifact."""
    cost_usd: float | None = _LIMITS.cost_usd
    """Money for all model calls of one artifact; None sets no limit."""
    memory_mb: int = _LIMITS.memory_mb
    """For everything that runs in one box."""
    disk_mb: int = _LIMITS.disk_mb
    """What one box may write."""
    output_mb: int = _LIMITS.output_mb
    """What the outputs of one execution may weigh."""
    file_mb: int = _LIMITS.file_mb
    """An artifact larger than this is not read."""
    fault_s: float = _LIMITS.fault_s
    """For comparing one artifact that fails with other versions of its packages; 0 compares nothing."""
    fault_builds: int = _LIMITS.fault_builds
    """Environments that may be made for that."""
    bridge_s: float = _LIMITS.bridge_s
    """For reading earlier releases of packages, all artifacts of a root together; 0 reads none."""
    diff_lines: int = _LIMITS.diff_lines
    """A repair that changes more source lines than this is refused."""
    run: tuple[ReducedRun, ...] = ()
    """Artifacts that are run to a cell only, or with other parameters; the first entry that means one decides."""
    protected_cells: tuple[str, ...] = ()
    """Cells no repair may touch: an index (`3`), an id, `tag:<tag>` or `text:<glob over the source>`."""
    must_keep: tuple[str, ...] = ()
    """Text that has to be in the artifact afterwards wherever it was before."""
    banned_patterns: tuple[str, ...] = ()
    """Regular expressions that no added line may match."""
    overrides: frozenset[str] = frozenset()
    """Rules of conduct the owner lifts, by name (`config.ConductRule`)."""
    commands: tuple[tuple[str, ...], ...] = ()
    """The owner's checks, run in the box after a repair, as argument lists."""
    network: Network = _NO_NETWORK
    """Hosts that artifacts may reach, as far as the machine grants them (`network.allowing`)."""

    @property
    def digest(self) -> str:
        """SHA-256 over every value, business rules included, in hex."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(value: object) -> object:
    """What JSON has no word for, independent of the order of sets."""
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # isinstance cannot tell of what
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A folder of the repository, what to look for in it and how to treat it."""

    path: str
    """POSIX path relative to the repository; `.` for all of it."""
    include: tuple[str, ...]
    """Globs as in a .gitignore, relative to `path`."""
    exclude: tuple[str, ...]
    """As `include`; it wins."""
    python: str | None
    """The interpreter's path or name."""
    requirements: Path | None
    """The requirements file, absolute."""
    typed: bool = False
    """True when a flag or a variable names the environment, not the file."""
    environment: Literal["declared", "bare"] = _TOP.environment
    """What artifacts run in where neither of the two is named."""
    extras: tuple[str, ...] = ()
    """Extras and dependency groups to take."""
    builds: bool = _TOP.builds
    """Whether packages may be built from source, in a box."""
    settings: Settings

    def holds(self, path: str) -> bool:
        """Whether the file at `path` (POSIX, relative to the repository) lies under this root."""
        return PurePosixPath(path).is_relative_to(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One effective setting and where it comes from."""

    key: str
    value: Any
    """JSON-like."""
    origin: str
    """`default`, `<file>:<line>`, `$MENDLOOP_...` or `--flag`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The settings of a whole run."""

    roots: tuple[Root, ...]
    """The deepest first, the whole repository last."""
    values: tuple[Value, ...]
    """Every effective setting of every root, for `config check`."""

    def root_for(self, path: str) -> Root:
        """The deepest root that holds `path` (POSIX, relative to the repository)."""
        return next(root for root in self.roots if root.holds(path))
