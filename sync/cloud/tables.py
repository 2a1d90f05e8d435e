"""The cloud's tables as SQLAlchemy knows them; `sync/cloud/migrations` makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_origin

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from scanner.tables import UtcDateTime
from sync.protocol import BatchRow, CorrectionRow, LogRow, RetryRow, ScanRow

METADATA = MetaData()


def _type_of(annotation: object) -> TypeEngine[Any]:
    plain: dict[object, TypeEngine[Any]] = {
        int: Integer(), float: Float(), bool: Boolean(), datetime: UtcDateTime()
    }  # fmt: skip
    return JSON() if get_origin(annotation) is list else plain.get(annotation, String())


def _of_a_log(name: str, model: type[LogRow]) -> Table:
    """A table of one stream's rows, under the names that they travel with."""
    fields = [
        Column(field, _type_of(info.annotation), primary_key=field == "id")
        for field, info in model.model_fields.items()
    ]
    owner = [Column(key, String, primary_key=True) for key in ("device", "log")]
    return Table(name, METADATA, *owner, *fields)


LOG_TABLES = {
    "batch": _of_a_log("batch", BatchRow),
    "scan": _of_a_log("scan", ScanRow),
    "retry": _of_a_log("retry", RetryRow),
    "correction": _of_a_log("correction", CorrectionRow),
}

DEVICE = Table(
    "device",
    METADATA,
    Column("device", String, primary_key=True),
    Column("log", String),
    Column("is_online", Boolean),
    Column("release", String),
    Column("counters", String),
    Column("seen_at", UtcDateTime),
)

RECEIVED = Table(
    "received",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("device", "log", "stream")),
    Column("up_to", Integer),
)

RECEIVED_EARLY = Table(
    "received_early",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("device", "log", "stream")),
    *(Column(key, Integer, primary_key=True) for key in ("after", "last")),
)

REFUSED_MESSAGE = Table(
    "refused_message",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("topic", String),
    Column("size_bytes", Integer),
    Column("reason", String),
    Column("created_at", UtcDateTime),
)

PRICE_KEYS = ("card_id", "finish", "condition", "currency", "source")

PRICE = Table(
    "price",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("game", "set_name", *PRICE_KEYS)),
    Column("amount_minor", Integer),
    Column("as_of", UtcDateTime),
    Column("changed_in", Integer),
)

PRICE_CHANGE = Table(
    "price_change",
    METADATA,
    Column("id", Integer, primary_key=True),
    *(Column(key, String) for key in ("game", *PRICE_KEYS)),
    Column("amount_minor", Integer),
    Column("as_of", UtcDateTime),
)

PRICE_FEED = Table(
    "price_feed",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("game", "set_name")),
    *(Column(key, Integer) for key in ("told", "snapshot", "published")),
)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; the others change nothing."""
    connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or change those that are there; the rows name the same columns."""
    insert = _insert(connection, table)
    keys = [column.name for column in table.primary_key.columns]
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def _insert(connection: Connection, table: Table) -> sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)  # type: ignore[return-value]
    return sqlite.insert(table)
