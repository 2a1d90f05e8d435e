"""The tables of the page's own book, `page.db`. The web process alone writes and reads them.

| table | holds |
|---|---|
| `person` | each change of a person: the newest row of a name counts, an empty role is a leaver |
| `token` | a browser that signed in (`session`) or a program's key (`key`); only its hash |
| `token_end` | which of them were ended |
| `audit` | who signed in or changed something, when and from where |
| `sample` | how the device fared; kept for a month: the only rows here that are removed again |

A test holds these tables equal to what `webui/migrations` makes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, MetaData
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}


class BookTable(SQLModel):
    """The parent of the book's tables, which are none of the log's."""

    metadata = MetaData()


class Person(BookTable, table=True):
    """A person as of one moment. `role` is `counter`, `manager`, or empty for one who has left."""

    __tablename__ = "person"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    role: str
    password_hash: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Token(BookTable, table=True):
    """A way in. `name` is the person's; `role` is a key's own, empty for a session."""

    __tablename__ = "token"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    name: str
    role: str = ""
    label: str = ""
    token_hash: str = Field(unique=True, index=True)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class TokenEnd(BookTable, table=True):
    """The token no longer lets anybody in."""

    __tablename__ = "token_end"

    token_id: int = Field(primary_key=True, foreign_key="token.id")
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Audit(BookTable, table=True):
    """Who did what. `kind` is `login`, `refused`, `people` or `change`."""

    __tablename__ = "audit"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    address: str
    kind: str = Field(index=True)
    text: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Sample(BookTable, table=True):
    """Figures of the device over the last `minutes`; which ones is told by `webui/samples.py`."""

    __tablename__ = "sample"
    __table_args__ = (Index("ix_sample_minutes_created_at", "minutes", "created_at"), _NUMBERED)

    id: int | None = Field(default=None, primary_key=True)
    minutes: int
    figures: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
