"""The cloud's tables of alerts: the devices' rules, every alert of the shop, and who closed it.

`card_alert` is what others read too: its ids grow with each new alert, so that whoever sends mail
or calls webhooks keeps the last id it has seen (`sync.cloud.alert_store.alerts_after`).
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, String, Table

from scanner.tables import UtcDateTime
from sync.cloud.tables import METADATA, Number

CARD = ("game", "card_id", "name", "set_name", "number", "variant", "finish")

ALERT_RULES = Table(
    "alert_rules",
    METADATA,
    Column("device", String, primary_key=True),
    Column("log", String, nullable=False),
    Column("version", Number, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("lists", JSON, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
    Column("sources", JSON(none_as_null=True)),
)
"""What each device told; `sources` is its order of price sources, null where it told none."""

CARD_ALERT = Table(
    "card_alert",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("fingerprint", String, nullable=False),
    *(Column(name, String, nullable=False) for name in ("device", "rule", "cause", *CARD, "text")),
    Column("places", JSON, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("price_as_of", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_card_alert_card", "game", "card_id"),
    sqlite_autoincrement=True,
)
"""`fingerprint` is the rule's (`AlertRule.fingerprint`), "" for a card that a device scanned."""

ALERT_CLOSED = Table(
    "alert_closed",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("by", String, nullable=False),
    Column("device", String, nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

ALERT_CURSOR = Table(
    "alert_cursor",
    METADATA,
    Column("name", String, primary_key=True),
    Column("position", Number, nullable=False),
)

ALERT_JUDGED = Table(
    "alert_judged", METADATA, Column("id", Number, primary_key=True, autoincrement=False)
)
"""The price changes near the cursor that were judged; on PostgreSQL, where ids may come late."""
