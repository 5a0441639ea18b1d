"""Revisions of the ledger's tables, in order, for Alembic."""
