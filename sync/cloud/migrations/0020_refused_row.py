"""Rows that the cloud can't use are kept as they came. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the table."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "refused_row",
        *(
            sa.Column(key, sa.String(), nullable=False, primary_key=True)
            for key in ("device", "log", "stream")
        ),
        sa.Column("id", number, nullable=False, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("row", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
    )
    op.create_index("ix_refused_row_created", "refused_row", ["created_at"])
