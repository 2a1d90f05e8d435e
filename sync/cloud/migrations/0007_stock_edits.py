"""What people say of a device's stock: bulk edits, and counts of batches by hand. Frozen."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _NUMBER, nullable=False, autoincrement=False) for name in names]


def _of_a_log() -> list[sa.Column[Any]]:
    return [
        *(sa.Column(name, sa.String(), primary_key=True) for name in ("device", "log")),
        sa.Column("id", _NUMBER, nullable=False, primary_key=True, autoincrement=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
    ]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "stock_change", *_of_a_log(), *_texts("kind"), *_numbers("undoes"), *_texts("summary"),
        *_numbers("cards", "after_correction"),
    )  # fmt: skip
    op.create_table(
        "stock_edit", *_of_a_log(), *_numbers("change_id", "scan_id"),
        *(
            sa.Column(name, sa.String(), nullable=True)
            for name in ("condition", "language", "finish", "location", "removed")
        ),
    )  # fmt: skip
    op.create_index("ix_stock_edit_scan", "stock_edit", ["device", "log", "scan_id"])
    op.create_table("hand_count", *_of_a_log(), *_numbers("batch_id", "cards"))
    op.create_index("ix_hand_count_batch", "hand_count", ["device", "log", "batch_id"])
