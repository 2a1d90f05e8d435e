"""When a currency's rate was last told, so that kept answers know of it. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add it, and an index to find the last one by."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column(
        "currency_rate", sa.Column("changed_in", number, nullable=False, server_default="0")
    )
    op.create_index("ix_currency_rate_changed_in", "currency_rate", ["changed_in"])
