"""What the exchange with the cloud keeps in the log; `sync` alone writes it.

| table | holds |
|---|---|
| `sync_cursor` | how far each stream has come; a cursor, so that its rows change |
| `sync_event` | each change of the connection: connected, refused, lost, unheard… |
| `price_confirmed` | the last time at which a source said the same price again; a cursor too |
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now


class SyncCursor(SQLModel, table=True):
    """Everything of `name` up to `position` is done: an id of the log, or a feed's version."""

    __tablename__ = "sync_cursor"

    name: str = Field(primary_key=True)
    position: int
    changed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SyncEvent(SQLModel, table=True):
    """A change of the connection; `kind` is as in `scanner.store_sync.LinkKind`."""

    __tablename__ = "sync_event"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    detail: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class PriceConfirmed(SQLModel, table=True):
    """The price still held at `as_of`; without a row it held at its own `as_of`."""

    __tablename__ = "price_confirmed"

    price_id: int = Field(primary_key=True, foreign_key="price.id")
    as_of: datetime = Field(sa_type=UtcDateTime)
