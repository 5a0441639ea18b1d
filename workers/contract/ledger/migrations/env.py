"""What Alembic runs to migrate: it works in the transaction that `migrating.migrate` hands it."""

from __future__ import annotations

from alembic import context

from workers.contract.ledger import tables


def run() -> None:
    """Run the revisions that are due."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=tables.metadata,
        compare_type=True,
        # SQLite alters a table by making it anew.
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
