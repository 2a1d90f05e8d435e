"""What a person says of a whole batch, written by the web process (`scanner/tables.py`)."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now


class HandCount(SQLModel, table=True):
    """How many cards a person counted in a batch's stack; the newest row of a batch counts."""

    __tablename__ = "hand_count"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    cards: int
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
