"""Alerts in the device's log, and the words that close them.

| table | written by | holds |
|---|---|---|
| `alert_raised` | feed | a card that was scanned here set off a rule |
| `alert_withdrawn` | feed | such a card is another one after all |
| `alert_cursor` | feed | up to which later answers were looked at |
| `alert_told` | sync | an alert of the cloud, or of another device of the shop |
| `alert_closed` | web | somebody acknowledged an alert on this device's page |
| `alert_closed_told` | sync | somebody did so elsewhere |

An alert is known by its `key` everywhere, and open until anybody has closed it, or it was
withdrawn. Rules are rows of `rule_set` with the kind `alert` (`scanner/alerts.py`), or of all
scanners (`scanner/tables_shared.py`).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}


def new_key() -> str:
    """A name that no other alert has."""
    return uuid.uuid4().hex


class AlertRaised(SQLModel, table=True):
    """A card that was scanned here set off the rule called `rule`; `text` says why.

    `price_as_of` is when the source last said the price that did, None where no price was asked.
    """

    __tablename__ = "alert_raised"
    __table_args__ = (
        Index("ix_alert_raised_scan_id", "scan_id"),
        _NUMBERED,
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(default_factory=new_key, unique=True)
    rule: str
    cause: str
    scan_id: int = Field(foreign_key="scan.id")
    game: str = ""
    card_id: str = ""
    name: str = ""
    set_name: str = ""
    number: str = ""
    variant: str = ""
    finish: str = "unknown"
    text: str = ""
    price_as_of: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class AlertWithdrawn(SQLModel, table=True):
    """The card that raised an alert here is another one after all; `why` says how that came out."""

    __tablename__ = "alert_withdrawn"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    why: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class AlertCursor(SQLModel, table=True):
    """Up to which row of a table (`retry`, `correction`) answers were judged."""

    __tablename__ = "alert_cursor"

    name: str = Field(primary_key=True)
    position: int
    changed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class AlertTold(SQLModel, table=True):
    """An alert that came from the cloud. `device` scanned the card, "" where a price moved.

    `price_as_of` is as in `AlertRaised`; an older cloud leaves it out, and gives the price's for
    `raised_at`.
    `places` are where copies lay when it was raised: `{device, batch, sequence, bin}` of each.
    """

    __tablename__ = "alert_told"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    device: str = ""
    rule: str
    cause: str
    game: str = ""
    card_id: str = ""
    name: str = ""
    set_name: str = ""
    number: str = ""
    variant: str = ""
    finish: str = "unknown"
    text: str = ""
    places: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    raised_at: datetime = Field(sa_type=UtcDateTime)
    price_as_of: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class AlertClosed(SQLModel, table=True):
    """Somebody acknowledged an alert on this device's page."""

    __tablename__ = "alert_closed"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    by: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class AlertClosedTold(SQLModel, table=True):
    """Somebody acknowledged an alert elsewhere: on the page of `device`, or in the cloud."""

    __tablename__ = "alert_closed_told"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    by: str = ""
    device: str = ""
    closed_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
