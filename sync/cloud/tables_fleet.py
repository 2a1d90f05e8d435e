"""What devices were asked to do, what they hold, and the log lines that they sent."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, String, Table

from scanner.tables import UtcDateTime
from sync.cloud.tables import METADATA, Number

DEVICE_COMMAND = Table(
    "device_command",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("device", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("argument", JSON, nullable=False),
    Column("issued_by", String, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
    Column("outcome", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("answered_at", UtcDateTime),
    Index("ix_device_command_device", "device", "id"),
    sqlite_autoincrement=True,
)
"""`outcome` is empty until the device answers done, refused or failed."""

DEVICE_HOLDINGS = Table(
    "device_holdings",
    METADATA,
    Column("device", String, primary_key=True),
    Column("told", JSON, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
"""`told` is the device's last message `Holdings`."""

DEVICE_LOG = Table(
    "device_log",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("device", String, nullable=False),
    Column("command", String, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_device_log_device", "device", "id"),
    sqlite_autoincrement=True,
)
