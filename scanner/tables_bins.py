"""The tables that say where each card lies, written by the feed process (`scanner/tables.py`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}


class Route(SQLModel, table=True):
    """Where one card went; written with its scan. See `scanner.routing.Routing`.

    A later correction of the scan does not move the card. Its place in the bin is the number of
    routes to that bin since the last `BinEmptied`.
    """

    __tablename__ = "route"
    __table_args__ = (Index("ix_route_bin_scan_id", "bin", "scan_id"), _NUMBERED)

    id: int | None = Field(default=None, primary_key=True)
    scan_id: int = Field(foreign_key="scan.id", unique=True)
    bin: int
    rule: str
    why: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class BinEmptied(SQLModel, table=True):
    """A person emptied a bin: the cards sent there up to the scan `after_scan` are elsewhere."""

    __tablename__ = "bin_emptied"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    bin: int = Field(index=True)
    after_scan: int
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
