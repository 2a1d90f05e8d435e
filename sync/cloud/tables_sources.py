"""What the cloud remembers about its sources of prices.

| table | holds |
|---|---|
| `source_usage` | requests, bytes and cost of each source by day (UTC) |
| `source_body` | what a source said of a body whose prices are on disk |
| `source_run` | every collection |
| `source_left_out` | what of a source belongs to no printing, as of its last whole collection |
| `source_link` | which printing an id of theirs is, told by sources and by persons |
| `currency_rate` | what one currency is worth in another, by day and source |
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, String, Table

from scanner.tables import UtcDateTime
from sync.cloud.tables import METADATA, Number

SOURCE_USAGE = Table(
    "source_usage",
    METADATA,
    Column("source", String, primary_key=True),
    Column("day", Date, primary_key=True),
    *(
        Column(name, Number, nullable=False)
        for name in ("requests", "received_bytes", "unchanged", "failures", "cost_micro")
    ),
)

SOURCE_BODY = Table(
    "source_body",
    METADATA,
    Column("source", String, primary_key=True),
    Column("url", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("scope", "etag", "last_modified")),
)

SOURCE_RUN = Table(
    "source_run",
    METADATA,
    Column("id", Number, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("source", "game", "reach")),
    *(Column(name, UtcDateTime, nullable=False) for name in ("started_at", "ended_at")),
    Column("outcome", String, nullable=False),
    *(Column(name, Number, nullable=False) for name in ("prices", "changed", "left_out")),
    Column("retryable", Boolean, nullable=False),
    Column("not_before", UtcDateTime),
    Column("problem", String, nullable=False),
    Column("error", String, nullable=False, server_default=""),
    Index("ix_source_run_started", "started_at"),
    sqlite_autoincrement=True,
)

SOURCE_LEFT_OUT = Table(
    "source_left_out",
    METADATA,
    Column("id", Number, primary_key=True),
    *(
        Column(name, String, nullable=False)
        for name in (
            "source", "game", "kind", "their_id", "name", "set_name", "number", "why", "detail"
        )
    ),
    Index("ix_source_left_out", "source", "game"),
    sqlite_autoincrement=True,
)  # fmt: skip

SOURCE_LINK = Table(
    "source_link",
    METADATA,
    *(Column(name, String, primary_key=True) for name in ("game", "kind", "their_id")),
    Column("card_id", String, nullable=False),
    Column("is_by_hand", Boolean, nullable=False),
)

CURRENCY_RATE = Table(
    "currency_rate",
    METADATA,
    *(Column(name, String, primary_key=True) for name in ("base", "quote")),
    Column("day", Date, primary_key=True),
    Column("source", String, primary_key=True),
    Column("rate", String, nullable=False),
    Column("changed_in", Number, nullable=False, server_default="0"),
    Index("ix_currency_rate_changed_in", "changed_in"),
)
"""One unit of `base` is `rate` (a decimal number, written out) of `quote`."""
