"""Commands to devices, what these hold, and the log lines that they sent. Frozen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def _id() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", number, nullable=False, primary_key=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "device_command",
        _id(),
        sa.Column("key", sa.String(), nullable=False, unique=True),
        *_texts("device", "kind"),
        sa.Column("argument", sa.JSON(), nullable=False),
        *_texts("issued_by"),
        _time("issued_at"),
        _time("expires_at"),
        _time("published_at", nullable=True),
        *_texts("outcome", "detail"),
        _time("answered_at", nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_device_command_device", "device_command", ["device", "id"])
    op.create_table(
        "device_holdings",
        sa.Column("device", sa.String(), nullable=False, primary_key=True),
        sa.Column("told", sa.JSON(), nullable=False),
        _time("seen_at"),
    )
    op.create_table(
        "device_log",
        _id(),
        *_texts("device", "command"),
        sa.Column("lines", sa.JSON(), nullable=False),
        _time("sent_at"),
        _time("created_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_device_log_device", "device_log", ["device", "id"])
