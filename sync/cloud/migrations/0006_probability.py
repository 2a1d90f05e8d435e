"""How likely an answer is right, of devices that say so. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column to both tables of answers by recognition."""
    for table in ("scan", "retry"):
        op.add_column(table, sa.Column("probability", sa.Float(), nullable=True))
