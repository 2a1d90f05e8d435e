"""Rows that the cloud can't use, as their devices said them."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, Table

from scanner.tables import UtcDateTime
from sync.cloud.tables import METADATA, Number

REFUSED_ROW = Table(
    "refused_row",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("device", "log", "stream")),
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("reason", String, nullable=False),
    Column("row", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_refused_row_created", "created_at"),
)
"""`row` is the row's JSON, compressed by zlib. It goes from here once a later release can use it.
"""
