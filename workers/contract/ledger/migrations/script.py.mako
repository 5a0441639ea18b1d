"""${message}.

Additive: the release before this one goes on working with these tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Make the tables of this revision out of those before it."""
    ${upgrades if upgrades else "pass"}
