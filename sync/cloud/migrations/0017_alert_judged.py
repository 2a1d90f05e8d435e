"""Which of the last price changes were judged for alerts, whichever process did it. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table; on PostgreSQL what is near the cursor was judged by one process so far."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "alert_judged",
        sa.Column("id", number, nullable=False, primary_key=True, autoincrement=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            INSERT INTO alert_judged (id)
            SELECT price_change.id FROM price_change
            JOIN alert_cursor ON alert_cursor.name = 'price_change'
                AND price_change.id > alert_cursor.position - 2000
                AND price_change.id <= alert_cursor.position
        """)
