"""Alert rules for all scanners: every version of each, made in the cloud or on a device.

Rows are only added; which version of a rule holds says `scanner.shared_rules.merged`.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, String, Table

from scanner.tables import UtcDateTime
from sync.cloud.tables import METADATA, Number

SHARED_RULE = Table(
    "shared_rule",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("key", String, nullable=False),
    Column("version", Number, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("content", JSON, nullable=False),
    Column("by", String, nullable=False),
    Column("device", String, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_shared_rule_key", "key"),
    sqlite_autoincrement=True,
)
