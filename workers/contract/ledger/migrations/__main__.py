"""Writes the next revision, from what `tables.py` says now: `python -m workers.contract.ledger.migrations "What it does"`.

Read what was written before it is kept: it may only add, so that the release before goes on working.
"""

from __future__ import annotations

import re
import sys

from alembic import command
from sqlalchemy import create_engine

from workers.contract.ledger import migrating


def main(message: str) -> None:
    """Compare the tables that the revisions make with those the code wants, and write the difference."""
    number = f"{len(migrating.known()) + 1:04}"
    name = re.sub(r"\W+", "_", message.lower()).strip("_")
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        if migrating.known():
            migrating.migrate(connection)
        config = migrating.settings()
        config.set_main_option("file_template", f"r{number}_{name}")
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    main(sys.argv[1])
