"""The tables of what a shop wrote down: rules, which are in force, its lists of cards.

`rule_set`, `rules_chosen` and `card_list` are written by the web process, `batch_rules` by the feed
process. See `scanner/tables.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}


class RuleSetRow(SQLModel, table=True):
    """One version of a named piece of rules; the newest row of a kind and name counts.

    `kind` is `sort` (`scanner.sorting.rules.RuleSet`), `offer` (`scanner.offers.OfferRules`) or
    `alert` (`scanner.alerts.AlertRule`); `content` is its JSON. `removed` takes the
    name off the list.
    """

    __tablename__ = "rule_set"
    __table_args__ = (Index("ix_rule_set_kind_name", "kind", "name"), _NUMBERED)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    name: str
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    removed: bool = False
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class RulesChosen(SQLModel, table=True):
    """The name that is in force for a kind from here on; empty for none."""

    __tablename__ = "rules_chosen"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(index=True)
    name: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class CardList(SQLModel, table=True):
    """One version of a named list of cards; the newest row of a name counts.

    Each entry is a card's name, its card_id, or its set and number with a space between.
    """

    __tablename__ = "card_list"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    entries: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    removed: bool = False
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class BatchRules(SQLModel, table=True):
    """The version of the sort rules that a batch was begun with, and goes on with."""

    __tablename__ = "batch_rules"

    batch_id: int = Field(primary_key=True, foreign_key="batch.id")
    rule_set_id: int = Field(foreign_key="rule_set.id")
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
