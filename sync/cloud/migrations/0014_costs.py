"""What each key's requests cost, and of which kind a collection's failure was. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add both."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("api_usage", sa.Column("cost_micro", number, nullable=False, server_default="0"))
    op.add_column("source_run", sa.Column("error", sa.String(), nullable=False, server_default=""))
