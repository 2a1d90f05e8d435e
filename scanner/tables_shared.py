"""Alert rules that hold for all scanners of the shop (`scanner/shared_rules.py`), in the log.

| table | written by | holds |
|---|---|---|
| `shared_rule_said` | web | a version of a rule that somebody made on this device's page |
| `shared_rule_told` | sync | a version that the cloud told of |
| `shared_lists_told` | sync | all scanners' lists that such rules ask about; the newest counts |
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}


class SharedRuleSaid(SQLModel, table=True):
    """`content` is the rule's JSON; where it is `removed`, empty."""

    __tablename__ = "shared_rule_said"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    key: str
    version: int
    removed: bool = False
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    by: str = ""
    changed_at: datetime = Field(sa_type=UtcDateTime)


class SharedRuleTold(SQLModel, table=True):
    """As `SharedRuleSaid`; `device` is where it was said, "" in the cloud."""

    __tablename__ = "shared_rule_told"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    key: str
    version: int
    removed: bool = False
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    by: str = ""
    device: str = ""
    changed_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SharedListsTold(SQLModel, table=True):
    """The entries of each list, by the lists' names."""

    __tablename__ = "shared_lists_told"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    lists: dict[str, list[str]] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
