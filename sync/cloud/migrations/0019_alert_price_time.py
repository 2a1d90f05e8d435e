"""When an alert was raised, and of when its price is: so far both were the price's. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column to the shop's alerts and to those that came from devices."""
    for table in ("card_alert", "alert"):
        op.add_column(table, sa.Column("price_as_of", sa.DateTime(), nullable=True))
    op.execute(
        "UPDATE card_alert SET price_as_of = raised_at, raised_at = created_at WHERE device = ''"
    )
