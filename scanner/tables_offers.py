"""The tables of offers, written by the web process. See `scanner/tables.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}


class OfferWord(SQLModel, table=True):
    """A person's word on what is paid for one card; the newest of a scan counts.

    `kind` is `price` for the amounts given here, `skip` for a card that is not bought, `undone` to
    let the rules decide again.
    """

    __tablename__ = "offer_word"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    scan_id: int = Field(foreign_key="scan.id", index=True)
    kind: str
    currency: str = ""
    cash_minor: int = 0
    credit_minor: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class OfferMade(SQLModel, table=True):
    """How the offer for a batch ended: `outcome` is `cash`, `credit`, `declined` or `undone`.

    `lines` keeps what was offered for each card, as prices and rules were at that moment.
    """

    __tablename__ = "offer_made"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", index=True)
    outcome: str
    currency: str
    cash_minor: int
    credit_minor: int
    lines: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
