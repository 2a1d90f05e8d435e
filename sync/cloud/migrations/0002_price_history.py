"""A card's price history is read in the order of time. Frozen."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Let the index hold the time too."""
    op.drop_index("ix_price_change_card", "price_change")
    op.create_index("ix_price_change_card", "price_change", ["game", "card_id", "as_of"])
