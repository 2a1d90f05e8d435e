"""What the cloud remembers about its sources of prices. Frozen."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, key: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=False, primary_key=key) for name in names]


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _NUMBER, nullable=False, autoincrement=False) for name in names]


def _id() -> sa.Column[Any]:
    return sa.Column("id", _NUMBER, nullable=False, primary_key=True, autoincrement=True)


def _day() -> sa.Column[Any]:
    return sa.Column("day", sa.Date(), nullable=False, primary_key=True)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "source_usage",
        *_texts("source", key=True),
        _day(),
        *_numbers("requests", "received_bytes", "unchanged", "failures", "cost_micro"),
    )
    op.create_table(
        "source_body",
        *_texts("source", "url", key=True),
        *_texts("scope", "etag", "last_modified"),
    )
    op.create_table(
        "source_run",
        _id(),
        *_texts("source", "game", "reach"),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=False),
        *_texts("outcome"),
        *_numbers("prices", "changed", "left_out"),
        _flag("retryable"),
        sa.Column("not_before", sa.DateTime(), nullable=True),
        *_texts("problem"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_run_started", "source_run", ["started_at"])
    op.create_table(
        "source_left_out",
        _id(),
        *_texts("source", "game", "kind", "their_id", "name", "set_name", "number"),
        *_texts("why", "detail"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_left_out", "source_left_out", ["source", "game"])
    op.create_table(
        "source_link",
        *_texts("game", "kind", "their_id", key=True),
        *_texts("card_id"),
        _flag("is_by_hand"),
    )
    op.create_table(
        "currency_rate",
        *_texts("base", "quote", key=True),
        _day(),
        *_texts("source", key=True),
        *_texts("rate"),
    )
