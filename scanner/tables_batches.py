"""What a person says of a whole batch, written by the web process (`scanner/tables.py`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel

from scanner.tables import Batch, UtcDateTime, utc_now


class HandCount(SQLModel, table=True):
    """How many cards a person counted in a batch's stack; the newest row of a batch counts."""

    __tablename__ = "hand_count"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    cards: int
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class BatchWord(SQLModel, table=True):
    """What a batch is called after somebody has changed it: the newest row of a batch counts.

    The game and the sets stay as they were: cards were recognised by them.
    """

    __tablename__ = "batch_word"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    name: str
    store: str
    location: str
    condition: str
    language: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


_COLUMNS = (Column(each.name, each.type) for each in SQLModel.metadata.tables["batch"].columns)

BATCH_NOW = aliased(Batch, Table("batch_now", MetaData(), *_COLUMNS), adapt_on_names=True)
"""Batches as they are called now, for reading: the view `batch_now`."""
