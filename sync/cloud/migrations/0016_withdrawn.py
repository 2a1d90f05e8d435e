"""Alerts that devices withdrew, as a correction named another card. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "withdrawn",
        sa.Column("device", sa.String(), nullable=False, primary_key=True),
        sa.Column("log", sa.String(), nullable=False, primary_key=True),
        sa.Column("id", number, nullable=False, primary_key=True, autoincrement=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
    )
