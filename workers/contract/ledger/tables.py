"""The tables of the ledger. Times are seconds since 1970 (UTC), digests hex, JSON is text."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of type INTEGER; Postgres wants 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _claim() -> list[Column[object]]:
    """What a row needs to be claimed: who has it until when, how often it was claimed, and since when it may be."""
    return [
        Column("lease_owner", String(80), nullable=False, server_default=""),
        Column("lease_until", Float, nullable=False, server_default="0"),
        # Raised at every claim and never lowered: a writer whose number is not the row's comes too late.
        Column("fencing", Integer, nullable=False, server_default="0"),
        Column("tries", Integer, nullable=False, server_default="0"),
        Column("not_before", Float, nullable=False, server_default="0"),
        Column("reason", Text, nullable=False, server_default=""),
    ]


deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("guid", String(64), nullable=False, unique=True),
    Column("content_key", String(64), nullable=False, unique=True),  # SHA-256 of the signed body
    Column("event", String(64), nullable=False),
    Column("received_at", Float, nullable=False),
    Column("state", String(16), nullable=False, server_default="stored"),  # stored, done, ignored, parked
    *_claim(),
    # The last one: SQLite then reads and writes what stands before it without touching 25 MB.
    Column("body", LargeBinary, nullable=False),
    Index(None, "state", "not_before", "id"),
)

installations = Table(
    "installations",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(255), nullable=False),
    Column("account_id", BigInteger, nullable=False, server_default="0"),
    Column("state", String(16), nullable=False, server_default="active"),  # active, suspended, deleted
    Column("permissions", Text, nullable=False, server_default="{}"),
    Column("limited_until", Float, nullable=False, server_default="0"),  # no call before: GitHub's rate limit
    Column("updated_at", Float, nullable=False),
)

repositories = Table(
    "repositories",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("installation_id", BigInteger, nullable=False),
    Column("full_name", String(255), nullable=False),
    Column("default_branch", String(255), nullable=False, server_default=""),
    Column("state", String(16), nullable=False, server_default="active"),  # active, archived, withdrawn
    Column("private", Boolean, nullable=False, server_default="0"),
    Column("next_sweep_at", Float, nullable=False, server_default="0"),
    Column("last_sweep_window", String(64), nullable=False, server_default=""),
    Column("updated_at", Float, nullable=False),
    Index(None, "installation_id"),
    Index(None, "next_sweep_at"),
)

requests = Table(
    "requests",
    metadata,
    _id(),
    # What makes two asks the same ask, e.g. `comment:123`, `push:<repository id>:<sha>`, `sweep:<repository id>:<window>`.
    Column("work_key", String(255), nullable=False, unique=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), nullable=True),
    Column("job_id", Id, nullable=True),  # the job that answers it, once there is one
    Column("installation_id", BigInteger, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("trigger", String(16), nullable=False),  # workers.contract.job.Trigger
    Column("verb", String(16), nullable=False, server_default="repair"),  # of a command or button
    Column("arguments", Text, nullable=False, server_default="{}"),  # JSON, by verb and trigger
    Column("actor_id", BigInteger, nullable=False, server_default="0"),
    Column("actor", String(255), nullable=False, server_default=""),
    Column("number", Integer, nullable=True),  # issue or pull request
    Column("comment_id", BigInteger, nullable=True),
    Column("comment_kind", String(8), nullable=False, server_default=""),  # issue, review
    Column("check_run_id", BigInteger, nullable=True),
    Column("branch", String(255), nullable=False, server_default=""),
    Column("sha", String(40), nullable=False, server_default=""),  # head the ask is bound to
    Column("state", String(16), nullable=False, server_default="new"),  # new, attached, answered, refused, parked
    Column("created_at", Float, nullable=False),
    *_claim(),
    Index(None, "state", "not_before", "id"),
    Index(None, "job_id"),
)

jobs = Table(
    "jobs",
    metadata,
    _id(),
    Column("installation_id", BigInteger, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("lane", String(255), nullable=False),
    Column("job", Text, nullable=False),  # JSON: workers.contract.messages.job_to_json
    Column("state", String(16), nullable=False, server_default="ready"),  # ready, ran, finished, parked, cancelled
    Column("stop", Boolean, nullable=False, server_default="0"),  # a person asked to stop; whoever works on it obeys
    Column("run_id", String(120), nullable=False, server_default=""),
    Column("progress", Text, nullable=False, server_default="{}"),  # JSON: phase, iteration, counts, elapsed
    Column("check_run_id", BigInteger, nullable=True),
    Column("check_state", String(16), nullable=False, server_default="none"),  # none, intended, open, concluded
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    *_claim(),
    Index(None, "state", "not_before", "id"),
    Index(None, "repository_id", "lane", "state"),
)

publications = Table(
    "publications",
    metadata,
    _id(),
    Column("repository_id", BigInteger, nullable=False),
    Column("base", String(255), nullable=False),  # branch the pull request is opened against
    Column(
        "problem", String(64), nullable=False
    ),  # key of the group of artifacts and causes: one open pull request each
    Column(
        "generation", Integer, nullable=False, server_default="1"
    ),  # one more after the last one was closed or merged
    Column("job_id", Id, nullable=False),  # the last job that wrote it
    Column("fencing", Integer, nullable=False, server_default="0"),  # of that job when it last wrote
    Column("branch", String(255), nullable=False),
    # intended, branched, open, merged, closed, human, expired, reverted, pruned
    Column("state", String(16), nullable=False, server_default="intended"),
    Column("base_sha", String(40), nullable=False, server_default=""),
    Column("tip", String(40), nullable=False, server_default=""),  # what we last saw ourselves write
    Column("tip_intended", String(40), nullable=False, server_default=""),  # what we are about to move the branch to
    Column("number", Integer, nullable=True),
    Column("content", Text, nullable=False, server_default="{}"),  # JSON: artifacts, digests, finding ids
    Column("told", Text, nullable=False, server_default="[]"),  # JSON: what was said once already
    Column("look_at", Float, nullable=False, server_default="0"),  # when GitHub is asked again how it stands
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("repository_id", "base", "problem", "generation"),
    Index(None, "repository_id", "branch"),
    Index(None, "repository_id", "number"),
)

ignored = Table(
    "ignored",
    metadata,
    _id(),
    Column("repository_id", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),  # path, finding
    Column("value", String(1000), nullable=False),
    Column("artifact", String(1000), nullable=False, server_default=""),  # of a finding
    Column("why", String(255), nullable=False, server_default=""),  # e.g. `comment:123`, `closed:7`
    Column("created_at", Float, nullable=False),
    UniqueConstraint("repository_id", "kind", "value", "artifact"),
)

comments = Table(
    "comments",
    metadata,
    _id(),
    Column("repository_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),  # issue or pull request the sticky comment stands on
    Column("comment_id", BigInteger, nullable=True),  # None: intended, not yet seen
    Column("digest", String(64), nullable=False, server_default=""),  # of the body last written
    UniqueConstraint("repository_id", "number"),
)

budgets = Table(
    "budgets",
    metadata,
    Column("key", String(255), primary_key=True),  # e.g. `commands:<repository id>:<user id>`
    Column("window", BigInteger, primary_key=True),  # its start, in seconds since 1970
    Column("used", Float, nullable=False, server_default="0"),
)

watermarks = Table(
    "watermarks",
    metadata,
    Column("name", String(80), primary_key=True),  # e.g. `hook-deliveries`
    Column("value", Text, nullable=False),
)

TERMINAL = ("finished", "parked", "cancelled")
"""States of a job that nobody works on any more."""
