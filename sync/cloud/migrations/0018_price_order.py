"""In which order each device ranks the sources of prices. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column; a device tells its order when it connects."""
    op.add_column("alert_rules", sa.Column("sources", sa.JSON(), nullable=True))
