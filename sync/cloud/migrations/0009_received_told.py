"""Up to where a device was told that its rows are on disk. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add it, and an index of what is to be told."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("received", sa.Column("told", number, nullable=False, server_default="0"))
    news = sa.text("up_to <> told")
    op.create_index(
        "ix_received_news", "received", ["device", "log"],
        postgresql_where=news, sqlite_where=news,
    )  # fmt: skip
