"""The owner's configuration, `.github/mendloop.yml`: which keys there are, what they may hold and what they default to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workers.contract.config_business import BusinessRules
from workers.contract.config_github import GitHub
from workers.contract.config_network import Network
from workers.contract.config_run import Glob, Reduced
from workers.contract.config_words import Command, Inside, Many, Regex, Text
from workers.contract.domain import Severity, Staleness
from workers.contract.written import OwnRule

PATH = ".github/mendloop.yml"
"""Where the configuration stands in a repository."""
DEFAULT_CLASSES = (Staleness.BROKEN, Staleness.RETIRED, Staleness.DEPRECATED)

ConductRule = Literal[
    "cell-deleted",
    "cell-kind",
    "cell-emptied",
    "cell-order",
    "cell-id",
    "cell-tag",
    "heading-lost",
    "must-keep",
    "protected-cell",
    "cell-skipped",
    "try-except",
    "assertion-dropped",
    "statement-dropped",
    "ends-early",
    "hides-warnings",
    "literal-for-computation",
    "mock-for-call",
    "library-patched",
    "data-faked",
    "changes-randomness",
    "old-pin",
]
"""Rules of conduct an owner may lift, by name."""


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Limits(_Strict):
    """Time and size. Times in seconds, sizes in megabytes."""

    timeout_s: float = Field(default=600.0, gt=0, le=86_400)
    """For one execution of one artifact."""
    cell_timeout_s: float = Field(default=300.0, gt=0, le=86_400)
    """For one cell."""
    budget_s: float = Field(default=3600.0, gt=0, le=604_800)
    """Wall time for all iterations of one artifact."""
    cost_usd: float | None = Field(default=None, gt=0, le=10_000)
    """Money for all model calls of one artifact; left out there is no limit of its own."""
    memory_mb: int = Field(default=4096, ge=64, le=1_048_576)
    """For everything that runs in one box."""
    disk_mb: int = Field(default=1024, ge=1, le=1_048_576)
    """What one box may write."""
    output_mb: int = Field(default=10, ge=1, le=1024)
    """What the outputs of one execution may weigh."""
    file_mb: int = Field(default=50, ge=1, le=1024)
    """An artifact larger than this is not read."""
    fault_s: float = Field(default=900.0, ge=0, le=86_400)
    """For comparing an artifact that fails with other versions of its packages; 0 compares nothing."""
    fault_builds: int = Field(default=30, ge=1, le=1000)
    """Environments that may be made for that."""
    bridge_s: float = Field(default=120.0, ge=0, le=86_400)
    """For reading earlier releases of packages, all artifacts of a root together, where a name is gone and nobody says where
    it went; 0 reads none."""
    diff_lines: int = Field(default=400, ge=1, le=100_000)
    """A repair that changes more source lines is refused."""


class Root(_Strict):
    """The settings of a part of the repository; what is left out comes from the top of the file."""

    include: tuple[Glob, ...] = Field(default=("**/*.ipynb",), max_length=500)
    """Globs, as in a .gitignore, of the files to keep true."""
    exclude: tuple[Glob, ...] = Many
    """Globs of files to leave out."""
    classes: tuple[Staleness, ...] | None = Field(default=None, max_length=5)
    """Classes of staleness that count. Left out: broken, retired and deprecated; policy too where business rules are
    stated, and reader where reader_experience is."""
    severity: Severity = Severity.LOW
    """Findings below this severity start no repair."""
    business_rules: BusinessRules = BusinessRules()
    """What the owner wants used, replaced and explained."""
    rules: tuple[OwnRule, ...] = Field(default=(), max_length=200)
    """Rules of the repository's own, as docs/writing-rules.md tells; their ids start with `own/`."""
    python: Text | None = None
    """The interpreter in whose environment the artifacts run."""
    requirements: Inside | None = None
    """A requirements file to build the environment from."""
    environment: Literal["declared", "bare"] = "declared"
    """What artifacts run in where neither of the two is named: what the repository declares and the artifact imports, or
    the bare standard library."""
    extras: tuple[Text, ...] = Many
    """Extras and dependency groups of the repository's own package that its artifacts need."""
    builds: bool = False
    """Whether packages that come only as source may be built, in a box without a network."""
    fix: Literal["code", "env", "ask"] = "code"
    """What to mend where an artifact ran with the versions of its date and fails with the declared ones: the code, or the
    versions (they are suggested, and the code of an artifact that fails is left alone), or ask."""
    vary: bool = False
    """Whether the second run of the unchanged artifact, and one more of a copy that would pass, have another hash seed and
    another host name: an artifact that depends on them is told apart from one that is whole."""
    outputs: Literal["keep", "changed", "refresh", "clear"] = "keep"
    """What happens to the stored outputs of a repaired notebook."""
    limits: Limits = Limits()
    """Time and size."""
    network: Network = Network()
    """What artifacts may reach when they run; nothing by default."""
    run: tuple[Reduced, ...] = Many
    """Artifacts that are run to a cell only, or with other parameters."""
    protected_cells: tuple[Annotated[int, Field(ge=0)] | Text, ...] = Many
    """Cells no repair may touch: an index, an id, `tag:<tag>` or `text:<glob over the source>`."""
    must_keep: tuple[Text, ...] = Many
    """Text that has to stay wherever it is."""
    banned_patterns: tuple[Regex, ...] = Many
    """Regular expressions that no added line may match."""
    conduct_overrides: tuple[ConductRule, ...] = Many
    """Rules of conduct that the owner lifts, by name."""
    commands: tuple[Command, ...] = Many
    """Commands that have to succeed in the box after a repair, as a line or a list of words."""
    max_iterations: int = Field(default=5, ge=1, le=100)
    """Iterations of the loop for one artifact."""
    findings_per_iteration: int | None = Field(default=None, ge=1, le=10_000)
    """Findings that one iteration mends at most, the most important first; left out there is no limit."""

    @model_validator(mode="after")
    def _one_environment(self) -> Root:
        if self.python is not None and self.requirements is not None:
            raise ValueError("`python` and `requirements` exclude each other; keep one")
        return self


class NamedRoot(Root):
    """A folder with settings of its own."""

    path: Inside
    """The folder, relative to the repository."""


class Config(Root):
    """The whole file."""

    jobs: int = Field(default=2, ge=1, le=256)
    """Artifacts at once."""
    mode: Literal["report", "suggest", "pr"] = "pr"
    """What the App may do: say what it found in a check run; also annotate and offer buttons there; also open pull
    requests."""
    github: GitHub = GitHub()
    """When to wake up, whom to heed, how to publish."""
    roots: tuple[NamedRoot, ...] = Field(default=(), max_length=100)
    """Folders with settings of their own; the deepest that holds a file decides."""

    @model_validator(mode="after")
    def _folders_once(self) -> Config:
        paths = [root.path for root in self.roots]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(f"`roots` names `{twice[0]}` twice; put its settings together")
        return self


def json_schema() -> dict[str, Any]:
    """The file's JSON schema, for editors."""
    schema = Config.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mendloop configuration",
        "description": f"The file {PATH}.",
        **{key: value for key, value in schema.items() if key not in {"title", "description"}},
    }
